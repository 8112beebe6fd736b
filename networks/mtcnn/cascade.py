"""MTCNN's cascade over batches of images: proposals of PNet, refined by RNet, refined and given landmarks by ONet.

Nothing here loops over boxes or crops.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal

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
    face_score,
    normalise,
)
from networks.mtcnn.pyramid import IntegralImages, pyramid_scales

SMALLEST_MIN_FACE = 6.0
"""Below it the image would be enlarged more than twice, and faces of so few pixels are not found."""

NMS_WITHIN_LEVEL = 0.5
NMS_ACROSS_LEVELS = 0.7
NMS_AFTER_RNET = 0.7
NMS_AFTER_ONET = 0.7
"""Largest overlaps that stay: of the union, after ONet of the smaller box."""

MOST_PROPOSALS = 10_000
MOST_REFINED = 2_000
"""At most so many squares of an image are handed on by PNet and by RNet, the best by score: a crowd has fewer, and a
detector that is hardly trained takes everything for a face."""

WINDOWS_AT_ONCE_RNET = {"cpu": 64, "cuda": 8192}
WINDOWS_AT_ONCE_ONET = {"cpu": 32, "cuda": 2048}
"""Crops that go through a net together: on a CPU as many as its cache likes, on a GPU as its memory does."""

PIXELS_AT_ONCE = {"cpu": 2**18, "cuda": 2**24}
"""Pixels of a pyramid level that go through PNet together."""


@dataclass(frozen=True)
class CascadeSettings:
    """How faces are looked for.

    Attributes:
        min_face: Side of the smallest faces to find, in pixels.
        thresholds: Lowest scores of PNet, RNet and ONet that count as a face.
        pyramid_factor: Ratio of the sides of a pyramid level to those of the level before.

    Raises:
        ValueError: A value is out of its range.
    """

    min_face: float = 20.0
    thresholds: tuple[float, float, float] = (0.6, 0.7, 0.7)
    pyramid_factor: float = 0.709

    def __post_init__(self) -> None:
        if not SMALLEST_MIN_FACE <= self.min_face < float("inf"):
            raise ValueError(f"min_face is {self.min_face:g} px; expected {SMALLEST_MIN_FACE:g} or more")
        if len(self.thresholds) != 3 or not all(0 <= threshold <= 1 for threshold in self.thresholds):
            raise ValueError(f"thresholds are {self.thresholds}; expected three scores from 0 to 1")
        if not 0 < self.pyramid_factor < 1:
            raise ValueError(f"pyramid_factor is {self.pyramid_factor:g}; expected a number between 0 and 1")


@dataclass(frozen=True)
class Detections:
    """The faces of one image by falling score; N may be 0.

    Attributes:
        boxes: (N, 4) float32 pixels, the edges x1, y1, x2, y2; they may leave the image.
        scores: (N,) float32 probability of a face.
        landmarks: (N, 5, 2) float32 pixels, x then y: left eye, right eye, nose, left mouth corner, right mouth corner
            as seen in the image.
    """

    boxes: Tensor
    scores: Tensor
    landmarks: Tensor

    def __len__(self) -> int:
        return len(self.boxes)


@dataclass(frozen=True)
class Candidates:
    """Boxes between two stages, of all images together.

    Attributes:
        images: (N,) int64, the image of each box.
        boxes: (N, 4).
        scores: (N,).
        offsets: (N, 4) by which the net that gave the scores would move the boxes' edges.
    """

    images: Tensor
    boxes: Tensor
    scores: Tensor
    offsets: Tensor

    def __getitem__(self, index: Tensor) -> Candidates:
        return Candidates(self.images[index], self.boxes[index], self.scores[index], self.offsets[index])


class Cascade:
    """Finds faces and their landmarks.

    Args:
        nets: The nets; they are copied.
        settings: How faces are looked for; by default as `CascadeSettings` says.
        device: Where the work is done.
    """

    def __init__(
        self, nets: MTCNN, settings: CascadeSettings | None = None, device: torch.device | str = "cpu"
    ) -> None:
        self.settings = settings or CascadeSettings()
        # With channels last, RNet and ONet are three times as fast on a CPU.
        self._nets = deepcopy(nets).eval().requires_grad_(False).to(device).to(memory_format=torch.channels_last)
        self._device = torch.device(device)
        self._shortfall = 1.0 if nets.one_based else 0.0

    @torch.inference_mode()
    def detect(self, images: Sequence[Tensor]) -> list[Detections]:
        """Finds the faces of images.

        Args:
            images: (H, W, 3) uint8 RGB each, as decoded; sizes may differ.

        Returns:
            One result for each image, in the same order, on the cascade's device.

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
        """What a later stage is shown: the squares that those before it take for faces, by falling score.

        Args:
            images: As in `detect`.
            stage: Which stage is shown them.

        Returns:
            (N, 4) float32 edges for each image, in pixels; they may leave the image.

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
            best_first = found[found.scores.argsort(descending=True)]
        return [best_first.boxes[best_first.images == place] for place in places]

    def _sum_up(self, images: Sequence[Tensor]) -> tuple[IntegralImages, list[int]]:
        """The integral images, those of one size beside each other since they share a pyramid; the place of each."""
        order = sorted(range(len(images)), key=lambda index: images[index].shape)
        places = sorted(range(len(order)), key=order.__getitem__)
        return IntegralImages.of([images[index] for index in order], self._device), places

    def _propose(self, sums: IntegralImages) -> Candidates:
        """Squares that PNet finds on the pyramids."""
        settings = self.settings
        found = [_no_candidates(self._device)]
        for size, images in _runs(sums.sizes):
            for scale in pyramid_scales(*size, settings.min_face, settings.pyramid_factor):
                found.append(self._propose_on_level(sums, images, size, scale))
        candidates = _join(found)
        kept = _best(self._suppress(candidates, NMS_ACROSS_LEVELS), MOST_PROPOSALS)
        return replace(kept, boxes=self._squares(calibrate(kept.boxes, kept.offsets, self._shortfall)))

    def _propose_on_level(self, sums: IntegralImages, images: range, size: tuple[int, int], scale: float) -> Candidates:
        """Windows of one level of images of one size that PNet takes for faces, before calibration."""
        pnet = self._nets.pnet
        height, width = (int(side * scale + 1) for side in size)
        parts = []
        for members, rows in _parts_of_level(images, height, width, PIXELS_AT_ONCE[self._device.type]):
            seen = range(PNET_STRIDE * rows.start, min(PNET_STRIDE * (rows.stop - 1) + PNET_SIDE, height))
            features = pnet.features(normalise(sums.level(members, height, width, seen)))
            scores = face_score(pnet.face(features))
            image, row, column = (scores >= self.settings.thresholds[0]).nonzero().unbind(1)
            boxes = decode_cells(column, row + rows.start, scale, self._nets.one_based)
            offsets = pnet.box(features[image, :, row, column, None, None]).flatten(1)
            parts.append(Candidates(image + members.start, boxes, scores[image, row, column], offsets))
        return self._suppress(_join(parts), NMS_WITHIN_LEVEL)

    def _refine(self, sums: IntegralImages, candidates: Candidates) -> Candidates:
        """Squares that RNet takes for faces, too."""
        candidates, seen = self._look(self._nets.rnet, sums, candidates, RNET_SIDE, WINDOWS_AT_ONCE_RNET)
        scores = face_score(seen.face)
        found = replace(candidates, scores=scores, offsets=seen.box)[scores > self.settings.thresholds[1]]
        kept = _best(self._suppress(found, NMS_AFTER_RNET), MOST_REFINED)
        return replace(kept, boxes=self._squares(calibrate(kept.boxes, kept.offsets)))

    def _conclude(self, sums: IntegralImages, candidates: Candidates) -> list[Detections]:
        """What ONet takes for faces, image by image."""
        candidates, seen = self._look(self._nets.onet, sums, candidates, ONET_SIDE, WINDOWS_AT_ONCE_ONET)
        scores = face_score(seen.face)
        boxes = calibrate(candidates.boxes, seen.box)
        landmarks = place_landmarks(candidates.boxes, seen.landmarks, self._nets.onet.is_half_a_pixel_off)
        results = []
        for image in range(len(sums.sizes)):
            own = ((candidates.images == image) & (scores > self.settings.thresholds[2])).nonzero().flatten()
            kept = own[greedy_nms(boxes[own], scores[own], NMS_AFTER_ONET, "smaller")]
            results.append(Detections(boxes[kept], scores[kept], landmarks[kept]))
        return results

    def _squares(self, boxes: Tensor) -> Tensor:
        """What the next net is shown: squares about boxes, of whole pixels but for weights that count from one."""
        squares = square(boxes)
        return squares if self._nets.one_based else to_whole_pixels(squares)

    def _suppress(self, candidates: Candidates, threshold: float) -> Candidates:
        values = (candidates.boxes, candidates.scores, candidates.images)
        return candidates[nms_by_group(*values, threshold, self._shortfall)]

    def _look(
        self, net: Stage, sums: IntegralImages, candidates: Candidates, side: int, at_once: Mapping[str, int]
    ) -> tuple[Candidates, StageOutput]:
        """The candidates that lie in their image at all, and what a net says of them."""
        windows, is_inside = _windows(candidates, sums, clipped=self._nets.one_based)
        candidates, windows = candidates[is_inside], windows[is_inside]
        size = at_once[windows.device.type]
        outputs = [
            net(normalise(sums.crop(images, part, side)))
            for images, part in zip(torch.split(candidates.images, size), torch.split(windows, size), strict=True)
        ]
        return candidates, StageOutput(*(torch.cat(values) for values in zip(*outputs, strict=True)))


def check_images(images: Sequence[Tensor]) -> None:
    """Refuses what is no decoded image.

    Raises:
        ValueError: An image is not (H, W, 3) uint8 with at least one pixel.
    """
    for number, image in enumerate(images):
        if image.dtype != torch.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.numel() == 0:
            found = f"{tuple(image.shape)} {str(image.dtype).removeprefix('torch.')}"
            raise ValueError(f"image {number} is {found}; expected (H, W, 3) uint8 RGB")


def _best(candidates: Candidates, most: int) -> Candidates:
    """At most so many of each image, of candidates by falling score."""
    if len(candidates.images) <= most:
        return candidates
    by_image = candidates.images.argsort(stable=True)
    counts = candidates.images.bincount()
    rank = (
        torch.arange(len(by_image), device=by_image.device) - (counts.cumsum(0) - counts)[candidates.images[by_image]]
    )
    return candidates[by_image[rank < most].sort().values]


def _windows(candidates: Candidates, sums: IntegralImages, clipped: bool) -> tuple[Tensor, Tensor]:
    """(N, 4) int32 edges of the whole pixels that are cut out, and (N,) which of them have any in their image.

    Windows are clipped to the image, as MTCNN's code does, or hold their place and reach beyond it.
    """
    limits = sums.geometry[candidates.images][:, [2, 1, 2, 1]]
    edges = candidates.boxes.floor() if clipped else candidates.boxes
    within = torch.minimum(edges.clamp(min=0).int(), limits)
    return within if clipped else edges.int(), (within[:, 2:] > within[:, :2]).all(dim=1)


def _runs(sizes: Sequence[tuple[int, int]]) -> Iterator[tuple[tuple[int, int], range]]:
    """Each size, and the images that have it, which follow each other."""
    start = 0
    for size, members in groupby(sizes):
        stop = start + len(list(members))
        yield size, range(start, stop)
        start = stop


def _parts_of_level(images: range, height: int, width: int, pixels: int) -> Iterator[tuple[range, range]]:
    """Which of some images, and which rows of PNet's output for their level, are worked on together."""
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
        torch.cat([part.scores for part in parts]),
        torch.cat([part.offsets for part in parts]),
    )


def _no_candidates(device: torch.device) -> Candidates:
    floats = [torch.empty(0, *shape, device=device) for shape in ((4,), (), (4,))]
    return Candidates(torch.empty(0, dtype=torch.int64, device=device), *floats)
