"""Export of the detector's three nets to ONNX, and a drop-in replacement for PyTorch's detector that runs them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.export import Dim

from cartoonizer.cascade import Cascade
from cartoonizer.errors import ModelError
from cartoonizer.manifest import DetectorSettings
from cartoonizer.model_file import OWN_MODEL, ModelFile, read_model
from cartoonizer.net import card_of as card_inside
from datamodules.errors import DataError
from datamodules.transforms.face_box import MEAN_FACE
from lightning_modules.detector import default_weights, load_detector
from lightning_modules.export.cards import card_of
from lightning_modules.export.onnx_net import Exported, Exporter
from lightning_modules.export.runtime_stage import RuntimeStage
from networks.mtcnn import CascadeSettings, Detections
from networks.mtcnn.nets import ONET_SIDE, PNET_SIDE, RNET_SIDE

_FORM = "blocked layout"
"""Version of the export: nets of another version are exported again, even if their weights are the same."""


class OnnxDetector:
    """Finds the same faces as ``networks.mtcnn.Cascade``, with onnxruntime on the CPU.

    Args:
        weights: The detector; by default the project's own, which is already exported. Exporting another one takes some
            seconds.
        settings: Detection settings; by default those of ``CascadeSettings``.
        threads: Threads per net; 0 is one per core.

    Raises:
        DataError: The weights cannot be used, or count pixels from 1.
    """

    def __init__(self, weights: Path | None = None, settings: CascadeSettings | None = None, threads: int = 0) -> None:
        given = settings or CascadeSettings()
        model = _model_of(weights or default_weights())
        self._cascade = Cascade(model, _settings(given, landmark_offset(weights)), threads)

    def detect(self, images: Sequence[Tensor]) -> list[Detections]:
        """Detects the faces in (H, W, 3) uint8 RGB images, one image at a time."""
        results = (self._cascade(image.numpy()) for image in images)
        return [Detections(*map(torch.from_numpy, (each.boxes, each.scores, each.landmarks))) for each in results]


def export_detector(export: Exporter, weights: Path | None = None) -> list[Exported]:
    """Exports the nets "pnet", "rnet" and "onet" of a detector, by default the project's own.

    Raises:
        DataError: The weights cannot be used, or count pixels from 1.
    """
    nets = load_detector(weights)
    if nets.one_based:
        raise DataError(
            "the detector counts pixels from 1, as facenet-pytorch's does, which only the backend torch supports; "
            "train one with `make detector`"
        )
    card = card_of(weights or default_weights(), "detector (MTCNN): faces and their landmarks") | {"form": _FORM}
    batch = Dim("batch", min=1, max=4096)
    least = PNET_SIDE + 1  # with a single window, torch.export mistakes sums for broadcasts; levels are larger
    any_size = {0: batch, 2: Dim("rows", min=least, max=8192), 3: Dim("columns", min=least, max=8192)}
    stages = [
        ("pnet", RuntimeStage(nets.pnet, False), (51, 77), ((12, 12), (50, 33), (192, 13)), any_size),
        ("rnet", RuntimeStage(nets.rnet, False), (RNET_SIDE, RNET_SIDE), ((RNET_SIDE, RNET_SIDE),), {0: batch}),
        ("onet", RuntimeStage(nets.onet, True), (ONET_SIDE, ONET_SIDE), ((ONET_SIDE, ONET_SIDE),), {0: batch}),
    ]
    outputs = ["logit", "box", "landmarks"]
    return [
        export(
            name,
            net,
            (["windows"], outputs[: 2 + net.has_landmarks]),
            [(255 * torch.rand(2, 3, *size),), *((255 * torch.rand(5, 3, *other),) for other in others)],
            (shapes,),
            {**card, "stage": name},
        )
        for name, net, size, others, shapes in stages
    ]


def landmark_offset(weights: Path | None = None) -> float:
    """Offset in pixels from the landmark coordinates of a detector's ONet to pixel centres."""
    return 0.0 if load_detector(weights).onet.is_half_a_pixel_off else -0.5


def _model_of(weights: Path) -> ModelFile:
    """The project's own model file with the nets of a detector."""
    try:
        own, digest = read_model(OWN_MODEL), hashlib.sha256(weights.read_bytes()).hexdigest()
        card = card_inside(own.nets["pnet"], "pnet")
        if (card.get("sha256"), card.get("form")) == (digest, _FORM):
            return own
    except ModelError as error:
        raise DataError(str(error)) from error
    except OSError as error:
        raise DataError(f"cannot read {weights}: {error.strerror}") from error
    nets = export_detector(Exporter(half=False), weights)
    return replace(own, path=weights, nets={net.name: net.content for net in nets})


def _settings(given: CascadeSettings, offset: float) -> DetectorSettings:
    face = np.asarray(MEAN_FACE, dtype=np.float32)
    return DetectorSettings(0, given.min_face, given.thresholds, given.pyramid_factor, offset, face)
