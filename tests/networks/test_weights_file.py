from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from networks.weights_file import WeightsError, fill, fingerprint, read_weights, write_weights


def test_state_and_description_come_back(tmp_path: Path) -> None:
    path, net = tmp_path / "new" / "net.safetensors", nn.Linear(3, 2)
    write_weights(net, {"of": "tests", "numbers": [1, 2]}, path)
    tensors, description = read_weights(path)
    assert description == {"of": "tests", "numbers": [1, 2]}
    other = nn.Linear(3, 2)
    fill(other, tensors, path)
    torch.testing.assert_close(other.weight, net.weight)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_values_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    net = nn.Linear(3, 2)
    with torch.no_grad():
        net.bias[0] = torch.nan
    with pytest.raises(WeightsError, match=r"x\.safetensors has values that are not finite: bias"):
        fill(nn.Linear(3, 2), net.state_dict(), tmp_path / "x.safetensors")


@pytest.mark.parametrize("back", [1, 10, 24])
def test_a_flipped_bit_of_a_weight_is_found(back: int, tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    write_weights(nn.Linear(3, 2), {}, path)
    content = bytearray(path.read_bytes())
    content[-back] ^= 1
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"net\.safetensors is damaged: the checksum of its tensors is wrong"):
        read_weights(path)


def test_a_fingerprint_changes_with_the_content(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_bytes(b"one")
    second.write_bytes(b"one")
    assert fingerprint(first) == fingerprint(second)
    second.write_bytes(b"two")
    assert fingerprint(first) != fingerprint(second)
