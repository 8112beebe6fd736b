"""Whether cartoons of darker faces are darker than those of lighter ones."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torchmetrics import SpearmanCorrCoef

from networks.landmarks import cheek_mask


class SkinToneSummary(NamedTuple):
    """Result of ``SkinToneOrder``.

    Attributes:
        order: () rank correlation; NaN for fewer than two faces.
        samples: Number of faces.
    """

    order: Tensor
    samples: int


class SkinToneOrder(SpearmanCorrCoef):
    """Rank correlation of the brightness of the cheeks, cartoons and photos; 1 keeps the order of skin tones."""

    def update(self, cartoons: Tensor, photos: Tensor, landmarks: Tensor) -> None:  # type: ignore[override]
        """Adds faces; those without visible cheeks are excluded.

        Args:
            cartoons: (N, 3, H, W) in [-1, 1].
            photos: The same faces as photos, of the same shape.
            landmarks: (N, 5, 2) pixels of the photos.
        """
        mask = cheek_mask(landmarks, *photos.shape[2:])
        area = mask.sum(dim=(1, 2, 3))
        tones = [(images.float().mean(dim=1, keepdim=True) * mask).sum(dim=(1, 2, 3)) for images in (cartoons, photos)]
        drawn, taken = (tone[area > 0] / area[area > 0] for tone in tones)
        super().update(drawn, taken)

    def compute(self) -> SkinToneSummary:  # type: ignore[override]
        """Result over all faces of all processes."""
        samples = sum(map(len, self.preds)) if isinstance(self.preds, list) else len(self.preds)
        order = super().compute() if samples > 1 else torch.tensor(torch.nan)
        return SkinToneSummary(order, samples)
