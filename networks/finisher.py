"""The finisher: turns a soft, mottled cartoon into a clean one, two or four times as large, with an alpha channel."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from networks.weights_file import WeightsError, fill, read_weights, write_weights

_FORMAT_VERSION = 1


class Finished(NamedTuple):
    """Finished cartoons.

    Attributes:
        image: (B, 3, H, W) float32 RGB in [-1, 1], on white.
        alpha: (B, 1, H, W) float32 in [0, 1]: 1 for the cartoon.
    """

    image: Tensor
    alpha: Tensor


class CartoonFinisher(nn.Module):
    """Restores and upscales a generated cartoon: clear outlines, even colours, and an alpha channel.

    A small one-level U-Net, whose output is added to the bilinearly upscaled input. It is fully convolutional and works
    on any even size, but expects heads of the size in training.

    Args:
        scale: Upscaling factor, 2 or 4.
        width: Channels at the input resolution; twice as many one level down.
        n_blocks: Residual blocks one level down.
        input_size: Side in pixels of the training cartoons; other sizes work as well.

    Raises:
        ValueError: If `scale` is neither 2 nor 4.
    """

    divisor = 2

    def __init__(self, scale: int = 2, width: int = 32, n_blocks: int = 4, input_size: int = 64) -> None:
        super().__init__()
        if scale not in (2, 4):
            raise ValueError(f"the finisher enlarges 2 or 4 times, not {scale}")
        self.scale, self.width, self.n_blocks, self.input_size = scale, width, n_blocks, input_size
        self.stem = nn.Conv2d(3, width, 3, padding=1)
        self.down = nn.Conv2d(width, 2 * width, 3, stride=2, padding=1)
        self.blocks = nn.Sequential(*(_Residual(2 * width) for _ in range(n_blocks)))
        self.up = nn.Conv2d(2 * width, 4 * width, 3, padding=1)
        self.merge = _Residual(width)
        enlarging: list[nn.Module] = []
        for _ in range(int(math.log2(scale))):
            enlarging += [nn.Conv2d(width, 4 * width, 3, padding=1), nn.PixelShuffle(2), nn.ReLU(inplace=True)]
        self.enlarge = nn.Sequential(*enlarging)
        self.out = nn.Conv2d(width, 4, 3, padding=1)
        nn.init.zeros_(self.out.bias)  # type: ignore[arg-type]
        self.out.weight.data.mul_(0.1)

    def forward(self, cartoons: Tensor) -> Finished:
        """Finishes cartoons.

        Args:
            cartoons: (B, 3, H, W) RGB in [-1, 1] on white, H and W even.

        Returns:
            Images and alpha, (B, C, scale * H, scale * W).

        Raises:
            ValueError: If a side is odd.
        """
        height, width = cartoons.shape[2:]
        if height % self.divisor or width % self.divisor:
            raise ValueError(f"the finisher needs even sides, got {height}x{width} (height x width)")
        skip = F.relu(self.stem(cartoons))
        deep = self.blocks(F.relu(self.down(skip)))
        x = self.merge(skip + F.pixel_shuffle(self.up(deep), 2))
        output = self.out(self.enlarge(x)).float()
        enlarged = F.interpolate(cartoons.float(), scale_factor=self.scale, mode="bilinear", align_corners=False)
        image, alpha = output.split([3, 1], dim=1)
        # Initialise alpha from non-white pixels, which leaves little to learn.
        darkness = (1 - enlarged.amin(dim=1, keepdim=True)).clamp(0, 1)
        return Finished((enlarged + image).clamp(-1, 1), torch.sigmoid(20 * (alpha + darkness - 0.1)))


class _Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2.weight.data.mul_(0.1)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = x + self.conv2(F.relu(self.conv1(x)))
        return result


@torch.no_grad()
def doubled(finisher: CartoonFinisher) -> CartoonFinisher:
    """A finisher of scale 4 that starts from one of scale 2: its last stage repeats each pixel until it is trained.

    Raises:
        ValueError: The finisher is not of scale 2.
    """
    if finisher.scale != 2:
        raise ValueError(f"a finisher of scale {finisher.scale} cannot be doubled, only one of scale 2")
    larger = CartoonFinisher(4, finisher.width, finisher.n_blocks, finisher.input_size)
    larger.load_state_dict(finisher.state_dict(), strict=False)
    last = larger.enlarge[-3]
    assert isinstance(last, nn.Conv2d)
    assert last.bias is not None
    last.weight.zero_()
    last.bias.zero_()
    channels = torch.arange(4 * finisher.width)
    last.weight[channels, channels // 4, 1, 1] = 1.0
    return larger


def sticker(finished: Finished) -> Tensor:
    """Removes the white background, for compositing on any other.

    Args:
        finished: Images on white and their alpha.

    Returns:
        (B, 4, H, W) float32: foreground RGB in [-1, 1] and alpha in [0, 1]. Compositing on white gives back the input
        images except at the rim: alpha is shrunk by a pixel, since the white of the background reaches that far in.
    """
    alpha = finished.alpha
    colour = (finished.image - (1 - alpha)) / alpha.clamp(min=1e-3)
    return torch.cat([colour.clamp(-1, 1), _shrunk(alpha)], dim=1)


def _shrunk(alpha: Tensor) -> Tensor:
    """The smallest alpha of each pixel and its four neighbours within the image."""
    vertical = F.max_pool2d(-alpha, (3, 1), 1, (1, 0))
    horizontal = F.max_pool2d(-alpha, (1, 3), 1, (0, 1))
    return -torch.maximum(vertical, horizontal)


def save_finisher(
    finisher: CartoonFinisher, figures: Mapping[str, float], path: Path, details: Mapping[str, object] | None = None
) -> None:
    """Writes a finisher in half precision with its metrics, atomically.

    Args:
        finisher: The network.
        figures: Its metrics by name.
        path: The file.
        details: Human-readable notes on its training; plain values.

    Raises:
        WeightsError: The file cannot be written.
    """
    options = {"scale": finisher.scale, "width": finisher.width, "n_blocks": finisher.n_blocks}
    options["input_size"] = finisher.input_size
    description = {"format_version": _FORMAT_VERSION, "kind": "finisher", **options, "figures": dict(figures)}
    half = CartoonFinisher(**options)
    half.load_state_dict(finisher.state_dict())
    write_weights(half.half(), {**description, "details": dict(details or {})}, path)


def load_finisher(path: Path) -> CartoonFinisher:
    """Loads a file of `save_finisher`: the network in float32, frozen and in eval mode.

    Raises:
        WeightsError: The file is missing, damaged, or of another kind.
    """
    tensors, description = read_weights(path)
    try:
        if description["kind"] != "finisher" or description["format_version"] != _FORMAT_VERSION:
            raise WeightsError(f"{path} is no finisher of format {_FORMAT_VERSION}")
        options = {name: int(str(description[name])) for name in ("scale", "width", "n_blocks", "input_size")}
        finisher = CartoonFinisher(**options)
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(
            f"{path} holds no finisher; `lightning fit --config configs/finisher.yaml` trains one"
        ) from error
    fill(finisher, {name: tensor.float() for name, tensor in tensors.items()}, path)
    return finisher.requires_grad_(False).eval()
