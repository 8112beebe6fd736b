"""MTCNN's cascade on batches of images: PNet proposes, RNet refines, ONet refines again and adds landmarks.

Fully vectorised: no loops over boxes or crops.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal, Protocol

import torch
from torch import Tensor

from networks.mtcnn.boxes import (
    calibrate,
    decode_cells,
    greedy_nms,
    nms_by_group,
    place_landmarks,
    square,
    to_whole_pixels,
)
from networks.mtcnn.nets import (
    MTCNN,
    ONET_SIDE,
    PNET_SIDE,
    PNET_STRIDE,
    RNET_SIDE,
    Stage,
    StageOutput,
    face_margin,
    normalise,
)
from networks.mtcnn.pyramid import IntegralImages, pyramid_scales

SMALLEST_MIN_FACE = 6.0
"""Smaller values would upscale the image more than twice, and such small faces are not found."""

THRESHOLDS = (0.8, 0.6, 0.8)
"""Score thresholds of the project's own weights, chosen on the validation part; see docs/detector.md."""

NMS_WITHIN_LEVEL = 0.501  # neighbours on the grid overlap by exactly 0.5, which rounding must not decide on
NMS_WITHIN_LEVEL_ONE_BASED = 0.5  # of whole numbers, as in MTCNN's code
NMS_ACROSS_LEVELS = 0.7
NMS_AFTER_RNET = 0.7
NMS_AFTER_ONET = 0.7
"""Overlap thresholds: relative to the union, or after ONet to the smaller box."""

MOST_PROPOSALS = 10_000
MOST_REFINED = 2_000
"""Maximum number of squares per image after PNet and after RNet, by score. Crowds have fewer; this limits detectors
early in training, which accept everything."""

WINDOWS_AT_ONCE_RNET = {"cpu": 64, "cuda": 8192}
WINDOWS_AT_ONCE_ONET = {"cpu": 32, "cuda": 2048}
"""Crops per batch of a net, limited by the cache on a CPU and by memory on a GPU."""

PIXELS_AT_ONCE = {"cpu": 2**18, "cuda": 2**24}
"""Pixels of a pyramid level per batch of PNet."""


@dataclass(frozen=True)
class CascadeSettings:
    """Detection settings.

    Attributes:
        min_face: Minimum face size in pixels.
        thresholds: Score thresholds of PNet, RNet and ONet.
        pyramid_factor: Scale ratio between consecutive pyramid levels.

    Raises:
        ValueError: A value is out of range.
    """

    min_face: float = 20.0
    thresholds: tuple[float, float, float] = THRESHOLDS
    pyramid_factor: float = 0.709

    def __post_init__(self) -> None:
        if not SMALLEST_MIN_FACE <= self.min_face < float("inf"):
            raise ValueError(f"min_face is {self.min_face:g} px; expected {SMALLEST_MIN_FACE:g} or more, and finite")
        if len(self.thresholds) != 3 or not all(0 <= threshold <= 1 for threshold in self.thresholds):
            raise ValueError(f"thresholds are {self.thresholds}; expected three scores from 0 to 1")
        if not 0 < self.pyramid_factor < 1:
            raise ValueError(f"pyramid_factor is {self.pyramid_factor:g}; expected a number between 0 and 1")


@dataclass(frozen=True)
class Detections:
    """The detected faces of one image, by descending score; N may be 0.

    Attributes:
        boxes: (N, 4) float32 pixels, the edges x1, y1, x2, y2; they may exceed the image.
        scores: (N,) float32 probability of a face.
        landmarks: (N, 5, 2) float32 pixels, x then y: left eye, right eye, nose, left mouth corner, right mouth corner
            as seen in the image.
    """

    boxes: Tensor
    scores: Tensor
    landmarks: Tensor

    def __len__(self) -> int:
        return len(self.boxes)


class Detector(Protocol):
    """Finds faces in (H, W, 3) uint8 RGB images."""

    def detect(self, images: Sequence[Tensor]) -> list[Detections]:
        """One result per image, in the same order."""
        ...


@dataclass(frozen=True)
class Candidates:
    """Boxes of all images between two stages.

    Attributes:
        images: (N,) int64, the image of each box.
        boxes: (N, 4).
        margins: (N,) logits, by which candidates are ranked: the scores of sure faces are all 1 in float32.
        offsets: (N, 4) edge offsets predicted by the net that gave the margins.
    """

    images: Tensor
    boxes: Tensor
    margins: Tensor
    offsets: Tensor

    def __getitem__(self, index: Tensor) -> Candidates:
        return Candidates(self.images[index], self.boxes[index], self.margins[index], self.offsets[index])


class Cascade:
    """Detects faces and their landmarks.

    Example:
        >>> (faces,) = Cascade(load_weights(path)[0]).detect([image])
        >>> faces.boxes, faces.landmarks

    Args:
        nets: The nets; they are copied.
        settings: Detection settings; by default those of `CascadeSettings`.
        device: Device to run on.
    """

    def __init__(
        self, nets: MTCNN, settings: CascadeSettings | None = None, device: torch.device | str = "cpu"
    ) -> None:
        self.settings = settings or CascadeSettings()
        # Channels-last makes RNet and ONet three times as fast on a CPU.
        self._nets = deepcopy(nets).eval().requires_grad_(False).to(device).to(memory_format=torch.channels_last)
        self._device = torch.device(device)
        self._shortfall = 1.0 if nets.one_based else 0.0

    @torch.inference_mode()
    def detect(self, images: Sequence[Tensor]) -> list[Detections]:
        """Detects the faces in images.

        Args:
            images: (H, W, 3) uint8 RGB each, as decoded; sizes may differ.

        Returns:
            One result per image, in the same order, on the cascade's device.

        Raises:
            ValueError: An image has another shape or type.
        """
        check_images(images)
        if not images:
            return []
        with torch.autocast(self._device.type, enabled=False):
            sums, places = self._sum_up(images)
            found = self._conclude(sums, self._refine(sums, self._propose(sums)))
        return [found[place] for place in places]

    @torch.inference_mode()
    def candidates(self, images: Sequence[Tensor], stage: Literal["rnet", "onet"]) -> list[Tensor]:
        """The input of a later stage: the squares accepted by the earlier stages, by descending score.

        Args:
            images: As in `detect`.
            stage: The later stage.

        Returns:
            (N, 4) float32 edges per image, in pixels; they may exceed the image.

        Raises:
            ValueError: An image has another shape or type.
        """
        check_images(images)
        if not images:
            return []
        with torch.autocast(self._device.type, enabled=False):
            sums, places = self._sum_up(images)
            proposed = self._propose(sums)
            found = proposed if stage == "rnet" else self._refine(sums, proposed)
            best_first = found[found.margins.argsort(descending=True)]
        return [best_first.boxes[best_first.images == place] for place in places]

    def _sum_up(self, images: Sequence[Tensor]) -> tuple[IntegralImages, list[int]]:
        """Integral images, grouped by size since equal sizes share a pyramid, and the position of each image."""
        order = sorted(range(len(images)), key=lambda index: images[index].shape)
        places = sorted(range(len(order)), key=order.__getitem__)
        return IntegralImages.of([images[index] for index in order], self._device), places

    def _propose(self, sums: IntegralImages) -> Candidates:
        """Squares proposed by PNet on the pyramids."""
        settings = self.settings
        found = [_no_candidates(self._device)]
        for size, images in _runs(sums.sizes):
            for scale in pyramid_scales(*size, settings.min_face, settings.pyramid_factor):
                found.append(self._propose_on_level(sums, images, size, scale))
        candidates = _join(found)
        kept = _best(self._suppress(candidates, NMS_ACROSS_LEVELS), MOST_PROPOSALS)
        return replace(kept, boxes=self._squares(calibrate(kept.boxes, kept.offsets, self._shortfall)))

    def _propose_on_level(self, sums: IntegralImages, images: range, size: tuple[int, int], scale: float) -> Candidates:
        """Windows on one level of equally sized images that PNet accepts, before calibration."""
        pnet = self._nets.pnet
        height, width = (int(side * scale + 1) for side in size)
        parts = []
        for members, rows in _parts_of_level(images, height, width, PIXELS_AT_ONCE[self._device.type]):
            seen = range(PNET_STRIDE * rows.start, min(PNET_STRIDE * (rows.stop - 1) + PNET_SIDE, height))
            features = pnet.features(normalise(sums.level(members, height, width, seen)))
            margins = face_margin(pnet.face(features))
            image, row, column = (margins.sigmoid() >= self.settings.thresholds[0]).nonzero().unbind(1)
            boxes = decode_cells(column, row + rows.start, scale, self._nets.one_based)
            offsets = pnet.box(features[image, :, row, column, None, None]).flatten(1)
            parts.append(Candidates(image + members.start, boxes, margins[image, row, column], offsets))
        limit = NMS_WITHIN_LEVEL_ONE_BASED if self._nets.one_based else NMS_WITHIN_LEVEL
        return self._suppress(_join(parts), limit)

    def _refine(self, sums: IntegralImages, candidates: Candidates) -> Candidates:
        """Squares that RNet accepts."""
        candidates, seen = self._look(self._nets.rnet, sums, candidates, RNET_SIDE, WINDOWS_AT_ONCE_RNET)
        margins = face_margin(seen.face)
        is_face = margins.sigmoid() > self.settings.thresholds[1]
        found = replace(candidates, margins=margins, offsets=seen.box)[is_face]
        kept = _best(self._suppress(found, NMS_AFTER_RNET), MOST_REFINED)
        return replace(kept, boxes=self._squares(calibrate(kept.boxes, kept.offsets)))

    def _conclude(self, sums: IntegralImages, candidates: Candidates) -> list[Detections]:
        """Faces that ONet accepts, per image."""
        candidates, seen = self._look(self._nets.onet, sums, candidates, ONET_SIDE, WINDOWS_AT_ONCE_ONET)
        margins = face_margin(seen.face)
        scores = margins.sigmoid()
        boxes = calibrate(candidates.boxes, seen.box)
        landmarks = place_landmarks(candidates.boxes, seen.landmarks, self._nets.onet.is_half_a_pixel_off)
        results = []
        for image in range(len(sums.sizes)):
            own = ((candidates.images == image) & (scores > self.settings.thresholds[2])).nonzero().flatten()
            kept = own[greedy_nms(boxes[own], margins[own], NMS_AFTER_ONET, "smaller")]
            results.append(Detections(boxes[kept], scores[kept], landmarks[kept]))
        return results

    def _squares(self, boxes: Tensor) -> Tensor:
        """Input squares of the next net, rounded to whole pixels unless the weights count from one."""
        squares = square(boxes)
        return squares if self._nets.one_based else to_whole_pixels(squares)

    def _suppress(self, candidates: Candidates, threshold: float) -> Candidates:
        values = (candidates.boxes, candidates.margins, candidates.images)
        return candidates[nms_by_group(*values, threshold, self._shortfall)]

    def _look(
        self, net: Stage, sums: IntegralImages, candidates: Candidates, side: int, at_once: Mapping[str, int]
    ) -> tuple[Candidates, StageOutput]:
        """The candidates that overlap their image, and the net's output for them."""
        windows, is_inside = _windows(candidates, sums, clipped=self._nets.one_based)
        candidates, windows = candidates[is_inside], windows[is_inside]
        size = at_once[windows.device.type]
        outputs = [
            net(normalise(sums.crop(images, part, side)))
            for images, part in zip(torch.split(candidates.images, size), torch.split(windows, size), strict=True)
        ]
        return candidates, StageOutput(*(torch.cat(values) for values in zip(*outputs, strict=True)))


def check_images(images: Sequence[Tensor]) -> None:
    """Validates decoded images.

    Raises:
        ValueError: An image is not (H, W, 3) uint8 with at least one pixel.
    """
    for number, image in enumerate(images):
        if image.dtype != torch.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.numel() == 0:
            found = f"{tuple(image.shape)} {str(image.dtype).removeprefix('torch.')}"
            raise ValueError(f"image {number} is {found}; expected (H, W, 3) uint8 RGB")


def _best(candidates: Candidates, maximum: int) -> Candidates:
    """The first ``maximum`` candidates of each image; the input is sorted by descending score."""
    if len(candidates.images) <= maximum:
        return candidates
    by_image = candidates.images.argsort(stable=True)
    counts = candidates.images.bincount()
    rank = (
        torch.arange(len(by_image), device=by_image.device) - (counts.cumsum(0) - counts)[candidates.images[by_image]]
    )
    return candidates[by_image[rank < maximum].sort().values]


def _windows(candidates: Candidates, sums: IntegralImages, clipped: bool) -> tuple[Tensor, Tensor]:
    """(N, 4) int32 edges of the crops in whole pixels, and (N,) bool: which of them overlap their image.

    Windows are clipped to the image, as in MTCNN's code, or extend beyond it.
    """
    limits = sums.geometry[candidates.images][:, [2, 1, 2, 1]]
    edges = candidates.boxes.floor() if clipped else candidates.boxes
    within = torch.minimum(edges.clamp(min=0).int(), limits)
    return within if clipped else edges.int(), (within[:, 2:] > within[:, :2]).all(dim=1)


def _runs(sizes: Sequence[tuple[int, int]]) -> Iterator[tuple[tuple[int, int], range]]:
    """Each size with its range of consecutive images."""
    start = 0
    for size, members in groupby(sizes):
        stop = start + len(list(members))
        yield size, range(start, stop)
        start = stop


def _parts_of_level(images: range, height: int, width: int, pixels: int) -> Iterator[tuple[range, range]]:
    """Splits a level into batches: ranges of images, and of rows of PNet's output."""
    rows = -(-(height - 2) // PNET_STRIDE) - 4
    images_at_once = max(1, pixels // (height * width))
    rows_at_once = rows if images_at_once > 1 else max(1, pixels // (PNET_STRIDE * width))
    for first in range(0, len(images), images_at_once):
        for row in range(0, rows, rows_at_once):
            yield images[first : first + images_at_once], range(row, min(row + rows_at_once, rows))


def _join(parts: Sequence[Candidates]) -> Candidates:
    return Candidates(
        torch.cat([part.images for part in parts]),
        torch.cat([part.boxes for part in parts]),
        torch.cat([part.margins for part in parts]),
        torch.cat([part.offsets for part in parts]),
    )


def _no_candidates(device: torch.device) -> Candidates:
    floats = [torch.empty(0, *shape, device=device) for shape in ((4,), (), (4,))]
    return Candidates(torch.empty(0, dtype=torch.int64, device=device), *floats)
