"""Reference cascade that reproduces the facenet-pytorch package (2.6.0) with its quirks; for comparison only.

The quirks: boxes store the first and last pixel, counted from 1 and truncated towards zero; their sides inconsistently
include the last pixel; crops are made one at a time, clipped at the image border and stretched to squares, but
landmarks are placed as if they were not. Where that package fails (an image smaller than the smallest face, a box
outside the image), this one detects nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision.ops import nms

from networks.mtcnn.cascade import CascadeSettings, Detections, check_images
from networks.mtcnn.nets import LANDMARKS, MTCNN, ONET_SIDE, PNET_SIDE, PNET_STRIDE, RNET_SIDE, normalise
from networks.mtcnn.pyramid import pyramid_scales


class ExactCascade:
    """Detects faces like facenet-pytorch, one image at a time, on the CPU.

    Boxes are in its coordinates: x1 and y1 are one greater than those of `Cascade`.

    Args:
        nets: The nets, on the CPU.
        settings: Detection settings; by default those of `CascadeSettings`.
    """

    def __init__(self, nets: MTCNN, settings: CascadeSettings | None = None) -> None:
        self.nets = nets
        self.settings = settings or CascadeSettings()

    @torch.inference_mode()
    def detect(self, images: Sequence[Tensor]) -> list[Detections]:
        """Detects the faces in images.

        Args:
            images: (H, W, 3) uint8 RGB each, as decoded; sizes may differ.

        Raises:
            ValueError: An image has another shape or type.
        """
        check_images(images)
        return [self._detect_one(image.permute(2, 0, 1)[None].float()) for image in images]

    def _detect_one(self, image: Tensor) -> Detections:
        boxes = self._propose(image)
        boxes, crops = _cut(image, boxes, RNET_SIDE)
        if len(boxes):
            boxes = self._refine(boxes, crops)
        boxes, crops = _cut(image, boxes, ONET_SIDE)
        if len(boxes):
            return self._conclude(boxes, crops)
        return Detections(torch.zeros(0, 4), torch.zeros(0), torch.zeros(0, LANDMARKS, 2))

    def _propose(self, image: Tensor) -> Tensor:
        height, width = image.shape[2:]
        levels = [torch.zeros(0, 9)]
        for scale in pyramid_scales(height, width, self.settings.min_face, self.settings.pyramid_factor):
            level = F.interpolate(image, size=(int(height * scale + 1), int(width * scale + 1)), mode="area")
            seen = self.nets.pnet(normalise(level))
            cells = _cells(seen.face.softmax(dim=1)[0, 1], seen.box[0], scale, self.settings.thresholds[0])
            levels.append(cells[nms(cells[:, :4], cells[:, 4], 0.5)])
        cells = torch.cat(levels)
        cells = cells[nms(cells[:, :4], cells[:, 4], 0.7)]
        sides = (cells[:, 2:4] - cells[:, :2]).repeat(1, 2)
        return _square(cells[:, :4] + cells[:, 5:] * sides)

    def _refine(self, boxes: Tensor, crops: Tensor) -> Tensor:
        seen = self.nets.rnet(crops)
        scores = seen.face.softmax(dim=1)[:, 1]
        passed = scores > self.settings.thresholds[1]
        boxes, scores, offsets = boxes[passed], scores[passed], seen.box[passed]
        kept = nms(boxes, scores, 0.7)
        return _square(_move(boxes[kept], offsets[kept]))

    def _conclude(self, boxes: Tensor, crops: Tensor) -> Detections:
        seen = self.nets.onet(crops)
        scores = seen.face.softmax(dim=1)[:, 1]
        passed = scores > self.settings.thresholds[2]
        boxes, scores, offsets = boxes[passed], scores[passed], seen.box[passed]
        sides = boxes[:, None, 2:] - boxes[:, None, :2] + 1
        first = boxes[:, None, :2] - (1.0 if self.nets.onet.is_half_a_pixel_off else 1.5)
        landmarks = sides * seen.landmarks[passed] + first
        boxes = _move(boxes, offsets)
        kept = _suppress_by_smaller(boxes, scores, 0.7)
        return Detections(boxes[kept], scores[kept], landmarks[kept])


def _cells(scores: Tensor, offsets: Tensor, scale: float, threshold: float) -> Tensor:
    """(H, W) scores and (4, H, W) offsets to (N, 9): box, score, offsets."""
    passed = scores >= threshold
    corners = passed.nonzero().flip(1).float() * PNET_STRIDE
    first = ((corners + 1) / scale).floor()
    last = ((corners + PNET_SIDE) / scale).floor()
    return torch.cat((first, last, scores[passed][:, None], offsets[:, passed].T), dim=1)


def _move(boxes: Tensor, offsets: Tensor) -> Tensor:
    sides = (boxes[:, 2:] - boxes[:, :2] + 1).repeat(1, 2)
    return boxes + offsets * sides


def _square(boxes: Tensor) -> Tensor:
    sides = boxes[:, 2:] - boxes[:, :2]
    longer = sides.amax(dim=1, keepdim=True)
    first = boxes[:, :2] + sides * 0.5 - longer * 0.5
    return torch.cat((first, first + longer), dim=1)


def _cut(image: Tensor, boxes: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """The (N, 4) boxes that overlap the image, and their (N, 3, side, side) crops as input of the nets."""
    height, width = image.shape[2:]
    kept, crops = [], [torch.zeros(0, 3, side, side)]
    for number, (x1, y1, x2, y2) in enumerate(boxes.trunc().int().tolist()):
        left, top, right, bottom = max(x1, 1) - 1, max(y1, 1) - 1, min(x2, width), min(y2, height)
        if left < right and top < bottom:
            kept.append(number)
            crop = F.interpolate(image[:, :, top:bottom, left:right], size=(side, side), mode="area")
            crops.append(normalise(crop))
    return boxes[kept], torch.cat(crops)


def _suppress_by_smaller(boxes: Tensor, scores: Tensor, threshold: float) -> list[int]:
    """Greedy suppression by overlap relative to the smaller box; indices by descending score."""
    areas = (boxes[:, 2:] - boxes[:, :2] + 1).prod(dim=1)
    waiting = torch.from_numpy(np.argsort(scores.numpy()))  # as in the package: ties are broken by NumPy
    kept = []
    while len(waiting):
        best, waiting = waiting[-1], waiting[:-1]
        kept.append(int(best))
        first = torch.maximum(boxes[best, :2], boxes[waiting, :2])
        last = torch.minimum(boxes[best, 2:], boxes[waiting, 2:])
        shared = (last - first + 1).clamp(min=0).prod(dim=1)
        waiting = waiting[shared / torch.minimum(areas[best], areas[waiting]) <= threshold]
    return kept
