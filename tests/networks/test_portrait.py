from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from networks.portrait import SIDE, PortraitNet, load_portrait, save_portrait
from networks.weights_file import WeightsError, write_weights

OWN = Path(__file__).parent.parent.parent / "weights" / "portrait.safetensors"


@pytest.fixture
def net() -> PortraitNet:
    torch.manual_seed(0)
    return PortraitNet().eval()


def photos(*size: int) -> Tensor:
    return torch.rand(*size, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.mark.parametrize("size", [(SIDE, SIDE), (64, 64), (218, 178), (31, 57)])
def test_alphas_have_the_size_of_the_photos(net: PortraitNet, size: tuple[int, int]) -> None:
    alphas = net(photos(2, 3, *size))
    assert alphas.shape == (2, 2, *size)
    assert 0 <= alphas.min() < alphas.max() <= 1


def test_photos_of_any_size_are_seen_alike(net: PortraitNet) -> None:
    small = torch.nn.functional.interpolate(photos(1, 3, 8, 8), (SIDE, SIDE), mode="bilinear")
    large = small.repeat_interleave(2, 2).repeat_interleave(2, 3)
    shrunk = torch.nn.functional.avg_pool2d(net(large), 2)
    torch.testing.assert_close(shrunk, net(small), rtol=0, atol=0.03)


def test_every_parameter_learns(net: PortraitNet) -> None:
    net.train()(photos(4, 3, SIDE, SIDE)).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())


@pytest.mark.parametrize("side", [64, SIDE, 256])
def test_a_loss_sees_the_photo_through_it(net: PortraitNet, side: int) -> None:
    image = photos(1, 3, side, side).requires_grad_()
    net.requires_grad_(False)(image)[:, 1].sum().backward()
    assert image.grad is not None
    assert torch.isfinite(image.grad).all()
    assert (image.grad.abs().amax(dim=(0, 1)) > 0).float().mean() > 0.9


def test_it_stays_below_a_megabyte(net: PortraitNet, tmp_path: Path) -> None:
    save_portrait(net, {}, tmp_path / "portrait.safetensors")
    assert (tmp_path / "portrait.safetensors").stat().st_size < 1_000_000
    assert sum(parameter.numel() for parameter in net.parameters()) == 234_234


def test_the_exported_network_says_the_same(net: PortraitNet) -> None:
    batch = torch.export.Dim("batch", min=1, max=64)
    exported = torch.export.export(net, (photos(2, 3, 256, 256),), dynamic_shapes={"photos": {0: batch}})
    for size in (1, 3):
        images = photos(size, 3, 256, 256)
        torch.testing.assert_close(exported.module()(images), net(images), rtol=0, atol=1e-5)


def test_a_saved_network_comes_back_frozen_with_its_figures(net: PortraitNet, tmp_path: Path) -> None:
    path, images = tmp_path / "portrait.safetensors", photos(2, 3, 64, 64)
    save_portrait(net, {"iou of head": 0.75}, path)
    loaded, figures = load_portrait(path)
    assert figures == {"iou of head": 0.75}
    assert not loaded.training
    assert not any(parameter.requires_grad for parameter in loaded.parameters())
    torch.testing.assert_close(loaded(images), net(images))


def test_other_files_are_refused(net: PortraitNet, tmp_path: Path) -> None:
    path = tmp_path / "odd.safetensors"
    with pytest.raises(WeightsError, match="no such file"):
        load_portrait(path)
    for description in ({"something": "else"}, {"kind": "classifier", "format_version": 1, "figures": {}}):
        write_weights(net, description, path)
        with pytest.raises(WeightsError, match=r"odd\.safetensors is not a portrait.*configs/portrait\.yaml"):
            load_portrait(path)
    write_weights(net, {"kind": "portrait", "format_version": 9}, path)
    with pytest.raises(WeightsError, match="format 9"):
        load_portrait(path)
    write_weights(nn.Linear(1, 1), {"kind": "portrait", "format_version": 1, "figures": {}}, path)
    with pytest.raises(WeightsError, match="does not match these nets"):
        load_portrait(path)


def test_our_own_reaches_what_its_card_says() -> None:
    figures = load_portrait(OWN)[1]
    assert figures["iou of person, celeba"] >= 0.93
    assert figures["iou of head, celeba"] >= 0.90
