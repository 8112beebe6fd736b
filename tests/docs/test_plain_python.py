"""The notebook of the documentation runs from its first cell to its last."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest
import torch

NOTEBOOK = Path(__file__).parents[2] / "docs" / "plain_python.ipynb"
SMALL = {"IMAGE_SIZE = 64": "IMAGE_SIZE = 32", "FACES = 200": "FACES = 24", "STEPS = 300": "STEPS = 2"}
SMALL_MODEL = {"ngf=16": "ngf=4", "ndf=32": "ndf=4"}


def test_the_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = [cell for cell in json.loads(NOTEBOOK.read_text("utf-8"))["cells"] if cell["cell_type"] == "code"]
    code = "\n\n".join("".join(cell["source"]) for cell in cells)
    for value, small in (SMALL | SMALL_MODEL).items():
        assert code.count(value) == 1
        code = code.replace(value, small)
    mpl.use("Agg")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(code, names)
    assert names["trainer"].global_step == 2
    cartoons = names["cartoons"]
    assert len(cartoons) == 4  # one for each hair colour
    assert all(images.shape == names["photos"].image.shape for images in cartoons)
    assert torch.cat(cartoons).abs().max() <= 1


def test_the_notebook_is_kept_without_outputs() -> None:
    for cell in json.loads(NOTEBOOK.read_text("utf-8"))["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
