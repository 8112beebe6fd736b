"""Figures that tell how good a detector, or what was drawn with its help, is."""

from __future__ import annotations

from lightning_modules.metrics.detection_precision import DetectionPrecision, PrecisionSummary, TrueBoxes
from lightning_modules.metrics.landmark_error import LandmarkError, LandmarkErrorSummary, landmark_errors

__all__ = [
    "DetectionPrecision",
    "LandmarkError",
    "LandmarkErrorSummary",
    "PrecisionSummary",
    "TrueBoxes",
    "landmark_errors",
]
