from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning import Trainer
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from datamodules.samples import Faces, UnpairedBatch
from lightning_modules.callbacks import GradientNorms
from lightning_modules.cli import main
from lightning_modules.cyclegan_full import CycleGANFull
from lightning_modules.discriminators import LabelDiscriminator, LocalDiscriminator
from lightning_modules.landmark_detector import LandmarkDetector
from networks import GeneratorName
from networks.labels import LabelEncoder
from networks.landmarks import PARTS, landmark_heatmaps

MakeTrainer = Callable[..., Trainer]
MakeModel = Callable[..., CycleGANFull]
Loader = DataLoader[UnpairedBatch]
SMALL: dict[str, Any] = {"generator": "resnet6", "ngf": 4, "ndf": 4}


@pytest.fixture
def small(detector_weights: Path) -> MakeModel:
    """A model whose networks are the same at every call."""

    def make(**options: Any) -> CycleGANFull:
        torch.manual_seed(0)
        return CycleGANFull(**(SMALL | {"detector_weights": str(detector_weights)} | options))

    return make


@pytest.fixture
def loader(make_faces: Callable[..., Dataset[UnpairedBatch]]) -> Loader:
    return DataLoader(make_faces(side=32), batch_size=2)


def some_photos(count: int = 2) -> Faces:
    generator = torch.Generator().manual_seed(0)
    landmarks = torch.rand(count, 5, 2, generator=generator) * 32
    images, numbers = torch.rand(count, 3, 32, 32, generator=generator) * 2 - 1, torch.arange(count)
    return Faces(images, landmarks, numbers % 4, (numbers % 2)[:, None].repeat(1, 3))


def test_every_term_acts(assert_terms_act: Callable[..., None], small: MakeModel, loader: Loader) -> None:
    cyclegan = {f"{kind}_{domain}" for kind in ("adversarial", "cycle", "identity") for domain in ("photo", "cartoon")}
    switches = {
        "lambda_1": cyclegan,
        "lambda_2": {f"adversarial_{part}" for part in PARTS},
        "lambda_3": {"landmark_photo", "landmark_cartoon"},
    }
    assert_terms_act(small, next(iter(loader)), switches, frozen=("landmarks",))


@pytest.mark.parametrize("generator", ["resnet9", "resnet6", "unet", "densenet"])
@torch.no_grad()
def test_every_backbone_is_given_label_and_heatmaps(generator: GeneratorName, small: MakeModel) -> None:
    model, photos = small(generator=generator), some_photos()
    cartoons = model.generate(model.generators, "cartoon", photos.image, photos)
    given = torch.cat([photos.image, landmark_heatmaps(photos.landmarks, 32, 32)], dim=1)
    assert torch.equal(cartoons, model.generators["cartoon"](given, torch.eye(4)[:2]))
    for other in (photos._replace(label=photos.label + 1), photos._replace(landmarks=photos.landmarks + 3)):
        assert not torch.allclose(cartoons, model.generate(model.generators, "cartoon", photos.image, other), atol=1e-5)


def test_the_discriminators_are_those_of_both_variants(small: MakeModel) -> None:
    model = small(wrong_labels=True)
    kinds = {name: type(discriminator) for name, discriminator in model.discriminators.items()}
    assert kinds == {
        "photo": LabelDiscriminator,
        "cartoon": LabelDiscriminator,
        **dict.fromkeys(PARTS, LocalDiscriminator),
    }
    faces = some_photos()
    assert len(model.extra_negatives("cartoon", faces, faces)) == 1
    assert model.extra_negatives("eyes", faces, faces) == []


def test_local_discriminators_know_the_attributes_that_show_in_their_patch(small: MakeModel) -> None:
    options = {"attributes": ["glasses", "open_mouth"], "wrong_labels": True}
    model = small(**options, local_attributes=True)
    known = {part: model.discriminators[part].encoder for part in PARTS}
    assert known == {"eyes": LabelEncoder(0, ("glasses",)), "nose": None, "mouth": LabelEncoder(0, ("open_mouth",))}
    assert all(small(**options).discriminators[part].encoder is None for part in PARTS)
    assert all(small(local_attributes=True).discriminators[part].encoder is None for part in PARTS)
    photos = some_photos()
    is_open = torch.tensor([0, 1])
    mouths = [photos._replace(attributes=photos.attributes.index_copy(1, torch.tensor([2]), is_open[:, None]))]
    mouths.append(
        mouths[0]._replace(attributes=mouths[0].attributes.index_copy(1, torch.tensor([2]), 1 - is_open[:, None]))
    )
    for part, is_told_apart in {"eyes": False, "nose": False, "mouth": True}.items():
        one, other = (model.discriminators[part](faces) for faces in mouths)
        assert is_told_apart != torch.equal(one, other), part


def test_patches_under_wrong_attributes_are_negatives(small: MakeModel) -> None:
    model = small(attributes=["glasses", "beard", "open_mouth"], wrong_labels=True, local_attributes=True)
    real, fake = (some_photos(400)._replace(attributes=torch.full((400, 3), value)) for value in (0, 1))
    real.attributes[300:] = -1
    fake = fake._replace(image=fake.image + 3)
    assert model.extra_negatives("nose", real, fake) == []
    for part, shares in {"eyes": (1 / 2, 0, 0), "mouth": (0, 1 / 3, 1 / 3)}.items():
        (negatives,) = model.extra_negatives(part, real, fake)
        is_real = (negatives.image == real.image).flatten(1).all(dim=1)
        assert not is_real[300:].any()  # nothing can be wrong of what is not known
        assert torch.equal(negatives.attributes[~is_real], fake.attributes[~is_real])
        wrong = negatives.attributes[is_real]
        assert (wrong.sum(dim=1) == 1).all()
        torch.testing.assert_close(wrong.sum(dim=0) / 300, torch.tensor(shares), atol=0.1, rtol=0)


def test_the_paper_s_networks_have_the_size_of_both_variants(detector_weights: Path) -> None:
    with torch.device("meta"):
        parameters = sum(
            p.numel() for p in CycleGANFull(detector_weights=str(detector_weights)).generators.parameters()
        )
    assert parameters == 2 * (11_577_935 + 5 * 64 * 7 * 7)


def test_options_of_both_variants_are_kept(small: MakeModel, detector_weights: Path) -> None:
    hyper_parameters = small(hair="grey", random_target_share=0.5, lambda_3=2.0).hparams
    assert "hair" not in hyper_parameters
    assert hyper_parameters["random_target_share"] == 0.5
    assert hyper_parameters["lambda_3"] == 2.0
    assert hyper_parameters["detector_weights"] == str(detector_weights)
    assert hyper_parameters["ngf"] == 4


@torch.no_grad()
def test_photos_become_four_colours_at_the_landmarks_that_are_found(
    small: MakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, photos = small(), some_photos()
    monkeypatch.setattr(LandmarkDetector, "find", lambda self, images: photos.landmarks)
    sheet = model.cartoons(model.infer_condition(photos.image))
    assert sheet.shape == (2, 3, 32, 4 * 32)
    grey = photos._replace(label=torch.full_like(photos.label, 3))
    torch.testing.assert_close(sheet[..., 96:], model.generate(model.generators, "cartoon", photos.image, grey))


def test_it_trains_and_the_grid_has_the_rows_of_both(
    small: MakeModel, make_trainer: MakeTrainer, loader: Loader
) -> None:
    model = small(wrong_labels=True, random_target_share=0.5, ema_decay=0.9)
    trainer = make_trainer(max_steps=2, precision="bf16-mixed", callbacks=[GradientNorms(every_n_steps=1)])
    trainer.fit(model, loader)
    assert trainer.callback_metrics.keys() >= {"gradient/landmark_cartoon", "train/discriminator_mouth"}
    with torch.no_grad():
        rows = model.grid_rows(next(iter(loader)))
    assert len(rows) == 6 + 3 + 3
    assert {row.shape for row in rows} == {(2, 3, 32, 32)}


def test_one_colour_is_predicted_through_the_command(
    sample_root: Path, detector_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lightning_modules.detector.default_weights", lambda: detector_weights)
    shared = ["--config", "configs/cyclegan_full.yaml", "--trainer.default_root_dir", str(tmp_path)]
    shared += ["--data.root", str(sample_root), "--data.num_workers=0", "--trainer.accelerator=cpu"]
    shared += ["--trainer.enable_progress_bar=false"]
    options = ["--data.image_size=32", "--data.batch_size=2", "--trainer.max_steps=1", "--trainer.limit_val_batches=1"]
    options += [f"--model.{name}={value}" for name, value in SMALL.items()]
    assert main(["fit", *shared, *options, "--model.wrong_labels=true", "--model.local_start=0"]) == 0
    out, photos = tmp_path / "cartoons", sample_root / "celeba" / "img_align_celeba"
    options = ["--data.predict_dir", str(photos), "--out", str(out), "--ckpt_path=last", "--model.hair=grey"]
    assert main(["predict", *shared, *options]) == 0
    assert Image.open(out / "000001.png").size == (32, 32)
