"""The rooms of the house and the direction of its imports."""

from __future__ import annotations

import ast
import sys
import tomllib
from graphlib import TopologicalSorter
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ALLOWED = {
    "networks": {"networks"},
    "datamodules": {"datamodules", "cartoonizer"},
    "lightning_modules": {"lightning_modules", "networks", "datamodules", "cartoonizer"},
    "apps": {"apps", "lightning_modules", "networks", "datamodules", "cartoonizer"},
    "cartoonizer": {"cartoonizer"},
}
RUNTIME_NEEDS = {"numpy", "cv2", "PIL", "onnxruntime"}
RUNTIME_MAY_FIND = {
    "pillow_heif": ("decode.py",),
    "av": ("video.py", "video_writer.py"),
    "starlette": ("serve/",),
    "uvicorn": ("serve/",),
}
"""Packages of an extra, and the files or folders that import them where they are installed."""
NO_TRAINER = ("networks",)


def imported_packages(path: Path) -> set[str]:
    packages = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            packages |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            packages.add((node.module or "").split(".")[0])
    return packages


@pytest.mark.parametrize("room", ALLOWED)
def test_no_import_runs_upwards(room: str) -> None:
    files = list((ROOT / room).rglob("*.py"))
    assert files
    for path in files:
        own = imported_packages(path) & set(ALLOWED)
        assert own <= ALLOWED[room], f"{path} imports {own - ALLOWED[room]}"


@pytest.mark.parametrize("room", NO_TRAINER)
def test_networks_know_no_trainer(room: str) -> None:
    for path in (ROOT / room).rglob("*.py"):
        assert not imported_packages(path) & {"lightning", "pytorch_lightning", "wandb", "jsonargparse"}, path


def test_the_runtime_needs_four_packages() -> None:
    for path in (ROOT / "cartoonizer").rglob("*.py"):
        found = imported_packages(path) - sys.stdlib_module_names - RUNTIME_NEEDS - {"cartoonizer"}
        name = path.relative_to(ROOT / "cartoonizer").as_posix()
        assert found <= {package for package, places in RUNTIME_MAY_FIND.items() if name.startswith(places)}, path


def test_every_package_is_installed() -> None:
    listed = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    present = {
        ".".join(path.parent.relative_to(ROOT).parts) for room in ALLOWED for path in (ROOT / room).rglob("__init__.py")
    }
    assert present | {"configs", "weights"} == listed


def test_there_is_one_lightning_command() -> None:
    owners = {entry.value for entry in entry_points(group="console_scripts", name="lightning")}
    assert owners == {"lightning_modules.cli:main"}


@pytest.mark.parametrize(
    "path",
    sorted([*(ROOT / "configs").glob("cyclegan_*.yaml"), *(ROOT / "configs").glob("mtcnn_*.yaml")]),
    ids=lambda path: path.stem,
)
def test_one_stem_finds_everything_of_a_variant(path: Path) -> None:
    assert (ROOT / "lightning_modules" / f"{path.stem}.py").is_file()
    assert (ROOT / "tests" / "lightning_modules" / f"test_{path.stem}.py").is_file()


TESTED_ELSEWHERE = {
    "apps/__main__.py": "tests/apps/test_main.py",
    "apps/bench/command.py": "tests/apps/test_main.py",
    "apps/bench/fit_time.py": "tests/apps/bench/test_step.py",
    "apps/bench/reference.py": "tests/apps/bench/test_comparison.py",
    "apps/data/command.py": "tests/apps/test_main.py",
    "apps/data/get.py": "tests/apps/data/test_check.py",
    "apps/data/set_names.py": "tests/apps/data/test_check.py",
    "apps/options.py": "tests/apps/data/test_check.py",
    "apps/detector/command.py": "tests/apps/test_main.py",
    "apps/rate/console.py": "tests/apps/rate/test_command.py",
    "apps/rate/preparation.py": "tests/apps/rate/test_command.py",
    "apps/rate/questions.py": "tests/apps/rate/test_store.py",
    "apps/rate/ratings.py": "tests/apps/rate/test_statistics.py",
    "apps/rate/report.py": "tests/apps/rate/test_command.py",
    "apps/report/legend.py": "tests/apps/report/test_table.py",
    "apps/report/page.py": "tests/apps/report/test_command.py",
    "apps/report/records.py": "tests/apps/report/test_runs.py",
}
"""Modules of apps/ without a test file of their own -> the file that tests them through what uses them."""


def test_every_module_of_apps_has_a_mirrored_test_or_a_named_one() -> None:
    for path in (ROOT / "apps").rglob("*.py"):
        name = path.relative_to(ROOT).as_posix()
        mirrored = ROOT / "tests" / path.relative_to(ROOT).with_name(f"test_{path.name}")
        if path.name == "__init__.py":
            continue
        assert mirrored.is_file() != (name in TESTED_ELSEWHERE), f"{name}: {mirrored} or TESTED_ELSEWHERE, not both"
    for test in TESTED_ELSEWHERE.values():
        assert (ROOT / test).is_file()


def imported_modules(path: Path) -> set[str]:
    """Modules of this project that are imported when a file is; not those of functions and of type checks."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name for name in found if name.partition(".")[0] in ALLOWED}


def test_no_imports_form_a_circle() -> None:
    files = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for room in ALLOWED
        for path in (ROOT / room).rglob("*.py")
    }
    graph = {module: imported_modules(path) & files.keys() - {module} for module, path in files.items()}
    # A package's __init__ gathers what its modules define: modules of a package may name it in their imports' paths.
    graph = {module: {name for name in names if not module.startswith(f"{name}.")} for module, names in graph.items()}
    list(TopologicalSorter(graph).static_order())  # raises CycleError, which names the circle
