"""Blocks against their definitions written with loops."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from networks.generators import build_generator
from networks.generators.blocks import (
    ConvNorm,
    DenseBlock,
    LabelInjection,
    Padding,
    ResidualBlock,
    UpConvNorm,
    Upsampling,
)
from networks.initialisation import init_weights


def noise(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def slow_convolution(padded: Tensor, weight: Tensor, bias: Tensor, stride: int) -> Tensor:
    kernel = weight.shape[-1]
    height, width = ((side - kernel) // stride + 1 for side in padded.shape[-2:])
    rows = []
    for y in range(0, height * stride, stride):
        patches = [padded[0, :, y : y + kernel, x : x + kernel] for x in range(0, width * stride, stride)]
        rows.append(torch.stack([(weight * patch).sum(dim=(1, 2, 3)) + bias for patch in patches], dim=-1))
    return torch.stack(rows, dim=1)[None]


def slow_instance_norm(x: Tensor) -> Tensor:
    maps = [(m - m.mean()) / torch.sqrt(((m - m.mean()) ** 2).mean() + 1e-5) for sample in x for m in sample]
    return torch.stack(maps).view_as(x)


@pytest.mark.parametrize(("kernel_size", "stride", "padding"), [(7, 1, "reflect"), (3, 2, "zeros"), (4, 2, "zeros")])
@torch.no_grad()
def test_conv_norm(kernel_size: int, stride: int, padding: Padding) -> None:
    x = noise(1, 2, 8, 6)
    layer = ConvNorm(2, 3, kernel_size, stride, padding)
    border = (kernel_size - 1) // 2
    padded = F.pad(x, (border,) * 4, mode="reflect" if padding == "reflect" else "constant")
    assert layer.conv.bias is not None
    convolved = slow_convolution(padded, layer.conv.weight, layer.conv.bias, stride)
    torch.testing.assert_close(layer(x), slow_instance_norm(convolved), atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_without_norm_the_bias_counts() -> None:
    layer = ConvNorm(2, 3, 3, norm=False)
    before = layer(noise(1, 2, 4, 4))
    assert layer.conv.bias is not None
    layer.conv.bias += 5
    torch.testing.assert_close(layer(noise(1, 2, 4, 4)), before + 5)


@torch.no_grad()
def test_resize_repeats_pixels_then_convolves() -> None:
    x = noise(1, 2, 3, 5)
    layer = UpConvNorm(2, 3, "resize")
    repeated = torch.stack([torch.stack([x[..., i // 2, j // 2] for j in range(10)], dim=-1) for i in range(6)], dim=-2)
    weight, bias = layer.conv.get_parameter("weight"), layer.conv.get_parameter("bias")
    expected = slow_convolution(F.pad(repeated, (1, 1, 1, 1), mode="reflect"), weight, bias, 1)
    torch.testing.assert_close(layer(x), slow_instance_norm(expected), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("kernel_size", [3, 4])
@torch.no_grad()
def test_transposed_spreads_each_pixel(kernel_size: int) -> None:
    x = noise(1, 2, 3, 5)
    layer = UpConvNorm(2, 3, "transposed", kernel_size, norm=False)
    weight, bias = layer.conv.get_parameter("weight"), layer.conv.get_parameter("bias")
    canvas = torch.zeros(1, 3, 6 + kernel_size, 10 + kernel_size)
    for i in range(3):
        for j in range(5):
            stamp = (x[0, :, i, j, None, None, None] * weight).sum(dim=0)
            canvas[0, :, 2 * i : 2 * i + kernel_size, 2 * j : 2 * j + kernel_size] += stamp
    expected = canvas[..., 1:7, 1:11] + bias[:, None, None]
    torch.testing.assert_close(layer(x), expected, atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_a_residual_block_adds_to_its_input() -> None:
    block = ResidualBlock(4)
    x = noise(2, 4, 6, 6)
    torch.testing.assert_close(block(x) - x, block.conv2(block.conv1(x).clamp(min=0)))
    for parameter in block.parameters():
        parameter.zero_()
    torch.testing.assert_close(block(x), x)


@torch.no_grad()
def test_a_dense_block_shows_each_layer_all_before_it() -> None:
    block = DenseBlock(4, growth=3, n_layers=2)
    x = noise(2, 4, 6, 6)
    first = block.layers[0](x).clamp(min=0)
    second = block.layers[1](torch.cat([x, first], dim=1)).clamp(min=0)
    expected = block.transition(torch.cat([x, first, second], dim=1)).clamp(min=0)
    torch.testing.assert_close(block(x), expected)
    assert expected.shape == x.shape


def planes(labels: Tensor, height: int, width: int) -> Tensor:
    """Labels (B, K) as planes, one number at a time."""
    spread = torch.empty(*labels.shape, height, width)
    for sample in range(labels.shape[0]):
        for label in range(labels.shape[1]):
            spread[sample, label] = labels[sample, label]
    return spread


LABELS = torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0]])


@pytest.mark.parametrize("norm", [False, True])
@pytest.mark.parametrize(
    ("kernel_size", "stride", "padding"),
    [(7, 1, "reflect"), (3, 1, "reflect"), (1, 1, "reflect"), (3, 2, "zeros"), (4, 2, "zeros")],
)
def test_labels_are_concatenated_to_a_convolution_s_input(
    kernel_size: int, stride: int, padding: Padding, norm: bool
) -> None:
    layer = ConvNorm(2, 4, kernel_size, stride, padding, norm, num_labels=3)
    x = noise(3, 2, 8, 6)
    expected = layer.norm(layer.conv(torch.cat([x, planes(LABELS, 8, 6)], dim=1)))
    output = layer(x, LABELS)
    torch.testing.assert_close(output, expected, atol=1e-5, rtol=1e-4)
    parameters = list(layer.parameters())
    weights = noise(*output.shape)
    gradients = torch.autograd.grad((output * weights).sum(), parameters)
    expected_gradients = torch.autograd.grad((expected * weights).sum(), parameters)
    torch.testing.assert_close(gradients, expected_gradients, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("upsampling", ["transposed", "resize"])
@torch.no_grad()
def test_labels_are_concatenated_to_an_up_sampling_s_input(upsampling: Upsampling) -> None:
    layer = UpConvNorm(2, 4, upsampling, norm=False, num_labels=3)
    x = noise(3, 2, 4, 6)
    expected = layer.conv(layer.resize(torch.cat([x, planes(LABELS, 4, 6)], dim=1)))
    torch.testing.assert_close(layer(x, LABELS), expected, atol=1e-5, rtol=1e-4)


def label_weights_that_act(injection: LabelInjection, upsampling: Upsampling) -> tuple[int, int]:
    """How many of a generator's label weights change what it makes, and how many there are."""
    torch.manual_seed(0)
    generator = init_weights(
        build_generator("resnet6", ngf=4, num_labels=4, upsampling=upsampling, label_injection=injection)
    )
    labels = torch.eye(4)
    (generator(noise(4, 3, 16, 16), labels) * noise(4, 3, 16, 16)).sum().backward()
    acting = count = 0
    for layer in generator.modules():
        if isinstance(layer, ConvNorm | UpConvNorm):
            if layer.modulation is not None:
                gradient = layer.modulation.weight.grad
            else:
                kernel = layer.conv.weight.grad
                assert kernel is not None
                gradient = kernel[-4:] if isinstance(layer.conv, torch.nn.ConvTranspose2d) else kernel[:, -4:]
            assert gradient is not None
            acting, count = acting + int((gradient.abs() > 1e-9).sum()), count + gradient.numel()
    return acting, count


@pytest.mark.parametrize("upsampling", ["transposed", "resize"])
@pytest.mark.parametrize("injection", ["after_norm", "modulation"])
def test_every_label_weight_acts_where_it_comes_after_the_norm(
    injection: LabelInjection, upsampling: Upsampling
) -> None:
    acting, count = label_weights_that_act(injection, upsampling)
    assert acting > 0.95 * count  # a channel that a ReLU closes everywhere takes its own along


def test_the_norm_removes_most_of_the_paper_s_concatenated_labels() -> None:
    acting, count = label_weights_that_act("concat", "resize")
    assert acting < 0.3 * count


def test_after_norm_has_the_paper_s_weights_and_adds_what_they_contribute_after_the_norm() -> None:
    torch.manual_seed(0)
    x, labels = noise(2, 3, 8, 8), torch.eye(4)[[1, 3]]
    layer = ConvNorm(3, 5, 3, num_labels=4, label_injection="after_norm")
    assert layer.conv.weight.shape == ConvNorm(3, 5, 3, num_labels=4).conv.weight.shape
    plain = ConvNorm(3, 5, 3)
    plain.conv.weight.data.copy_(layer.conv.weight[:, :3])
    added = torch.stack([layer.conv.weight[:, 3 + label].sum(dim=(1, 2)) for label in (1, 3)])
    torch.testing.assert_close(layer(x, labels), plain(x) + added[:, :, None, None], atol=1e-5, rtol=1e-4)


def test_modulation_scales_and_shifts_the_normalised_output() -> None:
    torch.manual_seed(0)
    x, labels = noise(2, 3, 8, 8), torch.eye(4)[[1, 3]]
    layer = ConvNorm(3, 5, 3, num_labels=4, label_injection="modulation")
    assert layer.modulation is not None
    scale, shift = (labels @ layer.modulation.weight.T)[:, :, None, None].chunk(2, dim=1)
    torch.testing.assert_close(layer(x, labels), layer(x) * (1 + scale) + shift)


def test_unknown_injections_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown label injection 'magic'"):
        ConvNorm(3, 5, 3, num_labels=4, label_injection="magic")  # type: ignore[arg-type]
