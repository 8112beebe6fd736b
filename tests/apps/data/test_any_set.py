from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image

from apps.data.any_set import set_or_folder
from apps.main import main
from datamodules.errors import DataError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A data root with a folder of drawings that no entry of the registry knows."""
    folder = tmp_path / "doodles"
    folder.mkdir()
    for number in range(6):
        Image.new("RGB", (40, 40), (40 * number, 90, 60)).save(folder / f"{number}.png")
    return tmp_path


def test_a_set_is_found_by_its_name_a_folder_by_its_path(root: Path, sample_root: Path) -> None:
    assert set_or_folder("celeba", root).reader.endswith(":CelebA")
    for text in ("doodles", str(root / "doodles")):
        found = set_or_folder(text, root)
        assert (found.name, root / found.folder) == (text, root / "doodles")
    shutil.copytree(sample_root / "celeba", root / "my_copy")
    assert set_or_folder("my_copy", root).reader.endswith(":CelebA")


def test_a_misspelled_name_is_answered_with_the_right_one(root: Path) -> None:
    with pytest.raises(DataError, match=r"'dodles' is neither a data set nor a folder; .* Did you mean doodles\?$"):
        set_or_folder("dodles", root)
    with pytest.raises(DataError, match=r"'selebra' is neither a data set nor a folder; .* Did you mean celeba\?$"):
        set_or_folder("selebra", root)
    with pytest.raises(DataError, match=r"the sets are celeba, .*\.$"):
        set_or_folder("zzzzz", root)


def test_a_folder_is_checked_and_shown(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "check", "--root", str(root), "--set", "doodles"]) == 0
    assert "nothing is broken" in capsys.readouterr().out
    assert main(["data", "show", "doodles", "--root", str(root), "--out", str(root / "sheet.png"), "--count", "3"]) == 0
    with Image.open(root / "sheet.png") as sheet:
        assert sheet.width > 40
    (root / "doodles" / "5.png").write_bytes(b"damaged")
    assert main(["data", "check", "--root", str(root), "--set", "doodles"]) == 1


def test_the_rows_of_a_file_of_labels_are_checked(
    root: Path, sample_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = root / "labels.csv"
    labels.write_text("domain,file,label\nphoto,000001.jpg,1\nphoto,nobody.jpg,0\ncartoon,3.png,1\n")
    words = ["data", "check", "--root", str(sample_root), "--set", "lfwnet", "--labels", str(labels)]
    assert main([*words, "--cartoons", str(root / "doodles")]) == 1
    said = capsys.readouterr().out
    assert f"{labels}, line 3: there is no photo nobody.jpg" in said
    assert [line.split()[:4] for line in said.splitlines() if "labels" in line.split()] == [
        ["labels", "photo", "labels", "1"],
        ["cartoon", "labels", "1", "1"],
    ]
    labels.write_text("domain,file,label\nphoto,000001.jpg,1\n")
    assert main([*words, "--cartoons", str(root / "doodles")]) == 0
    labels.write_text("domain,file,label\nphoto,000001.jpg,one\n")
    assert main([*words, "--cartoons", str(root / "doodles")]) == 1
    assert "expected photo or cartoon, a file, a number" in capsys.readouterr().out
