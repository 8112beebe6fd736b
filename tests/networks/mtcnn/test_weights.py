"""Weights files: they are loaded as saved, and errors name the file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from networks.mtcnn import MTCNN, Card, LandmarkRegressor, WeightsError, load_weights, save_weights

CARD = Card(source="a test", untrained_heads=("pnet.landmarks",), details={"pnet": {"crops": 7}})


def test_nets_and_card_are_loaded_unchanged(random_nets: MTCNN, tmp_path: Path) -> None:
    path = tmp_path / "new" / "detector.safetensors"
    save_weights(random_nets, CARD, path)
    nets, card = load_weights(path)
    assert card == CARD
    assert nets.one_based
    assert not nets.training
    for (name, ours), (_, theirs) in zip(nets.named_parameters(), random_nets.named_parameters(), strict=True):
        assert torch.equal(ours, theirs), name
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_each_stage_keeps_its_landmark_convention(tmp_path: Path) -> None:
    nets = MTCNN()
    nets.pnet.is_half_a_pixel_off = True
    path = tmp_path / "detector.safetensors"
    save_weights(nets, CARD, path)
    again, _ = load_weights(path)
    stages = (again.pnet, again.rnet, again.onet)
    assert [stage.is_half_a_pixel_off for stage in stages] == [True, False, False]


def test_files_of_format_2_keep_their_landmark_convention(tmp_path: Path) -> None:
    """Format 2 has no record of it: its landmarks stay where they were."""
    values = {"source": "old", "untrained_heads": [], "details": {}, "counts_from_one": False, "format_version": 2}
    path = tmp_path / "old.safetensors"
    torch.manual_seed(0)
    old = MTCNN().eval()
    save_file(old.state_dict(), path, {"card": json.dumps(values)})
    nets, card = load_weights(path)
    image, box = torch.rand(1, 3, 40, 40) * 2 - 1, torch.tensor([[4.0, 4, 36, 36]])
    found = LandmarkRegressor(nets.onet)(image, box)
    torch.testing.assert_close(found, LandmarkRegressor(old.onet)(image, box) + 0.5)
    assert card.format_version == 2
    save_weights(nets, card, path)  # and so they do when rewritten in the new format
    nets, card = load_weights(path)
    assert card.format_version == 3
    torch.testing.assert_close(LandmarkRegressor(nets.onet)(image, box), found)


def test_an_old_file_is_replaced_atomically(
    random_nets: MTCNN, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "detector.safetensors"
    save_weights(random_nets, CARD, path)
    before = path.read_bytes()

    def full_disk(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("networks.weights_file.save", full_disk)
    with pytest.raises(WeightsError, match=r"cannot write .*detector\.safetensors: .*No space left"):
        save_weights(random_nets, Card(source="another"), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_created_is_named(random_nets: MTCNN, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WeightsError, match=r"cannot write .*file"):
        save_weights(random_nets, CARD, tmp_path / "file" / "detector.safetensors")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"no such file of weights: .*none\.safetensors"):
        load_weights(tmp_path / "none.safetensors")


@pytest.mark.parametrize("keep", [0, 4, 300, 100_000])
def test_a_truncated_file_is_rejected(keep: int, random_nets: MTCNN, tmp_path: Path) -> None:
    path = tmp_path / "detector.safetensors"
    save_weights(random_nets, CARD, path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(WeightsError, match=r"detector\.safetensors is damaged or not a weights file"):
        load_weights(path)


@pytest.mark.parametrize(
    ("metadata", "complaint"),
    [
        (None, "no readable card"),
        ({"card": "{"}, "no readable card"),
        ({"card": "[]"}, "no readable card"),
        ({"card": json.dumps({"format_version": 2})}, "no readable card"),
        (
            {"card": json.dumps({"format_version": 3, "source": "", "untrained_heads": [], "details": {}})},
            "no readable card",
        ),
        ({"card": json.dumps({"format_version": 1})}, "is of format 1; this version of the project reads 2 and 3"),
    ],
)
def test_a_file_of_another_kind_is_rejected(
    metadata: dict[str, str] | None, complaint: str, random_nets: MTCNN, tmp_path: Path
) -> None:
    path = tmp_path / "foreign.safetensors"
    save_file(random_nets.state_dict(), path, metadata)
    with pytest.raises(WeightsError, match=complaint):
        load_weights(path)


def test_a_file_of_another_network_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "portrait.safetensors"
    save_file({"decoder.weight": torch.zeros(1)}, path, {"card": json.dumps({"format_version": 1})})
    with pytest.raises(WeightsError, match=r"portrait\.safetensors is not a detector: it has none of pnet, rnet, onet"):
        load_weights(path)


@pytest.mark.parametrize("fault", ["missing", "unknown", "misshapen", "nan"])
def test_mismatched_tensors_are_rejected(fault: str, random_nets: MTCNN, tmp_path: Path) -> None:
    path = tmp_path / "detector.safetensors"
    save_weights(random_nets, CARD, path)
    tensors = random_nets.state_dict()
    if fault == "missing":
        del tensors["onet.box.bias"]
    elif fault == "unknown":
        tensors["onet.extra"] = torch.zeros(1)
    elif fault == "misshapen":
        tensors["onet.box.bias"] = torch.zeros(5)
    else:
        tensors["onet.box.bias"] = torch.full((4,), torch.nan)
    values = {"source": "", "untrained_heads": [], "details": {}, "counts_from_one": False}
    card = json.dumps({**values, "format_version": 2})
    save_file(tensors, path, {"card": card})
    with pytest.raises(WeightsError, match=r"onet\.extra" if fault == "unknown" else r"onet\.box\.bias"):
        load_weights(path)
