"""A network as the bytes of an ONNX file, with a card inside, and checked against the original."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Mapping, Sequence
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
"""A file whose outputs differ from the network's by more is refused."""

_EXACT = 1e-5
"""The same for weights in half precision of a net whose outputs others go on with."""

_OPSET = 18
_LEAST_HALVED = 256
"""Tensors of fewer values stay in float32."""


@dataclass(frozen=True)
class Exported:
    """A network in ONNX.

    Attributes:
        name: What it is called.
        content: The file.
        difference: Largest difference of its outputs from the network's.
        is_half: Whether weights are stored in half precision; it computes in float32 all the same.
    """

    name: str
    content: bytes
    difference: float
    is_half: bool


@dataclass(frozen=True)
class Exporter:
    """Exports networks.

    Attributes:
        half: Store weights in half precision where that keeps the outputs.
        known: Nets in ONNX by name. One whose card is the same is taken over, which saves its export.
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
        """A network as ONNX.

        Args:
            name: What it is called.
            net: The network.
            names: Of its inputs and of its outputs.
            examples: Inputs; the first is traced, by all it is compared.
            shapes: The dimensions that may change, in `torch.export`'s form.
            card: What the file says of itself.
            is_last: Whether a person sees its outputs, rather than another net or a threshold.

        Raises:
            DataError: Its outputs differ from the network's.
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
            prefer_deferred_runtime_asserts_over_guards=True,  # of pools that round up, whose guards forbid odd sides
        )
        program = torch.onnx.export(
            traced, input_names=list(names[0]), output_names=list(names[1]), opset_version=_OPSET, verbose=False
        )
    assert program is not None
    model: onnx.ModelProto = program.model_proto
    return model


def _describe(model: onnx.ModelProto, name: str, card: Mapping[str, object]) -> None:
    """Put the card in, and take out what only says where the exporter was run."""
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
    """The same with weights in half precision, each followed by a cast that a runtime does once, when it loads."""
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


def _difference(content: bytes, net: nn.Module, names: Sequence[str], examples: Sequence[tuple[Tensor, ...]]) -> float:
    """The largest difference between the outputs of a file and of the network."""
    from cartoonizer.quiet_onnxruntime import onnxruntime

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    largest = 0.0
    for example in examples:
        found = session.run(None, {name: value.numpy() for name, value in zip(names, example, strict=True)})
        with torch.inference_mode():
            expected = net(*example)
        for one, other in zip(found, expected if isinstance(expected, tuple) else (expected,), strict=True):
            largest = max(largest, float(np.abs(one - other.numpy()).max()))
    return largest
