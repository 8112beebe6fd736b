from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from datamodules.samples import UnpairedBatch
from lightning_modules.cyclegan_baseline import CycleGANBaseline
from networks import GeneratorName


def test_the_paper_s_networks_have_the_paper_s_size() -> None:
    with torch.device("meta"):
        model = CycleGANBaseline()
    counts = {name: sum(p.numel() for p in module.parameters()) for name, module in model.named_children()}
    assert counts["generators"] == 2 * 11_378_179
    assert counts["discriminators"] == 2 * 2_764_737
    assert counts["pools"] == 0
    assert model.average is None


@pytest.mark.parametrize("generator", ["resnet9", "resnet6", "unet", "densenet"])
def test_every_backbone_makes_cartoons(generator: GeneratorName) -> None:
    model = CycleGANBaseline(generator=generator, ngf=4, ndf=4, upsampling="resize")
    with torch.no_grad():
        cartoons = model(torch.rand(2, 3, 32, 32) * 2 - 1)
    assert cartoons.shape == (2, 3, 32, 32)
    assert cartoons.abs().max() <= 1


def test_weights_start_as_the_recipe_says() -> None:
    model = CycleGANBaseline(ngf=16, ndf=16)
    for parameters in (model.generators.parameters(), model.discriminators.parameters()):
        kernels = torch.cat([p.detach().flatten() for p in parameters if p.dim() == 4])
        assert abs(kernels.mean().item()) < 1e-3
        assert kernels.std().item() == pytest.approx(0.02, rel=0.02)


def test_every_term_acts(
    assert_terms_act: Callable[..., None], make_faces: Callable[..., Dataset[UnpairedBatch]]
) -> None:
    def make(**options: float) -> CycleGANBaseline:
        return CycleGANBaseline(generator="resnet6", ngf=4, ndf=4, **options)  # type: ignore[arg-type]

    batch = next(iter(DataLoader(make_faces(side=32), batch_size=2)))
    identity = {"identity_photo", "identity_cartoon"}
    switches = {"lambda_cycle": {"cycle_photo", "cycle_cartoon", *identity}, "lambda_identity": identity}
    assert_terms_act(make, batch, switches)
