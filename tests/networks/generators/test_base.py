"""What every generator must do, whatever its backbone."""

from __future__ import annotations

from itertools import combinations
from typing import get_args

import pytest
import torch

from networks import GeneratorName, Upsampling, build_generator, init_weights
from networks.generators import Generator
from networks.generators.blocks import ConvNorm, UpConvNorm
from networks.generators.unet import UNetGenerator

# Without a skip past its middle, the DenseNet lets rounding grow over nine normalisations of 8x8 maps.
BF16_MEAN_ERROR = {"resnet9": 0.01, "resnet6": 0.01, "unet": 0.005, "densenet": 0.06}


@pytest.fixture(params=get_args(GeneratorName))
def name(request: pytest.FixtureRequest) -> GeneratorName:
    backbone: GeneratorName = request.param
    return backbone


@pytest.fixture(params=get_args(Upsampling))
def generator(request: pytest.FixtureRequest, name: GeneratorName) -> Generator:
    torch.manual_seed(0)
    return init_weights(build_generator(name, ngf=4, upsampling=request.param))


def noise(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.mark.parametrize(("height", "width"), [(32, 32), (64, 32), (32, 96)])
def test_keeps_the_sides(generator: Generator, height: int, width: int) -> None:
    with torch.no_grad():
        output = generator(noise(1, 3, height, width))
    assert output.shape == (1, 3, height, width)
    assert output.abs().max() <= 1


def test_works_at_the_smallest_side(generator: Generator) -> None:
    side = generator.smallest_side
    assert generator.train()(noise(1, 3, side, side)).isfinite().all()


@pytest.mark.parametrize("in_channels", [1, 8])
def test_channels(name: GeneratorName, in_channels: int) -> None:
    generator = build_generator(name, in_channels=in_channels, out_channels=2, ngf=4)
    assert generator(noise(2, in_channels, 32, 32)).shape == (2, 2, 32, 32)


def test_a_gradient_reaches_every_parameter(generator: Generator) -> None:
    image = noise(1, 3, 32, 64).requires_grad_()
    (generator(image) * noise(1, 3, 32, 64)).sum().backward()
    assert image.grad is not None
    assert image.grad.abs().sum() > 0
    for parameter_name, parameter in generator.named_parameters():
        assert parameter.grad is not None, parameter_name
        assert parameter.grad.isfinite().all(), parameter_name
        # A bias in front of a normalisation changes nothing, so its gradient is zero up to rounding.
        if parameter_name.endswith("weight"):
            assert parameter.grad.abs().sum() > 1e-6, parameter_name


def test_samples_of_a_batch_do_not_mix(generator: Generator) -> None:
    images = noise(3, 3, 32, 32)
    with torch.no_grad():
        apart = torch.cat([generator(images[:1]), generator(images[1:])])
        together = generator(images)
    torch.testing.assert_close(together, apart, atol=1e-4, rtol=0)


def test_bf16_autocast_stays_near_float32(generator: Generator, name: GeneratorName) -> None:
    image = noise(1, 3, 32, 32)
    with torch.no_grad():
        exact = generator(image)
        with torch.autocast("cpu", torch.bfloat16):
            rounded = generator(image)
    assert rounded.dtype == torch.float32
    error = (rounded - exact).abs().mean()
    assert 0 < error < BF16_MEAN_ERROR[name]


@pytest.mark.parametrize("autocast", [False, True])
def test_a_white_image_gives_finite_gradients(generator: Generator, autocast: bool) -> None:
    image = torch.ones(1, 3, 32, 32, requires_grad=True)
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        output = generator(image)
    (output * noise(1, 3, 32, 32)).sum().backward()
    assert output.isfinite().all()
    assert image.grad is not None
    assert image.grad.isfinite().all()
    for parameter in generator.parameters():
        assert parameter.grad is not None
        assert parameter.grad.isfinite().all()


@pytest.mark.parametrize(
    ("backbone", "height", "width", "divisor"),
    [
        ("resnet9", 30, 32, 4),
        ("densenet", 32, 31, 4),
        ("resnet6", 4, 64, 4),
        ("unet", 64, 48, 32),
        ("unet", 16, 32, 32),
    ],
)
def test_refuses_other_sides(backbone: GeneratorName, height: int, width: int, divisor: int) -> None:
    generator = build_generator(backbone, ngf=4)
    assert generator.divisor == divisor
    with pytest.raises(ValueError, match=rf"multiples of {divisor} .* {height}x{width}"):
        generator(noise(1, 3, height, width))


def test_every_convolution_is_given_the_labels(name: GeneratorName) -> None:
    def widths(generator: Generator) -> list[int]:
        kinds = (torch.nn.Conv2d, torch.nn.ConvTranspose2d)
        return [layer.in_channels for layer in generator.modules() if isinstance(layer, kinds)]

    labels, given = torch.eye(3), []
    generator = build_generator(name, ngf=4, num_labels=3)
    for layer in generator.modules():
        if isinstance(layer, ConvNorm | UpConvNorm):
            layer.register_forward_pre_hook(lambda _layer, inputs: given.append(inputs[1]))
    generator(noise(3, 3, 32, 32), labels)
    assert widths(generator) == [width + 3 for width in widths(build_generator(name, ngf=4))]
    assert len(given) == len(widths(generator))
    assert all(received is labels for received in given)


def test_a_label_guides_its_own_image(name: GeneratorName) -> None:
    torch.manual_seed(0)
    generator = build_generator(name, ngf=4, num_labels=3)
    image = noise(1, 3, 32, 32)
    with torch.no_grad():
        outputs = generator(image.expand(4, -1, -1, -1), torch.cat([torch.eye(3), torch.zeros(1, 3)]))
        alone = generator(image, torch.eye(3)[1:2])
    torch.testing.assert_close(outputs[1:2], alone, atol=1e-4, rtol=0)
    for first, second in combinations(outputs, 2):
        assert (first - second).abs().mean() > 1e-3


def test_labels_are_needed_where_they_are_asked_for(name: GeneratorName) -> None:
    with pytest.raises(ValueError, match="of 3 labels needs labels"):
        build_generator(name, ngf=4, num_labels=3)(noise(2, 3, 32, 32))
    with pytest.raises(ValueError, match="of 0 labels needs labels"):
        build_generator(name, ngf=4)(noise(2, 3, 32, 32), torch.eye(2))


def passed(generator: Generator, image: torch.Tensor) -> tuple[list[torch.Tensor], int]:
    """The output and all gradients of a loss, and the bytes of activations kept for the backward pass."""
    kept: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    parameters = list(generator.parameters())
    image = image.requires_grad_()
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        output = generator(image)
    for parameter in parameters:  # they are kept anyway
        kept.pop(parameter.untyped_storage().data_ptr(), None)
    gradients = torch.autograd.grad(output.square().mean(), [image, *parameters])
    return [output.detach(), *gradients], sum(kept.values())


def test_gradient_checkpointing_changes_nothing_but_the_memory(generator: Generator) -> None:
    usual, usual_bytes = passed(generator, noise(2, 3, 64, 64))
    names = list(generator.state_dict())
    generator.gradient_checkpointing = True
    assert list(generator.state_dict()) == names
    again, bytes_kept = passed(generator, noise(2, 3, 64, 64))
    for ours, theirs in zip(again, usual, strict=True):
        assert torch.equal(ours, theirs)
    assert bytes_kept < (0.75 if isinstance(generator, UNetGenerator) else 0.4) * usual_bytes  # skips are kept


def test_gradient_checkpointing_can_go_backward_repeatedly() -> None:
    """As the measurement of each term's gradient does."""
    generator = build_generator("resnet6", ngf=2)
    generator.gradient_checkpointing = True
    output = generator(noise(1, 3, 16, 16)).mean()
    weight = next(generator.parameters())
    (first,) = torch.autograd.grad(output, [weight], retain_graph=True)
    (second,) = torch.autograd.grad(output, [weight])
    assert torch.equal(first, second)
    assert first.any()
