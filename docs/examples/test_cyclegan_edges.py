from __future__ import annotations

from collections.abc import Callable

import torch
from torch.utils.data import DataLoader, Dataset

from datamodules.samples import UnpairedBatch
from lightning_modules.cyclegan_edges import CycleGANEdges
from networks.losses.edges import edge_consistency


def test_equal_edges_cost_nothing_and_a_flat_image_does() -> None:
    photo = torch.rand(1, 3, 8, 8)
    assert edge_consistency(photo, photo + 0.5) < 1e-6
    assert edge_consistency(torch.zeros_like(photo), photo) > 0


def test_every_term_acts(
    assert_terms_act: Callable[..., None], make_faces: Callable[..., Dataset[UnpairedBatch]]
) -> None:
    """Each weighted loss has a gradient, and a weight of 0 turns it off."""

    def make(**options: float) -> CycleGANEdges:
        return CycleGANEdges(generator="resnet6", ngf=4, ndf=4, **options)

    batch = next(iter(DataLoader(make_faces(side=32), batch_size=2)))
    assert_terms_act(make, batch, {"lambda_edges": {"edges_cartoon"}})
