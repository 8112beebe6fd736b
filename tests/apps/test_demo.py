from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from apps import demo
from apps.main import main
from datamodules.datasets.celeba import CelebA
from datamodules.errors import DataError
from datamodules.samples import NO_HAIR_COLOUR, HairColour, RawFace


def grey_photo(name: str, shade: int, hair: int) -> RawFace:
    image = np.full((218, 178, 3), shade, dtype=np.uint8)
    return RawFace(image, np.full((5, 2), np.nan, dtype=np.float32), hair, Path(f"{name}.jpg"))


def cells(sheet: NDArray[np.uint8], rows: int, columns: int) -> list[list[NDArray[np.uint8]]]:
    """The images of a sheet with tiles of 128 px, 4 px apart, under 24 px of titles."""
    assert sheet.shape == (24 + 4 + rows * 132, 4 + columns * 132, 3)
    return [[sheet[28 + 132 * y :, 4 + 132 * x :][:128, :128] for x in range(columns)] for y in range(rows)]


def test_the_demo_trains_translates_and_tells(
    sample_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: dict[Path, tuple[int, int]] = {}

    def copy(out: Path, count: int, seed: int) -> None:
        asked[out] = (count, seed)
        shutil.copytree(sample_root, out, dirs_exist_ok=True)

    monkeypatch.setattr(demo, "make_sample_data", copy)
    small = ["--data.epoch_size=4", "--data.image_size=32", "--model.ngf=4", "--model.ndf=4"]
    small += ["--trainer.max_epochs=1", "--trainer.log_every_n_steps=1"]
    words = ["demo", "--out", str(tmp_path), *(f"--option={option}" for option in small)]
    assert main(words) == 0
    assert asked == {tmp_path / "sample_data": (600, 0), tmp_path / "sample_data_unseen": (16, 1)}
    shown = capsys.readouterr().out
    home = tmp_path / "demo" / "demo"
    for path in (home / "images" / "unseen_faces.png", home / "checkpoints" / "last.ckpt", home / "metrics.csv"):
        assert str(path) in shown
        assert path.is_file()
    assert "cycle_photo" in shown
    predicted = sorted((home / "predictions").iterdir())
    assert [path.name for path in predicted] == [f"{number:06d}.png" for number in range(1, 25)]
    assert {Image.open(path).size for path in predicted} == {(4 * 32, 32)}
    assert np.asarray(Image.open(home / "images" / "unseen_faces.png")).std() > 10

    checkpoint = home / "checkpoints" / "last.ckpt"
    trained = checkpoint.stat().st_mtime_ns
    assert main(words) == 0  # again: shown, not trained
    assert checkpoint.stat().st_mtime_ns == trained
    assert "cycle_photo" in capsys.readouterr().out


def test_a_demo_that_cannot_start_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "make_sample_data", lambda out, count, seed: None)
    assert main(["demo", "--out", str(tmp_path), "--option=--model.ngff=3"]) == 2
    assert "model.ngff" in capfd.readouterr().err


def test_a_sheet_shows_each_photo_beside_its_cartoons_and_frames_its_own_colour(tmp_path: Path) -> None:
    shades = {"a": (40, 80, 120, 160), "b": (50, 90, 130, 170), "c": (60, 100, 140, 180)}
    for name, of_colours in shades.items():
        blocks = np.repeat(np.array([of_colours], dtype=np.uint8), 32, axis=1)
        Image.fromarray(blocks.repeat(32, axis=0)).save(tmp_path / f"{name}.png")
    own = {"a": HairColour.BROWN, "b": NO_HAIR_COLOUR, "c": HairColour.GREY}
    photos = [grey_photo(name, shade, own[name]) for name, shade in (("a", 10), ("b", 20), ("c", 30))]

    sheet = demo.colour_sheet(photos, tmp_path, faces_a_row=2)

    shown = cells(sheet, rows=2, columns=10)
    middles = [[int(cell[64, 64, 0]) for cell in row] for row in shown]
    assert middles == [[10, *shades["a"], 20, *shades["b"]], [30, *shades["c"], *[255] * 5]]
    is_framed = [[bool(np.ptp(cell) > 20) for cell in row] for row in shown]
    assert [np.flatnonzero(row).tolist() for row in is_framed] == [[2], [4]]  # brown of a, none of b, grey of c


def test_the_titles_stand_over_the_colours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("RGB", (32, 8)).save(tmp_path / "a.png")
    asked: list[list[str]] = []
    monkeypatch.setattr(demo, "titled_sheet", lambda tiles, titles, side: asked.append(list(titles)))
    demo.colour_sheet([grey_photo("a", 0, 0)], tmp_path, faces_a_row=2)
    assert asked == [["photo", "black", "brown", "blonde", "grey"]]  # one face, one block


def test_a_photo_without_cartoons_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"lost\.png"):
        demo.colour_sheet([grey_photo("lost", 0, 0)], tmp_path)


def test_photos_of_all_partitions_have_their_labels(sample_root: Path) -> None:
    photos = demo.labelled_photos(sample_root / "celeba")
    assert [photo.path.stem for photo in photos] == [f"{number:06d}" for number in range(1, 25)]
    validation = CelebA(sample_root / "celeba", "val")
    found = {photo.path.name: photo.label for photo in photos}
    assert {name: found[name] for name in validation.names} == dict(
        zip(validation.names, validation.labels.tolist(), strict=True)
    )


def test_the_last_values_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "metrics.csv"
    log.write_text("epoch,train/a,train/b,val/c\n0,1,2,\n0,3,,\n0,,,9\n")
    assert demo.last_values(log, "train/") == {"train/a": 3.0, "train/b": 2.0}
