"""The detector's three nets: proposals, refined, refined again and given landmarks (MTCNN, Zhang et al. 2016).

Boxes are ranked by logits: the probabilities of sure faces are all 1 in float32.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cartoonizer.arrays import Floats, Pixels
from cartoonizer.boxes import calibrate, suppress, whole_squares
from cartoonizer.integral import IntegralImage
from cartoonizer.manifest import DetectorSettings
from cartoonizer.model_file import ModelFile
from cartoonizer.net import Net, in_parts

WINDOW, STRIDE = 12, 2
"""Pixels of a side that the first net looks at, and between its windows."""

RNET_SIDE, ONET_SIDE = 24, 48
WITHIN_LEVEL, ACROSS_LEVELS, AFTER_RNET, AFTER_ONET = 0.501, 0.7, 0.7, 0.7
"""Largest overlaps. Neighbours on the first net's grid overlap by exactly 0.5, which rounding must not decide on."""

MOST_PROPOSALS, MOST_REFINED = 10_000, 2_000
_AT_ONCE = 64


class Detections(NamedTuple):
    """Faces by falling score.

    Attributes:
        boxes: ``(N, 4)`` edges in pixels; they may leave the image.
        landmarks: ``(N, 5, 2)`` pixels: eyes, nose, mouth corners, image-left first.
        scores: ``(N,)`` probability of a face.
    """

    boxes: Floats
    landmarks: Floats
    scores: Floats


class Cascade:
    """Finds upright faces and their landmarks.

    Args:
        model: The file with the nets.
        settings: How faces are looked for.
        threads: Threads of a net's run.
    """

    def __init__(self, model: ModelFile, settings: DetectorSettings, threads: int = 0) -> None:
        self._settings = settings
        self._pnet, self._rnet, self._onet = (Net(model, name, threads) for name in ("pnet", "rnet", "onet"))

    def __call__(self, image: Pixels) -> Detections:
        """The faces of an image ``(H, W, 3)``."""
        sums = IntegralImage(image)
        return self._conclude(sums, self._refine(sums, self._propose(sums)))

    def landmarks(self, crops: Floats) -> Floats:
        """Landmarks ``(N, 5, 2)`` of faces ``(N, 3, 48, 48)`` from 0 to 255, in sides of the crop."""
        return self._onet(windows=crops)["landmarks"]

    def _propose(self, sums: IntegralImage) -> Floats:
        """Squares ``(N, 4)`` that may be faces."""
        shorter = min(sums.height, sums.width)
        levels = [_EMPTY]
        scale = WINDOW / self._settings.least_face
        while shorter * scale >= WINDOW:
            levels.append(self._propose_on_level(sums, scale))
            scale *= self._settings.pyramid_factor
        found = np.concatenate(levels)
        kept = found[suppress(found[:, :4], found[:, 4], ACROSS_LEVELS)][:MOST_PROPOSALS]
        return whole_squares(calibrate(kept[:, :4], kept[:, 5:]))

    def _propose_on_level(self, sums: IntegralImage, scale: float) -> Floats:
        """``(N, 9)`` box, logit and offsets of windows of one level of the image's pyramid."""
        level = sums.level(int(sums.height * scale + 1), int(sums.width * scale + 1))
        seen = self._pnet(windows=level)
        logits = seen["logit"][0]
        rows, columns = np.nonzero(probability(logits) >= self._settings.thresholds[0])
        corners = (np.stack([columns, rows], axis=1) * STRIDE).astype(np.float32)
        boxes = np.concatenate([corners / np.float32(scale), (corners + WINDOW) / np.float32(scale)], axis=1)
        logits = logits[rows, columns]
        offsets = seen["box"][0][:, rows, columns].T
        kept = suppress(boxes, logits, WITHIN_LEVEL)
        return np.column_stack([boxes, logits, offsets])[kept]

    def _refine(self, sums: IntegralImage, squares: Floats) -> Floats:
        """Those squares that are faces by the second net, too."""
        squares = squares[sums.contains(squares)]
        if not len(squares):
            return squares
        seen = in_parts(self._rnet, "windows", sums.crops(squares, RNET_SIDE), _AT_ONCE)
        passed = probability(seen["logit"]) > self._settings.thresholds[1]
        squares, logits, offsets = squares[passed], seen["logit"][passed], seen["box"][passed]
        kept = suppress(squares, logits, AFTER_RNET)[:MOST_REFINED]
        return whole_squares(calibrate(squares[kept], offsets[kept]))

    def _conclude(self, sums: IntegralImage, squares: Floats) -> Detections:
        """The faces among squares."""
        squares = squares[sums.contains(squares)]
        if not len(squares):
            return Detections(np.empty((0, 4), np.float32), np.empty((0, 5, 2), np.float32), np.empty(0, np.float32))
        seen = in_parts(self._onet, "windows", sums.crops(squares, ONET_SIDE), _AT_ONCE)
        scores = probability(seen["logit"])
        passed = scores > self._settings.thresholds[2]
        squares, scores, logits = squares[passed], scores[passed], seen["logit"][passed]
        boxes = calibrate(squares, seen["box"][passed])
        sides = (squares[:, 2:] - squares[:, :2])[:, None]
        landmarks = squares[:, None, :2] + seen["landmarks"][passed] * sides
        landmarks += np.float32(self._settings.landmark_offset)
        kept = suppress(boxes, logits, AFTER_ONET, of_smaller=True)
        return Detections(boxes[kept], landmarks[kept], scores[kept])


def probability(logits: Floats) -> Floats:
    """The logistic function; not onnxruntime's, whose last digits would change the order of sure faces."""
    return np.float32(1) / (np.float32(1) + np.exp(-logits))


_EMPTY = np.empty((0, 9), dtype=np.float32)
