"""Differentiable landmark regression on given face boxes, for the landmark loss.

The cascade is not differentiable (suppression, thresholds, rounding), although paper 4.6.1 uses the detector in the
training loop. Here the frozen ONet is applied to a crop that is a linear function of the image.
"""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import Tensor, nn

from networks.mtcnn.boxes import place_landmarks
from networks.mtcnn.nets import LANDMARKS, ONET_SIDE, ONet, face_score

_RGB_OF_UNIT = 127.5 / 128
"""Converts images in [-1, 1] to the nets' input range, (x - 127.5) / 128 of RGB values."""


class LandmarkRegressor(nn.Module):
    """Applies a frozen ONet to one box per image.

    Always in float32, even under autocast, and in evaluation mode. Its weights have no gradient; the gradient flows to
    the images.

    Args:
        onet: The net; it is copied.
    """

    def __init__(self, onet: ONet) -> None:
        super().__init__()
        self.onet = deepcopy(onet).float().requires_grad_(False).eval()

    def train(self, mode: bool = True) -> LandmarkRegressor:
        """Stays in evaluation mode."""
        del mode
        return super().train(False)

    def forward(self, images: Tensor, boxes: Tensor) -> Tensor:
        """Predicts the landmarks of one face per image.

        Args:
            images: (B, 3, H, W) RGB in [-1, 1].
            boxes: (B, 4) pixels, the edges x1, y1, x2, y2 of each image's face, square like the cascade's crops; the
                image border is replicated.

        Returns:
            (B, 5, 2) float32 pixels of the image, x then y, image-left first; whole numbers are pixel centres.

        Raises:
            ValueError: The shapes do not match.
        """
        with torch.autocast(images.device.type, enabled=False):
            landmarks: Tensor = self.onet.landmarks(self._features(images, boxes)).unflatten(1, (LANDMARKS, 2))
            return place_landmarks(boxes.float(), landmarks, self.onet.is_half_a_pixel_off)

    def face_scores(self, images: Tensor, boxes: Tensor) -> Tensor:
        """Probability that each box shows a face: (B,) in [0, 1]. Arguments and errors as in `forward`."""
        with torch.autocast(images.device.type, enabled=False):
            return face_score(self.onet.face(self._features(images, boxes)))

    def _features(self, images: Tensor, boxes: Tensor) -> Tensor:
        if images.ndim != 4 or images.shape[1] != 3 or boxes.shape != (len(images), 4):
            raise ValueError(
                f"expected (B, 3, H, W) images and (B, 4) boxes, got {tuple(images.shape)} and {tuple(boxes.shape)}"
            )
        features: Tensor = self.onet.features(crop_faces(images.float(), boxes.float(), ONET_SIDE) * _RGB_OF_UNIT)
        return features


def crop_faces(images: Tensor, boxes: Tensor, side: int) -> Tensor:
    """Crops and resizes one box per image: bilinear when enlarging, area average when reducing.

    Each value is the mean of the image over an interval around its position. The interval is as wide as one pixel of
    the crop, but at least one image pixel. One image pixel gives bilinear interpolation; wider intervals skip no pixels
    and so avoid aliasing. This is linear in the image and separable, so it takes two matrix products without random
    access, whose gradient is deterministic on GPUs, too.

    Args:
        images: (B, C, H, W) float32.
        boxes: (B, 4) float32 edges x1, y1, x2, y2 in pixels; the image border is replicated.
        side: Rows and columns of the crop.

    Returns:
        (B, C, side, side).
    """
    height, width = images.shape[2:]
    rows = _interval_weights(boxes[:, 1], boxes[:, 3], side, height)
    columns = _interval_weights(boxes[:, 0], boxes[:, 2], side, width)
    return rows[:, None] @ images @ columns[:, None].transpose(2, 3)


def _interval_weights(start: Tensor, end: Tensor, side: int, length: int) -> Tensor:
    """Weights of an axis's pixels in the values of a crop.

    Args:
        start: (B,) first edges.
        end: (B,) last edges.
        side: Values of the crop.
        length: Pixels of the image.

    Returns:
        (B, side, length); each row sums to one.
    """
    step = ((end - start) / side)[:, None, None]
    centres = start[:, None, None] + (torch.arange(side, device=start.device)[:, None] + 0.5) * step
    reach = step.clamp(min=1) / 2
    edges = torch.arange(length + 1, device=start.device, dtype=start.dtype)
    edges[0], edges[-1] = -torch.inf, torch.inf
    covered = torch.minimum(centres + reach, edges[1:]) - torch.maximum(centres - reach, edges[:-1])
    return covered.clamp(min=0) / (2 * reach)
