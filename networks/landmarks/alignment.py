"""Alignment of faces by landmarks (paper 4.6.2, Eq. 8): fits a matrix to points and warps images with it."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

Alignment = Literal["affine", "similarity"]

FLATTEST = 0.3
"""Minimum ratio of minor to major extent of the points for an affine fit; 0.3 is a yaw of 70 degrees, for which a
cartoon would be squashed to a stripe. Also the minimum scale (root of the determinant) of a map."""

SMALLEST = 1.0
"""Minimum extent of the points around their mean in pixels (root of the summed squares)."""


def fit_affine(source: Tensor, target: Tensor) -> Tensor:
    """Least-squares affine map from source to target points (Eq. 8).

    Six unknowns from at least three points, solved by the pseudo-inverse (SVD) of the centred points.

    Args:
        source: (B, N, 2) pixels.
        target: (B, N, 2) pixels.

    Returns:
        (B, 2, 3) float32: the first two rows of the paper's 3x3 matrix. Differentiable in the points.

    Raises:
        ValueError: The source or target points of a sample are unknown, collinear or mirrored; the message has its
            index.
    """
    return _fit_or_raise(source, target, "affine")


def fit_similarity(source: Tensor, target: Tensor) -> Tensor:
    """Least-squares similarity (rotation, scale, translation) from source to target points.

    Umeyama (1991) solves this by an SVD. In the plane it is equivalent to multiplying the centred source points, taken
    as complex numbers, by a complex factor.

    Args:
        source: (B, N, 2) pixels.
        target: (B, N, 2) pixels.

    Returns:
        (B, 2, 3) float32. Differentiable in the points.

    Raises:
        ValueError: The source or target points of a sample are unknown or coincide; the message has its index.
    """
    return _fit_or_raise(source, target, "similarity")


def align(source: Tensor, target: Tensor, alignment: Alignment) -> tuple[Tensor, Tensor]:
    """Like ``fit_affine`` or ``fit_similarity``, but returns the identity for samples without a fit.

    Always computed in float32, even under autocast.

    Args:
        source: (B, N, 2) pixels; NaN where unknown.
        target: (B, N, 2) pixels; NaN where unknown.
        alignment: Type of the map.

    Returns:
        Matrices (B, 2, 3) float32, and (B,) bool: whether there is a fit.
    """
    fits = can_align(source, target, alignment)
    # Samples without a fit use a dummy triangle, to avoid NaN in matrix and gradient.
    triangle = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], device=source.device)
    spare = triangle[torch.arange(source.shape[1], device=source.device) % 3]
    source, target = (torch.where(fits[:, None, None], points.float(), spare) for points in (source, target))
    centre, target_centre = (points.mean(dim=1, keepdim=True) for points in (source, target))
    solve = _affine if alignment == "affine" else _similarity
    with torch.autocast(source.device.type, enabled=False):
        linear = solve(source - centre, target - target_centre)
    shift = target_centre - _apply(linear, centre)
    identity = torch.eye(2, 3, device=source.device)
    return torch.where(fits[:, None, None], torch.cat([linear, shift.mT], dim=2), identity), fits


def can_align(source: Tensor, target: Tensor, alignment: Alignment) -> Tensor:
    """Which samples ``align`` can fit, without solving for the map and without GPU synchronisation.

    Args:
        source: (B, N, 2) pixels; NaN where unknown.
        target: (B, N, 2) pixels; NaN where unknown.
        alignment: Type of the map.

    Returns:
        (B,) bool: source and target have sufficient extent, and the map neither mirrors nor shrinks too much.
    """
    have_extent = _have_extent(source, alignment) & _have_extent(target, alignment)
    source, target = ((points - points.mean(dim=1, keepdim=True)).detach().double() for points in (source, target))
    if alignment == "affine":
        determinant = _determinant(source.mT @ target) / _determinant(source.mT @ source)
    else:
        determinant = _determinant(_similarity(source, target))
    return have_extent & (determinant > FLATTEST**2)


def transform_points(points: Tensor, matrices: Tensor) -> Tensor:
    """Applies (B, 2, 3) matrices to (B, N, 2) points."""
    return _apply(matrices[:, :, :2], points) + matrices[:, None, :, 2]


def warp(images: Tensor, matrices: Tensor, fill: float = 1.0) -> Tensor:
    """Warps images with bilinear interpolation.

    The matrix maps input to output positions; pixel centres have whole-number coordinates.

    Args:
        images: (B, C, H, W).
        matrices: (B, 2, 3), invertible, in pixels.
        fill: Value outside the image; 1 is white.

    Returns:
        (B, C, H, W), differentiable in both.
    """
    height, width = images.shape[2:]
    back = torch.linalg.inv_ex(matrices[:, :, :2].float()).inverse
    x, y = (torch.arange(length, device=images.device, dtype=torch.float32) for length in (width, height))
    places = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=2).flatten(0, 1)
    source = _apply(back, places - matrices[:, None, :, 2])
    grid = (2 * source + 1) / source.new_tensor([width, height]) - 1
    return F.grid_sample(images - fill, grid.view(-1, height, width, 2).to(images), align_corners=False) + fill


def _fit_or_raise(source: Tensor, target: Tensor, alignment: Alignment) -> Tensor:
    matrices, fits = align(source, target, alignment)
    if not bool(fits.all()):
        refused = ", ".join(str(number) for number in (~fits).nonzero().flatten().tolist())
        raise ValueError(f"no {alignment} map fits sample {refused}: its points are unknown, degenerate or mirrored")
    return matrices


def _have_extent(points: Tensor, alignment: Alignment) -> Tensor:
    """(B,) bool: whether (B, N, 2) points have enough extent: in two dimensions, or in one for a similarity."""
    centred = (points - points.mean(dim=1, keepdim=True)).detach().double()
    xx, yy = centred.square().sum(dim=1).unbind(dim=1)
    xy = centred.prod(dim=2).sum(dim=1)
    # Squares of the two singular values, whose sum is xx + yy and whose product is the determinant.
    larger = (xx + yy) / 2 + (((xx - yy) / 2).square() + xy.square()).sqrt()
    smaller = (xx * yy - xy.square()) / larger
    is_spread = larger > SMALLEST**2  # comparisons with NaN are false
    return is_spread & (smaller > FLATTEST**2 * larger) if alignment == "affine" else is_spread


def _apply(linear: Tensor, points: Tensor) -> Tensor:
    """Apply (B, 2, 2) to (B, N, 2) points, without a matmul, whose precision autocast and TF32 would reduce."""
    return (linear[:, None] * points[:, :, None]).sum(dim=3)


def _determinant(linear: Tensor) -> Tensor:
    """Determinants (B,) of (B, 2, 2)."""
    return linear[:, 0, 0] * linear[:, 1, 1] - linear[:, 0, 1] * linear[:, 1, 0]


def _affine(source: Tensor, target: Tensor) -> Tensor:
    """Least-squares affine map (B, 2, 2) of centred points (B, N, 2)."""
    solution: Tensor = torch.linalg.pinv(source) @ target
    return solution.mT


def _similarity(source: Tensor, target: Tensor) -> Tensor:
    """Similarity (B, 2, 2) of centred points (B, N, 2): sum of conj(source) * target over |source|^2, as a matrix."""
    norm = source.square().sum(dim=(1, 2))
    real = (source * target).sum(dim=(1, 2)) / norm
    imaginary = (source[..., 0] * target[..., 1] - source[..., 1] * target[..., 0]).sum(dim=1) / norm
    return torch.stack([real, -imaginary, imaginary, real], dim=1).view(-1, 2, 2)
