from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from apps.page.site import POLICY, site_files, write_site
from cartoonizer.model_file import ModelFile, read_model
from datamodules.errors import DataError

RUNTIME = {"ort.js": b"js", "ort.wasm": b"wasm"}


@pytest.fixture(scope="module")
def model() -> ModelFile:
    return read_model(Path("cartoonizer/own.cartoon"))


def test_every_file_that_is_named_is_there(model: ModelFile) -> None:
    files = site_files(model, RUNTIME)
    page = files["index.html"].decode()
    assert f'content="{POLICY}"' in page
    for name in re.findall(r'(?:href|src)="([^"]+)"', page):
        assert name in files
    scripts = {name: content.decode() for name, content in files.items() if "/" not in name and name.endswith(".js")}
    for text in scripts.values():
        for name in re.findall(r'(?:from|import|new URL\()\s*"(?:\./)?([^"]+)"', text):
            assert name in files
    assert {f"model/{name}.onnx" for name in json.loads(files["model/manifest.json"])["files"]} <= files.keys()


def test_it_names_no_other_address(model: ModelFile) -> None:
    files = site_files(model, RUNTIME)
    for name, content in files.items():
        if name.endswith((".js", ".html", ".css")):
            assert b"://" not in content, name


def test_it_is_written_below_a_folder(model: ModelFile, tmp_path: Path) -> None:
    write_site({"index.html": b"page", "model/manifest.json": b"{}"}, tmp_path / "site")
    assert (tmp_path / "site" / "model" / "manifest.json").read_bytes() == b"{}"
    with pytest.raises(DataError, match="cannot write"):
        write_site({"a": b""}, tmp_path / "site" / "index.html")
