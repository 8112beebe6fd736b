from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from cartoonizer.geometry import turn
from datamodules.images import read_rgb
from datamodules.transforms.alignment import FRAME_SIDE, Aligner, Deviation, aligned


@pytest.fixture(scope="module")
def aligner() -> Aligner:
    return Aligner()


def test_a_turned_face_is_cut_out_upright(aligner: Aligner, sample_root: Path) -> None:
    photo = read_rgb(sample_root / "celeba" / "img_align_celeba" / "000001.jpg")
    matrix, size = turn(photo.shape[:2], 30)
    turned = np.asarray(cv2.warpAffine(photo, matrix, size), dtype=np.uint8)
    frames = []
    for each in (photo, turned):
        found = aligner(each)
        assert found is not None
        frames.append(aligned(each, found, 64)[16:48, 16:48].astype(int))
    assert np.abs(frames[0] - frames[1]).mean() < 8


def test_no_face_gives_none(aligner: Aligner) -> None:
    assert aligner(np.full((120, 160, 3), 90, dtype=np.uint8)) is None


@pytest.mark.parametrize(
    ("zoom", "degrees", "shift", "is_small"),
    [
        (1.0, 0, 0, True),
        (1.1, 10, 5, True),
        (1.3, 0, 0, False),
        (0.8, 0, 0, False),
        (1, 20, 0, False),
        (1, 0, 20, False),
    ],
)
def test_deviations(zoom: float, degrees: float, shift: float, is_small: bool) -> None:
    middle = (FRAME_SIDE - 1) / 2
    matrix = np.asarray(cv2.getRotationMatrix2D((middle, middle), -degrees, zoom), dtype=np.float64)
    matrix[0, 2] += shift
    found = Deviation.of(matrix)
    assert (found.zoom, found.rotation, found.shift) == pytest.approx((zoom, degrees, shift / FRAME_SIDE))
    assert found.is_small is is_small
