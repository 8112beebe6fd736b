from __future__ import annotations

from pathlib import Path

import pytest
import torch

from apps.main import main
from networks.mtcnn import load_weights


def write_files(folder: Path) -> None:
    """Three files in the form of the facenet-pytorch package's, with weights of our own."""
    shapes: dict[str, dict[str, tuple[int, ...]]] = {
        "pnet": {"conv1": (10, 3, 3, 3), "conv2": (16, 10, 3, 3), "conv3": (32, 16, 3, 3)},
        "rnet": {"conv1": (28, 3, 3, 3), "conv2": (48, 28, 3, 3), "conv3": (64, 48, 2, 2), "dense4": (128, 576)},
        "onet": {
            **{"conv1": (32, 3, 3, 3), "conv2": (64, 32, 3, 3), "conv3": (64, 64, 3, 3), "conv4": (128, 64, 2, 2)},
            "dense5": (256, 1152),
        },
    }
    heads: dict[str, dict[str, tuple[int, ...]]] = {
        "pnet": {"conv4_1": (2, 32, 1, 1), "conv4_2": (4, 32, 1, 1)},
        "rnet": {"dense5_1": (2, 128), "dense5_2": (4, 128)},
        "onet": {"dense6_1": (2, 256), "dense6_2": (4, 256), "dense6_3": (10, 256)},
    }
    for net, layers in shapes.items():
        state = {f"{name}.weight": torch.zeros(shape) for name, shape in {**layers, **heads[net]}.items()}
        state |= {f"{name}.bias": torch.zeros(shape[0]) for name, shape in {**layers, **heads[net]}.items()}
        state |= {f"prelu{name[-1]}.weight": torch.full(shape[:1], 0.125) for name, shape in layers.items()}
        torch.save(state, folder / f"{net}.pt")


def test_three_files_are_imported_into_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_files(tmp_path)
    out = tmp_path / "new" / "detector.safetensors"
    assert main(["detector", "import", "--from", str(tmp_path), "--out", str(out)]) == 0
    assert "untrained: pnet.landmarks, rnet.landmarks" in capsys.readouterr().out
    nets, card = load_weights(out)
    assert card.source == "facenet-pytorch"
    assert nets.get_parameter("rnet.features.1.weight").tolist() == [0.125] * 28


def test_a_missing_file_is_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "detector.safetensors"
    assert main(["detector", "import", "--from", str(tmp_path), "--out", str(out)]) == 2
    assert "no pnet.pt in" in capsys.readouterr().err
    assert not out.exists()
