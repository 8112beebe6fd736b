"""The ResNet generator against the reference's flat list of layers."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from networks import ResNetGenerator


@pytest.mark.parametrize(("num_labels", "count"), [(0, 11_378_179), (4, 11_577_935)])
def test_parameters_are_those_of_the_paper(num_labels: int, count: int) -> None:
    with torch.device("meta"):
        generator = ResNetGenerator(num_labels=num_labels)
    assert sum(p.numel() for p in generator.parameters()) == count


@torch.no_grad()
def test_equals_the_reference_layers() -> None:
    """The layers in the order of CycleGAN's own code, padding as layers of their own, filled with our weights."""
    torch.manual_seed(0)
    generator = ResNetGenerator(ngf=4, n_blocks=2)
    head = [nn.ReflectionPad2d(3), nn.Conv2d(3, 4, 7), nn.InstanceNorm2d(4), nn.ReLU()]
    for width in (4, 8):
        head += [nn.Conv2d(width, 2 * width, 3, 2, 1), nn.InstanceNorm2d(2 * width), nn.ReLU()]
    residual = [
        nn.Sequential(
            *(nn.ReflectionPad2d(1), nn.Conv2d(16, 16, 3), nn.InstanceNorm2d(16), nn.ReLU()),
            *(nn.ReflectionPad2d(1), nn.Conv2d(16, 16, 3), nn.InstanceNorm2d(16)),
        )
        for _ in range(2)
    ]
    tail: list[nn.Module] = []
    for width in (16, 8):
        tail += [nn.ConvTranspose2d(width, width // 2, 3, 2, 1, 1), nn.InstanceNorm2d(width // 2), nn.ReLU()]
    tail += [nn.ReflectionPad2d(3), nn.Conv2d(4, 3, 7), nn.Tanh()]
    reference = nn.ModuleList([nn.Sequential(*head), *residual, nn.Sequential(*tail)])
    for theirs, ours in zip(reference.parameters(), generator.parameters(), strict=True):
        theirs.copy_(ours)

    image = torch.rand(2, 3, 16, 24) * 2 - 1
    x: Tensor = reference[0](image)
    for block in residual:
        x = x + block(x)
    torch.testing.assert_close(generator(image), reference[-1](x), atol=1e-5, rtol=0)
