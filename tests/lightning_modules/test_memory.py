from __future__ import annotations

import numpy as np
import torch

from lightning_modules.memory import largest_memory


def test_memory_is_counted_in_bytes_of_this_process() -> None:
    before = largest_memory(torch.device("cpu"))
    held = np.ones(max(200 << 20, before), dtype=np.uint8)  # more than was ever free in this process
    grown = largest_memory(torch.device("cpu"))
    assert grown >= held.nbytes
    assert before < grown < 8 * (before + held.nbytes)
