"""The L1 distance of the cycle consistency and identity losses."""

from __future__ import annotations

from torch import Tensor


def l1_consistency(output: Tensor, image: Tensor) -> Tensor:
    """Mean absolute error between a generator output and its target image.

    Cycle consistency (paper Eq. 5) compares G_BA(G_AB(a)) with a, identity (Eq. 6) compares G_AB(b) with b. The paper
    uses the L1 norm; as in CycleGAN it is divided by the number of values.

    Args:
        output: (B, C, H, W) in [-1, 1], the generator output.
        image: (B, C, H, W) in [-1, 1], the target.

    Returns:
        Scalar, float32.

    Raises:
        ValueError: If the shapes differ.
    """
    if output.shape != image.shape:
        raise ValueError(f"shapes differ: output {tuple(output.shape)}, image {tuple(image.shape)}")
    return (output.float() - image.float()).abs().mean()
