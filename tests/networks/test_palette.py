"""The palette against heads that are drawn in its colours, by hand and by the sample data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from datamodules.datasets.cartoonset import HAIR_OF_INDEX
from datamodules.faces import FacesDataModule
from datamodules.sample_data.big_ears import draw_big_ears
from datamodules.sample_data.cartoons import FACE_TONES, HAIR_TONES
from datamodules.samples import NO_HAIR_COLOUR
from datamodules.transforms.augment import to_tensor
from networks.palette import (
    HAIR_PALETTE,
    LABELS_OF_PALETTE,
    NOT_SEEN,
    hair_index,
    hair_pixels,
    label_of_palette,
    region_median,
    to_lab,
)

FACE = torch.tensor([[24.0, 32], [40, 32], [32, 42], [27, 48], [37, 48]])


def rgb(tone: str) -> tuple[int, ...]:
    return tuple(int(tone[place : place + 2], 16) for place in (1, 3, 5))


def head(hair: tuple[int, ...] | None, skin: tuple[int, ...] = (240, 192, 146), side: int = 64) -> Tensor:
    """(1, 3, side, side): a face of one colour on white, hair above its forehead."""
    image = np.full((side, side, 3), 255, dtype=np.uint8)
    image[14:58, 14:50] = skin
    if hair is not None:
        image[4:22, 12:52] = hair
    return to_tensor(image)[None]


def test_the_palette_is_that_of_the_sample_cartoons_and_its_labels_those_of_cartoonset() -> None:
    for index, (colour, tone) in enumerate(zip(HAIR_PALETTE, HAIR_TONES, strict=True)):
        assert np.abs(np.array(colour) - rgb(tone)).max() <= 2
        assert LABELS_OF_PALETTE[index] == int(HAIR_OF_INDEX.get(index, NO_HAIR_COLOUR))


@pytest.mark.parametrize("index", range(10))
@pytest.mark.parametrize("skin", [FACE_TONES[0], FACE_TONES[3], FACE_TONES[10]])
def test_planted_hair_is_told_on_any_skin(index: int, skin: str) -> None:
    image = head(HAIR_PALETTE[index], rgb(skin))
    assert hair_index(image, FACE[None]).tolist() == [index]
    noisy = image + torch.randn(image.shape, generator=torch.Generator().manual_seed(0)) * 0.05
    assert hair_index(noisy, FACE[None]).tolist() == [index]


def test_batches_are_judged_face_by_face() -> None:
    images = torch.cat([head(HAIR_PALETTE[index]) for index in (7, 2, 9)])
    assert hair_index(images, FACE.repeat(3, 1, 1)).tolist() == [7, 2, 9]
    assert hair_index(images[:0], FACE.repeat(0, 1, 1)).tolist() == []


def test_no_hair_and_no_landmarks_are_not_seen() -> None:
    assert hair_index(head(None), FACE[None]).tolist() == [NOT_SEEN]
    assert hair_index(head(HAIR_PALETTE[2]), torch.full((1, 5, 2), torch.nan)).tolist() == [NOT_SEEN]
    assert label_of_palette(torch.tensor([NOT_SEEN, 2, 3, 7])).tolist() == [NOT_SEEN, -1, -1, 0]


def test_hair_is_neither_skin_nor_background() -> None:
    seen = hair_pixels(head(HAIR_PALETTE[5]), FACE[None])[0]
    band = torch.zeros(64, 64, dtype=torch.bool)
    band[4:22, 12:52] = True
    assert (seen & ~band).sum() == 0
    assert seen[4:22, 12:52].float().mean() > 0.95


def test_the_colours_of_lab_are_those_of_its_tables() -> None:
    """Bruce Lindbloom's values under D65 for sRGB white, black, red and a grey."""
    colours = torch.tensor([[255, 255, 255], [0, 0, 0], [255, 0, 0], [119, 119, 119]]) / 127.5 - 1
    found = to_lab(colours.T[None, :, :, None])[0, :, :, 0].T
    expected = torch.tensor([[100.0, 0, 0], [0, 0, 0], [53.24, 80.09, 67.20], [50.03, 0, 0]])
    torch.testing.assert_close(found, expected, atol=0.05, rtol=0)


def test_autocast_changes_nothing() -> None:
    image = head(HAIR_PALETTE[4])
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(to_lab(image), to_lab(image.float()))
        assert hair_index(image, FACE[None]).tolist() == [4]


def test_the_median_is_that_of_the_region() -> None:
    values = torch.tensor([[[1.0, 9, 2, 3], [5, 0, 5, 7]]])
    assert region_median(values, torch.tensor([[True, False, True, True]])).tolist() == [[2, 5]]
    assert region_median(values, torch.zeros(1, 4, dtype=torch.bool)).isnan().all()


@pytest.mark.parametrize("colour", range(10))
def test_big_ears_heads_are_told_by_their_hair(colour: int) -> None:
    hits = []
    for seed in range(3):
        cartoon = draw_big_ears(np.random.default_rng([colour, seed]), colour)
        image = torch.nn.functional.avg_pool2d(to_tensor(np.ascontiguousarray(cartoon.image[..., :3]))[None], 5)
        landmarks = torch.from_numpy((cartoon.landmarks + 0.5) / 5 - 0.5)[None]
        hits.append(hair_index(image, landmarks).item() == colour)
    assert sum(hits) >= 2


@pytest.mark.parametrize("augment", [False, True])
def test_sample_cartoons_are_told_as_the_network_sees_them(sample_root: Path, augment: bool) -> None:
    stream = FacesDataModule(str(sample_root), image_size=64, augment=augment).stream("cartoon", "train")
    faces = [stream.transform(stream.faces[index], index) for index in range(len(stream.faces))]
    images, landmarks = torch.stack([face.image for face in faces]), torch.stack([face.landmarks for face in faces])
    truth = torch.stack([face.label for face in faces])
    told = label_of_palette(hair_index(images, landmarks))
    assert (told == truth).float().mean() >= 0.85
    assert set(truth.tolist()) == {-1, 0, 1, 2, 3}
