"""Initial weights of generators and discriminators."""

from __future__ import annotations

from typing import TypeVar

from torch import nn

ModuleT = TypeVar("ModuleT", bound=nn.Module)


def init_weights(module: ModuleT, gain: float = 0.02) -> ModuleT:
    """Draws convolution weights from N(0, gain) in place and sets their biases to zero.

    Args:
        module: Any module; its transposed convolutions are drawn too, all else is left as it is.
        gain: Standard deviation of the weights.

    Returns:
        The same module.
    """
    for layer in module.modules():
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
            # A parametrised weight (spectral norm) is computed anew from its original at each access.
            parametrized = getattr(layer, "parametrizations", None)
            nn.init.normal_(parametrized.weight.original if parametrized else layer.weight, 0.0, gain)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return module
