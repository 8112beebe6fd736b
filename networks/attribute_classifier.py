"""The attribute classifier: a small network for hair colour, glasses, beard and mouth of faces of both domains."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn

from networks.labels import ATTRIBUTES
from networks.weights_file import WeightsError, fill, read_weights, write_weights

SIDE = 64
"""Input side of the classifier in pixels; other images are resized to it."""

PHOTO_LOGITS = {"glasses": -1.0, "beard": 0.0, "open_mouth": 0.0}
"""Thresholds for photos, chosen on 186 validation photos, heads on white: the classifier finds glasses in 12 of 13 with
2.9 % false alarms, beards in 16 of 19 with 6.3 %, open mouths in 83 of 94 with 2.2 %."""

_FORMAT_VERSION = 3
_WIDTHS = (32, 64, 128, 128)


class AttributeLogits(NamedTuple):
    """Output of the classifier for B faces.

    Attributes:
        hair: (B, num_colours) logits.
        attributes: (B, A) logits, one for each of ``networks.labels.ATTRIBUTES``; positive if present.
    """

    hair: Tensor
    attributes: Tensor

    @property
    def in_cartoons(self) -> Tensor:
        """Attributes of B cartoons: (B, A) int64, 1 or 0."""
        return (self.attributes > 0).long()

    @property
    def in_photos(self) -> Tensor:
        """Attributes of B photos: (B, A) int64, 1 or 0, see ``PHOTO_LOGITS``."""
        return (self.attributes > self.attributes.new_tensor([PHOTO_LOGITS[name] for name in ATTRIBUTES])).long()


class AttributeNet(nn.Module):
    """Four convolutions with stride 2, and two heads.

    The hair head uses average pooling, the attributes' head max pooling, since hair is an area and glasses are thin
    lines.

    Args:
        num_colours: Number of hair colours.
    """

    def __init__(self, num_colours: int = 4) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, width in zip((3, *_WIDTHS), _WIDTHS, strict=False):
            layers += [
                nn.Conv2d(before, width, 3, padding=1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(inplace=True),
                nn.MaxPool2d(2),
            ]
        self.features = nn.Sequential(*layers)
        self.hair = nn.Sequential(nn.Dropout(0.2), nn.Linear(_WIDTHS[-1], num_colours))
        self.attributes = nn.Sequential(nn.Dropout(0.2), nn.Linear(_WIDTHS[-1], len(ATTRIBUTES)))

    def forward(self, images: Tensor) -> AttributeLogits:
        """Classifies (B, 3, H, W) images in [-1, 1] of any size, framed as in the DataModules."""
        features = self.features(to_side(images, SIDE))
        hair = self.hair(features.mean(dim=(2, 3)))
        return AttributeLogits(hair, self.attributes(features.amax(dim=(2, 3))))


def to_side(images: Tensor, side: int) -> Tensor:
    """Resizes images (B, C, H, W) to ``side`` x ``side`` pixels, with antialiasing."""
    if images.shape[2:] == (side, side):
        return images
    return F.interpolate(images, (side, side), mode="bilinear", antialias=True, align_corners=False)


def save_attribute_net(
    classifier: AttributeNet, figures: Mapping[str, float], path: Path, details: Mapping[str, object] | None = None
) -> None:
    """Writes an attribute classifier with its accuracies, atomically.

    Args:
        classifier: The attribute classifier.
        figures: Its accuracies by name, from 0 to 1.
        path: The file.
        details: Human-readable notes on its training; plain values.

    Raises:
        WeightsError: The file cannot be written.
    """
    colours = classifier.hair[-1].out_features
    description = {"format_version": _FORMAT_VERSION, "num_colours": colours, "figures": dict(figures)}
    write_weights(classifier, {**description, "details": dict(details or {})}, path)


def load_attribute_net(path: Path) -> tuple[AttributeNet, dict[str, float]]:
    """Loads a file of ``save_attribute_net``: the classifier, frozen and in eval mode, and its accuracies.

    Raises:
        WeightsError: The file is missing, damaged, or of another kind.
    """
    tensors, description = read_weights(path)
    try:
        if description["format_version"] != _FORMAT_VERSION:
            raise WeightsError(f"{path} has format {description['format_version']}, expected {_FORMAT_VERSION}")
        classifier = AttributeNet(int(str(description["num_colours"])))
        figures = {str(name): float(value) for name, value in description["figures"].items()}  # type: ignore[attr-defined]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise WeightsError(
            f"{path} is not a classifier; train one with `lightning fit --config configs/attribute_classifier.yaml`"
        ) from error
    fill(classifier, tensors, path)
    return classifier.requires_grad_(False).eval(), figures
