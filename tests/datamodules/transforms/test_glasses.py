from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from datamodules.transforms.glasses import DARK_FRAMES, PALE_FRAMES, frame_mask, with_dark_frames

SKIN = (240, 192, 146)


def head(frame: tuple[int, int, int] | None, side: int = 500) -> NDArray[np.uint8]:
    """Skin, two white eyes, and round frames of a colour."""
    image = np.full((side, side, 4), (*SKIN, 255), np.uint8)
    for x in (206, 293):
        cv2.ellipse(image, (x, 260), (16, 9), 0, 0, 360, (255, 255, 255, 255), -1, cv2.LINE_AA)
        if frame:
            cv2.circle(image, (x, 260), 30, (*frame, 255), 5, cv2.LINE_AA)
    return image


@pytest.mark.parametrize("color", PALE_FRAMES)
def test_frames_are_found_and_the_white_of_eyes_is_not(color: tuple[int, int, int]) -> None:
    mask = frame_mask(head(color)[..., :3])
    ring = np.zeros((500, 500), np.uint8)
    for x in (206, 293):
        cv2.circle(ring, (x, 260), 30, 1, 5)
    assert (mask & (ring == 0)).sum() < 0.05 * mask.sum()
    assert mask.sum() > 0.7 * ring.sum()
    assert not frame_mask(head(None)[..., :3]).any()


def test_frames_elsewhere_are_left_alone() -> None:
    image = head(None)
    image[20:60, 20:60, :3] = PALE_FRAMES[0]  # a highlight in the hair
    assert not frame_mask(image[..., :3]).any()


def test_frames_become_dark_at_any_size_and_nothing_else_changes() -> None:
    mask = frame_mask(head(PALE_FRAMES[0])[..., :3])
    for side in (500, 250):
        image = np.asarray(cv2.resize(head(PALE_FRAMES[0]), (side, side), interpolation=cv2.INTER_AREA), np.uint8)
        drawn = with_dark_frames(image, mask, "cs1.png")
        assert drawn.shape == image.shape
        top = (round(230 * side / 500), round(206 * side / 500))  # of the left ring
        assert drawn[top][:3].max() < 110
        assert (drawn[: side // 4] == image[: side // 4]).all()
        assert (drawn[..., 3] == 255).all()
        eye = (round(260 * side / 500), round(206 * side / 500))
        assert drawn[eye][:3].min() == 255


def test_the_name_decides_the_colour() -> None:
    image = head(PALE_FRAMES[0])
    mask = frame_mask(image[..., :3])
    colors = {tuple(with_dark_frames(image, mask, f"cs{number}.png")[230, 206, :3].tolist()) for number in range(30)}
    assert colors == set(DARK_FRAMES)
    assert np.array_equal(with_dark_frames(image, mask, "cs1.png"), with_dark_frames(image, mask, "cs1.png"))
