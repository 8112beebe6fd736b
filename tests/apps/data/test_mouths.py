from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from apps.main import main
from datamodules.datasets.cartoonset import CartoonSet
from datamodules.samples import SPLITS, Attribute


@pytest.fixture
def cartoons(sample_root: Path, tmp_path: Path) -> Path:
    """Some cartoons without a line for mouths, like the published set."""
    folder = tmp_path / "cartoonset10k"
    folder.mkdir()
    images = sorted((sample_root / "cartoonset10k").glob("cs*.png"))[:12]
    names = [f"cs{number}.png" for number in range(11)] + ["cs16.png"]  # of all splits
    for image, name in zip(images, names, strict=True):
        shutil.copyfile(image, folder / name)
        lines = [line for line in image.with_suffix(".csv").read_text().splitlines() if '"mouth"' not in line]
        (folder / name).with_suffix(".csv").write_text("\n".join(lines) + "\n")
    return folder


def open_mouths(folder: Path) -> dict[str, int]:
    """Whether the mouth of each cartoon is open: 1 or 0."""
    found: dict[str, int] = {}
    for split in SPLITS:
        part = CartoonSet(folder, split)
        found |= dict(zip(part.names, part.attributes[:, Attribute.OPEN_MOUTH].tolist(), strict=True))
    return found


def test_about_half_of_the_mouths_are_closed_in_the_copy_and_its_csv_say_which(
    cartoons: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mouths" / "cartoonset10k"
    assert set(open_mouths(cartoons).values()) == {1}, "the published heads show their teeth"
    assert main(["data", "mouths", str(cartoons), "--out", str(out)]) == 0
    found = open_mouths(out)
    closed = [name for name, is_open in found.items() if not is_open]
    assert 2 <= len(closed) <= 10
    assert f"{len(closed)} of 12 cartoons have closed mouths now" in capsys.readouterr().out
    for name in found:
        assert ((out / name).read_bytes() != (cartoons / name).read_bytes()) == (name in closed)
        before, after = (folder / name for folder in (cartoons, out))
        added = after.with_suffix(".csv").read_text().removeprefix(before.with_suffix(".csv").read_text())
        assert added == f'"mouth", {int(name in closed)}, 2\n'


@pytest.mark.parametrize(("share", "expected"), [("0", 0), ("1", 12)])
def test_the_share_decides_how_many(share: str, expected: int, cartoons: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main(["data", "mouths", str(cartoons), "--out", str(out), "--share", share]) == 0
    assert sum(not is_open for is_open in open_mouths(out).values()) == expected


def test_bad_input_is_one_line_and_leaves_nothing(
    cartoons: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["data", "mouths", str(cartoons), "--out", str(out), "--share", "1.5"]) == 2
    assert "--share is 1.5, must be from 0 to 1" in capsys.readouterr().err
    (cartoons / "cs3.csv").write_text("broken")
    assert main(["data", "mouths", str(cartoons), "--out", str(out), "--share", "1"]) == 2
    assert "cs3.csv" in capsys.readouterr().err
    assert not out.exists()
    assert main(["data", "mouths", str(cartoons), "--out", str(cartoons)]) == 2
    assert "name a new folder" in capsys.readouterr().err


def test_mouths_that_are_closed_already_stay_so(cartoons: Path, tmp_path: Path) -> None:
    once, twice = tmp_path / "once", tmp_path / "twice"
    assert main(["data", "mouths", str(cartoons), "--out", str(once)]) == 0
    assert main(["data", "mouths", str(once), "--out", str(twice), "--share", "1"]) == 0
    assert set(open_mouths(twice).values()) == {0}
    for name, is_open in open_mouths(once).items():
        assert ((once / name).read_bytes() == (twice / name).read_bytes()) == (not is_open)
        assert (twice / name).with_suffix(".csv").read_text().count('"mouth"') == 1
