from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import pytest

from datamodules.errors import DataError
from datamodules.extras import MODULES, Extra, needs_extra

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]


@pytest.mark.parametrize("extra", MODULES)
def test_a_missing_module_is_answered_with_its_extra(extra: Extra) -> None:
    name = min(MODULES[extra])
    message = rf"{name} is not installed.*landmark-cartoongan\[{extra}\]"
    with pytest.raises(DataError, match=message) as caught, needs_extra(extra):
        raise ModuleNotFoundError(name=f"{name}.part")
    assert "\n" not in str(caught.value)


def test_another_missing_module_is_no_matter_of_an_extra() -> None:
    with pytest.raises(ModuleNotFoundError), needs_extra("rate"):
        raise ModuleNotFoundError(name="apps.rate.servant")


@pytest.mark.parametrize("extra", MODULES)
def test_every_module_belongs_to_a_requirement_of_its_extra(extra: Extra) -> None:
    required = " ".join(PROJECT["optional-dependencies"][extra])
    assert all(name in required for name in MODULES[extra] - {"markupsafe"})  # a part of jinja2
    assert not [name for name in MODULES[extra] if name in " ".join(PROJECT["dependencies"])]


def test_a_set_cannot_be_sharded_without_the_extra(
    sample_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from apps.main import main

    for name in ("litdata", "litdata.streaming"):
        monkeypatch.setitem(sys.modules, name, None)  # as if it were not installed
    assert main(["data", "shard", "--set", "celeba", "--root", str(sample_root), "--out", str(tmp_path / "out")]) == 2
    assert "litdata is not installed; it belongs to the extra [shards]" in capsys.readouterr().err
    assert not (tmp_path / "out" / "celeba").exists()
