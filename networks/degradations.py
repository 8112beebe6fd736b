"""Synthetic degradations that imitate generator artefacts, as training input of the finisher."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Degradation:
    """Maximum strengths, sampled randomly per face. Lengths are in pixels of the degraded image.

    Attributes:
        blur: Standard deviation of a Gaussian blur.
        noise: Amplitudes of colour noise with cells of 1/6, 1/16, 1/32 and 1/64 of the image, in [-1, 1].
        stripes: Amplitude of grey noise stretched along one axis, like the wrinkles and strands that generators add.
        warp: Displacement by a smooth field. Keep it small: a network that learns to undo it moves eyes and noses to
            their average positions.
        tint: Amplitude of a colour cast on the darker parts (a hair label leaking into the skin).
        smudges: Number of soft patches in a colour of the image, white or brown.
        fade: Fraction of blending towards white.
    """

    blur: float = 1.3
    noise: tuple[float, float, float, float] = (0.14, 0.14, 0.12, 0.07)
    stripes: float = 0.22
    warp: float = 0.3
    tint: float = 0.10
    smudges: int = 4
    fade: float = 0.15


_NOISE_CELLS = (6, 16, 32, 64)
_STRIPE_CELLS = (6, 40)
_SMUDGE_COLOURS = ((1.0, 1.0, 1.0), (0.1, -0.3, -0.6))


def degrade(cartoons: Tensor, scale: int, degradation: Degradation = Degradation()) -> Tensor:
    """Downscales and degrades cartoons, using the global random generator.

    Args:
        cartoons: (B, 3, scale * H, scale * W) RGB in [-1, 1] on white.
        scale: Downscaling factor.
        degradation: Maximum strengths.

    Returns:
        (B, 3, H, W) in [-1, 1].
    """
    images = F.avg_pool2d(cartoons, scale)
    images = _warped(images, degradation.warp)
    images = _smudged(images, degradation.smudges)
    images = _blurred(images, degradation.blur)
    # Real generators keep white almost white, so only the foreground is degraded.
    drawn = F.max_pool2d(1 - images.amin(dim=1, keepdim=True), 5, stride=1, padding=2).clamp(0, 1)
    drawn = 0.15 + 0.85 * drawn
    images = images + drawn * (_colour_noise(images, degradation.noise) + _stripes(images, degradation.stripes))
    images = images + drawn * degradation.tint * _uniform(images, 3)
    fade = degradation.fade * torch.rand(len(images), 1, 1, 1, device=images.device)
    return (images + fade * (1 - images)).clamp(-1, 1)


def _uniform(images: Tensor, channels: int = 1) -> Tensor:
    """(B, channels, 1, 1) in [-1, 1)."""
    return torch.rand(len(images), channels, 1, 1, device=images.device) * 2 - 1


def _colour_noise(images: Tensor, amplitudes: tuple[float, ...]) -> Tensor:
    """Smooth noise at several scales, partly grey, with a random strength per face."""
    height, width = images.shape[2:]
    noise = torch.zeros_like(images)
    for cells, amplitude in zip(_NOISE_CELLS, amplitudes, strict=True):
        grid = torch.randn(len(images), 3, min(cells, height), min(cells, width), device=images.device)
        smooth = F.interpolate(grid, (height, width), mode="bicubic", align_corners=False)
        strength = amplitude * torch.rand(len(images), 1, 1, 1, device=images.device)
        noise = noise + strength * smooth
    return noise


def _stripes(images: Tensor, amplitude: float) -> Tensor:
    """Grey noise (B, 1, H, W), stretched along the rows of some faces and the columns of the others."""
    height, width = images.shape[2:]
    along, across = _STRIPE_CELLS
    fields = [
        F.interpolate(torch.randn(len(images), 1, *cells, device=images.device), (height, width), mode="bicubic")
        for cells in ((min(across, height), along), (along, min(across, width)))
    ]
    lies = torch.rand(len(images), 1, 1, 1, device=images.device) < 0.6
    strength = amplitude * torch.rand(len(images), 1, 1, 1, device=images.device).square()
    return strength * torch.where(lies, fields[0], fields[1])


def _warped(images: Tensor, reach: float) -> Tensor:
    """Warps images by a smooth field of up to about ``reach`` pixels."""
    height, width = images.shape[2:]
    coarse = torch.randn(len(images), 2, 8, 8, device=images.device)
    field = F.interpolate(coarse, (height, width), mode="bicubic", align_corners=False)
    strength = reach * torch.rand(len(images), 1, 1, 1, device=images.device)
    shift = (field * strength).permute(0, 2, 3, 1) * images.new_tensor([2 / width, 2 / height])
    identity = torch.eye(2, 3, device=images.device).expand(len(images), 2, 3)
    grid = F.affine_grid(identity, list(images.shape), align_corners=False) + shift
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)


def _blurred(images: Tensor, largest: float) -> Tensor:
    """Blurs each face with a random Gaussian of up to ``largest`` pixels."""
    reach = max(1, math.ceil(2 * largest))
    sigma = (largest * torch.rand(len(images), 1, device=images.device)).clamp(min=0.05)
    offsets = torch.arange(-reach, reach + 1, device=images.device, dtype=images.dtype)
    kernel = torch.exp(-0.5 * (offsets / sigma).square())
    kernel = kernel / kernel.sum(dim=1, keepdim=True)
    batch, channels = images.shape[:2]
    kernel = kernel.repeat_interleave(channels, dim=0)
    stacked = F.pad(images, (reach, reach, reach, reach), mode="replicate").flatten(0, 1)[None]
    rows = F.conv2d(stacked, kernel[:, None, :, None], groups=batch * channels)
    return F.conv2d(rows, kernel[:, None, None, :], groups=batch * channels).view_as(images)


def _smudged(images: Tensor, maximum: int) -> Tensor:
    """Adds soft patches to each face, in one of its colours, white or brown."""
    batch, _, height, width = images.shape
    rows = torch.linspace(-1, 1, height, device=images.device)[None, :, None]
    columns = torch.linspace(-1, 1, width, device=images.device)[None, None, :]
    faces = torch.arange(batch, device=images.device)
    for _ in range(maximum):
        y, x = (torch.rand(batch, 1, 1, device=images.device) * 2 - 1 for _ in range(2))
        size_y, size_x = (0.04 + 0.2 * torch.rand(batch, 1, 1, device=images.device) ** 2 for _ in range(2))
        patch = torch.exp(-((rows - y) / size_y).square() - ((columns - x) / size_x).square())
        strength = torch.rand(batch, 1, 1, device=images.device).square()
        own = images[
            faces,
            :,
            torch.randint(height, (batch,), device=images.device),
            torch.randint(width, (batch,), device=images.device),
        ]
        fixed = images.new_tensor(_SMUDGE_COLOURS)[torch.randint(len(_SMUDGE_COLOURS), (batch,), device=images.device)]
        colour = torch.where(torch.rand(batch, 1, device=images.device) < 0.6, own, fixed)[:, :, None, None]
        images = images + (patch * strength)[:, None] * (colour - images)
    return images
