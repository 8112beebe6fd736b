"""Exports a generator alone for other runtimes: ONNX, PyTorch exported program, or TorchScript."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import torch
from torch import Tensor, nn

from datamodules.atomic import write_whole
from datamodules.errors import DataError
from lightning_modules.export.cartoon_file import (
    Source,
    export_translator,
    labels_of,
    translator_examples,
    translator_shapes,
)
from lightning_modules.export.nets import TranslatorNet
from lightning_modules.export.onnx_net import LARGEST_DIFFERENCE, Exporter, largest

ONNX_SUFFIX, EXPORTED_SUFFIX, TORCHSCRIPT_SUFFIX = ".onnx", ".pt2", ".pt"


def write_single(source: Source, path: Path, half: bool) -> float:
    """Write a generator as ONNX, exported program (``.pt2``) or TorchScript (``.pt``), atomically.

    Args:
        source: The generator.
        path: The file; its suffix selects the format.
        half: Store ONNX weights in half precision if that does not change the outputs.

    Returns:
        Maximum difference between its cartoons and the generator's.

    Raises:
        DataError: The outputs differ, or the file cannot be written.
    """
    if path.suffix == ONNX_SUFFIX:
        exported = export_translator(source, Exporter(half))
        write_whole(path, exported.content)
        return exported.difference
    net = TranslatorNet(source.translator, labels_of(source.translator)).eval()
    examples = translator_examples(source.translator, net)
    content = BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated
        if path.suffix == EXPORTED_SUFFIX:
            shapes = translator_shapes(source.translator, net)
            program = torch.export.export(net, examples[0], dynamic_shapes=shapes, strict=True)
            difference = _difference(program.module(), net, examples)
            torch.export.save(program, content)
        else:
            script = torch.jit.trace(net, examples[0], check_trace=False)  # type: ignore[no-untyped-call]
            difference = _difference(script, net, examples[:2])  # sides are fixed
            torch.jit.save(script, content)
    if difference > LARGEST_DIFFERENCE:
        raise DataError(f"{path.name} differs from the generator by {difference:.1e}; not written")
    write_whole(path, content.getvalue())
    return difference


def _difference(one: nn.Module, other: nn.Module, examples: Sequence[tuple[Tensor, ...]]) -> float:
    with torch.inference_mode():
        return largest(float((one(*example) - other(*example)).abs().max()) for example in examples)
