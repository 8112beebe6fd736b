from __future__ import annotations

import pytest
import torch
from jsonargparse import Namespace

from lightning_modules.cli.devices import fitting_strategy, usable_precision


def asked(**options: object) -> Namespace:
    defaults = {"accelerator": "auto", "devices": 1, "precision": "16-mixed", "strategy": "auto", "num_nodes": 1}
    return Namespace(**(defaults | options))  # type: ignore[no-untyped-call]


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with four GPUs."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)


@pytest.mark.parametrize("precision", ["16-mixed", "16-true", 16])
def test_fp16_is_for_gpus(precision: object, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        assert usable_precision(asked(accelerator="cpu", precision=precision)) == "32-true"
    assert "fp32" in caplog.text


@pytest.mark.parametrize("precision", ["bf16-mixed", "32-true", "64-true"])
def test_other_precisions_are_left_alone(precision: str) -> None:
    assert usable_precision(asked(accelerator="cpu", precision=precision)) == precision


@pytest.mark.usefixtures("gpus")
def test_a_gpu_gets_what_was_asked_for() -> None:
    assert usable_precision(asked()) == "16-mixed"
    assert usable_precision(asked(accelerator="cpu")) == "32-true"


DDP = "ddp_find_unused_parameters_true"


@pytest.mark.usefixtures("gpus")
@pytest.mark.parametrize(
    ("options", "strategy"),
    [
        ({}, "auto"),
        ({"devices": 2}, DDP),
        ({"devices": "2"}, DDP),
        ({"devices": "auto"}, DDP),
        ({"devices": -1}, DDP),
        ({"devices": [1]}, "auto"),
        ({"devices": [1, 3]}, DDP),
        ({"devices": "0,2"}, DDP),
        ({"accelerator": "cpu", "devices": "auto"}, "auto"),
        ({"accelerator": "cpu", "devices": 2}, DDP),
        ({"num_nodes": 2}, DDP),
        ({"devices": 2, "strategy": "ddp_spawn"}, "ddp_spawn"),
    ],
)
def test_several_processes_get_the_strategy_that_toggling_needs(options: dict[str, object], strategy: str) -> None:
    assert fitting_strategy(asked(**options)) == strategy
