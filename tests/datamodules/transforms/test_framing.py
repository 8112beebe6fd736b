from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from datamodules.samples import Domain, RawFace
from datamodules.transforms.framing import Framing, framing_for


def gradient(height: int, width: int) -> RawFace:
    """A picture whose red is the column and whose green is the row."""
    y, x = np.mgrid[:height, :width]
    image = np.stack([x, y, np.zeros_like(x)], axis=-1).astype(np.uint8)
    around = np.array([(-20, -20), (20, -20), (0, 0), (-15, 20), (15, 20)])
    points = around + np.array([width / 2, height / 2])
    return RawFace(image, points.astype(np.float32), 0, Path("drawn"))


@pytest.mark.parametrize("size", [(218, 178), (100, 160), (120, 120)])
@pytest.mark.parametrize("side", [64, 96, 200])
def test_landmarks_stay_on_their_pixels(size: tuple[int, int], side: int) -> None:
    face = gradient(*size)
    framed = Framing(side)(face)
    assert framed.image.shape == (side, side, 3)
    for before, after in zip(face.landmarks, framed.landmarks, strict=True):
        column, row = np.floor(after).astype(int)
        share = after - np.floor(after)
        window = framed.image[row : row + 2, column : column + 2, :2].astype(float)
        across = window[:, 0] * (1 - share[0]) + window[:, 1] * share[0]
        found = across[0] * (1 - share[1]) + across[1] * share[1]  # the colour is the source's column and row
        assert np.abs(found - before).max() < 0.6


def test_a_frame_of_its_own_size_is_untouched() -> None:
    face = gradient(50, 50)
    framed = Framing(50)(face)
    assert (framed.image == face.image).all()
    np.testing.assert_allclose(framed.landmarks, face.landmarks)


def test_unknown_landmarks_stay_unknown() -> None:
    face = gradient(40, 40)
    face.landmarks[:] = np.nan
    assert np.isnan(Framing(20)(face).landmarks).all()


@pytest.mark.parametrize(
    ("domain", "augment", "side"),
    [("photo", False, 256), ("photo", True, 286), ("cartoon", False, 320), ("cartoon", True, 320)],
)
def test_frames_leave_room_for_what_follows(domain: Domain, augment: bool, side: int) -> None:
    assert framing_for(domain, 256, augment).side == side
