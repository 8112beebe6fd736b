from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from cartoonizer import Cartoonizer, CartoonizerError, ModelError, PhotoError

HAIR = ["black", "brown", "blonde", "grey"]


def two_faces(portrait: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A photo with a small face on the left and a large one on the right."""
    photo = np.full((420, 520, 3), 200, dtype=np.uint8)
    photo[100:318, 20:198] = portrait
    photo[50:378, 230:498] = cv2.resize(portrait, (268, 328), interpolation=cv2.INTER_LINEAR)
    return photo


def test_a_photo_has_a_cartoon_with_alpha_and_everything_about_the_face(
    cartoonizer: Cartoonizer, portrait: Path
) -> None:
    (face,) = cartoonizer(portrait, hair="blonde")
    side = face.cartoon.size[0]
    assert (face.cartoon.mode, face.cartoon.size) == ("RGBA", (side, side))
    assert (face.on_white.mode, face.photo.mode) == ("RGB", "RGB")
    assert face.hair == "blonde"
    assert face.score > 0.6
    inside = face.landmarks @ face.matrix[:, :2].T + face.matrix[:, 2]
    expected = cartoonizer.manifest.frame.points(side)
    assert np.linalg.norm(inside - expected, axis=1).mean() < 0.06 * side  # where training has its faces
    x1, y1, x2, y2 = face.box
    assert x1 < face.landmarks[:, 0].min() < face.landmarks[:, 0].max() < x2
    assert y1 < face.landmarks[:, 1].min() < face.landmarks[:, 1].max() < y2


def test_a_path_its_bytes_a_pil_image_and_an_array_are_the_same_photo(
    cartoonizer: Cartoonizer, portrait: Path, pixels: NDArray[np.uint8]
) -> None:
    (expected,) = cartoonizer(portrait)
    for photo in (str(portrait), portrait.read_bytes(), pixels, Image.fromarray(pixels)):
        (face,) = cartoonizer(photo)
        np.testing.assert_array_equal(face.pixels, expected.pixels)


def test_labels_are_asked_for_by_name_and_keep_the_order_of_the_faces(
    cartoonizer: Cartoonizer, pixels: NDArray[np.uint8]
) -> None:
    photo = two_faces(pixels)
    found = cartoonizer(photo, hair=["black", "grey"])
    assert [face.hair for face in found] == ["black", "grey"] * 2
    assert found[0].box == found[1].box
    assert found[0].box[0] > 230 > found[2].box[0]  # the largest first
    assert (found[0].plain != found[1].plain).any()
    assert len(cartoonizer(photo, faces="largest", hair=HAIR)) == 4


def test_own_is_what_the_classifier_sees_and_the_default(cartoonizer: Cartoonizer, portrait: Path) -> None:
    (own,), (default,) = cartoonizer(portrait, hair="own"), cartoonizer(portrait)
    assert own.hair in HAIR
    assert own.hair == default.hair == own.own["hair"]
    (named,) = cartoonizer(portrait, hair=str(own.hair))
    np.testing.assert_array_equal(own.pixels, named.pixels)


def test_a_batch_is_what_its_photos_are_alone(cartoonizer: Cartoonizer, pixels: NDArray[np.uint8]) -> None:
    photos = [two_faces(pixels), np.zeros((90, 120, 3), np.uint8), pixels]
    together = cartoonizer.batch(photos, hair="brown")
    assert [len(faces) for faces in together] == [2, 0, 1]
    alone = [face for photo in photos for face in cartoonizer(photo, hair="brown")]
    for one, other in zip([face for faces in together for face in faces], alone, strict=True):
        assert np.abs(one.plain.astype(int) - other.plain).max() <= 1


def test_threads_may_share_one(cartoonizer: Cartoonizer, pixels: NDArray[np.uint8]) -> None:
    photos = [pixels, two_faces(pixels)] * 4
    with ThreadPoolExecutor(4) as pool:
        at_once = list(pool.map(cartoonizer, photos))
    for photo, faces in zip(photos, at_once, strict=True):
        for one, other in zip(faces, cartoonizer(photo), strict=True):
            np.testing.assert_array_equal(one.pixels, other.pixels)


@pytest.mark.parametrize("degrees", [0, 25, -40, 90, 180])
def test_a_turned_enlarged_and_shifted_face_is_cut_out_alike(
    cartoonizer: Cartoonizer, pixels: NDArray[np.uint8], degrees: float
) -> None:
    (plain,) = cartoonizer(pixels)
    matrix = cv2.getRotationMatrix2D((89, 109), degrees, 2.5)
    matrix[:, 2] += (300, 260)
    photo = cv2.warpAffine(pixels, matrix, (800, 800), borderMode=cv2.BORDER_REPLICATE)
    (face,) = cartoonizer(np.asarray(photo, dtype=np.uint8))
    moved = plain.landmarks @ matrix[:, :2].T + matrix[:, 2]
    assert np.linalg.norm(face.landmarks - moved, axis=1).mean() < 0.12 * np.linalg.norm(moved[1] - moved[0])


@pytest.mark.parametrize(
    "photo", [np.zeros((120, 90, 3), np.uint8), np.full((1, 1, 3), 9, np.uint8), np.full((3, 4000, 3), 9, np.uint8)]
)
def test_where_there_is_no_face_there_is_no_cartoon(cartoonizer: Cartoonizer, photo: NDArray[np.uint8]) -> None:
    assert cartoonizer(photo) == []


def test_noise_is_no_crowd(cartoonizer: Cartoonizer) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    assert len(cartoonizer(noise)) < 3


def test_what_is_unknown_is_refused_by_name(
    cartoonizer: Cartoonizer, pixels: NDArray[np.uint8], tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=r"expected a photo \(H, W, 3\) of uint8"):
        cartoonizer(pixels[..., 0])
    with pytest.raises(ValueError, match=r"unknown hair 'pink', expected own, black"):
        cartoonizer(pixels, hair="pink")
    with pytest.raises(ValueError, match=r"has no label 'hat'"):
        cartoonizer(pixels, hat="long")
    for faces in ("biggest", -1, 1.5):
        with pytest.raises(ValueError, match=rf"unknown faces '?{faces}'?, expected 'largest', 'all' or"):
            cartoonizer(pixels, faces=faces)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="no such model file"):
        Cartoonizer(tmp_path / "nothing.cartoon")
    with pytest.raises(PhotoError, match="no such image"):
        cartoonizer(tmp_path / "nothing.jpg")
    assert issubclass(PhotoError, CartoonizerError)


def test_unfinished_cartoons_are_smaller_and_opaque(portrait: Path) -> None:
    (face,) = Cartoonizer(threads=1, finish=False)(portrait)
    assert face.cartoon.size[0] == Cartoonizer(threads=1).manifest.side
    assert (face.pixels[..., 3] == 255).all()
