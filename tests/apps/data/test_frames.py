from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from apps.main import main
from datamodules.datasets.cartoonset import NO_GLASSES, CartoonSet
from datamodules.transforms.glasses import PALE_FRAMES


@pytest.fixture
def cartoons(sample_root: Path, tmp_path: Path) -> Path:
    """Three cartoons: pale frames on a large head, a smaller mirrored head of the same eyes, and no glasses."""
    folder = tmp_path / "cartoonset10k"
    folder.mkdir()
    train = CartoonSet(sample_root / "cartoonset10k", "train")
    bare = next(i for i, row in enumerate(train.raw_attributes) if row["glasses"] == NO_GLASSES)
    for name in ("cs1", "cs2", "cs3"):
        shutil.copyfile(train.path(bare), folder / f"{name}.png")
        text = train.path(bare).with_suffix(".csv").read_text()
        (folder / f"{name}.csv").write_text(text if name == "cs3" else text.replace('"glasses", 11', '"glasses", 2'))
    with Image.open(folder / "cs1.png") as image:
        pixels = np.array(image.convert("RGBA").resize((500, 500)))
    cv2.circle(pixels, (206, 260), 30, (*PALE_FRAMES[0], 255), 5)
    Image.fromarray(pixels).save(folder / "cs1.png")
    Image.fromarray(pixels[:, ::-1]).resize((250, 250)).save(folder / "cs2.png")
    return folder


def test_pale_frames_are_dark_in_the_copy(cartoons: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table, out = tmp_path / "parts.tsv", tmp_path / "dark" / "cartoonset10k"
    table.write_text("derived\teyes_source\tmirrored\ncs2.png\tcs1.png\t1\n")
    before = (cartoons / "cs1.png").read_bytes()
    assert main(["data", "frames", str(cartoons), "--out", str(out), "--families", str(table)]) == 0
    assert "2 of 3 cartoons have dark frames now" in capsys.readouterr().out
    assert sorted(path.name for path in out.iterdir()) == sorted(path.name for path in cartoons.iterdir())
    assert len(CartoonSet(out, "train").names) == len(CartoonSet(cartoons, "train").names)
    with Image.open(out / "cs1.png") as large, Image.open(out / "cs2.png") as small:
        assert max(large.getpixel((206, 230))[:3]) < 110  # type: ignore[index]
        assert max(small.getpixel((146, 115))[:3]) < 110  # type: ignore[index]
    assert (out / "cs3.png").read_bytes() == (cartoons / "cs3.png").read_bytes()
    assert (cartoons / "cs1.png").read_bytes() == before


def test_bad_input_is_one_line_and_leaves_nothing(
    cartoons: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    words = ["data", "frames", str(cartoons), "--out", str(out)]
    table = tmp_path / "parts.tsv"
    table.write_text("derived\teyes_source\tmirrored\ncs2.png\tcs9.png\t1\n")
    assert main([*words, "--families", str(table)]) == 2
    assert "cs2.png is from cs9.png, which is not in" in capsys.readouterr().err
    (cartoons / "cs2.png").write_bytes(b"broken")
    assert main(words) == 2
    assert "cs2.png" in capsys.readouterr().err
    assert not out.exists()
    assert main(["data", "frames", str(tmp_path / "nothing"), "--out", str(out)]) == 2
    assert "holds no cs*.png" in capsys.readouterr().err
    assert main(["data", "frames", str(cartoons), "--out", str(cartoons)]) == 2
    assert "name a new folder" in capsys.readouterr().err
