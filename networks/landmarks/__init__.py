"""Tools for the five facial landmarks: heatmaps, patches, alignment and face regions."""

from __future__ import annotations

from networks.landmarks.alignment import (
    Alignment,
    align,
    can_align,
    fit_affine,
    fit_similarity,
    transform_points,
    warp,
)
from networks.landmarks.heatmaps import landmark_heatmaps
from networks.landmarks.known import are_known
from networks.landmarks.patches import PARTS, Part, cut_patches
from networks.landmarks.regions import cheek_mask, face_mask

__all__ = [
    "PARTS",
    "Alignment",
    "Part",
    "align",
    "are_known",
    "can_align",
    "cheek_mask",
    "cut_patches",
    "face_mask",
    "fit_affine",
    "fit_similarity",
    "landmark_heatmaps",
    "transform_points",
    "warp",
]
