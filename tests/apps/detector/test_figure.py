from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from apps.detector.figure import SIDE
from apps.main import main
from networks.mtcnn import MTCNN, Card, Cascade, Detections, save_weights

CELL = SIDE + 4
HEAD = 24 + 4
FOUND = Detections(
    torch.tensor([[10.0, 12, 40, 41]]),
    torch.tensor([0.9]),
    torch.tensor([[[15.0, 20], [30, 20], [22, 28], [17, 34], [29, 34]]]),
)
NOTHING = Detections(torch.empty(0, 4), torch.empty(0), torch.empty(0, 5, 2))

WHITE, GREY, BLACK = 255, 128, 0


@pytest.fixture(autouse=True)
def _planted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cascade that finds a face in every image that is not black."""

    def find(_: Cascade, images: list[torch.Tensor]) -> list[Detections]:
        return [FOUND if image.float().mean() > 100 else NOTHING for image in images]

    monkeypatch.setattr(Cascade, "detect", find)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "detector.safetensors"
    save_weights(MTCNN(), Card(source="a test"), path)
    return path


def write_images(folder: Path, *shades: int) -> Path:
    folder.mkdir()
    for number, shade in enumerate(shades):
        Image.new("L", (60, 60), shade).save(folder / f"{number}.png")
    return folder


def cell(
    sheet: np.ndarray[tuple[int, ...], np.dtype[np.int_]], row: int, column: int
) -> np.ndarray[tuple[int, ...], np.dtype[np.int_]]:
    return sheet[HEAD + row * CELL :, 4 + column * CELL :][:SIDE, :SIDE]


def test_rows_show_the_images_in_order_with_detections(weights: Path, tmp_path: Path) -> None:
    shades = {"photos": (GREY, BLACK, GREY), "cartoons": (WHITE, GREY), "generated": (BLACK, WHITE, WHITE)}
    folders = {name: write_images(tmp_path / name, *values) for name, values in shades.items()}
    out = tmp_path / "new" / "figure.png"
    words = [word for name, folder in folders.items() for word in (f"--{name}", str(folder))]
    assert main(["detector", "figure", *words, "--out", str(out), "--weights", str(weights)]) == 0
    sheet = np.asarray(Image.open(out)).astype(int)
    assert sheet.shape == (HEAD + 2 * CELL, 4 + 3 * CELL, 3)
    for column, values in enumerate(shades.values()):
        assert (sheet[:24, 4 + column * CELL :][:, :SIDE] < 128).any(), "a title"
        for row, shade in enumerate(values[:2]):
            image = cell(sheet, row, column)
            assert (image[2, 2] == shade).all()
            is_marked = bool((image[-24:] == 255).all(axis=2).mean() > 0.6) and bool((image[-24:] < 100).any())
            redness = image[..., 0] - image[..., 1]  # boxes are red, points green, the images grey
            assert bool((redness > 50).sum() > 50) is bool((redness < -50).sum() > 50) is (shade != BLACK)
            assert is_marked is (shade == BLACK)


def test_rows_are_limited_and_generated_cartoons_optional(weights: Path, tmp_path: Path) -> None:
    photos, cartoons = (write_images(tmp_path / name, GREY, GREY) for name in ("photos", "cartoons"))
    out = tmp_path / "figure.png"
    words = ["--photos", str(photos), "--cartoons", str(cartoons), "--weights", str(weights), "--rows", "1"]
    assert main(["detector", "figure", *words, "--out", str(out)]) == 0
    assert np.asarray(Image.open(out)).shape == (HEAD + CELL, 4 + 2 * CELL, 3)


def test_folders_that_do_not_match_are_rejected(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos, generated = write_images(tmp_path / "photos", GREY, GREY), write_images(tmp_path / "generated", GREY)
    words = ["detector", "figure", "--photos", str(photos), "--weights", str(weights), "--out", str(tmp_path / "f.png")]
    assert main([*words, "--cartoons", str(photos), "--generated", str(generated)]) == 2
    assert f"{generated} has 1 images, {photos} 2" in capsys.readouterr().err
    assert main([*words, "--cartoons", str(tmp_path / "nowhere")]) == 2
    assert str(tmp_path / "nowhere") in capsys.readouterr().err
    assert not (tmp_path / "f.png").exists()
