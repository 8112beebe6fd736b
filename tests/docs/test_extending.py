"""The examples of docs/extending.md, put where they belong in a copy of the project, and run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r'title="([^"]+)"\n--8<-- "([^"]+)"', PAGE))
"""Place in the project -> file in docs/examples/."""
REGISTRY = "datamodules/datasets/registry.py"
"""Its example is a line that is added."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with every example of the page."""
    copy = tmp_path_factory.mktemp("project")
    for folder in ("networks", "datamodules", "lightning_modules", "configs"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "weights").symlink_to(ROOT / "weights")
    shutil.copy(ROOT / "pyproject.toml", copy)
    (copy / "tests" / "lightning_modules").mkdir(parents=True)
    for conftest in ("tests/conftest.py", "tests/lightning_modules/conftest.py"):
        shutil.copy(ROOT / conftest, copy / conftest)
    for place, example in EXAMPLES.items():
        if place == REGISTRY:
            with (copy / place).open("a") as file:
                file.write("\n\n" + (ROOT / example).read_text())
            continue
        assert not (ROOT / place).exists(), f"{place} is there already: the example would replace it"
        (copy / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / example, copy / place)
    return copy


def python(project: Path, *arguments: str) -> None:
    environment = os.environ | {"PYTHONPATH": str(project), "WANDB_MODE": "disabled"}
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_example_is_on_the_page() -> None:
    assert {ROOT / example for example in EXAMPLES.values()} == {
        path for path in (ROOT / "docs" / "examples").iterdir() if path.is_file()
    }


def test_every_hook_on_the_page_exists() -> None:
    from lightning_modules.base import BaseCycleGAN

    table = PAGE.partition("| To change | Override |")[2].partition("## ")[0]
    hooks = re.findall(r"`(\w+)`", table)
    assert len(hooks) >= 10
    assert [hook for hook in hooks if not hasattr(BaseCycleGAN, hook)] == []


def test_a_variant_takes_at_most_four_files() -> None:
    assert len([place for place in EXAMPLES if "edges" in place]) <= 4


def test_a_data_set_takes_two_files() -> None:
    assert {place for place in EXAMPLES if "datasets" in place} == {REGISTRY, "datamodules/datasets/stickers.py"}


def test_the_tests_of_the_examples_pass(project: Path) -> None:
    tests = [place for place in EXAMPLES if place.startswith("tests/")]
    assert tests
    python(project, "pytest", "-q", "-p", "no:cacheprovider", *tests)


def test_the_variant_trains_by_its_config_and_name(project: Path, sample_root: Path) -> None:
    small = ["--data.image_size", "32", "--model.ngf", "4", "--model.ndf", "4", "--data.num_workers", "0"]
    options = ["--trainer.fast_dev_run", "true", "--trainer.accelerator", "cpu", "--data.root", str(sample_root)]
    python(project, "lightning_modules", "fit", "--config", "configs/cyclegan_edges.yaml", *small, *options)


def test_the_data_set_trains_by_its_name(project: Path, sample_root: Path, tmp_path: Path) -> None:
    (tmp_path / "celeba").symlink_to(sample_root / "celeba")
    for split in ("train", "val", "test"):
        (tmp_path / "stickers" / split).mkdir(parents=True)
        for number in range(2):
            image = Image.new("RGBA", (40, 40), (255, 100 * number, 0, 200))
            image.save(tmp_path / "stickers" / split / f"sticker_{number}.png")
    small = ["--data.image_size", "32", "--model.ngf", "4", "--model.ndf", "4", "--data.num_workers", "0"]
    options = ["--trainer.fast_dev_run", "true", "--trainer.accelerator", "cpu", "--data.root", str(tmp_path)]
    own = ["--data.cartoons", "stickers", "--data.background", "keep", "--data.attribute_shares", "null"]
    config = ["--config", "configs/cyclegan_baseline.yaml", "--data.align_cartoons", "false"]
    python(project, "lightning_modules", "fit", *config, *small, *options, *own)
