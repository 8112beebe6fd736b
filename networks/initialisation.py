"""Initial weights of generators and discriminators."""

from __future__ import annotations

from typing import TypeVar

from torch import nn

ModuleT = TypeVar("ModuleT", bound=nn.Module)


def init_weights(module: ModuleT, gain: float = 0.02) -> ModuleT:
    """Initialises convolution weights from N(0, gain) and biases to zero, in place.

    Args:
        module: Any module; includes transposed convolutions, other layers stay unchanged.
        gain: Standard deviation of the weights.

    Returns:
        The same module.
    """
    for layer in module.modules():
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
            # A parametrised weight (spectral norm) is recomputed from its original on each access.
            parametrized = getattr(layer, "parametrizations", None)
            nn.init.normal_(parametrized.weight.original if parametrized else layer.weight, 0.0, gain)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return module
