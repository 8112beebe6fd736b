"""Comparing the states of two runs to the bit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from lightning_modules.loop_progress import progress_of_loops


def differences(ours: Any, theirs: Any, at: str = "") -> list[str]:
    """Where two nested states differ in the least."""
    if isinstance(theirs, Tensor):
        same = isinstance(ours, Tensor) and ours.dtype == theirs.dtype and torch.equal(ours, theirs)
        return [] if same else [at]
    if isinstance(theirs, Mapping):
        if not isinstance(ours, Mapping) or ours.keys() != theirs.keys():
            return [f"{at}: other keys"]
        return [each for key in theirs for each in differences(ours[key], theirs[key], f"{at}.{key}")]
    if isinstance(theirs, Sequence) and not isinstance(theirs, str):
        if len(ours) != len(theirs):
            return [f"{at}: other length"]
        pairs = enumerate(zip(ours, theirs, strict=True))
        return [each for number, (a, b) in pairs for each in differences(a, b, f"{at}[{number}]")]
    return [] if ours == theirs or (ours != ours and theirs != theirs) else [f"{at}: {ours} instead of {theirs}"]


def compared(checkpoint: dict[str, Any]) -> dict[str, Any]:
    """What of a checkpoint has to be equal: all but the counters of Lightning's loops, of which it is their sense."""
    rest = {key: value for key, value in checkpoint.items() if key != "loops"}
    fit_loop = checkpoint["loops"]["fit_loop"]
    rest["callbacks"] = {k: v for k, v in rest["callbacks"].items() if not k.startswith("ModelCheckpoint")}  # paths
    return rest | {"progress": progress_of_loops(fit_loop), "logged": fit_loop["epoch_loop.state_dict"]}
