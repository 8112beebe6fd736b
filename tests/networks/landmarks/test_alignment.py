"""Alignment: known maps are found again, least squares are those of numpy and Umeyama, planted dots land in place."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from networks.landmarks import Alignment, align, can_align, fit_affine, fit_similarity, transform_points, warp

FACE = torch.tensor([[20.0, 26.0], [44.0, 25.0], [32.0, 38.0], [24.0, 48.0], [41.0, 47.0]])
Fit = Callable[[Tensor, Tensor], Tensor]


def turn(degrees: float, scale: float, x: float, y: float) -> Tensor:
    c, s = math.cos(math.radians(degrees)) * scale, math.sin(math.radians(degrees)) * scale
    return torch.tensor([[[c, -s, x], [s, c, y]]])


def jitter(points: Tensor, size: float, seed: int = 0) -> Tensor:
    return points + torch.randn(points.shape, generator=torch.Generator().manual_seed(seed)) * size


@pytest.mark.parametrize("fit", [fit_affine, fit_similarity])
def test_a_similarity_is_found_again(fit: Fit) -> None:
    matrices = torch.cat([turn(12, 1.2, -3, 5), turn(-170, 0.6, 40, 0.5), turn(0, 1, 0, 0)])
    source = FACE.expand(3, -1, -1)
    found = fit(source, transform_points(source, matrices))
    torch.testing.assert_close(found, matrices, atol=1e-4, rtol=1e-4)


def test_an_affine_map_is_found_again() -> None:
    matrix = torch.tensor([[[1.1, 0.3, -4.0], [-0.2, 0.8, 9.0]]])
    torch.testing.assert_close(fit_affine(FACE[None], transform_points(FACE[None], matrix)), matrix, atol=1e-4, rtol=0)


def test_affine_is_the_least_squares_solution_of_equation_8() -> None:
    source, target = (jitter(FACE.expand(4, -1, -1), 3, seed) for seed in (1, 2))
    found = fit_affine(source, target)
    for matrix, theirs, ours in zip(found, source.double().numpy(), target.double().numpy(), strict=True):
        u, s, vt = np.linalg.svd(np.column_stack([theirs, np.ones(5)]), full_matrices=False)
        expected = (vt.T @ np.diag(1 / s) @ u.T @ ours).T
        np.testing.assert_allclose(matrix.numpy(), expected, atol=1e-3)


def test_similarity_is_umeyama_s() -> None:
    source, target = (jitter(FACE.expand(4, -1, -1), 3, seed) for seed in (1, 2))
    found = fit_similarity(source, target)
    for matrix, theirs, ours in zip(found, source.double().numpy(), target.double().numpy(), strict=True):
        middle, target_middle = theirs.mean(axis=0), ours.mean(axis=0)
        covariance = (ours - target_middle).T @ (theirs - middle) / 5
        u, s, vt = np.linalg.svd(covariance)
        signs = np.diag([1.0, np.sign(np.linalg.det(u) * np.linalg.det(vt))])
        rotation = u @ signs @ vt
        scale = np.trace(np.diag(s) @ signs) / (theirs - middle).var(axis=0).sum()
        expected = np.column_stack([scale * rotation, target_middle - scale * rotation @ middle])
        np.testing.assert_allclose(matrix.numpy(), expected, atol=1e-3)


UNKNOWN = torch.full((5, 2), math.nan)
SPOT = torch.full((5, 2), 10.0)
LINE = torch.stack([torch.linspace(0, 40, 5), torch.linspace(10, 30, 5)], dim=1)
MIRRORED = FACE * torch.tensor([-1.0, 1.0])


@pytest.mark.parametrize("bad", [UNKNOWN, SPOT, LINE, MIRRORED], ids=["unknown", "spot", "line", "mirrored"])
@pytest.mark.parametrize("swap", [False, True])
def test_affine_refuses_what_does_not_determine_it(bad: Tensor, swap: bool) -> None:
    points = torch.stack([FACE, bad, FACE]), torch.stack([jitter(FACE, 1)] * 3)
    with pytest.raises(ValueError, match="no affine map fits sample 1: "):
        fit_affine(*(points[::-1] if swap else points))


@pytest.mark.parametrize(("x_scale", "fits"), [(0.12, False), (0.25, False), (0.35, True), (1.0, True)])
@pytest.mark.parametrize("swap", [False, True])
def test_affine_squeezes_no_face_to_a_stripe(x_scale: float, fits: bool, swap: bool) -> None:
    squeezed = FACE[None] * torch.tensor([x_scale, 1.0])
    points = (squeezed, FACE[None]) if swap else (FACE[None], squeezed)
    assert align(*points, "affine")[1].tolist() == [fits]


@pytest.mark.parametrize("alignment", ["affine", "similarity"])
@pytest.mark.parametrize(("scale", "fits"), [(0.2, False), (0.35, True), (3.0, True)])
def test_no_face_is_shrunk_to_a_spot(alignment: Alignment, scale: float, fits: bool) -> None:
    assert align(FACE[None], scale * FACE[None], alignment)[1].tolist() == [fits]


@pytest.mark.parametrize("alignment", ["affine", "similarity"])
def test_what_can_be_aligned_is_told_by_the_map_s_determinant(alignment: Alignment) -> None:
    """Of points that have extent, random ones that are as often mirrored as not."""
    source, target = (40 * torch.rand(200, 5, 2, generator=torch.Generator().manual_seed(seed)) for seed in (1, 2))
    can = can_align(source, target, alignment)
    assert 20 < can.sum() < 180
    for fits, ours, theirs in zip(can.tolist(), source.double().numpy(), target.double().numpy(), strict=True):
        ours, theirs = ours - ours.mean(axis=0), theirs - theirs.mean(axis=0)
        if alignment == "affine":
            expected = np.linalg.det(np.linalg.lstsq(ours, theirs, rcond=None)[0]) > 0.09
            expected &= all(s[1] > 0.3 * s[0] for s in (np.linalg.svd(points)[1] for points in (ours, theirs)))
        else:
            product = (ours[:, 0] - 1j * ours[:, 1]) @ (theirs[:, 0] + 1j * theirs[:, 1])
            expected = abs(product) / (ours**2).sum() > 0.3
        assert fits == expected


@pytest.mark.parametrize("bad", [UNKNOWN, SPOT], ids=["unknown", "spot"])
def test_similarity_refuses_what_does_not_determine_it(bad: Tensor) -> None:
    with pytest.raises(ValueError, match="no similarity map fits sample 0, 2: "):
        fit_similarity(torch.stack([bad, FACE, bad]), torch.stack([FACE] * 3))


def test_a_line_is_enough_for_a_similarity() -> None:
    matrix = turn(30, 1.5, 2, 3)
    torch.testing.assert_close(fit_similarity(LINE[None], transform_points(LINE[None], matrix)), matrix)


@pytest.mark.parametrize("alignment", ["affine", "similarity"])
def test_in_training_the_others_of_a_batch_are_aligned_all_the_same(alignment: Alignment) -> None:
    source = torch.stack([FACE, UNKNOWN, SPOT, jitter(FACE, 2)]).requires_grad_()
    target = torch.stack([jitter(FACE, 2, 5), FACE, FACE, FACE])
    matrices, fits = align(source, target, alignment)
    assert fits.tolist() == [True, False, False, True]
    assert torch.equal(matrices[1:3], torch.eye(2, 3).expand(2, -1, -1))
    fit = fit_affine if alignment == "affine" else fit_similarity
    torch.testing.assert_close(matrices[::3], fit(source[::3], target[::3]))
    (gradient,) = torch.autograd.grad(matrices.square().sum(), source)
    assert gradient.isfinite().all()
    assert (gradient[::3] != 0).any()


@pytest.mark.parametrize("alignment", ["affine", "similarity"])
def test_the_gradient_is_that_of_finite_differences(alignment: Alignment) -> None:
    def fit(source: Tensor, target: Tensor) -> Tensor:
        return align(source.float(), target.float(), alignment)[0].double()

    source, target = FACE[None].double(), jitter(FACE[None], 2).double()
    inputs = (source.requires_grad_(), target.requires_grad_())
    assert torch.autograd.gradcheck(fit, inputs, eps=0.05, atol=2e-3, rtol=0.02, nondet_tol=1e-6)


def test_autocast_rounds_no_point() -> None:
    source, target, image = FACE[None], jitter(FACE[None], 2), torch.rand(1, 3, 64, 64)
    exact = warp(image, fit_affine(source, target))
    with torch.autocast("cpu", torch.bfloat16):
        matrix = fit_affine(source, target)
        assert torch.equal(matrix, fit_affine(source, target))
        torch.testing.assert_close(warp(image, matrix), exact)


def test_planted_dots_land_where_the_points_do() -> None:
    places = [(22, 10), (40, 9), (31, 20), (24, 29), (38, 31)]
    images = -torch.ones(2, 1, 64, 64)
    for x, y in places:
        images[:, 0, y, x] = 1
    matrices = torch.cat([torch.tensor([[[1.0, 0, 5], [0, 1, -3]]]), turn(20, 1.3, 4, -2)])
    points = transform_points(torch.tensor(places, dtype=torch.float32).expand(2, -1, -1), matrices)
    moved = warp(images, matrices, fill=-1.0)
    for (x, y), old in zip(points[0].round().int().tolist(), places, strict=True):
        assert moved[0, 0, y, x] == pytest.approx(1.0, abs=1e-5), old
    for x, y in points[1].tolist():
        column, row = round(x), round(y)
        around = moved[1, 0, row - 2 : row + 3, column - 2 : column + 3] + 1
        offsets = torch.arange(-2.0, 3.0)
        middle = (around.sum(dim=0) @ offsets / around.sum(), around.sum(dim=1) @ offsets / around.sum())
        assert (column + middle[0].item(), row + middle[1].item()) == pytest.approx((x, y), abs=0.35)


def test_the_border_is_white_and_the_identity_changes_nothing() -> None:
    images = torch.rand(1, 3, 8, 10) * 2 - 1
    torch.testing.assert_close(warp(images, torch.eye(2, 3)[None]), images, atol=1e-6, rtol=0)
    moved = warp(images, torch.tensor([[[1.0, 0, 3], [0, 1, 0]]]))
    torch.testing.assert_close(moved[..., :3], torch.ones(1, 3, 8, 3))
    torch.testing.assert_close(moved[..., 3:], images[..., :7], atol=1e-6, rtol=0)


def test_a_quarter_turn_is_that_of_rot90() -> None:
    images = torch.rand(2, 3, 9, 9)
    quarter = torch.tensor([[[0.0, 1, 0], [-1, 0, 8]]]).expand(2, -1, -1)
    torch.testing.assert_close(warp(images, quarter), torch.rot90(images, 1, (2, 3)), atol=1e-5, rtol=0)


def test_shrinking_by_half_is_interpolation_between_pixels() -> None:
    images = torch.rand(1, 1, 8, 8)
    half = warp(images, torch.tensor([[[0.5, 0, -0.25], [0, 0.5, -0.25]]]))
    torch.testing.assert_close(half[..., :4, :4], F.avg_pool2d(images, 2), atol=1e-5, rtol=0)
