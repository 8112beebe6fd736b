"""Adapts precision and strategy to the machine."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import torch
from jsonargparse import Namespace
from lightning.pytorch.strategies import DDPStrategy, StrategyRegistry
from lightning.pytorch.utilities import rank_zero_info


def _on_cpu(trainer: Namespace) -> bool:
    if trainer.accelerator == "auto":
        return not (torch.cuda.is_available() or torch.backends.mps.is_available())
    return bool(trainer.accelerator == "cpu")


def usable_precision(trainer: Namespace) -> Any:
    """The requested precision, but fp32 instead of fp16 on a CPU, where Lightning would use slow bf16."""
    if trainer.precision in {"16-mixed", "16-true", 16, "16"} and _on_cpu(trainer):
        rank_zero_info(f"precision {trainer.precision} is for GPUs: running in fp32 on this CPU")
        return "32-true"
    return trainer.precision


def fitting_strategy(trainer: Namespace) -> Any:
    """The requested strategy; for "auto" with several processes, the one required by toggled optimisers."""
    is_alone = _processes(trainer) * trainer.num_nodes <= 1
    return trainer.strategy if trainer.strategy != "auto" or is_alone else "ddp_find_unused_parameters_true"


def with_timeout(strategy: Any, seconds: float) -> Any:
    """A strategy of several processes that wait at most this long for each other; others are returned unchanged.

    Args:
        strategy: A name such as "ddp", or a strategy.
        seconds: Timeout of the process group's collective operations.
    """
    chosen = StrategyRegistry[strategy] if isinstance(strategy, str) and strategy in StrategyRegistry else None
    if chosen is None or chosen["strategy"] is not DDPStrategy:
        return strategy
    return DDPStrategy(timeout=timedelta(seconds=seconds), **chosen["init_params"])


def _processes(trainer: Namespace) -> int:
    """Number of processes that ``--trainer.devices`` starts on this machine."""
    devices = trainer.devices
    if isinstance(devices, list):
        return len(devices)
    if str(devices) in {"auto", "-1"}:
        return 1 if _on_cpu(trainer) else torch.cuda.device_count()
    return int(devices) if str(devices).isdigit() else len(str(devices).split(","))
