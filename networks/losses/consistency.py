"""Cycle consistency and identity, which are one distance."""

from __future__ import annotations

from torch import Tensor


def l1_consistency(output: Tensor, image: Tensor) -> Tensor:
    """Mean absolute error between an image and what the generators made of it.

    Cycle consistency (paper Eq. 5) with G_BA(G_AB(a)) and a, identity (Eq. 6) with G_AB(b) and b. The paper writes
    the L1 norm; as in CycleGAN it is divided by the number of values.

    Args:
        output: (B, C, H, W) in [-1, 1], what came out of the generators.
        image: (B, C, H, W) in [-1, 1], what ought to have come out.

    Returns:
        Scalar, float32.

    Raises:
        ValueError: If the shapes differ.
    """
    if output.shape != image.shape:
        raise ValueError(f"shapes differ: output {tuple(output.shape)}, image {tuple(image.shape)}")
    return (output.float() - image.float()).abs().mean()
