"""Trainings that start from all networks of another one's checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from lightning import Trainer
from torch.utils.data import DataLoader, Dataset

from datamodules.samples import UnpairedBatch
from lightning_modules.cyclegan_cond import CycleGANCond
from lightning_modules.cyclegan_full import CycleGANFull
from lightning_modules.errors import UsageError

MakeTrainer = Callable[..., Trainer]
MakeFaces = Callable[..., Dataset[UnpairedBatch]]
SMALL: dict[str, Any] = {"generator": "resnet6", "ngf": 4, "ndf": 4, "label_injection": "modulation"}


@pytest.fixture
def checkpoint(make_trainer: MakeTrainer, make_faces: MakeFaces, tmp_path: Path) -> Path:
    """Two steps of a model that knows of glasses."""
    trainer = make_trainer(max_steps=2)
    trainer.fit(CycleGANCond(**SMALL, attributes=["glasses"], ema_decay=0.5), DataLoader(make_faces(side=32), 2))
    trainer.save_checkpoint(tmp_path / "last.ckpt")
    return tmp_path / "last.ckpt"


@torch.no_grad()
def test_all_networks_start_with_new_attributes_without_effect(checkpoint: Path, make_faces: MakeFaces) -> None:
    before = CycleGANCond.load_from_checkpoint(checkpoint)
    model = CycleGANCond(**SMALL, attributes=["glasses", "beard"], ema_decay=0.9, pretrained=str(checkpoint))
    batch = next(iter(DataLoader(make_faces(side=32), 2)))
    for generators in (model.generators, model.trained_generators):
        started = model.generate(generators, "cartoon", batch.photo.image, batch.photo)
        expected = before.generate(before.trained_generators, "cartoon", batch.photo.image, batch.photo)
        torch.testing.assert_close(started, expected)
    for name, discriminator in model.discriminators.items():
        torch.testing.assert_close(discriminator(batch.photo), before.discriminators[name](batch.photo))
    assert "pretrained" not in model.hparams


@torch.no_grad()
def test_local_discriminators_start_with_new_attributes_without_effect(
    make_trainer: MakeTrainer, make_faces: MakeFaces, detector_weights: Path, tmp_path: Path
) -> None:
    options = SMALL | {"detector_weights": str(detector_weights)}
    stages: list[dict[str, Any]] = [
        {"attributes": ["glasses", "beard"]},
        {"attributes": ["glasses", "beard"], "local_attributes": True},
        {"attributes": ["glasses", "beard", "open_mouth"], "local_attributes": True},
    ]
    faces = next(iter(DataLoader(make_faces(side=32), 2))).cartoon
    before: CycleGANFull | None = None
    for stage in stages:
        model = CycleGANFull(**options, **stage, pretrained=str(tmp_path / "last.ckpt") if before else None)
        for name, discriminator in model.discriminators.items():
            if before:
                torch.testing.assert_close(discriminator(faces), before.discriminators[name](faces))
            parameter = next(discriminator.parameters())
            parameter.add_(torch.rand_like(parameter))  # labels of the next stage's start matter
        trainer = make_trainer(max_steps=0)
        trainer.strategy.connect(model)
        trainer.save_checkpoint(tmp_path / "last.ckpt")
        before = model


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"attributes": []}, r"another architecture: generators\.cartoon\."),
        ({"ngf": 8, "attributes": ["glasses"]}, r"another architecture: generators\."),
        ({"ndf": 8, "attributes": ["glasses"]}, r"another architecture: discriminators\."),
    ],
    ids=["fewer attributes", "wider generators", "wider discriminators"],
)
def test_another_architecture_is_refused(options: dict[str, Any], message: str, checkpoint: Path) -> None:
    with pytest.raises(UsageError, match=rf"--model\.pretrained: .*{message}"):
        CycleGANCond(**(SMALL | options), pretrained=str(checkpoint))


def test_a_missing_or_damaged_checkpoint_is_named(checkpoint: Path) -> None:
    with pytest.raises(UsageError, match=r"--model\.pretrained: no such file: .*no\.ckpt"):
        CycleGANCond(**SMALL, pretrained=str(checkpoint.with_name("no.ckpt")))
    checkpoint.write_bytes(checkpoint.read_bytes()[:-500])
    with pytest.raises(UsageError, match=r"last\.ckpt is truncated"):
        CycleGANCond(**SMALL, pretrained=str(checkpoint))


@pytest.mark.parametrize("content", [[1, 2], {"state_dict": {}}], ids=["a list", "no networks"])
def test_what_is_no_checkpoint_of_a_cyclegan_is_refused(content: object, tmp_path: Path) -> None:
    path = tmp_path / "odd.ckpt"
    torch.save(content, path)
    with pytest.raises(UsageError, match=r"odd\.ckpt (is not a checkpoint|has another architecture)"):
        CycleGANCond(**SMALL, pretrained=str(path))


def test_nothing_of_a_checkpoint_is_executed(tmp_path: Path) -> None:
    path = tmp_path / "evil.ckpt"
    torch.save({"state_dict": Path("x")}, path)  # a class, which a pickle would have to call
    with pytest.raises(UsageError, match=r"evil\.ckpt is damaged or not a checkpoint of this project"):
        CycleGANCond(**SMALL, pretrained=str(path))


@torch.no_grad()
def test_an_enhanced_generator_starts_as_the_coarse_one_enlarged(checkpoint: Path, make_faces: MakeFaces) -> None:
    before = CycleGANCond.load_from_checkpoint(checkpoint)
    options = SMALL | {"generator": "resnet6_enhanced", "discriminator_scales": 2, "attributes": ["glasses"]}
    model = CycleGANCond(**options, ema_decay=0.9, pretrained=str(checkpoint))
    batch = next(iter(DataLoader(make_faces(side=64), 2)))
    small = batch.photo._replace(image=F.avg_pool2d(batch.photo.image, 2))
    coarse = before.generate(before.trained_generators, "cartoon", small.image, batch.photo)
    expected = F.interpolate(coarse.atanh(), scale_factor=2, mode="bilinear", align_corners=False).tanh()
    for generators in (model.generators, model.trained_generators):
        cartoon = model.generate(generators, "cartoon", batch.photo.image, batch.photo)
        torch.testing.assert_close(cartoon, expected, atol=1e-5, rtol=0)
    # Each sees what it saw before.
    for domain in ("photo", "cartoon"):
        seen = model.discriminators[f"{domain}_half"](batch.photo)
        torch.testing.assert_close(seen, before.discriminators[domain](small))
        own = model.discriminators[domain].state_dict()
        assert all(torch.equal(own[name], value) for name, value in before.discriminators[domain].state_dict().items())


def test_a_training_of_enhanced_generators_goes_on(
    make_trainer: MakeTrainer, make_faces: MakeFaces, tmp_path: Path
) -> None:
    options = SMALL | {"generator": "resnet6_enhanced", "discriminator_scales": 2}
    trainer = make_trainer(max_steps=2)
    trainer.fit(CycleGANCond(**options, ema_decay=0.5), DataLoader(make_faces(side=64), 2))
    trainer.save_checkpoint(tmp_path / "last.ckpt")
    before = CycleGANCond.load_from_checkpoint(tmp_path / "last.ckpt")
    model = CycleGANCond(**options, pretrained=str(tmp_path / "last.ckpt"))
    for name, value in before.trained_generators.state_dict().items():
        assert torch.equal(model.generators.state_dict()[name], value), name
