"""Images of any size as one buffer of integral images, from which pyramid levels and crops are taken as area averages.

A pixel of a level or a crop is the mean of the image's pixels that it touches, the bins of
`torch.nn.functional.adaptive_avg_pool2d`: antialiased, at the cost of four look-ups a value, whatever the size of the
crop and however many there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from networks.mtcnn.nets import PNET_SIDE

_BLOCK = 16
"""Rows summed up together."""


def pyramid_scales(height: int, width: int, min_face: float, factor: float) -> list[float]:
    """Pixels of a level to one of the image, for each level of an image's pyramid.

    Args:
        height: Rows of the image.
        width: Columns of the image.
        min_face: Side in pixels of the smallest faces to find; they fill PNet's window on the first level.
        factor: Ratio of a level's scale to that of the level before, in (0, 1).

    Returns:
        Falling scales at which the shorter side has 12 px or more; none for an image smaller than `min_face`.
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
    """Integral images of several images, one after the other.

    Sums are int32 and may wrap around; differences come out right as long as one output pixel covers less than
    8 million image pixels.

    Attributes:
        sums: (P, 3) int32; an image of H x W has (H + 1) * (W + 1) rows of it, row-major.
        sizes: Height and width of each image.
        geometry: (B, 3) int32, of each image its first row in `sums`, its height and its width.
    """

    sums: Tensor
    sizes: Sequence[tuple[int, int]]
    geometry: Tensor

    @classmethod
    def of(cls, images: Sequence[Tensor], device: torch.device) -> IntegralImages:
        """Sums up images.

        Args:
            images: (H, W, 3) uint8 each, of any size.
            device: Where the sums shall lie.
        """
        sizes = [(image.shape[0], image.shape[1]) for image in images]
        lengths = [(height + 1) * (width + 1) for height, width in sizes]
        sums = torch.zeros(sum(lengths), 3, dtype=torch.int32, device=device)
        for image, part in zip(images, torch.split(sums, lengths), strict=True):
            _sum_up(image.to(device), part)
        geometry = [(sum(lengths[:index]), *size) for index, size in enumerate(sizes)]
        return cls(sums, sizes, torch.tensor(geometry, dtype=torch.int32, device=device).reshape(-1, 3))

    def level(self, images: range, height: int, width: int, rows: range | None = None) -> Tensor:
        """Whole images, enlarged or reduced.

        Args:
            images: Which, all of one size.
            height: Rows of the output.
            width: Columns of the output.
            rows: Those rows of the output that are wanted, by default all.

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
        """Windows of any images, all in one look-up.

        Args:
            images: (N,) int64, the image of each window.
            windows: (N, 4) int32 x1, y1, x2, y2 edges, at least one pixel wide and high; beyond the image its border
                goes on.
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
    # Down the columns block by block: a running sum over all rows at once leaves the cache and takes ten times as long.
    rows = F.pad(image.flatten(1), (0, 0, 0, -height % _BLOCK))
    blocks = rows.view(-1, _BLOCK, width * channels).cumsum(1, dtype=torch.int32)
    blocks[1:] += blocks[:-1, -1:].cumsum(0, dtype=torch.int32)
    down = blocks.view(-1, width, channels)[:height]
    out.view(height + 1, width + 1, channels)[1:, 1:] = down.cumsum(1, dtype=torch.int32)


def _columns(bands: Tensor, edges: Tensor) -> Tensor:
    """(R, (W + 1) * 3) rows of RGB to (R, K * 3), those at (K,) edges."""
    values = (edges[:, None] * 3 + torch.arange(3, device=edges.device)).flatten()
    return bands.gather(1, values.expand(len(bands), -1))


def _bins(start: Tensor, end: Tensor, count: int, which: range | None = None) -> tuple[Tensor, Tensor]:
    """The edges of the pixels that parts of windows touch.

    Args:
        start: (N,) first edges.
        end: (N,) last edges.
        count: Equal parts of each window.
        which: The K parts that are asked for, by default all.

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
    """(N, K) edges moved into (N, 1) lengths, each pair one pixel apart or more."""
    first = torch.minimum(first.clamp(min=0), lengths - 1)
    return first, torch.maximum(torch.minimum(last, lengths), first + 1)


def _means(totals: Tensor, heights: Tensor, widths: Tensor) -> Tensor:
    """(N, H, W, 3) int32 sums over areas of (N, H) heights and (N, W) widths to (N, 3, H, W) float32 means."""
    areas = heights[:, :, None, None] * widths[:, None, :, None]
    return totals.float().div_(areas.float()).permute(0, 3, 1, 2)
