"""The DenseNet generator."""

from __future__ import annotations

import torch

from networks import DenseNetGenerator, ResNetGenerator


def count(module: torch.nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def test_differs_from_the_resnet_only_between_the_samplings() -> None:
    with torch.device("meta"):
        dense, resnet = DenseNetGenerator(), ResNetGenerator()
    layers = 9 * (256 * 64 + 64 * 320) + 2 * 64
    transition = (256 + 2 * 64) * 256 + 256
    assert count(dense.blocks) == 9 * (layers + transition)
    assert count(dense) - count(dense.blocks) == count(resnet) - count(resnet.blocks)


def test_growth_and_layers_set_the_widths() -> None:
    block = DenseNetGenerator(ngf=4, n_blocks=1, n_layers=3, growth=5).blocks[0]
    assert [p.shape[:2] for p in block.parameters() if p.ndim == 4] == [(5, 16), (5, 21), (5, 26), (16, 31)]
