from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from apps.detector.eval import CARTOONS, CROWDS, PHOTOS, POSED, evaluate
from apps.drawing.contact_sheet import BOX_COLOUR, POINT_COLOUR
from apps.main import main
from datamodules.datasets.lfw_net import LfwNet
from datamodules.datasets.wider_face import WiderFace
from datamodules.detector.scenes import WiderScenes, boxes_of
from lightning_modules import detector
from lightning_modules.evaluation.known_faces import KnownFaces, drawn_faces, held_back, photographed_poses
from lightning_modules.evaluation.wider_subsets import LARGE
from networks.mtcnn import MTCNN, Card, Cascade, CascadeSettings, Detections, save_weights

LIMIT = 5
NO_FACE = np.array([[0, 0, 3, 3]], dtype=np.float32)
MISSED = 2
POOR = 7.0
"""Bias that tells the weights of the poor detector from the good one's."""


class Known(NamedTuple):
    """An image of the sample data and what is in it."""

    kind: Literal["crowd", "photo", "cartoon", "posed"]
    number: int
    faces: Detections


class Oracle(Cascade):
    """Finds all faces, with landmarks off by 5 % of the distance between the eyes.

    The poor one is off by 20 %, has a top-scored false alarm in every crowd, and misses one cartoon.
    """

    images: ClassVar[dict[int, Known]] = {}

    def __init__(
        self, nets: MTCNN, settings: CascadeSettings | None = None, device: torch.device | str = "cpu"
    ) -> None:
        super().__init__(nets, settings, device)
        self.is_poor = nets.onet.get_parameter("face.bias")[1].item() == POOR

    def detect(self, images: Sequence[Tensor]) -> list[Detections]:
        return [self._find(self.images[signature(image.numpy())]) for image in images]

    def _find(self, known: Known) -> Detections:
        assert (self.settings.min_face == 10) is (known.kind == "crowd")
        boxes, scores, landmarks = known.faces.boxes, known.faces.scores, known.faces.landmarks
        between_eyes = (landmarks[:, 0] - landmarks[:, 1]).norm(dim=1)[:, None, None]
        found = Detections(boxes, scores, landmarks + torch.tensor([0.2 if self.is_poor else 0.05, 0]) * between_eyes)
        if self.is_poor and known.kind == "cartoon" and known.number == MISSED:
            return faces(np.empty((0, 4), np.float32))
        if self.is_poor and known.kind == "crowd":
            return faces(np.vstack((NO_FACE, boxes.numpy())), 0.95)
        return found


def faces(
    boxes: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
    first_score: float = 0.9,
    landmarks: np.ndarray[tuple[int, ...], np.dtype[np.float32]] | None = None,
) -> Detections:
    """Detections of score 0.9, but for the first."""
    scores = torch.tensor([first_score, *[0.9] * len(boxes)])[: len(boxes)]
    points = torch.zeros(len(boxes), 5, 2) if landmarks is None else torch.from_numpy(landmarks)
    return Detections(torch.from_numpy(boxes), scores, points)


def signature(image: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> int:
    return hash((image.shape, image.tobytes()))


@pytest.fixture
def oracle(sample_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the place of the cascade, one that knows all images."""
    wider, folder = WiderFace(sample_root / "wider_face", "val"), sample_root / "cartoonset10k"
    cartoons = drawn_faces(folder, held_back(folder), WiderScenes(wider, range(len(wider))), LIMIT)
    known = {}
    for index, annotation in enumerate(wider.annotations):
        known[signature(wider[index].image)] = Known("crowd", index, faces(boxes_of(annotation)[0]))
    people = LfwNet(sample_root / "lfw_net", "test")
    for index, person in enumerate(people[index] for index in range(len(people))):
        known[signature(person.image)] = Known(
            "photo", index, faces(person.box[None], landmarks=person.landmarks[None])
        )
    poses = photographed_poses(sample_root / "lfw_net")
    posed = drawn_faces(folder, held_back(folder), WiderScenes(wider, range(len(wider))), LIMIT, poses)
    kinds: list[tuple[Literal["cartoon", "posed"], KnownFaces]] = [("cartoon", cartoons), ("posed", posed)]
    for kind, drawn in kinds:
        for index, face in enumerate(map(drawn.read, range(drawn.count))):
            known[signature(face.image)] = Known(kind, index, faces(face.box[None], landmarks=face.landmarks[None]))
    monkeypatch.setattr(Oracle, "images", known)
    monkeypatch.setattr("networks.mtcnn.Cascade", Oracle)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return write_weights(tmp_path / "good.safetensors", 0.0)


@pytest.fixture
def poor(tmp_path: Path) -> Path:
    return write_weights(tmp_path / "poor.safetensors", POOR)


def write_weights(path: Path, bias: float) -> Path:
    """Weights that find no faces."""
    nets = MTCNN()
    nets.pnet.get_parameter("face.bias").data[0] = 100
    nets.onet.get_parameter("face.bias").data[1] = bias
    save_weights(nets, Card(source="a test"), path)
    return path


@pytest.mark.usefixtures("oracle")
def test_detectors_with_known_errors_get_the_expected_metrics(
    sample_root: Path, good: Path, poor: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "out"
    words = ["--root", str(sample_root), "--weights", str(good), "--weights", str(poor), "--out", str(out)]
    assert main(["detector", "eval", *words, "--limit", str(LIMIT)]) == 0
    figures = json.loads((out / "metrics.json").read_text())
    assert list(figures) == ["good", "poor"]
    annotations = WiderFace(sample_root / "wider_face", "val").annotations
    count = sum(int(boxes_of(annotation)[1].sum()) for annotation in annotations)
    crowds = {name: figures[name][CROWDS][LARGE] for name in figures}
    assert crowds["good"] == {"faces": count, "average_precision": 1, "recall": 1}
    assert crowds["poor"]["average_precision"] == pytest.approx(count / (count + len(annotations)))
    for name, error in (("good", 0.05), ("poor", 0.2)):
        photos = figures[name][PHOTOS]
        assert photos["found"] == 1
        assert photos["landmark_error"]["mean"] == pytest.approx(error, rel=1e-4)
        assert photos["landmark_error"]["median"] == pytest.approx(error, rel=1e-4)
        assert photos["landmark_error"]["share_over_10_percent"] == (error > 0.1)
        assert photos["landmark_error_per_point"] == pytest.approx([error] * 5, rel=1e-4)
        assert photos["milliseconds_per_image"] > 0
        assert figures[name][CROWDS]["images_per_second"] > 0
    assert figures["good"][CARTOONS]["found"] == 1
    assert figures["poor"][CARTOONS]["found"] == pytest.approx(1 - 1 / LIMIT)
    assert figures["poor"][CARTOONS]["landmark_error"]["mean"] == pytest.approx(0.2, rel=1e-4)
    assert [figures[name][POSED]["found"] for name in figures] == [1, 1]
    assert figures["poor"][POSED]["landmark_error"]["mean"] == pytest.approx(0.2, rel=1e-4)
    shown = capsys.readouterr().out
    assert "good" in shown
    assert "poor" in shown
    assert "skipped" not in shown


@pytest.mark.usefixtures("oracle")
def test_pictures_show_the_curves_and_the_worst_faces(
    sample_root: Path, good: Path, poor: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.detector.eval.WORST_FACES", 1)
    words = ["--root", str(sample_root), "--weights", str(poor), "--weights", str(good), "--out", str(tmp_path)]
    assert main(["detector", "eval", *words, "--limit", str(LIMIT)]) == 0
    curves = np.asarray(Image.open(tmp_path / "precision_recall.png").convert("RGB")).astype(int)
    colours = [(31, 119, 180), (255, 127, 14)]  # matplotlib's first two
    assert all((np.abs(curves - colour).max(axis=2) < 10).sum() > 100 for colour in colours)
    sheet = np.asarray(Image.open(tmp_path / "worst.png")).astype(int)
    assert sheet.shape == (24 + 4 + 3 * 204, 4 + 3 * 204, 3)
    last = sheet[-408:-204]
    points = [near(last[:, column * 204 : (column + 1) * 204], POINT_COLOUR) for column in range(3)]
    boxes = [near(last[:, column * 204 : (column + 1) * 204], BOX_COLOUR) for column in range(3)]
    assert points[1] == boxes[1] == 0  # the cartoon that the first detector misses
    assert min(points[0], points[2], boxes[0], boxes[2]) > 20


def near(image: np.ndarray[tuple[int, ...], np.dtype[np.int_]], colour: tuple[int, int, int]) -> int:
    """Number of pixels of nearly that colour."""
    return int((np.abs(image - colour).max(axis=2) < 12).sum())


@pytest.mark.usefixtures("oracle")
def test_one_detector_can_be_evaluated_by_other_code(
    sample_root: Path, good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lightning_modules.evaluation.known_faces.CARTOON_DRAWS", LIMIT)
    figures = evaluate(good, sample_root)
    assert list(figures) == [CROWDS, PHOTOS, CARTOONS, POSED]
    assert figures[PHOTOS]["found"] == 1
    json.dumps(figures, allow_nan=False)


@pytest.mark.usefixtures("oracle")
def test_missing_sets_are_named(
    sample_root: Path, good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, out = tmp_path / "data", tmp_path / "out"
    root.mkdir()
    (root / "lfw_net").symlink_to(sample_root / "lfw_net")
    (root / "cartoonset10k").mkdir()
    words = ["detector", "eval", "--root", str(root), "--weights", str(good), "--out", str(out)]
    assert main(words) == 0
    assert list(json.loads((out / "metrics.json").read_text())["good"]) == [PHOTOS]
    assert not (out / "precision_recall.png").exists()
    shown = capsys.readouterr().out
    assert f"skipped: {CROWDS}: no {root / 'wider_face'}" in shown
    for title in (CARTOONS, POSED):
        assert f"skipped: {title}: {root / 'cartoonset10k'} has no cartoons that are held back" in shown
    (root / "lfw_net").unlink()
    assert main(words) == 2
    assert "no data set to evaluate on" in capsys.readouterr().err


def test_the_real_cascade_runs(sample_root: Path, good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the project's own weights by default."""
    monkeypatch.setattr(detector, "default_weights", lambda: good)
    assert main(["detector", "eval", "--root", str(sample_root), "--limit", "1", "--out", str(tmp_path)]) == 0
    figures = json.loads((tmp_path / "metrics.json").read_text())["own"]
    assert [figures[title]["found"] for title in (PHOTOS, CARTOONS)] == [0, 0]
    assert figures[CARTOONS]["landmark_error"]["mean"] is None
    assert figures[CROWDS][LARGE]["average_precision"] == 0


def test_detectors_with_the_same_name_are_distinguished(sample_root: Path, tmp_path: Path) -> None:
    paths = [tmp_path / inner / "mtcnn.safetensors" for inner in ("a", "b")]
    given = [word for path in paths for word in ("--weights", str(write_weights(path, 0)))]
    root, out = tmp_path / "data", tmp_path / "out"
    root.mkdir()
    (root / "lfw_net").symlink_to(sample_root / "lfw_net")
    assert main(["detector", "eval", "--root", str(root), *given, "--limit", "1", "--out", str(out)]) == 0
    assert list(json.loads((out / "metrics.json").read_text())) == [str(path) for path in paths]


def test_missing_weights_are_named(sample_root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["detector", "eval", "--root", str(sample_root), "--weights", "nowhere.safetensors"]) == 2
    assert "no such file of weights: nowhere.safetensors" in capsys.readouterr().err


def test_cartoons_in_poses_are_skipped_without_photos(
    sample_root: Path, good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cartoonset10k").symlink_to(sample_root / "cartoonset10k")
    assert main(["detector", "eval", "--root", str(tmp_path), "--weights", str(good), "--limit", "1"]) == 0
    assert f"skipped: {POSED}: no {tmp_path / 'lfw_net'}" in capsys.readouterr().out


def test_untrained_stages_are_refused(sample_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = tmp_path / "first_stage.safetensors"
    untrained = tuple(f"{stage}.{head}" for stage in ("rnet", "onet") for head in ("face", "box", "landmarks"))
    save_weights(MTCNN(), Card("a test", untrained), weights)
    assert main(["detector", "eval", "--root", str(sample_root), "--weights", str(weights)]) == 2
    assert f"{weights} has untrained stages (rnet, onet)" in capsys.readouterr().err
