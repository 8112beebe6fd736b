"""The wheel that products install."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from lightning_modules.version import __version__

ROOT = Path(__file__).parents[2]

ALONE = """
import sys

class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"torch", "lightning", "apps", "networks", "datamodules", "lightning_modules"}:
            raise ImportError(f"{name} is not installed with the wheel")

sys.meta_path.insert(0, Nothing())
from cartoonizer.command import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    source = shutil.copytree(
        ROOT / "cartoonizer", folder / "cartoonizer", ignore=shutil.ignore_patterns("build", "*.egg-info")
    )
    build = ("-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index")
    subprocess.run([sys.executable, *build, "--wheel-dir", str(folder), str(source)], check=True)
    (path,) = folder.glob("*.whl")
    return path


def test_it_is_small_and_whole(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        assert sum(info.file_size for info in archive.infolist()) < 40e6
    kinds = ("*.py", "*.cartoon", "*.typed", "serve/**/*.js", "serve/**/*.html", "serve/**/*.css", "serve/**/*.svg")
    files = {path for kind in (*kinds, "serve/*.py", "serve/**/*.jpg") for path in (ROOT / "cartoonizer").glob(kind)}
    assert len(files) > 50
    assert {path.relative_to(ROOT).as_posix() for path in files} <= set(names)


def test_it_makes_cartoons_without_the_rest_of_the_project(wheel: Path, portrait: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    words = [sys.executable, "-c", ALONE, str(portrait), "--out", str(tmp_path / "out")]
    subprocess.run(words, check=True, cwd=tmp_path, env=environment)
    assert (tmp_path / "out" / f"{portrait.stem}.png").is_file()


def test_it_needs_what_the_project_needs() -> None:
    own = tomllib.loads((ROOT / "cartoonizer" / "pyproject.toml").read_text())["project"]
    whole = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert set(own["dependencies"]) <= set(whole["dependencies"])
    assert len(own["dependencies"]) == 4
    assert own["version"] == __version__
