from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cartoonizer.background import composite_on_white
from cartoonizer.decode import MAX_PIXELS
from datamodules.errors import DataError
from datamodules.images import decode_rgb, find_images, read_rgb

RED, GREEN = (200, 30, 40), (20, 160, 60)


def two_tone() -> Image.Image:
    """12 px wide, 8 high: red left, green right."""
    image = Image.new("RGB", (12, 8), RED)
    image.paste(GREEN, (6, 0, 12, 8))
    return image


@pytest.mark.parametrize(("mode", "suffix"), [("RGB", "png"), ("RGB", "bmp"), ("RGBA", "png"), ("P", "png")])
def test_lossless_files_keep_their_colours(tmp_path: Path, mode: str, suffix: str) -> None:
    path = tmp_path / f"image.{suffix}"
    image = two_tone()
    (image.quantize(2) if mode == "P" else image.convert(mode)).save(path)
    pixels = read_rgb(path)
    assert pixels.shape == (8, 12, 3)
    assert pixels.dtype == np.uint8
    assert pixels[4, 2].tolist() == list(RED)
    assert pixels[4, 9].tolist() == list(GREEN)


@pytest.mark.parametrize("mode", ["RGB", "CMYK"])
def test_jpegs_keep_their_colours_nearly(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "image.jpg"
    two_tone().convert(mode).save(path, quality=100, subsampling=0)
    pixels = read_rgb(path).astype(int)
    assert np.abs(pixels[4, 2] - RED).max() < 12
    assert np.abs(pixels[4, 9] - GREEN).max() < 12


@pytest.mark.parametrize("mode", ["L", "LA", "1"])
def test_grey_becomes_three_equal_channels(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "grey.png"
    Image.new("L", (5, 4), 255).convert(mode).save(path)
    assert (read_rgb(path) == np.full((4, 5, 3), 255, dtype=np.uint8)).all()


def test_sixteen_bit_is_scaled_not_wrapped(tmp_path: Path) -> None:
    path = tmp_path / "deep.png"
    Image.fromarray(np.full((4, 5), 128 * 256 + 77, dtype=np.uint16)).save(path)
    assert set(np.unique(read_rgb(path))) == {128}


def test_transparency_is_composited_on_white(tmp_path: Path) -> None:
    path = tmp_path / "clear.png"
    rgba = np.zeros((2, 3, 4), dtype=np.uint8)  # black under full transparency
    rgba[:, 1] = (100, 0, 0, 128)
    rgba[:, 2] = (10, 20, 30, 255)
    Image.fromarray(rgba).save(path)
    expected = [[255, 255, 255], [177, 127, 127], [10, 20, 30]]
    assert read_rgb(path)[0].tolist() == expected
    assert composite_on_white(rgba)[1].tolist() == expected


def test_exif_rotation_is_applied(tmp_path: Path) -> None:
    path = tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by 90 degrees
    two_tone().save(path, exif=exif, quality=100, subsampling=0)
    pixels = read_rgb(path)
    assert pixels.shape == (12, 8, 3)
    assert pixels[2, 4, 0] > 150  # red, left before, is on top
    assert pixels[9, 4, 1] > 120


def test_one_pixel(tmp_path: Path) -> None:
    path = tmp_path / "dot.png"
    Image.new("RGB", (1, 1), RED).save(path)
    assert read_rgb(path).tolist() == [[list(RED)]]


@pytest.mark.parametrize("damage", ["empty", "text", "truncated", "missing"])
def test_what_cannot_be_read_is_named(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "broken.png"
    if damage == "truncated":
        noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
        Image.fromarray(noise).save(path)
        path.write_bytes(path.read_bytes()[:60])
    elif damage != "missing":
        path.write_bytes(b"" if damage == "empty" else b"<html>quota exceeded</html>")
    with pytest.raises(DataError, match=r"broken\.png"):
        read_rgb(path)


def test_bytes_are_decoded_as_their_file_is(tmp_path: Path) -> None:
    path = tmp_path / "image.png"
    two_tone().convert("RGBA").save(path)
    np.testing.assert_array_equal(decode_rgb(path.read_bytes(), Path("elsewhere")), read_rgb(path))
    with pytest.raises(DataError, match="elsewhere"):
        decode_rgb(path.read_bytes()[:40], Path("elsewhere"))


def test_a_file_that_can_be_no_image_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.png"
    with path.open("wb") as file:
        file.truncate(1 << 30)  # sparse: it takes no room
    with pytest.raises(DataError, match=r"huge\.png is larger than the limit of 512 MB"):
        read_rgb(path)


def test_a_decompression_bomb_is_refused_from_its_header(tmp_path: Path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    side = int(MAX_PIXELS**0.5) + 1
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    path = tmp_path / "bomb.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b""))
    with pytest.raises(DataError, match=f"{side}x{side}"):
        read_rgb(path)


def test_images_are_found_in_sub_folders_in_order(tmp_path: Path) -> None:
    for name in ("b.PNG", "a.jpg", "sub/c.jpeg", "notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    assert [path.relative_to(tmp_path).as_posix() for path in find_images(tmp_path)] == ["a.jpg", "b.PNG", "sub/c.jpeg"]


def test_a_folder_without_images_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no supported file in"):
        find_images(tmp_path)
    with pytest.raises(DataError, match="no such folder"):
        find_images(tmp_path / "nowhere")


def test_links_to_folders_are_followed_once(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "photos", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    (elsewhere / "a.jpg").touch()
    (elsewhere / "circle").symlink_to(folder)
    (folder / "linked").symlink_to(elsewhere)
    assert find_images(folder) == [folder / "linked" / "a.jpg"]


def test_photos_of_other_formats_are_read_too(tmp_path: Path) -> None:
    two_tone().save(tmp_path / "a.tif")
    (path,) = find_images(tmp_path)
    assert read_rgb(path)[4, 9].tolist() == list(GREEN)


def test_heic_files_are_found_and_say_what_they_need(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "ID", [name for name in Image.ID if name != "HEIF"])
    monkeypatch.setattr(Image, "OPEN", {name: opener for name, opener in Image.OPEN.items() if name != "HEIF"})
    path = tmp_path / "a.HEIC"
    path.write_bytes(b"\x00\x00\x00\x1cftypheic" + bytes(64))
    assert find_images(tmp_path) == [path]
    with pytest.raises(DataError, match=r"a\.HEIC is a HEIC file, .*: pip install pillow-heif"):
        read_rgb(path)
