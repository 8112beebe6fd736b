"""Compiles networks by ``torch.compile``."""

from __future__ import annotations

import shutil
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from lightning_modules.errors import UsageError

BACKEND = "inductor"

MIN_RECOMPILES = 64
"""Minimum limit of compiled versions per function: one per network, batch size and set of trained parameters."""


def compile_networks(networks: Iterable[nn.Module], device: torch.device, are_graphs_kept: bool) -> None:
    """Compile networks in place, at their first call; names in their state dict stay the same.

    Args:
        networks: The networks.
        device: Where they run.
        are_graphs_kept: Whether a backward pass may be followed by another one through the same graph.

    Raises:
        UsageError: No compiler works for this device.
    """
    check_compiler(device)
    import torch._dynamo
    import torch._functorch.config

    torch._dynamo.config.recompile_limit = max(torch._dynamo.config.recompile_limit, MIN_RECOMPILES)
    torch._dynamo.config.optimize_ddp = False  # gradients are reduced after the backward pass of several networks
    if are_graphs_kept:
        torch._functorch.config.donated_buffer = False
    for network in networks:
        network.compile(backend=BACKEND, dynamic=False)


def check_compiler(device: torch.device) -> None:
    """Compile a tiny function.

    Raises:
        UsageError: It does not compile.
    """
    if device.type == "cpu" and BACKEND == "inductor" and not (shutil.which("g++") or shutil.which("clang++")):
        raise UsageError(_advice("there is no C++ compiler (g++ or clang++)"))
    try:
        torch.compile(_double, backend=BACKEND)(torch.ones(2, device=device))
    except Exception as error:  # the compilers raise many kinds of errors
        raise UsageError(_advice(" ".join(str(error).split("\n\n")[0].split()))) from error


def _double(x: Tensor) -> Tensor:
    return 2 * x


def _advice(problem: str) -> str:
    return (
        f"--model.compile true: torch.compile does not work here: {problem}\n"
        "install a C++ compiler (on a GPU also Triton, which comes with PyTorch), or remove the option"
    )
