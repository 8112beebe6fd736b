from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from datamodules.datasets.cartoonset import LANDMARKS
from datamodules.datasets.celeba import CelebA
from datamodules.samples import NO_HAIR_COLOUR, Domain, Faces, RawFace
from datamodules.transforms.augment import (
    FLIP_ORDER,
    FaceTransform,
    FlipFace,
    cartoon_transform,
    photo_transform,
    to_tensor,
)
from datamodules.transforms.framing import framing_for

POINTS = LANDMARKS.copy()


def dotted(height: int, width: int, points: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> RawFace:
    """A white image with a soft dark dot of its own colour at each landmark."""
    y, x = np.mgrid[:height, :width]
    image = np.full((height, width, 3), 255.0)
    for number, (column, row) in enumerate(points):
        dot = np.exp(-((x - column) ** 2 + (y - row) ** 2) / (2 * 4.0**2))
        image[..., [c for c in range(3) if c != number % 3]] -= 240 * dot[..., None]
    return RawFace(image.clip(0, 255).astype(np.uint8), points.astype(np.float32), NO_HAIR_COLOUR, Path("drawn"))


def dot_centres(faces: Faces) -> torch.Tensor:
    """Where the dots are in the pixels: weighted mean of the darkness around each landmark. (5, 2)."""
    darkness = (1 - faces.image).sum(0)
    centres = []
    for column, row in faces.landmarks.round().int().tolist():
        radius = 5
        window = darkness[row - radius : row + radius + 1, column - radius : column + radius + 1]
        y, x = torch.meshgrid(*(torch.arange(-radius, radius + 1.0),) * 2, indexing="ij")
        centres.append((column + (window * x).sum() / window.sum(), row + (window * y).sum() / window.sum()))
    return torch.tensor(centres)


def seen(domain: Domain, face: RawFace, image_size: int, augment: bool, seed: int = 0) -> Faces:
    """What a network sees of a face: framed, then transformed."""
    transform = photo_transform if domain == "photo" else cartoon_transform
    return transform(image_size, augment)(framing_for(domain, image_size, augment)(face), seed)


@pytest.mark.parametrize("augment", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_a_cartoon_s_landmarks_stay_on_its_pixels(augment: bool, seed: int) -> None:
    faces = seen("cartoon", dotted(500, 500, POINTS), 256, augment, seed)
    assert (faces.landmarks - dot_centres(faces)).abs().max() < 0.5


@pytest.mark.parametrize("augment", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_a_photo_s_landmarks_stay_on_its_pixels(augment: bool, seed: int) -> None:
    points = np.array([[62, 100], [116, 100], [89, 130], [66, 160], [112, 160]], dtype=np.float32)
    faces = seen("photo", dotted(218, 178, points), 256, augment, seed)
    assert (faces.landmarks - dot_centres(faces)).abs().max() < 0.5


DOMAINS: tuple[Domain, ...] = ("photo", "cartoon")


@pytest.mark.parametrize("domain", DOMAINS)
def test_augmentation_varies_with_the_seed_alone(domain: Domain) -> None:
    face = dotted(500, 500, POINTS)
    first, again, other = (seen(domain, face, 64, True, seed) for seed in (5, 5, 6))
    assert torch.equal(first.image, again.image)
    assert torch.equal(first.landmarks, again.landmarks)
    assert not torch.equal(first.landmarks, other.landmarks)


@pytest.mark.parametrize("domain", DOMAINS)
def test_unknown_landmarks_stay_unknown(domain: Domain) -> None:
    known = dotted(500, 500, POINTS)
    unknown = RawFace(known.image, np.full((5, 2), np.nan, np.float32), known.label, known.path)
    faces = seen(domain, unknown, 64, True, 3)
    assert faces.landmarks.isnan().all()
    assert torch.equal(faces.image, seen(domain, known, 64, True, 3).image)


def test_a_flip_keeps_left_on_the_left() -> None:
    compose = FaceTransform([FlipFace(p=1.0)])
    mirrored = compose(dotted(500, 500, POINTS), 0)
    expected = np.stack([499 - POINTS[FLIP_ORDER, 0], POINTS[FLIP_ORDER, 1]], axis=1)
    np.testing.assert_allclose(mirrored.landmarks.numpy(), expected, atol=1e-3)
    assert mirrored.landmarks[0, 0] < mirrored.landmarks[1, 0]
    assert mirrored.landmarks[3, 0] < mirrored.landmarks[4, 0]


def test_flipping_twice_is_nothing() -> None:
    face = dotted(500, 500, POINTS)
    twice = FaceTransform([FlipFace(p=1.0), FlipFace(p=1.0)])(face, 0)
    np.testing.assert_allclose(twice.landmarks.numpy(), face.landmarks, atol=1e-3)
    assert torch.equal(twice.image, to_tensor(face.image))


def test_the_paper_s_ranges_are_kept_and_used() -> None:
    """Rotation within 15 degrees, scale 1.0 to 1.3, shift within 10 % of the side."""
    face = RawFace(np.zeros((500, 500, 3), np.uint8), POINTS, NO_HAIR_COLOUR, Path("black"))
    angles, scales, shifts = [], [], []
    plain = seen("cartoon", face, 100, False).landmarks
    for seed in range(200):
        faces = seen("cartoon", face, 100, True, seed)
        left, right = faces.landmarks[:2]
        across = right - left
        angles.append(torch.rad2deg(torch.atan2(across[1], across[0])).item())
        scales.append((across.norm() / (plain[1] - plain[0]).norm()).item())
        shifts.append((faces.landmarks[2] - 50).tolist())
    assert max(map(abs, angles)) <= 15.01
    assert max(angles) > 12
    assert min(angles) < -12
    assert min(scales) >= 0.999
    assert max(scales) <= 1.301
    assert max(scales) - min(scales) > 0.25
    # The nose is 1.3 * 12.8 px off the centre at the most, and the shift adds 10 px.
    assert 15 < max(abs(value) for shift in shifts for value in shift) < 1.3 * (plain[2] - 50).norm() + 10


def test_the_border_is_filled_white() -> None:
    face = RawFace(np.full((500, 500, 3), 255, np.uint8), POINTS, NO_HAIR_COLOUR, Path("white"))
    for seed in range(20):
        assert (seen("cartoon", face, 64, True, seed).image == 1).all()


def test_points_outside_the_picture_are_kept() -> None:
    far = POINTS.copy()
    far[0] = (-40, 20)
    faces = seen("cartoon", RawFace(np.zeros((500, 500, 3), np.uint8), far, 0, Path("x")), 64, False)
    assert faces.landmarks.shape == (5, 2)
    assert faces.landmarks[0, 0] < 0


def test_both_domains_faces_lie_alike(sample_root: Path) -> None:
    """Eyes and nose within 3 % of the image's side of each other, as the crops are chosen for."""
    photos = CelebA(sample_root / "celeba", "train")
    mean_photo = torch.stack([seen("photo", photos[i], 256, False).landmarks for i in range(len(photos))]).mean(0)
    cartoon = seen("cartoon", RawFace(np.zeros((500, 500, 3), np.uint8), POINTS, 0, Path("x")), 256, False)
    assert (mean_photo - cartoon.landmarks)[:3].abs().max() < 0.03 * 256


@pytest.mark.parametrize("size", [(500, 500), (256, 256), (218, 178), (31, 67)])
def test_any_size_becomes_the_asked_one(size: tuple[int, int]) -> None:
    face = RawFace(np.zeros((*size, 3), np.uint8), POINTS, 0, Path("x"))
    for domain in DOMAINS:
        for augment in (False, True):
            assert seen(domain, face, 32, augment).image.shape == (3, 32, 32)


def test_to_tensor_spans_minus_one_to_one() -> None:
    image = np.array([[[0, 255, 127]]], dtype=np.uint8)
    assert to_tensor(image).flatten().tolist() == pytest.approx([-1.0, 1.0, 127 / 127.5 - 1])
