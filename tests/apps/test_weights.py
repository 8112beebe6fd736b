from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import pytest
import torch

from apps.main import main
from cartoonizer.model_file import OWN_MODEL
from networks.mtcnn import load_weights

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


def test_a_detector_is_averaged_with_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own, out = str(ROOT / "weights" / "mtcnn.safetensors"), tmp_path / "mean.safetensors"
    assert main(["weights", "average", own, own, "--share", "0.3", "--only", "rnet", "--out", str(out)]) == 0
    assert "0.7 of" in capsys.readouterr().out
    assert main(["weights", "show", str(out), "--json"]) == 0
    card = json.loads(capsys.readouterr().out)["mean.safetensors"]
    assert "figures" not in card["details"]
    assert [file["share"] for file in card["details"]["average"]["files"]] == [0.7, 0.3]
    before, after = load_weights(Path(own))[0].state_dict(), load_weights(out)[0].state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def test_weights_of_another_architecture_are_not_averaged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [str(ROOT / "weights" / f"{name}.safetensors") for name in ("mtcnn", "finisher")]
    assert main(["weights", "average", *files, "--share", "0.5", "--out", str(tmp_path / "mean.safetensors")]) == 2
    assert "are of different architectures" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_models_are_not_averaged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "mean.safetensors")
    assert main(["weights", "average", str(OWN_MODEL), str(OWN_MODEL), "--share", "0.5", "--out", out]) == 2
    assert f"{OWN_MODEL} is no file of weights" in capsys.readouterr().err
