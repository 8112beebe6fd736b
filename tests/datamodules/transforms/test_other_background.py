from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datamodules.datasets.masks import MaskedPhoto
from datamodules.transforms.other_background import background_of, with_other_background

RED, BLUE, GREEN = (250, 0, 0), (0, 0, 250), (0, 250, 0)


def portrait(person: tuple[int, int, int], background: tuple[int, int, int], size: int = 64) -> MaskedPhoto:
    """A square person with a soft edge of one pixel."""
    masks = np.zeros((size, size, 2), dtype=np.uint8)
    masks[size // 4 : -size // 4, size // 4 : -size // 4] = 255
    masks[size // 4, size // 4 : -size // 4] = 128
    alpha = masks[..., :1] / 255
    image = alpha * np.array(person) + (1 - alpha) * np.array(background)
    return MaskedPhoto(np.rint(image).astype(np.uint8), masks)


def colour_of(pixels: NDArray[np.uint8]) -> list[int]:
    return [round(float(value)) for value in pixels.reshape(-1, 3).mean(axis=0)]


def test_the_person_stands_before_the_other_background() -> None:
    photo = portrait(RED, BLUE)
    mixed = with_other_background(photo, portrait(RED, GREEN, size=96))
    assert mixed.masks is photo.masks
    assert mixed.image.shape == photo.image.shape
    assert colour_of(mixed.image[17:48, 16:48]) == list(RED)
    assert colour_of(mixed.image[:15]) == list(GREEN)
    # Half covered: half of the person's own colour, nothing of the old background.
    np.testing.assert_allclose(mixed.image[16, 20:44].mean(axis=0), [125, 125, 0], atol=6)


def test_a_background_has_nobody_left() -> None:
    background = background_of(portrait(RED, GREEN))
    np.testing.assert_allclose(background, np.broadcast_to(GREEN, background.shape), atol=2)


def test_a_person_who_covers_all_stays() -> None:
    photo = portrait(RED, BLUE)
    full = MaskedPhoto(photo.image, np.full_like(photo.masks, 255))
    assert np.array_equal(with_other_background(full, photo).image, full.image)
    assert background_of(full).shape == full.image.shape
