"""Frozen networks that a model uses and its checkpoints do not hold."""

from __future__ import annotations

from functools import partial

from torch import nn
from torch.nn.modules.module import _IncompatibleKeys


def keep_out_of_checkpoints(owner: nn.Module, name: str) -> None:
    """Leave a submodule out of its owner's state dicts, and do not miss it when one is loaded.

    Who loads a checkpoint brings the network's file along.

    Args:
        owner: The model.
        name: Attribute of the submodule, which is frozen and put into eval mode.
    """
    frozen: nn.Module = getattr(owner, name)
    frozen.requires_grad_(False).eval()
    leave_out_of_state_dicts(frozen)
    owner.register_load_state_dict_post_hook(partial(_do_not_miss, f"{name}."))  # type: ignore[no-untyped-call]


def leave_out_of_state_dicts(module: nn.Module) -> None:
    """Let no state dict hold a module, whoever owns it."""
    module.register_state_dict_post_hook(_leave_out)  # type: ignore[no-untyped-call]


def _leave_out(module: nn.Module, state: dict[str, object], prefix: str, metadata: dict[str, object]) -> None:
    for name in [name for name in state if name.startswith(prefix)]:
        del state[name]


def _do_not_miss(prefix: str, module: nn.Module, keys: _IncompatibleKeys) -> None:
    """Load state dicts strictly but for the frozen network, which none holds."""
    keys.missing_keys[:] = [key for key in keys.missing_keys if not key.startswith(prefix)]
