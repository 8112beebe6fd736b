"""The PatchGAN discriminator."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from networks import PatchDiscriminator, init_weights


def noise(*shape: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.mark.parametrize(("num_labels", "count"), [(0, 2_764_737), (4, 2_768_833)])
def test_parameters_are_those_of_the_reference(num_labels: int, count: int) -> None:
    with torch.device("meta"):
        discriminator = PatchDiscriminator(num_labels=num_labels)
    assert sum(p.numel() for p in discriminator.parameters()) == count


@torch.no_grad()
def test_equals_the_reference_layers() -> None:
    discriminator = PatchDiscriminator(ndf=4)
    layers: list[nn.Module] = [nn.Conv2d(3, 4, 4, 2, 1), nn.LeakyReLU(0.2)]
    for above, below, stride in ((4, 8, 2), (8, 16, 2), (16, 32, 1)):
        layers += [nn.Conv2d(above, below, 4, stride, 1), nn.InstanceNorm2d(below), nn.LeakyReLU(0.2)]
    reference = nn.Sequential(*layers, nn.Conv2d(32, 1, 4, 1, 1))
    for theirs, ours in zip(reference.parameters(), discriminator.parameters(), strict=True):
        theirs.copy_(ours)
    image = noise(2, 3, 48, 64)
    torch.testing.assert_close(discriminator(image), reference(image))


@pytest.mark.parametrize(("n_layers", "patch"), [(1, 16), (2, 34), (3, 70)])
def test_a_logit_sees_one_patch(n_layers: int, patch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the normalisation, which looks at whole maps, a logit's gradient covers exactly its patch."""

    def unchanged(x: Tensor) -> Tensor:
        return x

    monkeypatch.setattr(F, "instance_norm", unchanged)
    image = noise(1, 3, 128, 128).requires_grad_()
    logits = PatchDiscriminator(ndf=4, n_layers=n_layers)(image)
    logits[0, 0, logits.shape[2] // 2, logits.shape[3] // 2].backward()
    assert image.grad is not None
    rows = image.grad.abs().sum(dim=(0, 1, 3)).nonzero()
    columns = image.grad.abs().sum(dim=(0, 1, 2)).nonzero()
    assert rows.max() - rows.min() + 1 == patch
    assert columns.max() - columns.min() + 1 == patch


@pytest.mark.parametrize("n_layers", [1, 2, 3, 4])
def test_works_from_the_smallest_side_on(n_layers: int) -> None:
    discriminator = PatchDiscriminator(ndf=2, n_layers=n_layers)
    side = discriminator.smallest_side
    assert discriminator(noise(1, 3, side, side)).shape == (1, 1, 1, 1)
    assert discriminator(noise(2, 3, 2 * side, 64)).shape == (2, 1, 4, 64 // 2**n_layers - 2)
    with pytest.raises(ValueError, match=f"at least {side} px, got {side}x{side - 1}"):
        discriminator(noise(1, 3, side, side - 1))


def test_needs_a_layer() -> None:
    with pytest.raises(ValueError, match="at least 1, got 0"):
        PatchDiscriminator(n_layers=0)


@pytest.mark.parametrize("white", [False, True])
@pytest.mark.parametrize("autocast", [False, True])
def test_a_gradient_reaches_every_parameter(white: bool, autocast: bool) -> None:
    torch.manual_seed(0)
    discriminator = init_weights(PatchDiscriminator(in_channels=7, ndf=4))
    image = torch.ones(2, 7, 32, 32) if white else noise(2, 7, 32, 32)
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        logits = discriminator(image)
    (logits * noise(*logits.shape)).sum().backward()
    assert logits.isfinite().all()
    for name, parameter in discriminator.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        if name.endswith("weight"):
            assert parameter.grad.abs().sum() > 1e-6, name


@torch.no_grad()
def test_under_autocast_only_the_logits_are_float32() -> None:
    torch.manual_seed(0)
    discriminator = init_weights(PatchDiscriminator(ndf=4))
    image = noise(1, 3, 32, 32)
    features: list[Tensor] = []
    hook = discriminator.convs[-1].register_forward_hook(lambda _module, _inputs, output: features.append(output))
    with torch.autocast("cpu", torch.bfloat16):
        logits = discriminator(image)
    hook.remove()
    assert features[0].dtype == torch.bfloat16
    assert logits.dtype == torch.float32
    assert not torch.equal(logits, logits.bfloat16().float())
    torch.testing.assert_close(logits, discriminator(image), atol=0.02, rtol=0)


@torch.no_grad()
def test_samples_of_a_batch_do_not_mix() -> None:
    discriminator = PatchDiscriminator(ndf=4)
    images = noise(3, 3, 32, 32)
    apart = torch.cat([discriminator(images[:1]), discriminator(images[1:])])
    torch.testing.assert_close(discriminator(images), apart)


@torch.no_grad()
def test_a_label_is_an_image_s_further_channels() -> None:
    labelled, plain = PatchDiscriminator(ndf=4, num_labels=2), PatchDiscriminator(in_channels=5, ndf=4)
    plain.load_state_dict(labelled.state_dict())
    image, labels = noise(2, 3, 32, 40), torch.tensor([[0.0, 1.0], [0.0, 0.0]])
    planes = torch.zeros(2, 2, 32, 40)
    planes[0, 1] = 1
    torch.testing.assert_close(labelled(image, labels), plain(torch.cat([image, planes], dim=1)))


def test_labels_are_needed_where_they_are_asked_for() -> None:
    with pytest.raises(ValueError, match="of 2 labels needs labels"):
        PatchDiscriminator(ndf=4, num_labels=2)(noise(2, 3, 32, 32))
    with pytest.raises(ValueError, match="of 0 labels needs labels"):
        PatchDiscriminator(ndf=4)(noise(2, 3, 32, 32), torch.eye(2))


def test_spectral_norm_bounds_every_kernel_and_unknown_norms_are_refused() -> None:
    torch.manual_seed(0)
    network = init_weights(PatchDiscriminator(ndf=8, norm="spectral"), gain=1.0)
    for _ in range(30):  # power iterations
        network(torch.rand(1, 3, 64, 64))
    for layer in (network.stem, *network.convs, network.head):
        largest = torch.linalg.matrix_norm(layer.weight.flatten(1), ord=2)
        assert float(largest) == pytest.approx(1.0, rel=0.05)
    with pytest.raises(ValueError, match="unknown norm 'layer'"):
        PatchDiscriminator(norm="layer")  # type: ignore[arg-type]


def test_only_without_instance_norm_the_contrast_of_an_image_counts() -> None:
    torch.manual_seed(0)
    image = torch.rand(1, 3, 64, 64) - 0.5
    for norm in ("instance", "none"):
        network = init_weights(PatchDiscriminator(ndf=8, norm=norm), gain=0.1)  # no bias: only the norm differs
        ratio = float((network(image) / network(0.25 * image)).median())
        assert ratio == pytest.approx(1.0 if norm == "instance" else 4.0, rel=0.05)
