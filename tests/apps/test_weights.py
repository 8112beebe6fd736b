from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import pytest

from apps.main import main
from cartoonizer.model_file import OWN_MODEL

ROOT = Path(__file__).parents[2]


def test_a_card_says_what_it_is_and_under_which_terms(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with zipfile.ZipFile(OWN_MODEL) as archive:
        archive.extract("onet.onnx", tmp_path)
    for path in (ROOT / "weights" / "portrait.safetensors", OWN_MODEL, tmp_path / "onet.onnx"):
        assert main(["weights", "show", str(path)]) == 0
        shown = capsys.readouterr().out
        assert "for research only" in shown
        assert path.name in shown


def test_numbers_are_short_on_the_screen(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["weights", "show", str(OWN_MODEL)]) == 0
    described = [line for line in capsys.readouterr().out.splitlines() if line.startswith(("  figures", "  details"))]
    assert described
    assert not re.search(r"\.\d{8}", "".join(described))


def test_cards_of_all_nets_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["weights", "show", str(OWN_MODEL), "--json"]) == 0
    cards = json.loads(capsys.readouterr().out)
    assert len(cards["translator"]["sha256"]) == 64
    assert cards["background"]["figures"]


def test_other_files_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.onnx", "a.cartoon", "a.safetensors"):
        (tmp_path / name).write_bytes(b"nothing")
        assert main(["weights", "show", str(tmp_path / name)]) == 2
        assert name in capsys.readouterr().err
