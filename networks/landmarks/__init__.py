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
from networks.landmarks.regions import around_face_mask, cheek_mask

__all__ = [
    "PARTS",
    "Alignment",
    "Part",
    "align",
    "are_known",
    "around_face_mask",
    "can_align",
    "cheek_mask",
    "cut_patches",
    "fit_affine",
    "fit_similarity",
    "landmark_heatmaps",
    "transform_points",
    "warp",
]
