"""What the project says about itself: version, dependencies, packages, commands of continuous integration."""

from __future__ import annotations

import re
import runpy
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import lightning_modules
from lightning_modules.version import __version__

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
MAKEFILE = (ROOT / "Makefile").read_text()
OWN = {"apps", "cartoonizer", "configs", "datamodules", "lightning_modules", "networks", "weights"}
IMPORTED_AS = {
    **{"opencv-python-headless": "cv2", "pillow": "PIL", "pyyaml": "yaml", "resvg_py": "resvg_py"},
    **{"torch-fidelity": "torch_fidelity", "dicebear-core": "dicebear", "dicebear-styles": "dicebear_styles"},
}
COMES_WITH = {"markupsafe": "jinja2", "rich": "typer", "urllib3": "requests"}
"""Module -> the declared dependency that it is a part of."""


def test_the_version_is_written_once() -> None:
    assert PROJECT["project"]["dynamic"] == ["version"]
    assert PROJECT["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "lightning_modules.version.__version__"}
    assert lightning_modules.__version__ == __version__
    changes = (ROOT / "CHANGELOG.md").read_text()
    assert re.search(r"^## \[Unreleased\]$", changes, re.M)
    assert re.search(r"^## \[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d$", changes, re.M)


@pytest.mark.parametrize("package", ["networks", "datamodules", "lightning_modules", "apps", "cartoonizer"])
def test_types_are_shipped(package: str) -> None:
    assert (ROOT / package / "py.typed").is_file()
    assert "py.typed" in PROJECT["tool"]["setuptools"]["package-data"]["*"]


def test_whatever_is_imported_is_declared() -> None:
    groups = [PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"].values()]
    declared = {re.match(r"[\w.-]+", each)[0] for group in groups for each in group}  # type: ignore[index]
    known = {IMPORTED_AS.get(name, name.replace("-", "_")) for name in declared} | OWN | set(sys.stdlib_module_names)
    known |= {module for module, brought_by in COMES_WITH.items() if brought_by in declared}
    undeclared: dict[str, Path] = {}
    for room in ("networks", "datamodules", "lightning_modules", "apps"):
        for path in (ROOT / room).rglob("*.py"):
            for found in re.finditer(r"^\s*(?:from|import) ([a-zA-Z_]\w*)", code_of(path), re.M):
                if found[1] not in known:
                    undeclared[found[1]] = path
    assert not undeclared


def code_of(path: Path) -> str:
    """A file without its docstrings, whose lines may begin with "from", too."""
    return re.sub(r'""".*?"""', "", path.read_text(encoding="utf-8"), flags=re.S)


def test_an_upper_bound_goes_with_private_names() -> None:
    (lightning,) = [each for each in PROJECT["project"]["dependencies"] if re.match(r"lightning\W", each)]
    assert "<" in lightning


def test_the_oldest_versions_are_those_of_the_bounds(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(ROOT / "tools" / "oldest.py"), run_name="__main__")
    oldest = dict(line.split("==") for line in capsys.readouterr().out.splitlines())
    assert oldest["torch"] == "2.11.*"
    assert oldest["mkdocstrings"] == "0.30.*"
    assert oldest["starlette"] == "1.10.*"  # of an extra
    assert all(version.endswith(".*") for version in oldest.values())


@pytest.mark.parametrize("path", [".ci/run", ".github/workflows/tests.yml", "CONTRIBUTING.md"])
def test_continuous_integration_calls_targets_that_exist(path: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.M))
    called = set(re.findall(r"\bmake ((?:[a-z-]+ ?)+)(?!\w)", (ROOT / path).read_text()))
    named = {target for words in called for target in words.split()}
    assert {"test", "lint", "type", "docs"} <= named
    assert named <= targets


def test_the_workflow_runs_what_the_project_promises() -> None:
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "tests.yml").read_text())["jobs"]
    promised = re.findall(r"Python :: (3\.\d+)", " ".join(PROJECT["project"]["classifiers"]))
    assert jobs["test"]["strategy"]["matrix"]["python"] == promised


def test_the_citation_is_valid_yaml_with_what_the_format_needs() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert {"cff-version", "message", "title", "authors", "preferred-citation"} <= set(citation)
