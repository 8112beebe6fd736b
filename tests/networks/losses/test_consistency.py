"""Cycle consistency and identity against a loop over values."""

from __future__ import annotations

import pytest
import torch

from networks import l1_consistency


def test_equals_a_loop_over_values() -> None:
    generator = torch.Generator().manual_seed(0)
    output, image = (torch.rand(2, 3, 4, 5, generator=generator) * 2 - 1 for _ in range(2))
    pairs = zip(output.flatten().tolist(), image.flatten().tolist(), strict=True)
    differences = [abs(a - b) for a, b in pairs]
    assert l1_consistency(output, image).item() == pytest.approx(sum(differences) / len(differences), rel=1e-5)


def test_computes_in_float32() -> None:
    generator = torch.Generator().manual_seed(0)
    output, image = (torch.rand(1, 3, 64, 64, generator=generator).bfloat16() for _ in range(2))
    with torch.autocast("cpu", torch.bfloat16):
        loss = l1_consistency(output, image)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx((output.double() - image.double()).abs().mean().item(), rel=1e-6)


def test_refuses_to_broadcast() -> None:
    with pytest.raises(ValueError, match=r"output \(1, 3, 4, 4\), image \(2, 3, 4, 4\)"):
        l1_consistency(torch.zeros(1, 3, 4, 4), torch.zeros(2, 3, 4, 4))
