from __future__ import annotations

import pytest
import torch
from torch import nn

from lightning_modules.export.early_pools import PooledConvolution, with_early_pools
from networks.mtcnn import MTCNN
from networks.mtcnn.nets import normalise


@pytest.fixture
def nets() -> MTCNN:
    """Nets whose slopes are of both signs."""
    torch.manual_seed(0)
    nets = MTCNN().requires_grad_(False).eval()
    for module in nets.modules():
        if isinstance(module, nn.PReLU):
            module.weight.data.uniform_(-0.8, 1.2)
    return nets


@pytest.mark.parametrize(("stage", "side"), [("pnet", 12), ("pnet", 37), ("rnet", 24), ("onet", 48)])
def test_features_are_those_of_the_stage(nets: MTCNN, stage: str, side: int) -> None:
    features = nets.get_submodule(stage).get_submodule("features")
    assert isinstance(features, nn.Sequential)
    values = torch.rand(3, 3, side, side) * 255
    expected, found = features(normalise(values)), with_early_pools(features)(values)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("slopes", [(-0.5, -0.25), (0.5, 0.0), (1.8, -2.0)])
def test_slopes_of_any_sign_and_size(slopes: tuple[float, float]) -> None:
    torch.manual_seed(1)
    convolution, prelu, pool = nn.Conv2d(3, 2, 3), nn.PReLU(2), nn.MaxPool2d(2, 2, ceil_mode=True)
    prelu.weight.data = torch.tensor(slopes)
    pooled, maps = PooledConvolution(convolution, prelu, pool), torch.randn(2, 3, 9, 8)
    torch.testing.assert_close(pooled(maps), pool(prelu(convolution(maps)))[:, pooled.order])


def test_the_given_layers_stay_as_they_are(nets: MTCNN) -> None:
    before = {name: value.clone() for name, value in nets.rnet.features.state_dict().items()}
    with_early_pools(nets.rnet.features)[0].convolution.weight.data.zero_()  # type: ignore[union-attr, operator]
    assert all(torch.equal(value, before[name]) for name, value in nets.rnet.features.state_dict().items())
