"""States of all random generators of a process, for checkpoints."""

from __future__ import annotations

import random
from typing import NotRequired, TypedDict

import numpy as np
import torch
from torch import Tensor


class RandomStates(TypedDict):
    """Only tensors and plain values, so that ``torch.load`` reads them with ``weights_only=True``.

    Attributes:
        python: State of ``random``: version, words, and the cached Gaussian or None.
        numpy: State of ``numpy.random``: words, position, whether there is a cached Gaussian, and its value.
        torch: State of PyTorch on the CPU, uint8.
        cuda: State of PyTorch on this process's GPU, uint8; absent without a GPU.
    """

    python: tuple[int, tuple[int, ...], float | None]
    numpy: tuple[list[int], int, int, float]
    torch: Tensor
    cuda: NotRequired[Tensor]


def random_states() -> RandomStates:
    """The states of this process's global generators: Python, NumPy, PyTorch and the current GPU."""
    version, words, gauss = random.getstate()
    _, numbers, position, has_gauss, next_gauss = np.random.get_state(legacy=True)
    states = RandomStates(
        python=(version, words, gauss),
        numpy=(np.asarray(numbers).tolist(), int(position), int(has_gauss), float(next_gauss)),
        torch=torch.get_rng_state(),
    )
    if torch.cuda.is_available():
        states["cuda"] = torch.cuda.get_rng_state()
    return states


def set_random_states(states: RandomStates) -> None:
    """Set the global generators to the states that ``random_states`` returned."""
    version, words, gauss = states["python"]
    random.setstate((version, tuple(words), gauss))
    numbers, position, has_gauss, next_gauss = states["numpy"]
    np.random.set_state(("MT19937", np.array(numbers, dtype=np.uint32), position, has_gauss, next_gauss))
    torch.set_rng_state(states["torch"].cpu())
    if "cuda" in states and torch.cuda.is_available():
        torch.cuda.set_rng_state(states["cuda"].cpu())
