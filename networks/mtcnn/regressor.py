"""Landmarks of given faces as a differentiable function of the image: what a landmark loss needs of MTCNN.

The cascade itself has no gradient (suppression, thresholds, whole pixels); paper 4.6.1 takes the detector into the
training loop all the same. Here the frozen ONet looks at a crop that is a linear function of the image.
"""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import Tensor, nn

from networks.mtcnn.boxes import place_landmarks
from networks.mtcnn.nets import LANDMARKS, ONET_SIDE, ONet

_GREY_OF_UNIT = 127.5 / 128
"""From this project's images in [-1, 1] to what the nets take, (x - 127.5) / 128 of RGB values."""


class LandmarkRegressor(nn.Module):
    """Frozen ONet on a box of each image.

    It computes in float32, whatever autocast says, stays in evaluation mode, and its weights take no gradient; the
    gradient flows to the images.

    Args:
        onet: The net; it is copied.
    """

    def __init__(self, onet: ONet) -> None:
        super().__init__()
        self.onet = deepcopy(onet).float().requires_grad_(False).eval()

    def train(self, mode: bool = True) -> LandmarkRegressor:
        """Stays in evaluation mode, in which the frozen net was trained to be used."""
        del mode
        return super().train(False)

    def forward(self, images: Tensor, boxes: Tensor) -> Tensor:
        """Finds the landmarks of one face in each image.

        Args:
            images: (B, 3, H, W) RGB in [-1, 1].
            boxes: (B, 4) pixels, the edges x1, y1, x2, y2 of each image's face, square as the cascade's crops are;
                what leaves the image is filled with its border.

        Returns:
            (B, 5, 2) float32 pixels of the image, x then y, image-left first; whole numbers are the middles of pixels.

        Raises:
            ValueError: The shapes do not fit each other.
        """
        if images.ndim != 4 or images.shape[1] != 3 or boxes.shape != (len(images), 4):
            raise ValueError(
                f"expected (B, 3, H, W) images and (B, 4) boxes, got {tuple(images.shape)} and {tuple(boxes.shape)}"
            )
        with torch.autocast(images.device.type, enabled=False):
            boxes = boxes.float()
            crops = crop_faces(images.float(), boxes, ONET_SIDE) * _GREY_OF_UNIT
            landmarks: Tensor = self.onet.landmarks(self.onet.features(crops)).unflatten(1, (LANDMARKS, 2))
            return place_landmarks(boxes, landmarks, self.onet.is_half_a_pixel_off)


def crop_faces(images: Tensor, boxes: Tensor, side: int) -> Tensor:
    """Cuts one box out of each image: bilinear where that enlarges, the mean of the covered area where it reduces.

    Both are one rule. A value is the mean of the image over an interval around its place, one pixel wide or as wide as
    the box has pixels for one of the crop: with one pixel that is bilinear interpolation, with more nothing is skipped,
    so nothing aliases. The rule is linear in the image and separates into rows and columns, hence two matrix products
    without any random access; their gradient is deterministic on a GPU, too.

    Args:
        images: (B, C, H, W) float32.
        boxes: (B, 4) float32 edges x1, y1, x2, y2 in pixels; beyond the image its border goes on.
        side: Rows and columns of the crop.

    Returns:
        (B, C, side, side).
    """
    height, width = images.shape[2:]
    rows = _interval_weights(boxes[:, 1], boxes[:, 3], side, height)
    columns = _interval_weights(boxes[:, 0], boxes[:, 2], side, width)
    return rows[:, None] @ images @ columns[:, None].transpose(2, 3)


def _interval_weights(start: Tensor, end: Tensor, side: int, length: int) -> Tensor:
    """Shares of the pixels of an axis in the values of a crop.

    Args:
        start: (B,) first edges.
        end: (B,) last edges.
        side: Values of the crop.
        length: Pixels of the image.

    Returns:
        (B, side, length), each row of which sums up to one.
    """
    step = ((end - start) / side)[:, None, None]
    middles = start[:, None, None] + (torch.arange(side, device=start.device)[:, None] + 0.5) * step
    reach = step.clamp(min=1) / 2
    edges = torch.arange(length + 1, device=start.device, dtype=start.dtype)
    edges[0], edges[-1] = -torch.inf, torch.inf
    covered = torch.minimum(middles + reach, edges[1:]) - torch.maximum(middles - reach, edges[:-1])
    return covered.clamp(min=0) / (2 * reach)
