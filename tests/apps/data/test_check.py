"""``cartoongan data``: what a person sees, and the exit code."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from apps.data.command import data_app
from datamodules.errors import DataError

LINE = "10 50 12 48 20 20 40 20 30 30 22 40 38 40"


def photo() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (60, 60), "teal").save(file, "jpeg")
    return file.getvalue()


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """LFW+Net as one archive got by hand."""
    path = tmp_path / "train (2).zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("lfw_5590/a.jpg", photo())
        file.writestr("net_7876/b.jpg", photo())
        for name in ("trainImageList.txt", "testImageList.txt"):
            file.writestr(name, f"lfw_5590\\a.jpg {LINE}\r\nnet_7876\\b.jpg {LINE}\r\n")
    return path


@pytest.fixture
def root(archive: Path, tmp_path: Path) -> Path:
    root = tmp_path / "data"
    result = CliRunner().invoke(data_app, ["get", "lfwnet", "--root", str(root), "--from", str(archive)])
    assert result.exit_code == 0, result.output
    assert "cartoongan data check" in result.output
    assert "LFW+Net has no terms that we know of" in result.output
    return root


def test_a_good_set_is_counted(root: Path) -> None:
    result = CliRunner().invoke(data_app, ["check", "--root", str(root)])
    assert result.exit_code == 0
    (row,) = (line.split() for line in result.output.splitlines() if line.split()[:1] == ["lfwnet"])
    assert row == ["lfwnet", "train", "faces", "2", "10,000", "0", "2"]
    assert "nothing is broken" in result.output


def test_a_broken_line_is_told_in_words_json_and_exit_code(root: Path, tmp_path: Path) -> None:
    path = root / "lfw_net" / "testImageList.txt"
    path.write_text(path.read_text() + "lfw_5590\\a.jpg 1\n")
    out = tmp_path / "report.json"
    result = CliRunner().invoke(data_app, ["check", "--root", str(root), "--set", "lfwnet", "--json", str(out)])
    assert result.exit_code == 1
    assert f"error: {path}, line 3: 1 values after the name, expected 14" in result.output
    assert "1 errors" in result.output
    (only,) = json.loads(out.read_text())["sets"]
    assert only["errors"] == [{"file": str(path), "line": 3, "message": "1 values after the name, expected 14"}]


def test_many_errors_are_counted_not_listed(root: Path) -> None:
    path = root / "lfw_net" / "testImageList.txt"
    path.write_text("lfw_5590\\a.jpg 1\n" * 50)
    result = CliRunner().invoke(data_app, ["check", "--root", str(root), "--set", "lfw_net"])
    assert sum(line.startswith("error: ") for line in result.output.splitlines()) == 21
    assert "error: 30 more" in result.output
    assert "50 errors" in result.output


@pytest.mark.parametrize(("options", "code"), [([], 0), (["--set", "celeba"], 1)])
def test_a_missing_set_counts_where_it_is_named(root: Path, options: list[str], code: int) -> None:
    result = CliRunner().invoke(data_app, ["check", "--root", str(root), *options])
    assert result.exit_code == code
    assert "cartoongan data get celeba" in result.output


def test_a_root_without_data_is_not_called_good(tmp_path: Path) -> None:
    result = CliRunner().invoke(data_app, ["check", "--root", str(tmp_path)])
    assert f"no data set in {tmp_path}" in result.output
    assert "nothing is broken" not in result.output


@pytest.mark.parametrize("words", [["check", "--set", "celebb"], ["get", "celebb"]])
def test_an_unknown_set_is_answered_with_the_list(tmp_path: Path, words: list[str]) -> None:
    result = CliRunner().invoke(data_app, [*words, "--root", str(tmp_path)])
    assert isinstance(result.exception, DataError)
    assert "the sets are celeba, celebamaskhq, cartoonset10k, cartoonset100k, wider, lfwnet" in str(result.exception)
