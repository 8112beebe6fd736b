"""Exports networks to ONNX with an embedded card, and verifies the outputs."""

from __future__ import annotations

import json
import logging
import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from cartoonizer.net import CARD, card_of
from datamodules.errors import DataError

if TYPE_CHECKING:
    import onnx

LARGEST_DIFFERENCE = 1e-3
"""Maximum difference between the outputs of the ONNX file and the network."""

_EXACT = 1e-5
"""The same for half-precision weights of a network whose outputs are processed further."""

_OPSET = 18
_LEAST_HALVED = 256
"""Tensors with fewer values stay in float32."""


@dataclass(frozen=True)
class Exported:
    """A network in ONNX.

    Attributes:
        name: Its name.
        content: The bytes of the file.
        difference: Maximum difference between its outputs and the network's.
        is_half: Whether weights are stored in half precision; computation is always in float32.
    """

    name: str
    content: bytes
    difference: float
    is_half: bool


@dataclass(frozen=True)
class Exporter:
    """Exports networks.

    Attributes:
        half: Store weights in half precision if that does not change the outputs.
        known: ONNX networks by name, which are reused instead of exported if their cards are the same.
    """

    half: bool
    known: Mapping[str, bytes] = field(default_factory=dict)

    def __call__(
        self,
        name: str,
        net: nn.Module,
        names: tuple[Sequence[str], Sequence[str]],
        examples: Sequence[tuple[Tensor, ...]],
        shapes: Any,
        card: Mapping[str, object],
        is_last: bool = False,
    ) -> Exported:
        """Export a network.

        Args:
            name: Its name.
            net: The network.
            names: Names of its inputs and of its outputs.
            examples: Example inputs; the first is used for tracing, all for verification.
            shapes: The dynamic dimensions, in the format of ``torch.export``.
            card: Metadata to embed in the file.
            is_last: Whether its outputs are shown, rather than processed by another network or a threshold.

        Raises:
            DataError: The outputs of the ONNX file differ from the network's.
        """
        known = self.known.get(name)
        if known is not None and card_of(known, name) == json.loads(json.dumps(card)):
            return Exported(name, known, 0.0, self.half)
        net.eval()
        model = _traced(net, names, examples[0], shapes)
        _describe(model, name, card)
        limits = {True: LARGEST_DIFFERENCE if is_last else _EXACT, False: LARGEST_DIFFERENCE}
        for is_half in (True, False) if self.half else (False,):
            content = (_halved(model) if is_half else model).SerializeToString()
            difference = _difference(content, net, names[0], examples)
            if difference <= limits[is_half]:
                return Exported(name, content, difference, is_half)
        raise DataError(
            f"{name}: ONNX differs from the network by {difference:.1e}, more than {LARGEST_DIFFERENCE:g}; not written"
        )


def _traced(
    net: nn.Module, names: tuple[Sequence[str], Sequence[str]], example: tuple[Tensor, ...], shapes: Any
) -> onnx.ModelProto:
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = torch.export.export(
            net,
            example,
            dynamic_shapes=shapes,
            strict=True,
            prefer_deferred_runtime_asserts_over_guards=True,  # the guards of ceil-mode pools would forbid odd sides
        )
        program = torch.onnx.export(
            traced, input_names=list(names[0]), output_names=list(names[1]), opset_version=_OPSET, verbose=False
        )
    assert program is not None
    model: onnx.ModelProto = program.model_proto
    return model


def _describe(model: onnx.ModelProto, name: str, card: Mapping[str, object]) -> None:
    """Embed the card, and remove metadata about the exporting environment."""
    for item in (model.graph, *model.graph.node, *model.graph.value_info, *model.graph.initializer):
        del item.metadata_props[:]
    for node in model.graph.node:
        node.doc_string = ""
    del model.graph.value_info[:]
    model.graph.name = name
    model.producer_name = "Landmark CartoonGAN"
    del model.metadata_props[:]
    entry = model.metadata_props.add()
    entry.key, entry.value = CARD, json.dumps(card)


def _halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """Convert weights to half precision, each followed by a cast that the runtime evaluates once at loading."""
    import onnx
    from onnx import numpy_helper

    half = onnx.ModelProto()
    half.CopyFrom(model)
    casts = []
    for tensor in half.graph.initializer:
        if tensor.data_type != onnx.TensorProto.FLOAT or np.prod(tensor.dims) < _LEAST_HALVED:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), f"{name}_half"))
        casts.append(onnx.helper.make_node("Cast", [f"{name}_half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = list(half.graph.node)
    del half.graph.node[:]
    half.graph.node.extend([*casts, *nodes])
    return half


def largest(differences: Iterable[float]) -> float:
    """The largest difference of outputs; infinite if one is not a number, which no limit would reject."""
    return max((value if math.isfinite(value) else math.inf for value in differences), default=0.0)


def _difference(content: bytes, net: nn.Module, names: Sequence[str], examples: Sequence[tuple[Tensor, ...]]) -> float:
    """The maximum difference between the outputs of a file and of the network."""
    from cartoonizer.quiet_onnxruntime import onnxruntime

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    differences = []
    for example in examples:
        found = session.run(None, {name: value.numpy() for name, value in zip(names, example, strict=True)})
        with torch.inference_mode():
            expected = net(*example)
        for one, other in zip(found, expected if isinstance(expected, tuple) else (expected,), strict=True):
            differences.append(float(np.abs(one - other.numpy()).max()))
    return largest(differences)
