"""Metrics of the detector and of generated cartoons."""

from __future__ import annotations

from lightning_modules.metrics.detection_precision import DetectionPrecision, PrecisionSummary, TrueBoxes
from lightning_modules.metrics.diversity import Diversity, DiversitySummary
from lightning_modules.metrics.feature_distance import DistanceSummary, FeatureDistance
from lightning_modules.metrics.landmark_error import LandmarkError, LandmarkErrorSummary, landmark_errors
from lightning_modules.metrics.pose_variety import PoseSummary, PoseVariety, turn_of
from lightning_modules.metrics.sample_mean import MeanSummary, SampleMean
from lightning_modules.metrics.skin_tone_order import SkinToneOrder, cheek_brightness

__all__ = [
    "DetectionPrecision",
    "DistanceSummary",
    "Diversity",
    "DiversitySummary",
    "FeatureDistance",
    "LandmarkError",
    "LandmarkErrorSummary",
    "MeanSummary",
    "PoseSummary",
    "PoseVariety",
    "PrecisionSummary",
    "SampleMean",
    "SkinToneOrder",
    "TrueBoxes",
    "cheek_brightness",
    "landmark_errors",
    "turn_of",
]
