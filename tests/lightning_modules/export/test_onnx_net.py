from __future__ import annotations

import json

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn
from torch.export import Dim

import lightning_modules.export.onnx_net as onnx_net
from datamodules.errors import DataError
from lightning_modules.export.onnx_net import Exported, Exporter


def export(half: bool, is_last: bool = False) -> tuple[nn.Linear, Exported]:
    torch.manual_seed(0)
    net = nn.Linear(64, 16)
    examples: list[tuple[Tensor, ...]] = [(torch.rand(count, 64),) for count in (2, 3)]
    shapes = ({0: Dim("batch", min=1, max=64)},)
    return net, Exporter(half)("one", net, (["x"], ["y"]), examples, shapes, {"terms": "free"}, is_last)


def test_a_net_runs_in_onnxruntime_and_has_its_card() -> None:
    net, exported = export(half=False)
    session = onnxruntime.InferenceSession(exported.content)
    x = torch.rand(5, 64)
    np.testing.assert_allclose(session.run(None, {"x": x.numpy()})[0], net(x).detach().numpy(), atol=1e-5)
    assert json.loads(session.get_modelmeta().custom_metadata_map["card"]) == {"terms": "free"}
    assert not exported.is_half


def test_weights_are_halved_where_that_does_little() -> None:
    whole, half, last = export(half=False)[1], export(half=True)[1], export(half=True, is_last=True)[1]
    assert not half.is_half  # others go on with its outputs
    assert last.is_half
    assert len(last.content) < 0.75 * len(whole.content)
    assert 0 < last.difference < 1e-3


class Overflowing(nn.Linear):
    """Its outputs are no numbers."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * float("inf") * 0


def test_a_difference_that_is_no_number_counts_as_infinite() -> None:
    assert onnx_net.largest([0.1, 0.3, 0.2]) == 0.3
    assert onnx_net.largest([0.1, float("nan"), 0.2]) == float("inf")
    assert onnx_net.largest([]) == 0


def test_outputs_that_are_no_numbers_are_refused() -> None:
    examples: list[tuple[Tensor, ...]] = [(torch.rand(2, 64),)]
    with pytest.raises(DataError, match="one: ONNX differs from the network by inf"):
        Exporter(False)("one", Overflowing(64, 16), (["x"], ["y"]), examples, (None,), {"terms": "free"})


def test_a_net_that_changes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_net, "_difference", lambda *_: 0.5)
    with pytest.raises(DataError, match=r"one: ONNX differs from the network by 5.0e-01, more than 0.001"):
        export(half=True)
