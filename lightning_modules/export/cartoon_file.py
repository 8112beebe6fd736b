"""Writes model files, ``*.cartoon``: all networks from photo to cartoon in ONNX, and a manifest."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from torch.export import Dim

from cartoonizer.manifest import FORMAT
from cartoonizer.model_file import MANIFEST, ModelFile
from datamodules.atomic import write_whole
from datamodules.errors import DataError
from datamodules.samples import HairColour
from datamodules.transforms.face_box import MEAN_FACE
from lightning_modules.attribute_classifier import OWN_CLASSIFIER
from lightning_modules.export.cards import card_of
from lightning_modules.export.detector import export_detector, landmark_offset
from lightning_modules.export.nets import BackgroundNet, ClassifierNet, Label, TranslatorNet, example_inputs
from lightning_modules.export.onnx_net import Exported, Exporter
from lightning_modules.landmark_detector import FRAME_SIDE, MEAN_PHOTO, SEARCHED_SIDE
from lightning_modules.matting import OWN_PORTRAIT
from lightning_modules.version import __version__
from networks.attribute_classifier import SIDE as CLASSIFIER_SIDE
from networks.attribute_classifier import load_attribute_net
from networks.finisher import load_finisher
from networks.labels import ATTRIBUTES
from networks.mtcnn import CascadeSettings
from networks.portrait import HEAD, PERSON, load_portrait
from networks.portrait import SIDE as PORTRAIT_SIDE
from networks.translator import Translator
from networks.weights_file import WeightsError

HAIR = Label("hair", tuple(color.name.lower() for color in HairColour))
ATTRIBUTE_LABELS = tuple(Label(name, ("no", "yes")) for name in ATTRIBUTES)
"""Labels of the classifier."""

_BATCH = Dim("batch", min=1, max=1024)


@dataclass(frozen=True)
class Source:
    """Source of an export.

    Attributes:
        translator: The generator of cartoons.
        path: Its file.
        details: How it was trained, if the file does not record it.
        finisher: File of the finisher; None for none.
    """

    translator: Translator
    path: Path
    details: Mapping[str, object] | None = None
    finisher: Path | None = None


def write_cartoon_file(source: Source, path: Path, half: bool, known: ModelFile | None = None) -> list[Exported]:
    """Write a model file atomically.

    Args:
        source: The generator and finisher; the other networks are the project's own.
        path: The file.
        half: Store weights in half precision if that does not change the outputs.
        known: A model file from which networks with the same weights are copied, which saves most of the time.

    Returns:
        The exported networks.

    Raises:
        DataError: A weights file cannot be used, the outputs of an exported network differ, or the file cannot be
            written.
    """
    try:
        nets = _export_all(source, Exporter(half, _reusable(known, source.translator.options.image_size)))
    except WeightsError as error:
        raise DataError(str(error)) from error
    members: dict[str, str | bytes] = {MANIFEST: _manifest(source, nets)}
    members |= {f"{net.name}.onnx": net.content for net in nets}
    content = BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:  # deflating would not make it smaller
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data)  # without a date, so that the file is reproducible
    write_whole(path, content.getvalue())
    return nets


def _reusable(known: ModelFile | None, side: int) -> dict[str, bytes]:
    """The networks of a model file that can be reused if their weights are the same."""
    if known is None:
        return {}
    own = (
        {"translator"} if known.manifest.side == side else {"translator", "classifier"}
    )  # the classifier is exported for a given side
    return {name: content for name, content in known.nets.items() if name not in own}


def labels_of(translator: Translator) -> tuple[Label, ...]:
    """The labels of a translator, in the order of its label vector."""
    count = translator.options.num_labels
    if not count:
        return ()
    known = count == len(HAIR.classes)
    main = HAIR if known else Label("label", tuple(str(number) for number in range(count)))
    return main, *(label for label in ATTRIBUTE_LABELS if label.name in translator.options.attributes)


def _export_all(source: Source, export: Exporter) -> list[Exported]:
    options = source.translator.options
    nets = [
        export_translator(source, export),
        *export_detector(export),
        _export_classifier(export, options.image_size),
    ]
    if options.background != "keep":
        nets.append(_export_background(export))
    if source.finisher is not None:
        nets.append(_export_finisher(export, source.finisher, options.image_size))
    return nets


def translator_examples(translator: Translator, net: TranslatorNet) -> list[tuple[torch.Tensor, ...]]:
    """Random inputs of a generator, with several batch sizes and another image size."""
    divisor, side = translator.generator.divisor, translator.options.image_size
    sizes = ((2, side), (3, side), (1, side + divisor))
    return [example_inputs(net, labels_of(translator), count, size) for count, size in sizes]


def translator_shapes(translator: Translator, net: TranslatorNet) -> tuple[Any, ...]:
    """The dynamic dimensions of a generator's inputs, in the format of ``torch.export``."""
    divisor = translator.generator.divisor
    photo: dict[int, Any] = {0: _BATCH}
    photo |= {2: divisor * Dim("rows", min=2, max=256), 3: divisor * Dim("columns", min=2, max=256)}
    others = tuple({0: _BATCH} for _ in net.names[1:])
    return (photo, others) if others else (photo,)


def export_translator(source: Source, export: Exporter) -> Exported:
    """Export the generator of a source to ONNX."""
    net = TranslatorNet(source.translator, labels_of(source.translator))
    card = card_of(source.path, "translator: framed photos to cartoons", source.details)
    examples, shapes = translator_examples(source.translator, net), translator_shapes(source.translator, net)
    return export("translator", net, (net.names, ["cartoon"]), examples, shapes, card, is_last=True)


def _export_background(export: Exporter) -> Exported:
    net = BackgroundNet(load_portrait(OWN_PORTRAIT)[0])
    examples = [(torch.rand(count, 3, PORTRAIT_SIDE, PORTRAIT_SIDE) * 2 - 1,) for count in (2, 1)]
    card = card_of(OWN_PORTRAIT, "background: person and head in a framed photo")
    return export("background", net, (["photo"], ["alphas"]), examples, ({0: _BATCH},), card)


def _export_classifier(export: Exporter, side: int) -> Exported:
    net = ClassifierNet(load_attribute_net(OWN_CLASSIFIER)[0], side, CLASSIFIER_SIDE)
    examples = [(torch.rand(count, 3, side, side) * 2 - 1,) for count in (2, 1)]
    card = card_of(OWN_CLASSIFIER, "classifier: hair colour, glasses, beard and open mouth of a face")
    questions = [label.name for label in (HAIR, *ATTRIBUTE_LABELS)]
    return export("classifier", net, (["image"], questions), examples, ({0: _BATCH},), card)


def _export_finisher(export: Exporter, path: Path, side: int) -> Exported:
    net = load_finisher(path)
    sides = {2: net.divisor * Dim("rows", min=2, max=1024), 3: net.divisor * Dim("columns", min=2, max=1024)}
    examples = [(torch.rand(count, 3, size, size) * 2 - 1,) for count, size in ((2, side), (1, side + net.divisor))]
    card = card_of(path, "finisher: soft cartoons to clean, larger ones with an alpha channel")
    names = (["cartoon"], ["image", "alpha"])
    return export("finisher", net, names, examples, ({0: _BATCH, **sides},), card, is_last=True)


def _manifest(source: Source, nets: Sequence[Exported]) -> str:
    options, settings = source.translator.options, CascadeSettings(min_face=SEARCHED_SIDE / 16)
    channel = HEAD if options.background == "head" else PERSON
    inputs: list[dict[str, object]] = [{"name": "photo", "kind": "photo"}]
    if options.heatmaps:
        inputs.append({"name": "landmarks", "kind": "landmarks"})
    inputs += [{"name": each.name, "kind": "label", "classes": each.classes} for each in labels_of(source.translator)]
    cards = card_of(source.path, "translator", source.details)
    words = {
        "format": FORMAT,
        "name": source.path.stem,
        "made_by": f"Landmark CartoonGAN {__version__}",
        "terms": cards["terms"],
        "frame": {"side": FRAME_SIDE, "landmarks": _rounded(MEAN_PHOTO)},
        "detector": {
            "searched_side": SEARCHED_SIDE,
            "least_face": settings.min_face,
            "thresholds": settings.thresholds,
            "pyramid_factor": settings.pyramid_factor,
            "landmark_offset": landmark_offset(),
            "face": _rounded(MEAN_FACE),
        },
        "translator": {"side": options.image_size, "inputs": inputs},
        "background": None if options.background == "keep" else {"side": PORTRAIT_SIDE, "channel": channel},
        "classifier": {each.name: each.classes for each in (HAIR, *ATTRIBUTE_LABELS)},
        "finisher": source.finisher is not None,
        "files": {net.name: hashlib.sha256(net.content).hexdigest() for net in nets},
    }
    return json.dumps(words, indent=1)


def _rounded(points: torch.Tensor) -> list[list[float]]:
    """Float32 values rounded to their shortest decimal representation."""
    return [[round(value, 6) for value in point] for point in points.tolist()]
