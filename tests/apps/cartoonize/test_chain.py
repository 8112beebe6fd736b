from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from apps.cartoonize.chain import CartoonFace, Cartoonizer
from datamodules.errors import DataError
from datamodules.images import read_rgb
from lightning_modules.landmark_detector import MEAN_PHOTO
from networks.finisher import CartoonFinisher, save_finisher
from networks.translator import Translator, TranslatorOptions, save_translator

SIDE = 32


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """An untrained generator that is told hair and landmarks, and an untrained finisher."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("model")
    options = TranslatorOptions("resnet6", 4, "resize", 4, "modulation", ("glasses",), True, SIDE, "head")
    save_translator(Translator(options.build(), options), folder / "cartoons.safetensors")
    save_finisher(CartoonFinisher(2, width=4, n_blocks=1, input_size=SIDE), {}, folder / "finisher.safetensors")
    return folder / "cartoons.safetensors", folder / "finisher.safetensors"


@pytest.fixture(scope="session")
def cartoonizer(small_model: tuple[Path, Path]) -> Cartoonizer:
    return Cartoonizer(*small_model, device="cpu")


@pytest.fixture(scope="session")
def portrait(sample_root: Path) -> NDArray[np.uint8]:
    """A drawn photo in which the project's detector finds a face."""
    return read_rgb(sample_root / "celeba" / "img_align_celeba" / "000001.jpg")


def test_a_photo_has_a_cartoon_with_alpha_and_everything_about_the_face(
    cartoonizer: Cartoonizer, portrait: NDArray[np.uint8]
) -> None:
    (face,) = cartoonizer(portrait)
    assert face.cartoon.shape == (2 * SIDE, 2 * SIDE, 4)
    assert face.on_white.shape == (2 * SIDE, 2 * SIDE, 3)
    assert face.photo.shape == (256, 256, 3)
    assert face.hair in cartoonizer.colors
    assert face.score > 0.6
    inside = face.landmarks @ face.matrix[:, :2].T + face.matrix[:, 2]
    expected = MEAN_PHOTO.numpy() * 2 * SIDE - 0.5
    assert np.linalg.norm(inside - expected, axis=1).mean() < 0.06 * 2 * SIDE  # where training has its faces
    x1, y1, x2, y2 = face.box
    assert x1 < face.landmarks[:, 0].min() < face.landmarks[:, 0].max() < x2
    assert y1 < face.landmarks[:, 1].min() < face.landmarks[:, 1].max() < y2


def test_colours_that_are_asked_for_differ_and_keep_the_order_of_the_faces(
    cartoonizer: Cartoonizer, portrait: NDArray[np.uint8]
) -> None:
    two = np.full((420, 520, 3), 200, dtype=np.uint8)
    two[100:318, 20:198] = portrait
    large = cv2.resize(portrait, (268, 328), interpolation=cv2.INTER_LINEAR)
    two[50:378, 230:498] = large
    found: list[CartoonFace] = cartoonizer(two, ["black", "grey"], faces="all")
    assert [face.hair for face in found] == ["black", "grey"] * 2
    assert found[0].box == found[1].box
    assert found[0].box[0] > 230 > found[2].box[0]  # the largest first
    assert (found[0].on_white != found[1].on_white).any()
    assert len(cartoonizer(two, ["black", "grey"])) == 2


@pytest.mark.parametrize("degrees", [0, 25, -40, 90, 180])
def test_a_turned_enlarged_and_shifted_face_is_cut_out_alike(
    cartoonizer: Cartoonizer, portrait: NDArray[np.uint8], degrees: float
) -> None:
    (plain,) = cartoonizer(portrait)
    matrix = cv2.getRotationMatrix2D((89, 109), degrees, 2.5)
    matrix[:, 2] += (300, 260)
    photo = cv2.warpAffine(portrait, matrix, (800, 800), borderMode=cv2.BORDER_REPLICATE)
    (face,) = cartoonizer(np.asarray(photo, dtype=np.uint8))
    moved = plain.landmarks @ matrix[:, :2].T + matrix[:, 2]
    assert np.linalg.norm(face.landmarks - moved, axis=1).mean() < 0.12 * np.linalg.norm(moved[1] - moved[0])
    middle = (slice(96, 200), slice(80, 176))
    assert np.abs(face.photo[middle].astype(float) - plain.photo[middle]).mean() < 25


@pytest.mark.parametrize("photo", [np.zeros((120, 90, 3), np.uint8), np.full((11, 11, 3), 255, np.uint8)])
def test_where_there_is_no_face_there_is_no_cartoon(cartoonizer: Cartoonizer, photo: NDArray[np.uint8]) -> None:
    assert cartoonizer(photo) == []


def test_other_arrays_colours_and_files_are_refused(
    cartoonizer: Cartoonizer, portrait: NDArray[np.uint8], tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=r"expected a photo \(H, W, 3\) of uint8"):
        cartoonizer(portrait[..., 0])
    with pytest.raises(ValueError, match=r"unknown hair colour 'pink', expected own, black"):
        cartoonizer(portrait, "pink")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="no such file of weights"):
        Cartoonizer(tmp_path / "nothing.safetensors")
