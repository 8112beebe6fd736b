from __future__ import annotations

import pytest
import torch
from torch.utils.data import Dataset

from datamodules.samples import Faces, UnpairedBatch
from lightning_modules.errors import UsageError
from lightning_modules.landmark_data import DRAWS, require_landmarks


class Draws(Dataset[UnpairedBatch]):
    """Landmarks are known in the given draws of each domain."""

    def __init__(self, photos: set[int], cartoons: set[int]) -> None:
        self.known = (photos, cartoons)
        self.looked_at: list[int] = []

    def __getitem__(self, index: int) -> UnpairedBatch:
        self.looked_at.append(index)
        nothing = torch.full((5, 2), torch.nan)
        landmarks = [torch.arange(10.0).view(5, 2) if index in known else nothing for known in self.known]
        zero = torch.tensor(0)
        return UnpairedBatch(*(Faces(torch.zeros(3, 8, 8), points, zero, zero) for points in landmarks))


def test_it_looks_no_further_than_it_must() -> None:
    draws = Draws({3, 5}, {0, 5})
    require_landmarks(draws)
    assert draws.looked_at == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("photos", "cartoons", "words"),
    [(set(), {0}, "--data.photos has"), ({1}, set(), "--data.cartoons has"), (set(), set(), "cartoons and --data.pho")],
)
def test_a_domain_without_landmarks_is_refused_by_name(photos: set[int], cartoons: set[int], words: str) -> None:
    draws = Draws(photos, cartoons)
    with pytest.raises(UsageError, match=words) as caught:
        require_landmarks(draws)
    assert "faces.csv" in str(caught.value)
    assert len(draws.looked_at) == DRAWS
