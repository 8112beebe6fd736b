from __future__ import annotations

from typing import Any

import torch

from lightning_modules.old_checkpoints import update_pools


def test_glasses_of_pooled_samples_become_an_attribute() -> None:
    image = torch.rand(3, 4, 4)
    old = [{"image": image, "glasses": torch.tensor(value)} for value in (1, 0, -1)]
    state: dict[str, Any] = {
        "pools.photo._extra_state": {"samples": old, "generator": torch.zeros(1)},
        "weight": torch.ones(1),
    }
    update_pools(state)
    samples = state["pools.photo._extra_state"]["samples"]
    assert [sample["attributes"].tolist() for sample in samples] == [[1, -1, -1], [0, -1, -1], [-1, -1, -1]]
    assert all(sample.keys() == {"image", "attributes"} for sample in samples)
    update_pools(state)
    assert state["pools.photo._extra_state"]["samples"] == samples


def test_attributes_that_are_new_are_unknown_in_pooled_samples() -> None:
    state: dict[str, Any] = {"pool": {"samples": [{"attributes": torch.tensor([1, 0])}]}}
    update_pools(state)
    assert state["pool"]["samples"][0]["attributes"].tolist() == [1, 0, -1]
