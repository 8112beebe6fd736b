"""Alignment of faces by their landmarks (paper 4.6.2, Eq. 8): a matrix from points, and images warped by it."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

Alignment = Literal["affine", "similarity"]

FLATTEST = 0.3
"""Points whose extent across is a smaller share of that along are no affine map's source or target: a face turned by
70 degrees, next to which a cartoon would be a stripe. Nor is there a map that shrinks both axes to less."""

SMALLEST = 1.0
"""Pixels (root of the summed squares) that points must extend from their middle."""


def fit_affine(source: Tensor, target: Tensor) -> Tensor:
    """The affine map that takes source points closest to target points, in the sense of least squares (Eq. 8).

    Six unknowns from three points or more, by the pseudo-inverse of the points around their middle, an SVD.

    Args:
        source: (B, N, 2) pixels.
        target: (B, N, 2) pixels.

    Returns:
        (B, 2, 3) float32: the first two rows of the paper's 3x3 matrix. Differentiable in the points.

    Raises:
        ValueError: The source or target points of a sample are unknown or on a line, or mirror each other; named by its
            number.
    """
    return _fit_or_refuse(source, target, "affine")


def fit_similarity(source: Tensor, target: Tensor) -> Tensor:
    """The turn, scale and shift that take source points closest to target points, in the sense of least squares.

    Umeyama (1991) finds it by an SVD; in the plane that is the complex number by which the source points around their
    middle, taken as complex numbers, are multiplied.

    Args:
        source: (B, N, 2) pixels.
        target: (B, N, 2) pixels.

    Returns:
        (B, 2, 3) float32. Differentiable in the points.

    Raises:
        ValueError: The source or target points of a sample are unknown or a single spot; named by its number.
    """
    return _fit_or_refuse(source, target, "similarity")


def align(source: Tensor, target: Tensor, alignment: Alignment) -> tuple[Tensor, Tensor]:
    """As `fit_affine` or `fit_similarity`, but a sample that they refuse gets the identity.

    It computes in float32, whatever autocast says.

    Args:
        source: (B, N, 2) pixels; NaN where they are unknown.
        target: (B, N, 2) pixels; NaN where they are unknown.
        alignment: Kind of the map.

    Returns:
        Matrices (B, 2, 3) float32, and (B,) bool whether there is a fit.
    """
    fits = can_align(source, target, alignment)
    # A sample without fit is fitted to a triangle, so that neither its matrix nor its gradient is NaN.
    triangle = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], device=source.device)
    spare = triangle[torch.arange(source.shape[1], device=source.device) % 3]
    source, target = (torch.where(fits[:, None, None], points.float(), spare) for points in (source, target))
    middle, target_middle = (points.mean(dim=1, keepdim=True) for points in (source, target))
    solve = _affine if alignment == "affine" else _similarity
    with torch.autocast(source.device.type, enabled=False):
        linear = solve(source - middle, target - target_middle)
    shift = target_middle - _apply(linear, middle)
    identity = torch.eye(2, 3, device=source.device)
    return torch.where(fits[:, None, None], torch.cat([linear, shift.mT], dim=2), identity), fits


def can_align(source: Tensor, target: Tensor, alignment: Alignment) -> Tensor:
    """Which samples `align` finds a map for; nothing is solved, and nobody waits for the GPU.

    Args:
        source: (B, N, 2) pixels; NaN where they are unknown.
        target: (B, N, 2) pixels; NaN where they are unknown.
        alignment: Kind of the map.

    Returns:
        (B,) bool: source and target have extent, and the map neither mirrors nor shrinks too much.
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
    """Moves the content of images, bilinearly.

    What is at p comes to the place that the matrix maps p to; whole-number coordinates are the middles of pixels.

    Args:
        images: (B, C, H, W).
        matrices: (B, 2, 3), invertible, in pixels.
        fill: Value around the image; 1 is white.

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


def _fit_or_refuse(source: Tensor, target: Tensor, alignment: Alignment) -> Tensor:
    matrices, fits = align(source, target, alignment)
    if not bool(fits.all()):
        refused = ", ".join(str(number) for number in (~fits).nonzero().flatten().tolist())
        raise ValueError(f"no {alignment} map fits sample {refused}: its points are unknown, degenerate or mirrored")
    return matrices


def _have_extent(points: Tensor, alignment: Alignment) -> Tensor:
    """(B, N, 2) points to (B,) whether they span what a map needs: a plane, or for a similarity more than a spot."""
    centred = (points - points.mean(dim=1, keepdim=True)).detach().double()
    xx, yy = centred.square().sum(dim=1).unbind(dim=1)
    xy = centred.prod(dim=2).sum(dim=1)
    # Squares of the two singular values, whose sum is xx + yy and whose product is the determinant.
    larger = (xx + yy) / 2 + (((xx - yy) / 2).square() + xy.square()).sqrt()
    smaller = (xx * yy - xy.square()) / larger
    is_spread = larger > SMALLEST**2  # no comparison with NaN holds
    return is_spread & (smaller > FLATTEST**2 * larger) if alignment == "affine" else is_spread


def _apply(linear: Tensor, points: Tensor) -> Tensor:
    """(B, 2, 2) to (B, N, 2) points; no matrix product, which autocast and TF32 would round to parts of a pixel."""
    return (linear[:, None] * points[:, :, None]).sum(dim=3)


def _determinant(linear: Tensor) -> Tensor:
    """(B, 2, 2) to (B,)."""
    return linear[:, 0, 0] * linear[:, 1, 1] - linear[:, 0, 1] * linear[:, 1, 0]


def _affine(source: Tensor, target: Tensor) -> Tensor:
    """(B, N, 2) centred points to (B, 2, 2)."""
    solution: Tensor = torch.linalg.pinv(source) @ target
    return solution.mT


def _similarity(source: Tensor, target: Tensor) -> Tensor:
    """(B, N, 2) centred points to (B, 2, 2): conj(source) * target, summed, over |source|^2, as a matrix."""
    norm = source.square().sum(dim=(1, 2))
    real = (source * target).sum(dim=(1, 2)) / norm
    imaginary = (source[..., 0] * target[..., 1] - source[..., 1] * target[..., 0]).sum(dim=1) / norm
    return torch.stack([real, -imaginary, imaginary, real], dim=1).view(-1, 2, 2)
