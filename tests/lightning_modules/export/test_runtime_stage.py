from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from lightning_modules.export.runtime_stage import PooledConvolution, RuntimeStage, SplitPReLU
from networks.mtcnn import MTCNN
from networks.mtcnn.nets import Stage, face_margin, normalise


@pytest.fixture
def nets() -> MTCNN:
    """Nets with slopes of both signs, some above 1."""
    torch.manual_seed(0)
    nets = MTCNN().requires_grad_(False).eval()
    for module in nets.modules():
        if isinstance(module, nn.PReLU):
            module.weight.data.uniform_(-0.8, 1.4)
    return nets


@pytest.mark.parametrize(("name", "side"), [("pnet", 12), ("pnet", 13), ("pnet", 37), ("rnet", 24), ("onet", 48)])
def test_outputs_equal_those_of_the_stage(nets: MTCNN, name: str, side: int) -> None:
    stage = nets.get_submodule(name)
    assert isinstance(stage, Stage)
    values = torch.rand(3, 3, side, side) * 255
    features = stage.features(normalise(values))
    logit, box = RuntimeStage(stage, has_landmarks=False)(values)
    torch.testing.assert_close(logit, face_margin(stage.face(features)), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(box, stage.box(features), rtol=1e-4, atol=1e-5)


def test_landmarks_equal_those_of_the_stage(nets: MTCNN) -> None:
    values = torch.rand(3, 3, 48, 48) * 255
    found = RuntimeStage(nets.onet, has_landmarks=True)(values)[2]
    torch.testing.assert_close(found, nets.onet(normalise(values)).landmarks, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("slopes", [(-0.5, -0.25), (0.5, 0.0), (1.8, -2.0), (1.0, 1.01)])
def test_slopes_of_any_sign_and_size(slopes: tuple[float, float]) -> None:
    torch.manual_seed(1)
    convolution, prelu, pool = nn.Conv2d(3, 2, 3), nn.PReLU(2), nn.MaxPool2d(2, 2, ceil_mode=True)
    prelu.weight.data = torch.tensor(slopes)
    maps = torch.randn(2, 3, 9, 8)
    assert convolution.bias is not None
    pooled = PooledConvolution(convolution.weight.detach(), convolution.bias.detach(), prelu.weight.detach(), pool)
    expected = pool(prelu(convolution(maps)))[:, pooled.channels.order]
    torch.testing.assert_close(_signed(pooled(maps), pooled.channels.signs), expected)
    split = SplitPReLU(prelu.weight.detach(), axes=2)
    torch.testing.assert_close(_signed(split(maps[:, :2]), split.signs), prelu(maps[:, :2]))


def test_convolutions_before_pools_have_whole_blocks_of_channels(nets: MTCNN) -> None:
    pooled = [layer for layer in RuntimeStage(nets.onet, True).layers if isinstance(layer, PooledConvolution)]
    assert [layer.convolution.out_channels % 16 for layer in pooled] == [0, 0, 0]


def test_the_given_stage_is_not_modified(nets: MTCNN) -> None:
    before = {name: value.clone() for name, value in nets.rnet.state_dict().items()}
    for value in RuntimeStage(nets.rnet, has_landmarks=False).state_dict().values():
        value.zero_()
    assert all(torch.equal(value, before[name]) for name, value in nets.rnet.state_dict().items())


def _signed(maps: Tensor, signs: Tensor) -> Tensor:
    return maps * signs[:, None, None]
