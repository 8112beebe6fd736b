from __future__ import annotations

from pathlib import Path

import numpy as np

from datamodules.samples import NO_HAIR_COLOUR, RawFace
from datamodules.transforms.eyes import eyes_are_covered

POINTS = np.array([[40, 50], [80, 50], [60, 70], [48, 85], [72, 85]], dtype=np.float32)


def head(*eyes: tuple[int, int, int]) -> RawFace:
    """A brown face with two eyes of some colours, each with a dark pupil."""
    image = np.full((120, 120, 3), (150, 100, 70), dtype=np.uint8)
    for (x, y), colour in zip(POINTS[:2].astype(int), eyes, strict=True):
        image[y - 3 : y + 4, x - 6 : x + 7] = colour
        image[y - 2 : y + 3, x - 2 : x + 3] = 20
    return RawFace(image, POINTS, NO_HAIR_COLOUR, Path("head.png"))


def test_eyes_with_white_are_seen_and_dark_lenses_are_not() -> None:
    white, dark = (250, 250, 250), (10, 10, 10)
    assert not eyes_are_covered(head(white, white))
    assert eyes_are_covered(head(dark, dark))
    assert eyes_are_covered(head(white, dark))
    assert eyes_are_covered(head((250, 60, 60), (250, 60, 60)))  # coloured lenses


def test_a_face_without_landmarks_is_not_judged() -> None:
    face = head((0, 0, 0), (0, 0, 0))
    unknown = RawFace(face.image, np.full((5, 2), np.nan, np.float32), face.label, face.path)
    assert not eyes_are_covered(unknown)
