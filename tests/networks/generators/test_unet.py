"""The U-Net generator against its recursive definition."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from networks import UNetGenerator


def slow_unet(image: Tensor, downs: list[nn.Module], ups: list[nn.Module]) -> Tensor:
    """Recursion from the outermost level inwards, as pix2pix nests its blocks."""

    def level(x: Tensor, depth: int) -> Tensor:
        x = downs[depth](x)
        if 0 < depth < len(downs) - 1:
            x = nn.InstanceNorm2d(x.shape[1])(x)
        if depth == len(downs) - 1:
            return x
        inner = ups[depth + 1](level(nn.LeakyReLU(0.2)(x), depth + 1).clamp(min=0))
        return torch.cat([nn.InstanceNorm2d(x.shape[1])(inner), x], dim=1)

    return torch.tanh(ups[0](level(image, 0).clamp(min=0)))


@pytest.mark.parametrize("n_downsamplings", [2, 5])
@torch.no_grad()
def test_equals_the_recursive_definition(n_downsamplings: int) -> None:
    torch.manual_seed(0)
    generator = UNetGenerator(ngf=2, n_downsamplings=n_downsamplings)
    downs: list[nn.Module] = [m for m in generator.modules() if isinstance(m, nn.Conv2d)]
    ups: list[nn.Module] = [m for m in generator.modules() if isinstance(m, nn.ConvTranspose2d)]
    assert len(downs) == len(ups) == n_downsamplings
    image = torch.rand(2, 3, 64, 32) * 2 - 1
    torch.testing.assert_close(generator(image), slow_unet(image, downs, ups[::-1]), atol=1e-5, rtol=0)


def test_parameters() -> None:
    with torch.device("meta"):
        generator = UNetGenerator()
    down = [(3, 64), (64, 128), (128, 256), (256, 512), (512, 512)]
    up = [(512, 512), (1024, 256), (512, 128), (256, 64), (128, 3)]
    assert sum(p.numel() for p in generator.parameters()) == sum(16 * a * b + b for a, b in down + up)


def test_needs_a_level_to_skip() -> None:
    with pytest.raises(ValueError, match="at least 2, got 1"):
        UNetGenerator(n_downsamplings=1)
