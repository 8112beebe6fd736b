"""Weights files in safetensors format, with a description in the metadata.

The format cannot contain code; files are written atomically.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

_CARD_KEY = "card"
_HASH_KEY = "sha256"
"""Metadata key of the tensors' hash; missing in old files."""


class WeightsError(Exception):
    """A weights file is missing, damaged or of another kind. The message names it and is shown to the user."""


def write_weights(network: nn.Module, description: Mapping[str, object], path: Path) -> None:
    """Writes a network's state and a description of plain values, atomically.

    Raises:
        WeightsError: The file cannot be written.
    """
    write_tensors(network.state_dict(), description, path)


def write_tensors(tensors: Mapping[str, Tensor], description: Mapping[str, object], path: Path) -> None:
    """Writes a network's state, as ``write_weights`` does.

    Raises:
        WeightsError: The file cannot be written.
    """
    tensors = {key: value.detach().cpu().contiguous() for key, value in tensors.items()}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            metadata = {_CARD_KEY: json.dumps(dict(description)), _HASH_KEY: _hash_of(tensors)}
            part.write_bytes(save(tensors, metadata=metadata))
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"cannot write {path}: {error}") from error


def read_weights(path: Path) -> tuple[dict[str, Tensor], dict[str, object]]:
    """Reads the state and the description from a file of ``write_weights``.

    Raises:
        WeightsError: The file is missing, damaged, or has no description.
    """
    if not path.is_file():
        raise WeightsError(f"no such file of weights: {path}")
    try:
        # Older versions of PyTorch would create them on the default device, such as "meta".
        with torch.device("cpu"), safe_open(path, framework="pt", device="cpu") as file:
            metadata = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a mapping
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path} is damaged or not a weights file: {error}") from error
    if _HASH_KEY in metadata and metadata[_HASH_KEY] != _hash_of(tensors):
        raise WeightsError(f"{path} is damaged: the checksum of its tensors is wrong; copy it again")
    try:
        return tensors, dict(json.loads(metadata[_CARD_KEY]))
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"{path} is not a weights file of this project: it has no readable card") from error


def fill(network: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Loads a state into a network.

    Raises:
        WeightsError: The state does not match the network, or has non-finite values; the message names ``path``.
    """
    expected = {key: value.shape for key, value in network.state_dict().items()}
    found = {key: value.shape for key, value in tensors.items()}
    if wrong := sorted(key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key)):
        raise WeightsError(f"{path} does not match these nets: {', '.join(wrong[:4])} missing, unknown or misshapen")
    if broken := [key for key, value in tensors.items() if not bool(torch.isfinite(value).all())]:
        raise WeightsError(f"{path} has values that are not finite: {', '.join(broken[:4])}")
    network.load_state_dict(dict(tensors))


def _hash_of(tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(f"{name} {tensors[name].dtype} {tuple(tensors[name].shape)}\0".encode())
        digest.update(tensors[name].contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def fingerprint(path: Path) -> str:
    """Eight characters that identify a file's contents."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:8]
