"""A net in onnxruntime."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np

from cartoonizer.arrays import Floats
from cartoonizer.errors import ModelError
from cartoonizer.model_file import ModelFile
from cartoonizer.quiet_onnxruntime import onnxruntime

CARD = "card"
"""Key of a net's card in its metadata."""

onnxruntime.set_default_logger_severity(4)  # what goes wrong is said by us, in one line


class Net:
    """An ONNX net on the CPU. Several threads may use it at once.

    Args:
        model: The file that holds it.
        name: Which of its nets.
        threads: Threads that one run uses; 0 is one for each core.

    Raises:
        ModelError: The file lacks it, or it is no net that onnxruntime can run.
    """

    def __init__(self, model: ModelFile, name: str, threads: int = 0) -> None:
        if name not in model.nets:
            raise ModelError(f"{model.path} holds no net {name!r}; make it anew by `cartoongan export`")
        self._session = _open(model.nets[name], f"{model.path}: {name}", threads)
        self._outputs = [each.name for each in self._session.get_outputs()]

    def __call__(self, **inputs: Floats) -> dict[str, Floats]:
        """The outputs by name."""
        return dict(zip(self._outputs, self._session.run(None, inputs), strict=True))


def card_of(content: bytes, name: str) -> Mapping[str, object]:
    """What an ONNX file says of itself; empty where it says nothing.

    Args:
        content: The file.
        name: What it is called, for the error.

    Raises:
        ModelError: It is no net that onnxruntime can run.
    """
    try:
        found = json.loads(_open(content, name, 1).get_modelmeta().custom_metadata_map[CARD])
    except (KeyError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def in_parts(net: Net, name: str, values: Floats, most: int) -> dict[str, Floats]:
    """A net's outputs for many inputs, at most so many at once."""
    parts = [net(**{name: values[start : start + most]}) for start in range(0, len(values), most)]
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def _open(content: bytes, name: str, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # it is not alone on the machine
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's have no common class
        raise ModelError(f"{name} is no net that onnxruntime can run") from error
