"""The fast cascade on drawn squares, against the exact cascade, and on unusual inputs."""

from __future__ import annotations

from typing import Literal

import pytest
import torch
from torch import Tensor

import networks.mtcnn.cascade as cascade_module
from networks.mtcnn import MTCNN, Cascade, CascadeSettings, Detections, ExactCascade
from networks.mtcnn.boxes import decode_cells, nms_by_group
from networks.mtcnn.pyramid import pyramid_scales

ALL = CascadeSettings(min_face=12, thresholds=(0.5, 0.5, 0.4))
"""Accepts most candidates of random nets."""

SURE = CascadeSettings(thresholds=(0.97, 0.7, 0.7), pyramid_factor=0.85)
"""Only accepts windows that fit a bright square well, on closely spaced levels."""


def noise(height: int, width: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (height, width, 3), dtype=torch.uint8, generator=generator)


def squares(height: int, width: int, *places: tuple[int, int, int]) -> Tensor:
    """White squares (x, y, side) on black."""
    image = torch.zeros(height, width, 3, dtype=torch.uint8)
    for x, y, side in places:
        image[y : y + side, x : x + side] = 255
    return image


def assert_equal(found: Detections, expected: Detections) -> None:
    assert len(found) == len(expected)
    torch.testing.assert_close(found.scores, expected.scores, atol=1e-4, rtol=0)
    torch.testing.assert_close(found.boxes, expected.boxes, atol=0.01, rtol=0)
    torch.testing.assert_close(found.landmarks, expected.landmarks, atol=0.01, rtol=0)


@pytest.mark.parametrize("side", [16, 30, 64, 100])
def test_a_planted_square_is_found_at_its_place_and_scale(side: int, square_finder: MTCNN) -> None:
    x, y = 91, 107
    (found,) = Cascade(square_finder, SURE).detect([squares(300, 320, (x, y, side))])
    assert len(found) >= 1
    for box, landmarks in zip(found.boxes, found.landmarks, strict=True):
        width, height = (box[2:] - box[:2]).tolist()
        assert width == pytest.approx(height)
        assert 1.5 < width / side < 2.5
        centre = (box[:2] + box[2:]) / 2
        assert (centre - torch.tensor([x + side / 2, y + side / 2])).abs().max() < 0.35 * side
        expected = box[:2] + torch.tensor([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]]) * width - 0.5
        torch.testing.assert_close(landmarks, expected)


def test_windows_lie_on_the_grid_that_pnet_looks_at(square_finder: MTCNN) -> None:
    """The nets set by hand move no edges: proposals are windows of a level, rounded to whole pixels."""
    (squares_found,) = Cascade(square_finder, SURE).candidates([squares(300, 320, (91, 107, 64))], "rnet")
    assert len(squares_found)
    scales = torch.tensor(pyramid_scales(300, 320, SURE.min_face, SURE.pyramid_factor))
    for x1, y1, x2, _ in squares_found.tolist():
        assert x1 == round(x1)
        assert y1 == round(y1)
        level = (12 / scales - (x2 - x1)).abs().argmin()
        assert 12 / float(scales[level]) == pytest.approx(x2 - x1, abs=0.501)
        steps = torch.tensor([x1, y1]) * scales[level] / 2
        assert ((steps - steps.round()).abs() <= 0.501 * scales[level] / 2).all()


def test_landmarks_are_placed_in_the_window_that_was_seen(square_finder: MTCNN) -> None:
    """Landmarks follow the pixels of the crop, for any shift by a fraction of a pixel."""
    (found,) = Cascade(square_finder, SURE).detect([squares(300, 320, (91, 107, 64))])
    relative = (found.landmarks + 0.5 - found.boxes[:, None, :2]) / (found.boxes[:, 2:] - found.boxes[:, :2])[:, None]
    expected = torch.tensor([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]])
    torch.testing.assert_close(relative[0], expected, rtol=0, atol=1e-3)
    assert torch.equal(found.boxes, found.boxes.round())


def test_every_square_of_a_batch_is_found_in_its_image(square_finder: MTCNN) -> None:
    places = [[(20, 30, 24)], [], [(100, 12, 40), (15, 120, 24)], [(60, 60, 24)]]
    sizes = [(90, 120), (64, 64), (180, 160), (120, 90)]
    images = [squares(*size, *where) for size, where in zip(sizes, places, strict=True)]
    for found, where in zip(Cascade(square_finder, SURE).detect(images), places, strict=True):
        centres = (found.boxes[:, :2] + found.boxes[:, 2:]) / 2
        middles = torch.tensor([(x + side / 2, y + side / 2) for x, y, side in where]).reshape(-1, 2)
        distances = torch.cdist(centres, middles)
        assert (distances.min(dim=1).values < 12).all() if where else len(found) == 0
        assert (distances.min(dim=0).values < 12).all() if len(found) else not where


def test_equals_the_exact_cascade(random_nets: MTCNN) -> None:
    images = [noise(40, 51, 1), noise(51, 30, 2), noise(40, 51, 3)]
    fast, exact = Cascade(random_nets, ALL).detect(images), ExactCascade(random_nets, ALL).detect(images)
    for ours, theirs in zip(fast, exact, strict=True):
        assert len(ours) > 5
        shifted = Detections(theirs.boxes - torch.tensor([1.0, 1, 0, 0]), theirs.scores, theirs.landmarks)
        assert_equal(ours, shifted)


def test_results_do_not_depend_on_the_batch(random_nets: MTCNN) -> None:
    images = [noise(40, 51, 1), noise(30, 30, 2), noise(40, 51, 3), noise(8, 51, 4)]
    cascade = Cascade(random_nets, ALL)
    for together, image in zip(cascade.detect(images), images, strict=True):
        assert_equal(together, cascade.detect([image])[0])


def test_results_do_not_depend_on_the_chunk_sizes(random_nets: MTCNN, monkeypatch: pytest.MonkeyPatch) -> None:
    images = [noise(40, 51, 1), noise(40, 51, 2), noise(30, 30, 3)]
    cascade = Cascade(random_nets, ALL)
    whole = cascade.detect(images)
    for name, size in (("PIXELS_AT_ONCE", 700), ("WINDOWS_AT_ONCE_RNET", 3), ("WINDOWS_AT_ONCE_ONET", 2)):
        monkeypatch.setitem(getattr(cascade_module, name), "cpu", size)
    for found, expected in zip(cascade.detect(images), whole, strict=True):
        assert_equal(found, expected)


def test_faces_are_sorted_by_descending_score(random_nets: MTCNN) -> None:
    (found,) = Cascade(random_nets, ALL).detect([noise(40, 51)])
    assert (found.scores.diff() <= 0).all()
    assert (found.scores > 0.4).all()


def test_no_images_give_no_results(random_nets: MTCNN) -> None:
    assert Cascade(random_nets).detect([]) == []


@pytest.mark.parametrize(
    "image",
    [
        torch.zeros(24, 24, 3, dtype=torch.uint8),
        torch.full((24, 24, 3), 255, dtype=torch.uint8),
        noise(20, 30)[..., :1].expand(-1, -1, 3),
        noise(11, 11),
        noise(1, 1),
        noise(1, 400),
        noise(12, 12),
        noise(30, 22).transpose(0, 1),
    ],
    ids=["black", "white", "grey", "11px", "1x1", "line", "12px", "strided"],
)
@pytest.mark.parametrize("thresholds", [(0.6, 0.7, 0.7), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)])
def test_no_image_breaks_it(image: Tensor, thresholds: tuple[float, float, float], random_nets: MTCNN) -> None:
    settings = CascadeSettings(min_face=10, thresholds=thresholds)
    for cascade in (Cascade(random_nets, settings), ExactCascade(random_nets, settings)):
        (found,) = cascade.detect([image])
        assert found.boxes.shape == (len(found), 4)
        assert found.scores.shape == (len(found),)
        assert found.landmarks.shape == (len(found), 5, 2)
        assert found.boxes.dtype == found.scores.dtype == found.landmarks.dtype == torch.float32
        assert found.boxes.isfinite().all()
        if thresholds[2] == 1 or min(image.shape[:2]) < 10:
            assert len(found) == 0


def test_hundreds_of_faces_are_found(square_finder: MTCNN) -> None:
    places = [(8 + 26 * column, 8 + 26 * row, 12) for row in range(16) for column in range(20)]
    (found,) = Cascade(square_finder, SURE).detect([squares(430, 540, *places)])
    middles = torch.tensor([(x + side / 2, y + side / 2) for x, y, side in places])
    distances = torch.cdist((found.boxes[:, :2] + found.boxes[:, 2:]) / 2, middles)
    assert len(found) >= len(places) == 320
    assert (distances.min(dim=0).values < 5).all()


def test_the_best_candidates_of_each_image_are_kept() -> None:
    images = torch.tensor([0, 1, 0, 0, 1, 0, 2])
    scores = torch.arange(7, 0, -1).float()
    best = cascade_module._best(cascade_module.Candidates(images, torch.zeros(7, 4), scores, torch.zeros(7, 4)), 2)
    assert best.images.tolist() == [0, 1, 0, 1, 2]
    assert best.margins.tolist() == [7, 6, 5, 3, 1]


def test_boxes_outside_the_image_are_dropped(random_nets: MTCNN) -> None:
    """A PNet that moves every window far to the left leaves no candidates."""
    with torch.no_grad():
        random_nets.get_parameter("pnet.box.bias").fill_(-50)
    for cascade in (Cascade(random_nets, ALL), ExactCascade(random_nets, ALL)):
        assert len(cascade.detect([noise(40, 51)])[0]) == 0


def test_the_nets_are_copied(random_nets: MTCNN) -> None:
    cascade = Cascade(random_nets, ALL)
    before = cascade.detect([noise(40, 51)])[0]
    with torch.no_grad():
        for parameter in random_nets.parameters():
            parameter.zero_()
    assert_equal(cascade.detect([noise(40, 51)])[0], before)
    assert all(parameter.requires_grad for parameter in random_nets.parameters())


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"min_face": 5}, "min_face is 5 px; expected 6 or more"),
        ({"min_face": float("nan")}, "min_face is nan"),
        ({"min_face": float("inf")}, "min_face is inf"),
        ({"thresholds": (0.6, 0.7, 1.1)}, "three scores from 0 to 1"),
        ({"thresholds": (-0.1, 0.7, 0.7)}, "three scores from 0 to 1"),
        ({"thresholds": (0.6, float("nan"), 0.7)}, "three scores from 0 to 1"),
        ({"thresholds": (0.6, 0.7)}, "three scores from 0 to 1"),
        ({"pyramid_factor": 0.0}, "pyramid_factor is 0"),
        ({"pyramid_factor": 1.0}, "pyramid_factor is 1"),
    ],
)
def test_settings_out_of_range_are_explained(settings: dict[str, float], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        CascadeSettings(**settings)  # type: ignore[arg-type]  # wrong ones on purpose


@pytest.mark.parametrize(
    "image",
    [torch.zeros(3, 20, 20), torch.zeros(20, 20, 4, dtype=torch.uint8), torch.zeros(0, 9, 3, dtype=torch.uint8)],
)
def test_images_of_another_shape_or_type_are_rejected(image: Tensor, random_nets: MTCNN) -> None:
    for cascade in (Cascade(random_nets), ExactCascade(random_nets)):
        with pytest.raises(ValueError, match=r"image 1 is \(.*expected \(H, W, 3\) uint8 RGB"):
            cascade.detect([noise(20, 20), image])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_finds_the_same(square_finder: MTCNN) -> None:
    images = [squares(90, 120, (20, 30, 24)), squares(180, 160, (100, 12, 40), (15, 120, 24)), noise(11, 11)]
    here, there = Cascade(square_finder).detect(images), Cascade(square_finder, device="cuda").detect(images)
    for ours, theirs in zip(here, there, strict=True):
        assert theirs.boxes.device.type == "cuda"
        assert_equal(Detections(theirs.boxes.cpu(), theirs.scores.cpu(), theirs.landmarks.cpu()), ours)


@pytest.mark.parametrize("stage", ["rnet", "onet"])
def test_candidates_belong_to_their_images(stage: Literal["rnet", "onet"], square_finder: MTCNN) -> None:
    places = [(20, 30, 24), (100, 60, 24), (60, 20, 30)]
    images = [squares(*size, place) for size, place in zip([(120, 140), (90, 150), (120, 140)], places, strict=True)]
    cascade = Cascade(square_finder, SURE)
    for boxes, (x, y, side) in zip(cascade.candidates(images, stage), places, strict=True):
        assert len(boxes)
        centres = (boxes[:, :2] + boxes[:, 2:]) / 2
        assert (centres - torch.tensor([x + side / 2, y + side / 2])).abs().max() < 14
    assert cascade.candidates([], stage) == []


@pytest.mark.parametrize("image", [0, 1, 15])
def test_neighbouring_windows_are_kept_in_every_image(image: int) -> None:
    """They overlap by exactly one half; an image's position in the batch changes the rounding, but not the faces."""
    scales = torch.tensor(pyramid_scales(480, 640, 20, 0.709)).tolist()
    for scale in scales:
        columns = torch.arange(0, 40, 2)
        boxes = decode_cells(columns, torch.zeros_like(columns), scale)
        groups = torch.full((len(boxes) + 1,), image)
        groups[-1] = 16
        far = torch.cat((boxes, torch.tensor([[0.0, 0, 640, 480]])))
        kept = nms_by_group(far, torch.linspace(1, 0, len(far)), groups, cascade_module.NMS_WITHIN_LEVEL)
        assert kept.tolist() == list(range(len(far)))
