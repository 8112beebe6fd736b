"""The R1 gradient penalty, which regularises a discriminator."""

from __future__ import annotations

import torch
from torch import Tensor


def r1_penalty(logits: Tensor, images: Tensor, counts: Tensor | None = None) -> Tensor:
    """Half the squared gradient of a discriminator's mean logit at real images.

    R1 of Mescheder et al. 2018, "Which Training Methods for GANs do actually Converge?", Eq. 9, without its weight. For
    a patch discriminator, the gradient is that of an image's mean logit.

    Args:
        logits: (B, ...) of real images, with a graph to ``images``.
        images: (B, C, H, W) real images with ``requires_grad``.
        counts: (B,) bool, mask of valid images; by default all.

    Returns:
        Scalar, float32, differentiable in the discriminator's weights: the squared norm is summed over pixels and
        averaged over the valid images; zero if there are none.

    Raises:
        ValueError: The images require no gradient.
    """
    if not images.requires_grad:
        raise ValueError("R1 needs images that require a gradient")
    score = logits.float().flatten(1).mean(dim=1).sum()
    (gradient,) = torch.autograd.grad(score, images, create_graph=True)
    each = 0.5 * gradient.float().square().flatten(1).sum(dim=1)
    if counts is None:
        return each.mean()
    return torch.where(counts, each, 0).sum() / counts.sum().clamp(min=1)
