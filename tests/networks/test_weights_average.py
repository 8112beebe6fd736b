from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from networks.mtcnn import MTCNN, Card, load_weights, save_weights
from networks.weights_average import average, average_files
from networks.weights_file import WeightsError, fingerprint, write_weights


def detector(seed: int, path: Path, untrained: tuple[str, ...] = (), one_based: bool = False) -> MTCNN:
    torch.manual_seed(seed)
    nets = MTCNN(one_based)
    details: dict[str, object] = {"pnet": {"crops": 1}, "rnet": {"crops": seed}, "onet": {"crops": 10 * seed}}
    save_weights(nets, Card("tests", untrained, details | {"figures": {"recall": seed}}), path)
    return nets


def test_the_share_is_that_of_the_second_file(tmp_path: Path) -> None:
    one, other = detector(1, tmp_path / "a.safetensors"), detector(2, tmp_path / "b.safetensors")
    tensors, _ = average_files(tmp_path / "a.safetensors", tmp_path / "b.safetensors", 0.3)
    for name, value in one.state_dict().items():
        torch.testing.assert_close(tensors[name], 0.7 * value + 0.3 * other.state_dict()[name])


def test_only_the_named_modules_are_averaged(tmp_path: Path) -> None:
    one, other = detector(1, tmp_path / "a.safetensors"), detector(2, tmp_path / "b.safetensors")
    tensors, _ = average_files(tmp_path / "a.safetensors", tmp_path / "b.safetensors", 1.0, ["rnet", "onet.face"])
    for name, value in one.state_dict().items():
        expected = other.state_dict()[name] if name.startswith(("rnet.", "onet.face.")) else value
        torch.testing.assert_close(tensors[name], expected, rtol=0, atol=0)


def test_equal_weights_stay_as_they_are() -> None:
    weights = torch.randn(1000)
    torch.testing.assert_close(average(weights, weights.clone(), 0.3), weights, rtol=0, atol=0)


def test_the_card_names_both_files_and_has_no_figures(tmp_path: Path) -> None:
    first, second, out = (tmp_path / f"{name}.safetensors" for name in "abc")
    detector(1, first)
    detector(2, second, untrained=("onet.face",))
    tensors, description = average_files(first, second, 0.25, ["rnet"])
    nets = MTCNN()
    nets.load_state_dict(tensors)
    write_weights(nets, description, out)
    card = load_weights(out)[1]
    assert card.source == "tests"
    assert card.untrained_heads == ()
    assert card.details == {
        "pnet": {"crops": 1},
        "onet": {"crops": 10},
        "average": {
            "modules": ["rnet"],
            "files": [
                {
                    "file": "a.safetensors",
                    "fingerprint": fingerprint(first),
                    "share": 0.75,
                    "details": {"rnet": {"crops": 1}},
                },
                {
                    "file": "b.safetensors",
                    "fingerprint": fingerprint(second),
                    "share": 0.25,
                    "details": {"rnet": {"crops": 2}},
                },
            ],
        },
    }


def test_figures_outside_of_the_details_go_too(tmp_path: Path) -> None:
    for name in "ab":
        write_weights(nn.Linear(2, 2), {"kind": "line", "figures": {"error": 0.1}}, tmp_path / f"{name}.safetensors")
    _, description = average_files(tmp_path / "a.safetensors", tmp_path / "b.safetensors", 0.5)
    assert description["figures"] == {}


def test_other_shapes_are_refused(tmp_path: Path) -> None:
    write_weights(nn.Linear(3, 2), {}, tmp_path / "a.safetensors")
    write_weights(nn.Linear(4, 2), {}, tmp_path / "b.safetensors")
    with pytest.raises(WeightsError, match=r"a\.safetensors and .*b\.safetensors .*: weight is 2x3 and 2x4"):
        average_files(tmp_path / "a.safetensors", tmp_path / "b.safetensors", 0.5)


def test_missing_layers_are_refused(tmp_path: Path) -> None:
    write_weights(nn.Linear(3, 2, bias=False), {}, tmp_path / "a.safetensors")
    write_weights(nn.Linear(3, 2), {}, tmp_path / "b.safetensors")
    with pytest.raises(WeightsError, match="bias is missing and 2"):
        average_files(tmp_path / "a.safetensors", tmp_path / "b.safetensors", 0.5)


def test_weights_of_another_convention_are_refused(tmp_path: Path) -> None:
    detector(1, tmp_path / "a.safetensors")
    detector(2, tmp_path / "b.safetensors", one_based=True)
    with pytest.raises(WeightsError, match="counts_from_one is False and True"):
        average_files(tmp_path / "a.safetensors", tmp_path / "b.safetensors", 0.5)


def test_untrained_weights_are_refused(tmp_path: Path) -> None:
    detector(1, tmp_path / "a.safetensors")
    detector(2, tmp_path / "b.safetensors", untrained=("onet.face", "onet.box"))
    with pytest.raises(WeightsError, match=r"b\.safetensors: onet\.face, onet\.box are untrained"):
        average_files(tmp_path / "a.safetensors", tmp_path / "b.safetensors", 0.5)


def test_an_unknown_module_is_named(tmp_path: Path) -> None:
    detector(1, tmp_path / "a.safetensors")
    detector(2, tmp_path / "b.safetensors")
    with pytest.raises(WeightsError, match=r"no module 'rne'; expected one of onet, pnet, rnet"):
        average_files(tmp_path / "a.safetensors", tmp_path / "b.safetensors", 0.5, ["rne"])


def test_statistics_of_batches_are_refused(tmp_path: Path) -> None:
    for name in "ab":
        write_weights(nn.BatchNorm1d(2), {}, tmp_path / f"{name}.safetensors")
    with pytest.raises(WeightsError, match=r"statistics of batches, which have no mean \(num_batches_tracked\)"):
        average_files(tmp_path / "a.safetensors", tmp_path / "b.safetensors", 0.5)


def test_values_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    write_weights(nn.Linear(2, 2), {}, tmp_path / "a.safetensors")
    broken = nn.Linear(2, 2)
    broken.bias.data[0] = torch.nan
    write_weights(broken, {}, tmp_path / "b.safetensors")
    with pytest.raises(WeightsError, match=r"b\.safetensors has values that are not finite: bias"):
        average_files(tmp_path / "a.safetensors", tmp_path / "b.safetensors", 0.5)
