"""The landmark regressor: its crop against PyTorch's samplers, its gradient against finite differences."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from networks.mtcnn import LandmarkRegressor, ONet
from networks.mtcnn.regressor import crop_faces


@pytest.fixture
def regressor() -> LandmarkRegressor:
    torch.manual_seed(0)
    return LandmarkRegressor(ONet())


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


@pytest.mark.parametrize("box", [(3.25, 5.5, 30.0, 41.75), (-6.0, -4.5, 41.0, 43.5), (30.5, 20.0, 60.5, 50.0)])
def test_a_crop_that_enlarges_is_bilinear(box: tuple[float, float, float, float]) -> None:
    image = noise(1, 3, 50, 40)
    x1, y1, x2, y2 = box
    steps = (torch.arange(48) + 0.5) / 48
    grid = torch.stack(torch.meshgrid(x1 + steps * (x2 - x1), y1 + steps * (y2 - y1), indexing="xy"), dim=-1)
    grid = grid / torch.tensor([40, 50]) * 2 - 1
    expected = F.grid_sample(image, grid[None], mode="bilinear", padding_mode="border", align_corners=False)
    torch.testing.assert_close(crop_faces(image, torch.tensor([box]), 48), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("factor", [1, 2, 5])
def test_a_crop_that_reduces_is_the_mean_of_the_area(factor: int) -> None:
    images = noise(2, 3, 260, 250)
    side = 48 * factor
    boxes = torch.tensor([[4.0, 7.0, 4.0 + side, 7.0 + side], [10, 0, 10 + side, side]])
    cut = torch.stack([images[0, :, 7 : 7 + side, 4 : 4 + side], images[1, :, :side, 10 : 10 + side]])
    torch.testing.assert_close(crop_faces(images, boxes, 48), F.avg_pool2d(cut, factor), atol=1e-5, rtol=0)


def test_a_crop_that_reduces_by_any_factor_misses_no_pixel() -> None:
    """Every pixel of the box has the same weight, so fine stripes become grey instead of coarse stripes."""
    image = torch.ones(1, 1, 200, 200)
    image[..., ::2] = -1
    crop = crop_faces(image, torch.tensor([[11.3, 12.9, 188.1, 189.7]]), 48)
    assert crop.abs().max() < 0.3
    image.requires_grad_()
    (weights,) = torch.autograd.grad(crop_faces(image, torch.tensor([[10.0, 20, 130, 140]]), 48).sum(), image)
    torch.testing.assert_close(weights[0, 0, 20:140, 10:130], torch.full((120, 120), (48 / 120) ** 2))


@torch.no_grad()
def test_landmarks_are_those_of_the_net_in_pixels_of_the_image(regressor: LandmarkRegressor) -> None:
    images = noise(2, 3, 120, 110)
    boxes = torch.tensor([[5.0, 9, 53, 57], [3, 2, 99, 98]])
    crops = torch.stack([images[0, :, 9:57, 5:53], F.avg_pool2d(images[1, :, 2:98, 3:99], 2)])
    relative = regressor.onet(crops * 127.5 / 128).landmarks
    expected = relative * torch.tensor([48.0, 96])[:, None, None] + boxes[:, None, :2] - 0.5
    torch.testing.assert_close(regressor(images, boxes), expected, atol=1e-3, rtol=0)


@pytest.mark.parametrize("side", [8, 32, 250])
@torch.no_grad()
def test_the_middle_of_a_face_is_the_middle_of_its_pixels(side: int) -> None:
    """For a net that predicts the middle, the landmark is between the two middle pixels of the image, at any size."""
    onet = ONet()
    onet.get_parameter("landmarks.weight").zero_()
    onet.get_parameter("landmarks.bias").fill_(0.5)
    image, box = noise(1, 3, side, side), torch.tensor([[0.0, 0, side, side]])
    found = LandmarkRegressor(onet)(image, box)
    torch.testing.assert_close(found, torch.full((1, 5, 2), (side - 1) / 2))
    onet.is_half_a_pixel_off = True  # for weights that were trained this way
    torch.testing.assert_close(LandmarkRegressor(onet)(image, box), torch.full((1, 5, 2), side / 2))


@pytest.mark.parametrize("box", [(7.3, 4.1, 43.3, 40.1), (-3.0, 2.0, 60.0, 65.0), (1.5, 1.5, 61.5, 61.5)])
def test_the_gradient_is_that_of_finite_differences(box: tuple[float, float, float, float]) -> None:
    torch.manual_seed(0)
    regressor = LandmarkRegressor(ONet())
    image = noise(1, 3, 64, 64)
    boxes = torch.tensor([box])
    wanted = noise(1, 5, 2, seed=1) * 20 + 30

    def loss(x: Tensor) -> Tensor:
        distances: Tensor = (regressor(x, boxes) - wanted).norm(dim=2)
        return distances.mean()

    x = image.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(loss(x), x)
    assert gradient.abs().sum() > 0
    for seed in range(4):
        direction = noise(1, 3, 64, 64, seed=2 + seed).abs() * gradient.sign()
        step = 1e-3
        with torch.no_grad():
            slope = (loss(image + step * direction) - loss(image - step * direction)) / (2 * step)
        torch.testing.assert_close(slope, (gradient * direction).sum(), rtol=0.02, atol=0)


def test_the_gradient_goes_to_the_image_alone(regressor: LandmarkRegressor) -> None:
    images = noise(2, 3, 64, 64).requires_grad_()
    regressor(images, torch.tensor([[10.0, 10, 40, 40], [0, 0, 64, 64]])).sum().backward()
    assert images.grad is not None
    inside = images.grad[0, :, 10:40, 10:40].abs().sum(dim=0)
    assert (inside > 0).float().mean() > 0.95
    assert images.grad[0, :, 42:, :].abs().max() == 0
    assert (images.grad[1].abs().sum(dim=0) > 0).float().mean() > 0.95
    assert all(parameter.grad is None for parameter in regressor.parameters())


def test_training_leaves_it_frozen(regressor: LandmarkRegressor) -> None:
    regressor.train()
    assert not any(module.training for module in regressor.modules())
    assert not any(parameter.requires_grad for parameter in regressor.parameters())


def test_the_net_is_copied() -> None:
    onet = ONet()
    regressor = LandmarkRegressor(onet)
    assert all(parameter.requires_grad for parameter in onet.parameters())
    before = regressor(noise(1, 3, 50, 50), torch.tensor([[0.0, 0, 50, 50]]))
    with torch.no_grad():
        onet.get_parameter("landmarks.bias").add_(1)
    assert torch.equal(regressor(noise(1, 3, 50, 50), torch.tensor([[0.0, 0, 50, 50]])), before)


def test_autocast_changes_nothing(regressor: LandmarkRegressor) -> None:
    images, boxes = noise(1, 3, 64, 64), torch.tensor([[8.0, 8, 50, 50]])
    with torch.autocast("cpu", torch.bfloat16):
        found = regressor(images, boxes)
    assert found.dtype == torch.float32
    assert torch.equal(found, regressor(images, boxes))
    assert regressor(images.bfloat16(), boxes).dtype == torch.float32


@pytest.mark.parametrize(("images", "boxes"), [((2, 3, 9, 9), (1, 4)), ((1, 1, 9, 9), (1, 4)), ((3, 9, 9), (1, 4))])
def test_mismatched_shapes_are_rejected(
    images: tuple[int, ...], boxes: tuple[int, ...], regressor: LandmarkRegressor
) -> None:
    with pytest.raises(ValueError, match=r"expected \(B, 3, H, W\) images and \(B, 4\) boxes"):
        regressor(torch.zeros(images), torch.zeros(boxes))


@torch.no_grad()
def test_scores_are_those_of_the_net(regressor: LandmarkRegressor) -> None:
    images = noise(3, 3, 48, 48)
    boxes = torch.tensor([[0.0, 0, 48, 48]]).repeat(3, 1)
    logits = regressor.onet(images * 127.5 / 128).face
    torch.testing.assert_close(regressor.face_scores(images, boxes), logits.softmax(dim=1)[:, 1])
    with pytest.raises(ValueError, match="got"):
        regressor.face_scores(images, boxes[:2])
