"""A network in onnxruntime."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np

from cartoonizer.arrays import Floats
from cartoonizer.errors import ModelError
from cartoonizer.model_file import ModelFile
from cartoonizer.quiet_onnxruntime import onnxruntime

CARD = "card"
"""Metadata key of a network's card."""

onnxruntime.set_default_logger_severity(4)  # failures raise our own errors


class Net:
    """An ONNX network on the CPU. Thread-safe.

    Args:
        model: The model file.
        name: Name of the network.
        threads: Threads per run; 0 for one per core.

    Raises:
        ModelError: The file does not contain it, or onnxruntime cannot run it.
    """

    def __init__(self, model: ModelFile, name: str, threads: int = 0) -> None:
        if name not in model.nets:
            raise ModelError(f"{model.path} has no network {name!r}; create it again with `cartoongan export`")
        self._session = _open(model.nets[name], f"{model.path}: {name}", threads)
        self._outputs = [each.name for each in self._session.get_outputs()]

    def __call__(self, **inputs: Floats) -> dict[str, Floats]:
        """The outputs by name."""
        return dict(zip(self._outputs, self._session.run(None, inputs), strict=True))


def card_of(content: bytes, name: str) -> Mapping[str, object]:
    """The card of an ONNX file; empty if it has none.

    Args:
        content: The bytes of the file.
        name: Its name, for errors.

    Raises:
        ModelError: onnxruntime cannot load it.
    """
    try:
        found = json.loads(_open(content, name, 1).get_modelmeta().custom_metadata_map[CARD])
    except (KeyError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def in_parts(net: Net, name: str, values: Floats, batch_size: int) -> dict[str, Floats]:
    """A network's outputs for many inputs, computed in batches."""
    parts = [net(**{name: values[start : start + batch_size]}) for start in range(0, len(values), batch_size)]
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def _open(content: bytes, name: str, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # other processes need the cores, too
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors have no common base class
        raise ModelError(f"{name} is not a network that onnxruntime can run") from error
