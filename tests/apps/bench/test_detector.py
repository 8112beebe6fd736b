from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
import torch

from apps.main import main
from networks.mtcnn import MTCNN, Card, save_weights


@pytest.fixture(autouse=True)
def _same_number_of_threads() -> object:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def words(photos: Path) -> list[str]:
    return ["bench", "detector", "--images", str(photos), "--side", "64", "--count", "2", "--rounds", "1"]


def test_the_bench_compares_both_cascades(
    sample_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = tmp_path / "detector.safetensors"
    torch.manual_seed(0)
    save_weights(MTCNN(), Card(source="a test"), weights)
    photos = sample_root / "lfw_net" / "lfw_5590"
    crowds = sample_root / "wider_face" / "WIDER_val"
    assert main([*words(photos), "--weights", str(weights), "--crowds", str(crowds)]) == 0
    shown = capsys.readouterr().out
    assert "exact" in shown
    assert "fast" in shown
    assert "onnx" in shown
    assert "batch of 16" in shown
    assert "crowd photo" in shown
    assert "stages: PNet" in shown
    assert "in both" in shown
    assert "facenet" not in shown


@pytest.mark.skipif(
    importlib.util.find_spec("facenet_pytorch") is None,
    reason="facenet-pytorch is not installed (pip install --no-deps facenet-pytorch)",
)
def test_facenet_runs_beside_them_on_its_own_weights(sample_root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words(sample_root / "lfw_net" / "lfw_5590")) == 0
    assert "facenet-pytorch" in capsys.readouterr().out
