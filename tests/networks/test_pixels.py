from __future__ import annotations

import numpy as np
import torch

from datamodules.transforms.augment import to_tensor
from networks.pixels import to_bytes


def test_every_grey_level_comes_back() -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=2)
    back = to_bytes(to_tensor(levels))
    assert back.dtype == torch.uint8
    np.testing.assert_array_equal(back.permute(1, 2, 0).numpy(), levels)


def test_what_lies_beyond_is_clipped() -> None:
    assert to_bytes(torch.tensor([-3.0, -1, 0.999, 1, 2])).tolist() == [0, 0, 255, 255, 255]
