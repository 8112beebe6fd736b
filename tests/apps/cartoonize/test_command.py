from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from apps.main import main
from tests.apps.cartoonize.test_chain import SIDE, cartoonizer, portrait, small_model  # noqa: F401 - fixtures


@pytest.fixture
def photos(tmp_path: Path, sample_root: Path) -> Path:
    folder = tmp_path / "photos" / "sub"
    folder.mkdir(parents=True)
    with Image.open(sample_root / "celeba" / "img_align_celeba" / "000001.jpg") as image:
        image.save(folder.parent / "a.jpg")
        turned = image.transpose(Image.Transpose.ROTATE_90)  # a phone that was held upright says so
        exif = Image.Exif()
        exif[0x0112] = 6
        turned.save(folder / "b.jpg", exif=exif)
    return folder.parent


def run(photos: list[Path], out: Path, model: tuple[Path, Path], *words: str) -> int:
    own = ("--model", str(model[0]), "--finisher", str(model[1]), "--out", str(out))
    return main(["cartoonize", *map(str, photos), *own, *words])


def test_a_folder_of_photos_becomes_one_of_cartoons(
    photos: Path,
    tmp_path: Path,
    small_model: tuple[Path, Path],  # noqa: F811
) -> None:
    out = tmp_path / "out"
    assert run([photos], out, small_model) == 0
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*.png")) == ["a.png", "sub/b.png"]
    with Image.open(out / "a.png") as first, Image.open(out / "sub" / "b.png") as second:
        assert (first.mode, first.size) == ("RGBA", (2 * SIDE, 2 * SIDE))
        pictures = [np.asarray(image.convert("RGB"), float) for image in (first, second)]
    upright, lying = (np.abs(pictures[0] - np.rot90(pictures[1], turns)).mean() for turns in (0, 1))
    assert upright < 0.5 * lying  # the turned file is upright again
    stamp = (out / "a.png").stat().st_mtime_ns
    assert run([photos], out, small_model, "--skip-existing") == 0
    assert (out / "a.png").stat().st_mtime_ns == stamp


def test_options_say_what_the_picture_is(photos: Path, tmp_path: Path, small_model: tuple[Path, Path]) -> None:  # noqa: F811
    photo = photos / "a.jpg"
    shapes = {
        ("--hair", "all", "--side-by-side"): ("a.png", "RGB", (5 * 64, 64)),
        ("--size", "100", "--background", "white"): ("a.png", "RGB", (100, 100)),
        ("--faces", "all"): ("a_1.png", "RGBA", (64, 64)),
        ("--no-finish",): ("a.png", "RGBA", (32, 32)),
    }
    for number, (words, (name, mode, size)) in enumerate(shapes.items()):
        out = tmp_path / str(number)
        assert run([photo], out, small_model, *words) == 0
        with Image.open(out / name) as image:
            assert (image.mode, image.size) == (mode, size), words


def test_photos_without_face_or_of_no_use_are_named_and_the_others_done(
    photos: Path,
    tmp_path: Path,
    small_model: tuple[Path, Path],  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    Image.new("RGB", (90, 120)).save(photos / "empty.png")
    (photos / "torn.jpg").write_bytes((photos / "a.jpg").read_bytes()[:700])
    assert run([photos], tmp_path / "out", small_model) == 1
    said = capsys.readouterr()
    assert "empty.png: no face found" in said.err
    assert "torn.jpg" in said.err
    assert "cartoons of 2 photos" in said.out
    assert "2 failed" in said.out
    assert (tmp_path / "out" / "a.png").exists()
    assert not (tmp_path / "out" / "empty.png").exists()


def test_nothing_is_overwritten_by_accident(
    photos: Path,
    tmp_path: Path,
    small_model: tuple[Path, Path],  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    Image.open(photos / "a.jpg").save(photos / "a.png")
    assert run([photos], tmp_path / "out", small_model) == 2
    assert "would both become" in capsys.readouterr().err
    assert run([photos / "a.png"], photos, small_model) == 2
    assert "would take the photo's place" in capsys.readouterr().err
