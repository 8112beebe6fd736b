from __future__ import annotations

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from networks.degradations import Degradation, degrade

NONE = Degradation(blur=0, noise=(0, 0, 0, 0), stripes=0, warp=0, tint=0, smudges=0, fade=0)


def cartoon(side: int = 64) -> torch.Tensor:
    image = torch.ones(2, 3, side, side)
    image[:, :, side // 4 : 3 * side // 4, side // 4 : 3 * side // 4] = torch.tensor([0.6, -0.2, -0.8])[:, None, None]
    return image


def test_without_damage_it_only_shrinks() -> None:
    torch.testing.assert_close(degrade(cartoon(), 2, NONE), F.avg_pool2d(cartoon(), 2), atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    "change",
    [
        {"blur": 1.5},
        {"noise": (0.2, 0.2, 0.2, 0.2)},
        {"stripes": 0.3},
        {"warp": 1.5},
        {"tint": 0.2},
        {"smudges": 5},
        {"fade": 0.5},
    ],
    ids=lambda change: next(iter(change)),
)
def test_each_kind_of_damage_does_something_of_its_own_to_each_face(change: dict[str, float]) -> None:
    torch.manual_seed(3)
    damaged = degrade(cartoon(), 2, replace(NONE, **change))  # type: ignore[arg-type]
    harm = (damaged - F.avg_pool2d(cartoon(), 2)).abs().flatten(1).amax(dim=1)
    assert (harm > 0.003).all()
    assert not torch.equal(damaged[0], damaged[1])
    assert damaged.abs().max() <= 1


def test_the_same_seed_gives_the_same_damage() -> None:
    torch.manual_seed(5)
    first = degrade(cartoon(), 4)
    torch.manual_seed(5)
    assert torch.equal(first, degrade(cartoon(), 4))
    assert first.shape == (2, 3, 16, 16)


def test_white_far_from_the_cartoon_stays_almost_white() -> None:
    torch.manual_seed(0)
    damaged = degrade(cartoon(128).repeat(8, 1, 1, 1), 2, replace(Degradation(), smudges=0))
    assert (1 - damaged[:, :, :6, :6]).abs().mean() < 0.05 < (1 - damaged[:, :, 20:44, 20:44]).abs().mean()
