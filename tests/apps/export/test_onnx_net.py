from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn
from torch.export import Dim

import apps.export.onnx_net as onnx_net
from apps.export.cards import card_of, front_matter
from apps.export.onnx_net import Exported, Exporter
from datamodules.errors import DataError


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


def test_a_net_that_changes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_net, "_difference", lambda *_: 0.5)
    with pytest.raises(DataError, match=r"one: ONNX differs from the network by 5.0e-01, more than 0.001"):
        export(half=True)


def test_a_card_takes_what_stands_beside_the_weights(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("---\ntrained_on: faces\nterms: CC0: free\n---\n\n# A net\n")
    (tmp_path / "a.safetensors").write_bytes(b"")
    card = card_of(tmp_path / "a.safetensors", "a net", {"step": 3})
    assert (card["trained_on"], card["terms"], card["details"]) == ("faces", "CC0: free", {"step": 3})
    assert card["sha256"] == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert front_matter(tmp_path / "none.md") == ({}, "")


@pytest.mark.parametrize("name", ["cartoons", "finisher", "mtcnn", "portrait", "attribute_classifier"])
def test_the_project_s_weights_have_terms(name: str) -> None:
    header, text = front_matter(Path(__file__).parents[3] / "weights" / f"{name}.md")
    assert header.keys() == {"trained_on", "terms"}
    assert text.startswith("# ")
