from __future__ import annotations

import zlib
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import datamodules.images as images_of_training
from cartoonizer import PhotoError
from cartoonizer.decode import MAX_PIXELS, decode, find_files


@pytest.fixture
def gradient() -> NDArray[np.uint8]:
    """An image whose left is dark, whose top is green."""
    x, y = np.meshgrid(np.arange(40), np.arange(30))
    return np.stack([6 * x, 255 - 8 * y, 0 * x], axis=2).astype(np.uint8)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        *((kind, mode) for kind in ("JPEG", "PNG", "WEBP", "BMP", "TIFF") for mode in ("L", "RGB")),
        ("JPEG", "CMYK"),
        ("TIFF", "CMYK"),
        ("PNG", "P"),
        ("GIF", "P"),
    ],
)
def test_every_kind_of_image_becomes_rgb(gradient: NDArray[np.uint8], kind: str, mode: str) -> None:
    image = Image.fromarray(gradient).convert(mode)
    found = decode(saved(image, kind))
    expected = np.asarray(image.convert("RGB")).astype(int)
    assert found.shape == gradient.shape
    assert np.abs(found - expected).mean() < 12


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])  # the others are mirrored; no camera writes them
def test_photos_are_turned_as_their_exif_says(gradient: NDArray[np.uint8], kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.fromarray(gradient)
    turned = {6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270, 3: Image.Transpose.ROTATE_180}
    upright = image.transpose(turned[orientation]) if orientation in turned else image
    found = decode(saved(upright, kind, exif=exif))
    assert found.shape == gradient.shape
    assert np.abs(found.astype(int) - gradient).mean() < 8


def test_transparent_pixels_are_white_and_turned_too(gradient: NDArray[np.uint8]) -> None:
    rgba = np.dstack([gradient, np.full(gradient.shape[:2], 255, dtype=np.uint8)])
    rgba[:5, :, 3] = 0
    exif = Image.Exif()
    exif[0x0112] = 6
    found = decode(saved(Image.fromarray(rgba).transpose(Image.Transpose.ROTATE_90), "PNG", exif=exif))
    assert (found[:5] == 255).all()
    np.testing.assert_array_equal(found[5:], gradient[5:])


def test_sixteen_bit_is_reduced_not_cut(gradient: NDArray[np.uint8]) -> None:
    deep = Image.fromarray(gradient[..., 0].astype(np.uint16) * 257)
    for kind in ("PNG", "TIFF"):
        np.testing.assert_array_equal(decode(saved(deep, kind))[..., 1], gradient[..., 0])
    np.testing.assert_array_equal(decode(deep)[..., 1], gradient[..., 0])


def test_a_photo_is_read_as_in_training(sample_root: Path) -> None:
    for path in sorted((sample_root / "celeba" / "img_align_celeba").glob("*.jpg"))[:3]:
        np.testing.assert_array_equal(decode(path), images_of_training.read_rgb(path))


def bomb() -> bytes:
    """A PNG of a few bytes that claims to have 4 gigapixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")

    header = (65536).to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    )


def test_what_is_no_photo_is_refused_in_one_line(gradient: NDArray[np.uint8], tmp_path: Path) -> None:
    jpeg = saved(Image.fromarray(gradient), "JPEG")
    for wrong in (b"", b"GIF89a", b"<svg/>", jpeg[:200], bomb(), jpeg[: len(jpeg) // 2]):
        with pytest.raises(PhotoError) as error:
            decode(wrong)
        assert "\n" not in str(error.value)
    with pytest.raises(PhotoError, match=f"more than the limit of {MAX_PIXELS:,}"):
        decode(Image.new("L", (10_000, 10_000)))
    with pytest.raises(PhotoError, match="is a folder"):
        decode(tmp_path)
    with pytest.raises(PhotoError, match="no supported file in"):
        find_files(tmp_path)


@pytest.mark.filterwarnings("ignore::UserWarning")  # of Pillow, about what is wrong with the metadata
def test_mutated_files_are_decoded_or_refused(gradient: NDArray[np.uint8]) -> None:
    random = np.random.default_rng(0)
    files = [saved(Image.fromarray(gradient), kind) for kind in ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")]
    for number in range(300):
        data = bytearray(files[number % len(files)])
        for place in random.integers(0, len(data), 1 + number % 7):
            data[place] = random.integers(256)
        if number % 5 == 0:
            del data[int(random.integers(1, len(data))) :]
        with suppress(PhotoError):
            assert decode(bytes(data)).shape[2] == 3


def test_photos_of_iphones(tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif", reason="the extra [heic] is not installed")
    image = Image.linear_gradient("L").convert("RGB")
    heif.from_pillow(image).save(tmp_path / "a.heic", quality=90)
    assert np.abs(decode(tmp_path / "a.heic").astype(int) - np.asarray(image)).mean() < 4


def test_without_its_package_heic_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "ID", [name for name in Image.ID if name != "HEIF"])
    monkeypatch.setattr(Image, "OPEN", {name: opener for name, opener in Image.OPEN.items() if name != "HEIF"})
    with pytest.raises(PhotoError, match=r"is a HEIC file, .*: pip install pillow-heif"):
        decode(b"\x00\x00\x00\x1cftypheic\x00\x00\x00\x00mif1heicmiaf" + bytes(64))
