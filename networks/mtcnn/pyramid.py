"""Area-averaged pyramid levels and crops, from a single buffer of integral images of any size.

Each output pixel is the mean of the image pixels that it touches, with the bins of
`torch.nn.functional.adaptive_avg_pool2d`. This is antialiased and costs four look-ups per value, independent of the
size and number of crops.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from networks.mtcnn.nets import PNET_SIDE

_BLOCK = 16
"""Rows per block of the cumulative sum."""


def pyramid_scales(height: int, width: int, min_face: float, factor: float) -> list[float]:
    """Scales of an image's pyramid levels relative to the image.

    Args:
        height: Rows of the image.
        width: Columns of the image.
        min_face: Minimum face size in pixels, which fills PNet's window on the first level.
        factor: Scale ratio between consecutive levels, in (0, 1).

    Returns:
        Descending scales at which the shorter side has at least 12 px; empty for an image smaller than `min_face`.
    """
    scales = []
    scale = PNET_SIDE / min_face
    shorter = min(height, width) * scale
    while shorter >= PNET_SIDE:
        scales.append(scale)
        scale *= factor
        shorter *= factor
    return scales


@dataclass(frozen=True)
class IntegralImages:
    """Concatenated integral images of several images.

    Sums are int32 and may wrap around; differences are correct as long as an output pixel covers less than 8 million
    image pixels.

    Attributes:
        sums: (P, 3) int32; an image of H x W occupies (H + 1) * (W + 1) rows, row-major.
        sizes: Height and width of each image.
        geometry: (B, 3) int32: first row in `sums`, height and width of each image.
    """

    sums: Tensor
    sizes: Sequence[tuple[int, int]]
    geometry: Tensor

    @classmethod
    def of(cls, images: Sequence[Tensor], device: torch.device) -> IntegralImages:
        """Computes the integral images.

        Args:
            images: (H, W, 3) uint8 each, of any size.
            device: Device of the sums.
        """
        sizes = [(image.shape[0], image.shape[1]) for image in images]
        lengths = [(height + 1) * (width + 1) for height, width in sizes]
        sums = torch.zeros(sum(lengths), 3, dtype=torch.int32, device=device)
        for image, part in zip(images, torch.split(sums, lengths), strict=True):
            _sum_up(image.to(device), part)
        geometry = [(sum(lengths[:index]), *size) for index, size in enumerate(sizes)]
        return cls(sums, sizes, torch.tensor(geometry, dtype=torch.int32, device=device).reshape(-1, 3))

    def level(self, images: range, height: int, width: int, rows: range | None = None) -> Tensor:
        """Resizes whole images.

        Args:
            images: Indices of equally sized images.
            height: Rows of the output.
            width: Columns of the output.
            rows: Output rows to compute; by default all.

        Returns:
            (len(images), 3, len(rows), width) float32 in [0, 255], channels last in memory.
        """
        old_height, old_width = self.sizes[images.start]
        before = sum((h + 1) * (w + 1) for h, w in self.sizes[: images.start])
        area = (old_height + 1) * (old_width + 1)
        sums = self.sums[before : before + len(images) * area].view(len(images), old_height + 1, old_width + 1, 3)
        start = torch.zeros(1, dtype=torch.int64, device=sums.device)
        top, bottom = _bins(start, start + old_height, height, rows or range(height))
        left, right = _bins(start, start + old_width, width, range(width))
        bands = sums.index_select(1, bottom[0]).sub_(sums.index_select(1, top[0])).flatten(2).flatten(0, 1)
        totals = _columns(bands, right[0]).sub_(_columns(bands, left[0]))
        return _means(totals.view(len(images), -1, width, 3), bottom - top, right - left)

    def crop(self, images: Tensor, windows: Tensor, side: int) -> Tensor:
        """Crops windows of any images, all at once.

        Args:
            images: (N,) int64, the image of each window.
            windows: (N, 4) int32 x1, y1, x2, y2 edges, at least one pixel wide and high; the image border is
                replicated.
            side: Rows and columns of the output.

        Returns:
            (N, 3, side, side) float32 in [0, 255], channels last in memory.
        """
        left, right = _bins(windows[:, 0], windows[:, 2], side)
        top, bottom = _bins(windows[:, 1], windows[:, 3], side)
        starts, heights, widths = self.geometry[images][:, :, None].unbind(1)
        left, right = _within(left, right, widths)
        top, bottom = _within(top, bottom, heights)
        above, below = ((starts + edge * (widths + 1))[:, :, None] for edge in (top, bottom))
        totals = self._at(below + right[:, None]).sub_(self._at(below + left[:, None]))
        totals.sub_(self._at(above + right[:, None])).add_(self._at(above + left[:, None]))
        return _means(totals, bottom - top, right - left)

    def _at(self, rows: Tensor) -> Tensor:
        return self.sums.index_select(0, rows.flatten()).view(*rows.shape, 3)


def _sum_up(image: Tensor, out: Tensor) -> None:
    """Writes the integral image of (H, W, 3) uint8 to ((H + 1) * (W + 1), 3) zeros."""
    height, width, channels = image.shape
    # Blockwise along the columns: a cumulative sum over all rows at once exceeds the cache and takes 10x as long.
    rows = F.pad(image.flatten(1), (0, 0, 0, -height % _BLOCK))
    blocks = rows.view(-1, _BLOCK, width * channels).cumsum(1, dtype=torch.int32)
    blocks[1:] += blocks[:-1, -1:].cumsum(0, dtype=torch.int32)
    down = blocks.view(-1, width, channels)[:height]
    out.view(height + 1, width + 1, channels)[1:, 1:] = down.cumsum(1, dtype=torch.int32)


def _columns(bands: Tensor, edges: Tensor) -> Tensor:
    """Selects the (K,) edges from (R, (W + 1) * 3) rows of RGB: (R, K * 3)."""
    values = (edges[:, None] * 3 + torch.arange(3, device=edges.device)).flatten()
    return bands.gather(1, values.expand(len(bands), -1))


def _bins(start: Tensor, end: Tensor, count: int, which: range | None = None) -> tuple[Tensor, Tensor]:
    """Edges of the pixel ranges that the parts of a window touch.

    Args:
        start: (N,) first edges.
        end: (N,) last edges.
        count: Number of equal parts per window.
        which: The K parts to compute; by default all.

    Returns:
        (N, K) first and last edges.
    """
    which = which or range(count)
    parts = torch.arange(which.start, which.stop, dtype=start.dtype, device=start.device)
    sides = (end - start)[:, None]
    first = (parts * sides).div(count, rounding_mode="floor")
    last = (parts * sides + sides + (count - 1)).div(count, rounding_mode="floor")
    return start[:, None] + first, start[:, None] + last


def _within(first: Tensor, last: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Clamps (N, K) edges to (N, 1) lengths, keeping each pair at least one pixel apart."""
    first = torch.minimum(first.clamp(min=0), lengths - 1)
    return first, torch.maximum(torch.minimum(last, lengths), first + 1)


def _means(totals: Tensor, heights: Tensor, widths: Tensor) -> Tensor:
    """Means (N, 3, H, W) float32 from (N, H, W, 3) int32 sums over areas with (N, H) heights and (N, W) widths."""
    areas = heights[:, :, None, None] * widths[:, None, :, None]
    return totals.float().div_(areas.float()).permute(0, 3, 1, 2)
