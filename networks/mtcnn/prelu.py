"""PReLU with a fast backward pass on CPUs."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


class PReLU(nn.PReLU):
    """`torch.nn.PReLU` with one slope per channel, with identical values and gradients.

    PyTorch 2.14's CPU backward pass is not vectorised and takes half of ONet's training step; this one uses vectorised
    operations.
    """

    def forward(self, maps: Tensor) -> Tensor:
        """Applies the slopes to (B, C, ...) maps."""
        if maps.is_cuda:
            return F.prelu(maps, self.weight)
        result: Tensor = _VectorisedPReLU.apply(maps, self.weight)
        return result


class _VectorisedPReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, maps: Tensor, slopes: Tensor) -> Tensor:
        ctx.save_for_backward(maps, slopes)
        return F.prelu(maps, slopes)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None]:
        maps, slopes = ctx.saved_tensors
        of_slopes = of_maps = None
        others = [axis for axis in range(maps.ndim) if axis != 1]
        negative = maps.clamp(max=0)
        if ctx.needs_input_grad[1]:
            of_slopes = negative.mul_(gradient).sum(others)
        if ctx.needs_input_grad[0]:
            shape = [-1 if axis == 1 else 1 for axis in range(maps.ndim)]
            of_positive = torch.ops.aten.threshold_backward(gradient, maps, 0)
            of_maps = of_positive.lerp_(gradient, slopes.view(shape))
        return of_maps, of_slopes
