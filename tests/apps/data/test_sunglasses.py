from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from apps.main import main
from datamodules.datasets.cartoonset import CartoonSet, landmarks_at
from datamodules.datasets.exclusion import read_exclusions


def test_cartoons_with_dark_lenses_are_listed(
    sample_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = tmp_path / "cartoonset10k", tmp_path / "exclude.csv"
    shutil.copytree(sample_root / "cartoonset10k", folder)
    words = ["data", "sunglasses", "--root", str(tmp_path), "--out", str(out)]
    assert main(words) == 0
    before = read_exclusions(out)["cartoon"]
    name = next(name for name in CartoonSet(folder, "train").names if name not in before)
    with Image.open(folder / name) as image:
        pixels = np.array(image)
    side = pixels.shape[0]
    for x, y in landmarks_at(side)[:2].astype(int):
        reach = side // 20
        pixels[y - reach : y + reach, x - reach : x + reach] = (20, 20, 20, 255)
    Image.fromarray(pixels).save(folder / name)
    assert main(words) == 0
    assert read_exclusions(out) == {"photo": set(), "cartoon": before | {name}}
    assert f"{len(before) + 1} of " in capsys.readouterr().out
