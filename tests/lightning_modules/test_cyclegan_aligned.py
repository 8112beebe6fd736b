from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from lightning import Trainer, seed_everything
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from datamodules.faces import FacesDataModule
from datamodules.samples import Domain, Faces, UnpairedBatch
from lightning_modules.base import Translation
from lightning_modules.callbacks import GradientNorms, ImageGrid
from lightning_modules.cyclegan_aligned import Condition, CycleGANAligned, aligned_to
from lightning_modules.discriminators import Discriminator
from lightning_modules.errors import UsageError
from networks import GeneratorName
from networks.landmarks import Alignment, fit_affine, fit_similarity, landmark_heatmaps, transform_points, warp

MakeTrainer = Callable[..., Trainer]
Loader = DataLoader[UnpairedBatch]
SMALL: dict[str, Any] = {"generator": "resnet6", "ngf": 4, "ndf": 4}
FACE = torch.tensor([[10.0, 13.0], [21.0, 12.0], [15.0, 18.0], [11.0, 23.0], [20.0, 22.0]])


def small(**options: Any) -> CycleGANAligned:
    torch.manual_seed(0)
    return CycleGANAligned(**(SMALL | options))


@pytest.fixture
def loader() -> Loader:
    """Four batches of two."""
    photos, cartoons = (zip(*some_faces(8, seed), strict=True) for seed in (0, 1))
    draws = [UnpairedBatch(Faces(*one), Faces(*other)) for one, other in zip(photos, cartoons, strict=True)]
    return DataLoader(cast(Dataset[UnpairedBatch], draws), batch_size=2)


def some_faces(count: int, seed: int) -> Faces:
    generator = torch.Generator().manual_seed(seed)
    landmarks = FACE + torch.randn(count, 5, 2, generator=generator)
    images, numbers = torch.rand(count, 3, 32, 32, generator=generator) * 2 - 1, torch.arange(count)
    return Faces(images, landmarks, numbers % 4, (numbers % 2)[:, None].repeat(1, 2))


def test_every_term_acts(assert_terms_act: Callable[..., None], loader: Loader) -> None:
    identity = {"identity_photo", "identity_cartoon"}
    switches = {"lambda_cycle": {"cycle_photo", "cycle_cartoon", *identity}, "lambda_identity": identity}
    assert_terms_act(small, next(iter(loader)), switches)


@pytest.mark.parametrize("alignment", ["affine", "similarity"])
def test_cartoons_are_warped_onto_the_photo_s_landmarks(alignment: Alignment) -> None:
    photos, cartoons = some_faces(2, seed=0), some_faces(2, seed=1)
    warped = aligned_to(photos, cartoons, alignment)
    matrices = (fit_affine if alignment == "affine" else fit_similarity)(cartoons.landmarks, photos.landmarks)
    torch.testing.assert_close(warped.image, warp(cartoons.image, matrices, fill=1.0))
    torch.testing.assert_close(warped.landmarks, transform_points(cartoons.landmarks, matrices))
    before, after = ((each.landmarks - photos.landmarks).norm(dim=2).mean() for each in (cartoons, warped))
    assert after < 0.9 * before
    assert torch.equal(warped.label, cartoons.label)


def test_what_cannot_be_aligned_is_shown_as_it_is() -> None:
    photos, cartoons = some_faces(4, seed=0), some_faces(4, seed=1)
    photos.landmarks[0] = math.nan
    cartoons.landmarks[1] = math.nan
    photos.landmarks[2] = 7.0
    warped = aligned_to(photos, cartoons, "affine")
    torch.testing.assert_close(warped.image[:3], cartoons.image[:3], atol=1e-5, rtol=0)
    torch.testing.assert_close(warped.landmarks[:3], cartoons.landmarks[:3], equal_nan=True)
    assert not torch.allclose(warped.image[3], cartoons.image[3], atol=1e-2)


@pytest.mark.parametrize("condition", ["photo", "landmarks", "none"])
def test_the_discriminator_sees_pairs_of_photo_and_cartoon(condition: Condition) -> None:
    model = small(condition=condition, gan_mode="lsgan")
    batch = UnpairedBatch(some_faces(2, seed=0), some_faces(2, seed=1))
    translation = model.translate(model.generators, batch)
    beside = {
        "photo": batch.photo.image,
        "landmarks": landmark_heatmaps(batch.photo.landmarks, 32, 32),
        "none": torch.empty(2, 0, 32, 32),
    }[condition]
    judge = cast(Discriminator, model.discriminators["cartoon"]).network
    real = judge(torch.cat([aligned_to(batch.photo, batch.cartoon, "affine").image, beside], dim=1))
    fake = judge(torch.cat([translation.fake["cartoon"], beside], dim=1))
    fakes: dict[Domain, Faces] = {"cartoon": model.fake_faces("cartoon", translation)}
    expected = 0.5 * ((real - 1).square().mean() + fake.square().mean())
    torch.testing.assert_close(model.discriminator_term("cartoon", batch, fakes).value, expected)
    terms = model.generator_terms(batch, translation)
    torch.testing.assert_close(terms["adversarial_cartoon"].value, (fake - 1).square().mean())
    assert torch.equal(model.real_faces("photo", batch).image, batch.photo.image)


@pytest.mark.parametrize("gan_mode", ["vanilla", "lsgan", "hinge"])
@pytest.mark.parametrize("condition", ["photo", "landmarks", "none"])
def test_pairs_that_do_not_lie_alike_teach_nothing(condition: Condition, gan_mode: str) -> None:
    """Photo unknown, cartoon unknown, photo a spot, photo in profile, both mirrored; the last pair teaches alone."""
    model = small(condition=condition, gan_mode=gan_mode, lambda_identity=0.0)
    batch = UnpairedBatch(some_faces(6, seed=0), some_faces(6, seed=1))
    batch.photo.landmarks[0] = math.nan
    batch.cartoon.landmarks[1] = math.nan
    batch.photo.landmarks[2] = 7.0
    batch.photo.landmarks[3, :, 0] *= 0.12
    batch.cartoon.landmarks[4, :, 0] = 31 - batch.cartoon.landmarks[4, :, 0]
    alone = UnpairedBatch(*(Faces(*(part[5:] for part in faces)) for faces in batch))
    found = []
    for given in (batch, alone):
        translation = model.translate(model.generators, given)
        fakes: dict[Domain, Faces] = {"cartoon": model.fake_faces("cartoon", translation)}
        terms = (
            model.generator_terms(given, translation)["adversarial_cartoon"],
            model.discriminator_term("cartoon", given, fakes),
        )
        found.append([term.value for term in terms])
        parameters = list(model.generators["cartoon"].parameters()) + list(model.discriminators["cartoon"].parameters())
        gradients = torch.autograd.grad(sum(found[-1], torch.zeros(())), parameters)
        assert all(gradient.isfinite().all() for gradient in gradients)
        assert terms[0].applies is not None
        assert terms[0].applies
    for whole, expected in zip(*found, strict=True):
        torch.testing.assert_close(whole, expected, rtol=1e-4, atol=1e-5)


def test_a_batch_that_cannot_be_aligned_says_that_its_term_does_not_apply() -> None:
    model = small()
    batch = UnpairedBatch(some_faces(2, seed=0), some_faces(2, seed=1))
    batch.cartoon.landmarks[:] = math.nan
    translation = model.translate(model.generators, batch)
    terms = model.generator_terms(batch, translation)
    for domain, applies in (("cartoon", False), ("photo", True)):
        term = terms[f"adversarial_{domain}"]
        assert (term.applies is None or bool(term.applies)) is applies
    fakes: dict[Domain, Faces] = {"cartoon": model.fake_faces("cartoon", translation)}
    assert terms["adversarial_cartoon"].value == model.discriminator_term("cartoon", batch, fakes).value == 0


@pytest.mark.parametrize("condition", ["photo", "landmarks"])
def test_pooled_fakes_keep_what_belongs_to_them(
    condition: Condition, make_trainer: MakeTrainer, loader: Loader
) -> None:
    model = small(condition=condition, pool_size=8)
    make_trainer(max_steps=4).fit(model, loader)
    pooled = model.pools["cartoon"].get_extra_state()["samples"]
    photos = [faces for batch in loader for faces in zip(*batch.photo, strict=True)]
    assert len(pooled) == len(photos)
    for sample, (image, landmarks, *_) in zip(pooled, photos, strict=True):
        beside = image if condition == "photo" else landmark_heatmaps(landmarks[None], 32, 32)[0]
        assert torch.equal(sample["image"][3:], beside)


@pytest.mark.parametrize("generator", ["resnet9", "resnet6", "unet", "densenet"])
def test_every_backbone_trains(generator: GeneratorName, make_trainer: MakeTrainer, loader: Loader) -> None:
    trainer = make_trainer(max_steps=1, callbacks=[GradientNorms(every_n_steps=1)])
    trainer.fit(small(generator=generator, alignment="similarity"), loader)
    assert trainer.callback_metrics["gradient/adversarial_cartoon"] > 0


def test_the_grid_shows_pairs_with_their_points_connected(
    make_trainer: MakeTrainer, loader: Loader, tmp_path: Path
) -> None:
    model, batch = small(), UnpairedBatch(some_faces(2, seed=0), some_faces(2, seed=1))
    with torch.no_grad():
        rows = model.grid_rows(batch)
        cartoon = model.cartoons(batch.photo)
    assert len(rows) == 10
    warped = aligned_to(batch.photo, batch.cartoon, "affine").image
    for row, plain in zip(rows[6:], (batch.photo.image, warped, batch.photo.image, cartoon), strict=True):
        changed = (row - plain).abs().amax(dim=1) > 1e-3
        assert 0.05 < changed.float().mean() < 0.5
        assert row[changed[:, None].expand_as(row)].isfinite().all()
    make_trainer(callbacks=[ImageGrid(2)]).validate(model, loader, verbose=False)
    (path,) = (tmp_path / "images").iterdir()
    assert Image.open(path).size == (2 + 2 * 34, 2 + 10 * 34)


def test_data_without_landmarks_are_refused(make_trainer: MakeTrainer) -> None:
    faces = some_faces(1, seed=0)
    nothing = Faces(faces.image[0], torch.full((5, 2), math.nan), faces.label[0], faces.attributes[0])
    draws = cast(Dataset[UnpairedBatch], [UnpairedBatch(nothing, nothing)] * 64)
    with pytest.raises(UsageError, match="has landmarks, which this model needs for training"):
        make_trainer(max_steps=1).fit(small(), DataLoader(draws, batch_size=2))


def test_it_trains_under_bf16(make_trainer: MakeTrainer, loader: Loader) -> None:
    losses = []
    for precision in ("32-true", "bf16-mixed"):
        seed_everything(0, verbose=False)
        trainer = make_trainer(max_steps=2, precision=precision, callbacks=[GradientNorms(every_n_steps=1)])
        trainer.fit(small(), loader)
        losses.append({name: value.item() for name, value in trainer.callback_metrics.items()})
    exact, rounded = losses
    assert exact.keys() == rounded.keys()
    for name, value in exact.items():
        assert rounded[name] == pytest.approx(value, rel=0.3 if name.startswith("gradient/") else 0.05), name


def moved(batch: UnpairedBatch) -> UnpairedBatch:
    """The photos shifted by up to a quarter of their side, each by itself."""
    photos = batch.photo
    shifts = torch.eye(2, 3).repeat(len(photos.image), 1, 1)
    shifts[:, :, 2] = (torch.rand(len(shifts), 2) - 0.5) * photos.image.shape[3] / 2
    landmarks = transform_points(photos.landmarks, shifts)
    return batch._replace(photo=photos._replace(image=warp(photos.image, shifts), landmarks=landmarks))


@pytest.mark.parametrize(("condition", "can_tell"), [("photo", True), ("none", False)])
def test_aligned_pairs_score_as_real_after_a_few_steps(condition: Condition, can_tell: bool, sample_root: Path) -> None:
    """Aligned with the photo or with another one: only a discriminator that is shown the photo can tell."""
    data = FacesDataModule(str(sample_root), image_size=32, batch_size=16, num_workers=0, augment=False)
    data.setup("fit")
    batch = next(iter(data.train_dataloader()))
    model = small(condition=condition, gan_mode="lsgan", ndf=8)
    discriminator = cast(Discriminator, model.discriminators["cartoon"])
    optimizer = torch.optim.Adam(discriminator.parameters(), lr=5e-3, betas=(0.5, 0.999))

    def misaligned(shown: UnpairedBatch) -> Faces:
        others = shown.photo._replace(landmarks=shown.photo.landmarks.roll(1, dims=0))
        swapped = shown._replace(photo=others)
        return model.real_faces("cartoon", swapped)

    def accuracy() -> float:
        shown = [moved(batch) for _ in range(8)]
        pairs = [discriminator.forward_batches(model.real_faces("cartoon", each), misaligned(each)) for each in shown]
        scores: Tensor = torch.stack([torch.stack([logits.mean(dim=(1, 2, 3)) for logits in pair]) for pair in pairs])
        return (scores[:, 0] > scores[:, 1]).float().mean().item()

    for _ in range(120):
        shown = moved(batch)
        loss = model.discriminator_term("cartoon", shown, {"cartoon": misaligned(shown)}).value
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    with torch.no_grad():
        assert (accuracy() > 0.85) is can_tell


def test_aligned_inputs_are_what_the_whole_step_sees(loader: Loader, make_trainer: MakeTrainer) -> None:
    class Seen(CycleGANAligned):
        def translate(self, generators: nn.ModuleDict, batch: UnpairedBatch) -> Translation:
            seen.append(batch.cartoon)
            return super().translate(generators, batch)

    for aligned_inputs in (True, False):
        seen: list[Faces] = []
        model = Seen(**SMALL, aligned_inputs=aligned_inputs)
        make_trainer(max_steps=1).fit(model, loader)
        batch = next(iter(loader))
        expected = aligned_to(batch.photo, batch.cartoon, "affine") if aligned_inputs else batch.cartoon
        torch.testing.assert_close(seen[0].image, expected.image)
        torch.testing.assert_close(seen[0].landmarks, expected.landmarks)
