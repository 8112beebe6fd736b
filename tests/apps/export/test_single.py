from __future__ import annotations

from pathlib import Path

import onnxruntime
import pytest
import torch

from apps.main import main
from networks.translator import Translator, TranslatorOptions, load_translator, save_translator

SIDE = 32


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    options = TranslatorOptions("resnet6", 4, "resize", 4, "modulation", (), True, SIDE)
    save_translator(Translator(options.build(), options), tmp_path / "one.safetensors")
    return tmp_path / "one.safetensors"


@pytest.mark.parametrize("suffix", [".onnx", ".pt2", ".pt"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_generator_alone_draws_as_before(weights: Path, suffix: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = weights.with_suffix(suffix)
    assert main(["export", str(weights), "--out", str(out)]) == 0
    assert "differs by" in capsys.readouterr().out
    photo, points, hair = torch.rand(3, 3, SIDE, SIDE) * 2 - 1, torch.rand(3, 5, 2) * SIDE, torch.eye(4)[:3]
    expected = load_translator(weights)(photo, points, hair.argmax(dim=1))
    if suffix == ".onnx":
        inputs = {"photo": photo.numpy(), "landmarks": points.numpy(), "hair": hair.numpy()}
        found = torch.from_numpy(onnxruntime.InferenceSession(out).run(None, inputs)[0])
    elif suffix == ".pt2":
        found = torch.export.load(out).module()(photo, points, hair)
    else:
        found = torch.jit.load(out)(photo, points, hair)  # type: ignore[no-untyped-call]
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)
