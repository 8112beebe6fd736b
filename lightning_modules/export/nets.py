"""Wrappers of the networks for export: tensors in, tensors out, without the parts that only training needs."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from networks.attribute_classifier import PHOTO_LOGITS, AttributeNet
from networks.labels import ATTRIBUTES, one_hot
from networks.landmarks import landmark_heatmaps
from networks.portrait import PortraitNet
from networks.translator import Translator


@dataclass(frozen=True)
class Label:
    """A label of a translator.

    Attributes:
        name: Its name, such as "hair".
        classes: Names of its classes, in the order of the one-hot vector.
    """

    name: str
    classes: tuple[str, ...]


class TranslatorNet(nn.Module):
    """A generator with its heatmaps: maps a photo, landmarks if used, and labels to a cartoon.

    Args:
        translator: The generator.
        labels: Its labels, in the order of its label vector.
    """

    def __init__(self, translator: Translator, labels: tuple[Label, ...]) -> None:
        super().__init__()
        self.generator = translator.generator
        self.has_landmarks = translator.options.heatmaps
        self.names = ["photo", *(["landmarks"] if self.has_landmarks else []), *(label.name for label in labels)]

    def forward(self, photo: Tensor, *rest: Tensor) -> Tensor:
        """Cartoons (B, 3, H, W) of photos (B, 3, H, W), landmarks (B, 5, 2) pixels and one-hot labels (B, K)."""
        given, labels = photo, rest
        if self.has_landmarks:
            given = torch.cat([photo, landmark_heatmaps(rest[0], *photo.shape[2:])], dim=1)
            labels = rest[1:]
        cartoon: Tensor = self.generator(given, torch.cat(labels, dim=1) if labels else None)
        return cartoon


class BackgroundNet(nn.Module):
    """The portrait network at its native size."""

    def __init__(self, net: PortraitNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, photo: Tensor) -> Tensor:
        """Mattes (B, 2, S, S) in [0, 1] of person and head in photos (B, 3, S, S)."""
        return self.net.logits(photo).sigmoid()


class ClassifierNet(nn.Module):
    """The classifier for faces of a fixed size, with one score per class of each label.

    Args:
        net: The classifier.
        side: Side of the input images in pixels.
        own_side: Side in pixels to which the classifier resizes them.
    """

    def __init__(self, net: AttributeNet, side: int, own_side: int) -> None:
        super().__init__()
        self.net = net
        # Antialiased downscaling is linear and separable: two matrix products, which every runtime supports.
        columns = torch.eye(side)[None, None]
        reduction = F.interpolate(columns, (own_side, side), mode="bilinear", antialias=True, align_corners=False)
        self.register_buffer("reduction", reduction[0, 0])
        self.register_buffer("thresholds", torch.tensor([PHOTO_LOGITS[name] for name in ATTRIBUTES]))

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """Scores of faces (B, 3, S, S): (B, 4) for hair, and (B, 2) for no and yes of each attribute."""
        reduction = self.get_buffer("reduction")
        seen = self.net(reduction @ image @ reduction.T)
        evidence = seen.attributes - self.get_buffer("thresholds")
        return seen.hair, *(torch.stack([-each, each], dim=1) for each in evidence.unbind(dim=1))


def example_inputs(net: TranslatorNet, labels: tuple[Label, ...], count: int, side: int) -> tuple[Tensor, ...]:
    """Random inputs for a translator: photos, landmarks and labels."""
    inputs = [torch.rand(count, 3, side, side) * 2 - 1]
    if net.has_landmarks:
        inputs.append(torch.rand(count, 5, 2) * side)
    inputs += [one_hot(torch.arange(count) % len(label.classes), len(label.classes)) for label in labels]
    return tuple(inputs)
