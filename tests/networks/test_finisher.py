from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from networks.finisher import CartoonFinisher, Finished, doubled, load_finisher, save_finisher, sticker
from networks.weights_file import WeightsError, write_weights


@pytest.mark.parametrize("scale", [2, 4])
def test_it_enlarges_any_even_size_and_every_parameter_learns(scale: int) -> None:
    torch.manual_seed(0)
    finisher = CartoonFinisher(scale, width=8, n_blocks=1)
    finished = finisher(torch.rand(2, 3, 24, 18) * 2 - 1)
    assert finished.image.shape == (2, 3, scale * 24, scale * 18)
    assert finished.alpha.shape == (2, 1, scale * 24, scale * 18)
    assert finished.image.abs().max() <= 1
    assert 0 <= finished.alpha.min() <= finished.alpha.max() <= 1
    (finished.image.square().mean() + finished.alpha.mean()).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in finisher.parameters())


def test_it_starts_from_the_bilinear_enlargement() -> None:
    finisher = CartoonFinisher(2, width=8, n_blocks=1)
    for parameter in finisher.out.parameters():
        parameter.data.zero_()
    cartoons = torch.rand(1, 3, 16, 16) * 2 - 1
    enlarged = F.interpolate(cartoons, scale_factor=2, mode="bilinear", align_corners=False)
    torch.testing.assert_close(finisher(cartoons).image, enlarged)
    white, dark = torch.ones(1, 3, 16, 16), -torch.ones(1, 3, 16, 16)
    assert finisher(white).alpha.max() < 0.2
    assert finisher(dark).alpha.min() > 0.9


def test_the_default_has_the_size_it_is_said_to_have() -> None:
    assert sum(parameter.numel() for parameter in CartoonFinisher().parameters()) == 445_316


def test_a_sticker_has_the_image_s_own_colours() -> None:
    alpha = torch.rand(1, 1, 4, 4).clamp(min=0.2)
    colour = torch.rand(1, 3, 4, 4) * 2 - 1
    rgba = sticker(Finished(alpha * colour + (1 - alpha), alpha))
    torch.testing.assert_close(rgba[:, :3], colour)
    clear = sticker(Finished(torch.ones(1, 3, 2, 2), torch.zeros(1, 1, 2, 2)))
    assert clear.isfinite().all()


def test_a_sticker_loses_its_rim_where_white_shines_through() -> None:
    alpha = torch.zeros(1, 1, 5, 7)
    alpha[..., 1:, 1:6] = 1  # it touches the lower edge, where there is no background
    shrunk = torch.zeros(1, 1, 5, 7)
    shrunk[..., 2:, 2:5] = 1
    torch.testing.assert_close(sticker(Finished(torch.zeros(1, 3, 5, 7), alpha))[:, 3:], shrunk)


def test_odd_sides_and_other_scales_are_refused() -> None:
    with pytest.raises(ValueError, match="even sides, got 15x16"):
        CartoonFinisher(width=4, n_blocks=1)(torch.zeros(1, 3, 15, 16))
    with pytest.raises(ValueError, match="2 or 4 times, not 3"):
        CartoonFinisher(3)


@torch.no_grad()
def test_one_of_scale_2_starts_one_of_scale_4() -> None:
    torch.manual_seed(0)
    finisher = CartoonFinisher(2, width=8, n_blocks=2, input_size=32)
    larger = doubled(finisher)
    assert (larger.scale, larger.width, larger.n_blocks, larger.input_size) == (4, 8, 2, 32)
    cartoons = torch.rand(2, 3, 16, 16) * 2 - 1
    small, large = finisher(cartoons), larger(cartoons)
    assert large.image.shape == (2, 3, 64, 64)
    middle = F.avg_pool2d(large.image, 2)[..., 2:-2, 2:-2]
    assert (middle - small.image[..., 2:-2, 2:-2]).abs().mean() < 0.05 * small.image.abs().mean()
    with pytest.raises(ValueError, match="of scale 4 cannot be doubled"):
        doubled(larger)


def test_a_saved_one_comes_back_frozen_and_within_half_precision(tmp_path: Path) -> None:
    torch.manual_seed(0)
    finisher, path = CartoonFinisher(4, width=8, n_blocks=2, input_size=32), tmp_path / "finisher.safetensors"
    save_finisher(finisher, {"image": 0.1}, path)
    loaded = load_finisher(path)
    assert (loaded.scale, loaded.width, loaded.n_blocks, loaded.input_size) == (4, 8, 2, 32)
    assert not loaded.training
    assert not any(parameter.requires_grad for parameter in loaded.parameters())
    assert next(loaded.parameters()).dtype == torch.float32
    cartoons = torch.rand(1, 3, 16, 16) * 2 - 1
    torch.testing.assert_close(loaded(cartoons).image, finisher(cartoons).image, atol=5e-3, rtol=0)


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "odd.safetensors"
    with pytest.raises(WeightsError, match="no such file"):
        load_finisher(path)
    write_weights(CartoonFinisher(width=4, n_blocks=1), {"something": "else"}, path)
    with pytest.raises(WeightsError, match=r"odd\.safetensors holds no finisher.*configs/finisher\.yaml"):
        load_finisher(path)
    write_weights(CartoonFinisher(width=4, n_blocks=1), {"kind": "finisher", "format_version": 9}, path)
    with pytest.raises(WeightsError, match="no finisher of format 1"):
        load_finisher(path)
