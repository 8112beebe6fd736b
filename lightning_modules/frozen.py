"""Frozen networks that a model uses and its checkpoints do not hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar

from torch import Tensor, nn

Network = TypeVar("Network", bound=nn.Module)


class FrozenNetwork(nn.Module, Generic[Network]):
    """A network that is used and never trained.

    It follows its owner from device to device. The owner's parameters, state dicts and training mode do not include it:
    who loads a checkpoint brings the network's file along. Gradients flow through it to its input.

    ::

        self.classifier = FrozenNetwork(load_attribute_net(path)[0])

    Attributes:
        network: The network, in eval mode.

    Args:
        network: It is taken over.
    """

    network: Network

    def __init__(self, network: Network) -> None:
        super().__init__()
        # Beside the registered submodules, where state dicts, optimisers and `train` would find it.
        self.__dict__["network"] = network.requires_grad_(False).eval()

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the network makes of its arguments."""
        return self.network(*args, **kwargs)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        self.network._apply(fn, recurse)  # type: ignore[no-untyped-call]
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        return self
