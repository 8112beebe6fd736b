"""The portrait network: segments the person and the head in a photo."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from networks.weights_file import WeightsError, fill, read_weights, write_weights

SIDE = 128
"""Side in pixels of the network input; other photos are resized to it, and the alphas resized back."""

PERSON, HEAD = 0, 1
"""Channels of the network's alphas."""

_FORMAT_VERSION = 1
_WIDTHS = (16, 32, 64, 80)
_FINEST = 8


class PortraitNet(nn.Module):
    """A small U-Net (Ronneberger et al. 2015) with additive skips: 0.23 M parameters, 0.9 MB in float32.

    The person mask covers all people in the photo, with hair, hat and clothes; the head mask excludes neck and
    shoulders.
    """

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.ModuleList(
            nn.Sequential(_layer(before, width, stride=2), _layer(width, width))
            for before, width in zip((3, *_WIDTHS), _WIDTHS, strict=False)
        )
        finer = _WIDTHS[-2::-1]
        self.narrow = nn.ModuleList(
            nn.Conv2d(before, width, 1) for before, width in zip(_WIDTHS[::-1], finer, strict=False)
        )
        self.up = nn.ModuleList(_layer(width, width) for width in finer)
        self.finest = nn.Sequential(_layer(_WIDTHS[0] + 3, _FINEST), nn.Conv2d(_FINEST, 2, 3, padding=1))

    def forward(self, photos: Tensor) -> Tensor:
        """Alphas (B, 2, H, W) in [0, 1] of person and head, at the size of the photos.

        Args:
            photos: (B, 3, H, W) in [-1, 1], of any size. It was trained on square photos framed as in the DataModules;
                other aspect ratios are distorted.
        """
        alphas = self.logits(_resized(photos, (SIDE, SIDE))).sigmoid()
        return _resized(alphas, (photos.shape[2], photos.shape[3]))

    def logits(self, photos: Tensor) -> Tensor:
        """Logits (B, 2, H, W) of person and head in photos (B, 3, H, W) whose sides are multiples of 16 pixels."""
        skips: list[Tensor] = []
        features = photos
        for level in self.down:
            features = level(features)
            skips.append(features)
        for narrow, up, skip in zip(self.narrow, self.up, skips[-2::-1], strict=True):
            features = up(_doubled(narrow(features)) + skip)
        logits: Tensor = self.finest(torch.cat([_doubled(features), photos], dim=1))
        return logits


def save_portrait(
    net: PortraitNet, figures: Mapping[str, float], path: Path, details: Mapping[str, object] | None = None
) -> None:
    """Writes a portrait network with its metrics, atomically.

    Args:
        net: The network.
        figures: Its metrics on unseen photos, by name.
        path: The file.
        details: Human-readable notes on its training; plain values.

    Raises:
        WeightsError: The file cannot be written.
    """
    description = {"format_version": _FORMAT_VERSION, "kind": "portrait", "figures": dict(figures)}
    write_weights(net, {**description, "details": dict(details or {})}, path)


def load_portrait(path: Path) -> tuple[PortraitNet, dict[str, float]]:
    """Loads a file of ``save_portrait``: the network, frozen and in eval mode, and its metrics.

    Raises:
        WeightsError: The file is missing, damaged, or of another kind.
    """
    tensors, description = read_weights(path)
    try:
        if description["kind"] != "portrait":
            raise ValueError(description["kind"])
        if description["format_version"] != _FORMAT_VERSION:
            raise WeightsError(f"{path} has format {description['format_version']}, expected {_FORMAT_VERSION}")
        figures = {str(name): float(value) for name, value in description["figures"].items()}  # type: ignore[attr-defined]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise WeightsError(
            f"{path} is not a portrait network; train one with `lightning fit --config configs/portrait.yaml`"
        ) from error
    net = PortraitNet()
    fill(net, tensors, path)
    return net.requires_grad_(False).eval(), figures


def _layer(before: int, width: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, width, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
    )


def _doubled(features: Tensor) -> Tensor:
    return F.interpolate(features, scale_factor=2.0, mode="bilinear", align_corners=False)


def _resized(images: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(images, size, mode="bilinear", antialias=True, align_corners=False)
