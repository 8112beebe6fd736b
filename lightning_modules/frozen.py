"""Frozen networks that are used by a model but not stored in its checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar

from torch import Tensor, nn

Network = TypeVar("Network", bound=nn.Module)


class FrozenNetwork(nn.Module, Generic[Network]):
    """Wraps a pretrained network that is never trained.

    It moves between devices with its owner but is excluded from the owner's parameters, state dict and training mode,
    so its weights must be loaded separately from a checkpoint. Gradients flow through it to its input.

    ::

        self.classifier = FrozenNetwork(load_attribute_net(path)[0])

    Attributes:
        network: The network, in eval mode.

    Args:
        network: The network; it is frozen in place.
    """

    network: Network

    def __init__(self, network: Network) -> None:
        super().__init__()
        # Not registered as a submodule, which would expose it to state dicts, optimisers and `train`.
        self.__dict__["network"] = network.requires_grad_(False).eval()

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Apply the network."""
        return self.network(*args, **kwargs)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        self.network._apply(fn, recurse)  # type: ignore[no-untyped-call]
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        return self
