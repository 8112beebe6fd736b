from __future__ import annotations

import torch
import torch.nn.functional as F

from networks.generators import EnhancedGenerator
from networks.initialisation import init_weights


def enhanced() -> EnhancedGenerator:
    torch.manual_seed(0)
    return init_weights(EnhancedGenerator(ngf=4, n_blocks=2, upsampling="resize", num_labels=3), gain=0.2)


def noise(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(1)) * 2 - 1


@torch.no_grad()
def test_it_starts_as_the_coarse_generator_enlarged() -> None:
    generator, image, labels = enhanced(), noise(2, 3, 64, 48), torch.eye(3)[:2]
    generator.start_from_coarse()
    logits = generator.coarse.translate(F.avg_pool2d(image, 2), labels)
    expected = torch.tanh(F.interpolate(logits, scale_factor=2, mode="bilinear", align_corners=False))
    torch.testing.assert_close(generator(image, labels), expected)


def test_from_there_the_enhancer_learns() -> None:
    generator, image, labels = enhanced(), noise(2, 3, 32, 32), torch.eye(3)[:2]
    generator.start_from_coarse()
    optimizer = torch.optim.Adam(generator.parameters(), 1e-2)
    losses = []
    for _ in range(15):
        optimizer.zero_grad()
        loss = (generator(image, labels) - image).abs().mean()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.8 * losses[0]
    for name, parameter in generator.named_parameters():
        if name.endswith("weight"):
            assert parameter.grad is not None, name
            assert parameter.grad.any(), name


@torch.no_grad()
def test_details_that_the_coarse_generator_cannot_see_reach_the_output() -> None:
    """A checkerboard of single pixels is grey at half the size."""
    generator = enhanced()
    rows, columns = torch.meshgrid(torch.arange(32), torch.arange(32), indexing="ij")
    board = ((rows + columns) % 2 * 2.0 - 1).expand(1, 3, 32, 32)
    labels, flat = torch.eye(3)[:1], torch.zeros(1, 3, 32, 32)
    torch.testing.assert_close(
        generator.coarse(F.avg_pool2d(board, 2), labels), generator.coarse(F.avg_pool2d(flat, 2), labels)
    )
    assert (generator(board, labels) - generator(flat, labels)).abs().mean() > 1e-2
