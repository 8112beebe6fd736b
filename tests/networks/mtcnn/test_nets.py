"""PNet, RNet and ONet against loops over positions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from networks.mtcnn import MTCNN, ONet, PNet, RNet
from networks.mtcnn.nets import Stage, face_score, normalise

Array = NDArray[np.float64]


def values(tensor: torch.Tensor) -> Array:
    return tensor.detach().double().numpy()


def convolve(x: Array, layer: nn.Conv2d) -> Array:
    kernel, bias = values(layer.weight), values(layer.bias)  # type: ignore[arg-type]  # these layers have a bias
    size = kernel.shape[2]
    rows, columns = x.shape[1] - size + 1, x.shape[2] - size + 1
    out = np.empty((len(kernel), rows, columns))
    for i in range(rows):
        for j in range(columns):
            out[:, i, j] = np.einsum("ocij,cij->o", kernel, x[:, i : i + size, j : j + size]) + bias
    return out


def pool(x: Array, size: int) -> Array:
    """Windows start at every second pixel; the last may be incomplete (ceil mode)."""
    starts = [range(0, max(1, side - size + 2), 2) for side in x.shape[1:]]
    return np.stack(
        [[x[:, i : i + size, j : j + size].max(axis=(1, 2)) for j in starts[1]] for i in starts[0]]
    ).transpose(2, 0, 1)


def slow_features(net: Stage, x: Array) -> Array:
    for layer in net.features:
        if isinstance(layer, nn.Conv2d):
            x = convolve(x, layer)
        elif isinstance(layer, nn.PReLU):
            slopes = values(layer.weight).reshape(-1, *([1] * (x.ndim - 1)))
            x = np.where(x > 0, x, slopes * x)
        elif isinstance(layer, nn.MaxPool2d):
            x = pool(x, int(layer.kernel_size))  # type: ignore[arg-type]  # ours are square
        elif isinstance(layer, nn.Linear):
            x = values(layer.weight) @ x + values(layer.bias)
        else:
            x = np.array([x[c, i, j] for j in range(x.shape[2]) for i in range(x.shape[1]) for c in range(len(x))])
    return x


def varied_slopes(net: nn.Module) -> None:
    for layer in net.modules():
        if isinstance(layer, nn.PReLU):
            nn.init.uniform_(layer.weight, -1.3, 1.3)


@pytest.mark.parametrize(("net", "parameters"), [(PNet, 6_962), (RNet, 101_468), (ONet, 389_040)])
def test_parameters_are_those_of_mtcnn(net: type[PNet | RNet | ONet], parameters: int) -> None:
    with torch.device("meta"):
        assert sum(p.numel() for p in net().parameters()) == parameters


@pytest.mark.parametrize(("net", "side"), [(RNet, 24), (ONet, 48)])
def test_equal_loops_over_positions(net: type[RNet | ONet], side: int) -> None:
    torch.manual_seed(0)
    stage = net()
    varied_slopes(stage)
    x = torch.rand(2, 3, side, side) * 2 - 1
    seen = stage(x)
    assert seen.landmarks.shape == (2, 5, 2)
    features = slow_features(stage, values(x[1]))
    for head, found in ((stage.face, seen.face), (stage.box, seen.box), (stage.landmarks, seen.landmarks.flatten(1))):
        assert isinstance(head, nn.Linear)
        np.testing.assert_allclose(values(found[1]), values(head.weight) @ features + values(head.bias), atol=1e-5)


@pytest.mark.parametrize("size", [(12, 12), (13, 16), (15, 14)])
def test_pnet_equals_loops_over_positions(size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    stage = PNet()
    varied_slopes(stage)
    x = torch.rand(1, 3, *size) * 2 - 1
    seen = stage(x)
    features = slow_features(stage, values(x[0]))
    for head, found in (
        (stage.face, seen.face),
        (stage.box, seen.box),
        (stage.landmarks, seen.landmarks.flatten(1, 2)),
    ):
        assert isinstance(head, nn.Conv2d)
        np.testing.assert_allclose(values(found[0]), convolve(features, head), atol=1e-5)


@torch.no_grad()
def test_pnet_looks_at_every_window() -> None:
    torch.manual_seed(0)
    pnet = PNet()
    image = torch.rand(1, 3, 20, 24) * 2 - 1
    dense = pnet(image)
    assert dense.landmarks.shape == (1, 5, 2, 5, 7)
    windows = image.unfold(2, 12, 2).unfold(3, 12, 2).permute(0, 2, 3, 1, 4, 5).reshape(-1, 3, 12, 12)
    alone = pnet(windows)
    torch.testing.assert_close(dense.box[0].flatten(1).T, alone.box.flatten(1))
    torch.testing.assert_close(dense.landmarks[0].flatten(2).permute(2, 0, 1), alone.landmarks.flatten(3)[..., 0])


def test_a_gradient_reaches_every_parameter() -> None:
    torch.manual_seed(0)
    nets = MTCNN()
    for net, side in ((nets.pnet, 12), (nets.rnet, 24), (nets.onet, 48)):
        seen = net(torch.rand(4, 3, side, side) * 2 - 1)
        sum((output**2).sum() for output in seen).backward()
    for name, parameter in nets.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_scores_are_the_second_softmax() -> None:
    logits = torch.randn(6, 2, 3, 4) * 5
    torch.testing.assert_close(face_score(logits), logits.softmax(dim=1)[:, 1])


def test_pixel_values_are_normalised_to_mtcnns_range() -> None:
    assert normalise(torch.tensor([0.0, 127.5, 255.0])).tolist() == [-127.5 / 128, 0, 127.5 / 128]
