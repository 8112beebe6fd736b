"""Rotations, similarity fits and the mean face that defines where heads are placed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

CELEBA_POINTS: Floats = np.array([[69.5, 111], [108, 111], [88, 136], [72.5, 152], [105, 152]], np.float32)
"""Mean landmarks (5, 2) of CelebA's aligned images, pixels of the 178 x 218 frame."""


@dataclass(frozen=True)
class Pose:
    """Head pose in degrees; positive yaw turns the nose to the image's right, positive pitch lowers it."""

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0


@dataclass(frozen=True)
class Similarity:
    """2D similarity transform: rotation by ``angle`` radians, then scale, then shift."""

    scale: float
    angle: float
    shift: Floats


def rotation(pose: Pose) -> Floats:
    """Rotation matrix (3, 3) from head space to view space, x right, y down, z towards the viewer."""
    yaw, pitch, roll = np.deg2rad([pose.yaw, pose.pitch, pose.roll])
    around_y = [[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]]
    around_x = [[1, 0, 0], [0, np.cos(pitch), np.sin(pitch)], [0, -np.sin(pitch), np.cos(pitch)]]
    return (turn(roll) @ np.array(around_x) @ np.array(around_y)).astype(np.float32)


def turn(angle: float) -> Floats:
    """Rotation matrix (3, 3) in the image plane, clockwise by ``angle`` radians."""
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]], np.float32)


def fit_similarity(source: Floats, target: Floats) -> Similarity:
    """Least-squares similarity that maps points (N, 2) to other points (N, 2), as in Umeyama (1991)."""
    source_mean, target_mean = source.mean(0), target.mean(0)
    source, target = source - source_mean, target - target_mean
    dot = float((source * target).sum())
    cross = float((source[:, 0] * target[:, 1] - source[:, 1] * target[:, 0]).sum())
    angle = float(np.arctan2(cross, dot))
    scale = float(np.hypot(dot, cross) / (source**2).sum())
    shift = target_mean - scale * turn(angle)[:2, :2] @ source_mean
    return Similarity(scale, angle, shift.astype(np.float32))
