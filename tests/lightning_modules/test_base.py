from __future__ import annotations

import copy
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
import torch
import torch.nn.functional as F
from lightning import Callback, LightningDataModule, LightningModule, Trainer
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from datamodules.samples import Attribute, Domain, Faces, UnpairedBatch
from lightning_modules.base import BaseCycleGAN, Translation
from lightning_modules.cyclegan_baseline import CycleGANBaseline
from lightning_modules.discriminators import Discriminator
from lightning_modules.errors import UsageError
from lightning_modules.schedules import decay_factor
from lightning_modules.terms import Term, Terms, total
from networks import ImagePool, PatchDiscriminator

MakeTrainer = Callable[..., Trainer]
Loader = DataLoader[UnpairedBatch]
SMALL: dict[str, Any] = {"generator": "resnet6", "ngf": 4, "ndf": 4}


class TinyDiscriminators(CycleGANBaseline):
    """The baseline with discriminators that judge 16-px images."""

    def build_discriminators(self) -> dict[str, Discriminator]:
        return {
            name: Discriminator(PatchDiscriminator(ndf=self._ndf, n_layers=1), name) for name in ("photo", "cartoon")
        }


def small(**options: Any) -> TinyDiscriminators:
    torch.manual_seed(0)
    return TinyDiscriminators(**(SMALL | options))


def weights(module: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in module.named_parameters()}


def oracle(model: TinyDiscriminators, batches: list[UnpairedBatch], mode: str) -> tuple[nn.ModuleDict, nn.ModuleDict]:
    """CycleGAN's training loop in its plainest form: every image through every network by itself, no pool."""
    generators, discriminators = copy.deepcopy(model.generators), copy.deepcopy(model.discriminators)
    to_cartoon, to_photo = generators["cartoon"], generators["photo"]
    judge_cartoon, judge_photo = (
        cast(Discriminator, discriminators["cartoon"]).network,
        cast(Discriminator, discriminators["photo"]).network,
    )
    generator_optimizer = torch.optim.Adam(generators.parameters(), lr=2e-4, betas=(0.5, 0.999))
    discriminator_optimizer = torch.optim.Adam(discriminators.parameters(), lr=2e-4, betas=(0.5, 0.999))

    def adversarial(logits: Tensor, is_real: bool) -> Tensor:
        target = torch.full_like(logits, float(is_real))
        return F.mse_loss(logits, target) if mode == "lsgan" else F.binary_cross_entropy_with_logits(logits, target)

    for batch in batches:
        photo, cartoon = batch.photo.image, batch.cartoon.image
        fake_cartoon, fake_photo = to_cartoon(photo), to_photo(cartoon)
        loss = adversarial(judge_cartoon(fake_cartoon), True) + adversarial(judge_photo(fake_photo), True)
        loss = loss + 10 * (to_photo(fake_cartoon) - photo).abs().mean()
        loss = loss + 10 * (to_cartoon(fake_photo) - cartoon).abs().mean()
        loss = loss + 5 * (to_cartoon(cartoon) - cartoon).abs().mean() + 5 * (to_photo(photo) - photo).abs().mean()
        generator_optimizer.zero_grad()
        loss.backward()
        generator_optimizer.step()
        discriminator_optimizer.zero_grad()
        discriminator_loss = torch.zeros(())
        for judge, real, fake in ((judge_cartoon, cartoon, fake_cartoon), (judge_photo, photo, fake_photo)):
            both = adversarial(judge(real), True) + adversarial(judge(fake.detach()), False)
            discriminator_loss = discriminator_loss + 0.5 * both
        discriminator_loss.backward()  # type: ignore[no-untyped-call]
        discriminator_optimizer.step()
    return generators, discriminators


@pytest.mark.parametrize("mode", ["vanilla", "lsgan"])
def test_training_is_cyclegan_s_plain_loop(mode: str, loader: Loader, make_trainer: MakeTrainer) -> None:
    model = small(gan_mode=mode, pool_size=0)
    expected_generators, expected_discriminators = oracle(model, list(loader)[:2], mode)
    before = weights(model)
    make_trainer(max_steps=2).fit(model, loader)
    for ours, theirs in ((model.generators, expected_generators), (model.discriminators, expected_discriminators)):
        # A bias before an instance norm has no gradient but rounding, which Adam blows up to whole steps.
        kernels = [(name, value) for name, value in theirs.named_parameters() if value.dim() == 4]
        assert kernels
        for name, value in kernels:
            torch.testing.assert_close(ours.get_parameter(name), value, atol=2e-5, rtol=1e-3)
    moved = [name for name, value in model.named_parameters() if not torch.equal(value, before[name])]
    assert len(moved) == len(before)


class Watch(Callback):
    """Records which networks have gradients whenever an optimiser steps."""

    def __init__(self) -> None:
        self.seen: list[set[str]] = []

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: LightningModule, optimizer: Any) -> None:
        self.seen.append({name.split(".")[0] for name, p in pl_module.named_parameters() if p.requires_grad})


def test_each_optimiser_sees_only_its_networks(loader: Loader, make_trainer: MakeTrainer) -> None:
    watch = Watch()
    make_trainer(max_steps=2, callbacks=[watch]).fit(small(), loader)
    assert watch.seen == [{"generators"}, {"discriminators"}] * 2


class TwoGroups(TinyDiscriminators):
    """Four discriminators under three optimisers, the last of which rests until step 2."""

    def build_discriminators(self) -> dict[str, Discriminator]:
        local = {
            f"{name}_local": Discriminator(PatchDiscriminator(ndf=4, n_layers=1), name) for name in ("photo", "cartoon")
        }
        return super().build_discriminators() | local

    def discriminator_groups(self) -> list[list[str]]:
        return [["photo", "cartoon"], ["photo_local"], ["cartoon_local"]]

    def adversarial_weight(self, discriminator: str) -> float:
        return 1.0 if discriminator != "cartoon_local" or self.global_step >= 2 else 0.0


@pytest.mark.parametrize("model_class", [TinyDiscriminators, TwoGroups])
def test_global_step_counts_training_steps(
    model_class: type[TinyDiscriminators], loader: Loader, make_trainer: MakeTrainer
) -> None:
    trainer = make_trainer(max_steps=3)
    trainer.fit(model_class(**SMALL), loader)
    assert trainer.global_step == 3
    assert trainer.fit_loop.epoch_loop.batch_progress.total.completed == 3


def test_a_discriminator_of_weight_zero_rests_and_then_joins(loader: Loader, make_trainer: MakeTrainer) -> None:
    model = TwoGroups(**SMALL)
    before = weights(model.discriminators["cartoon_local"])
    make_trainer(max_steps=2).fit(model, loader)
    assert all(
        torch.equal(value, before[name]) for name, value in model.discriminators["cartoon_local"].named_parameters()
    )
    model = TwoGroups(**SMALL)
    before = weights(model.discriminators["cartoon_local"])
    make_trainer(max_steps=4).fit(model, loader)
    moved = [
        n for n, value in model.discriminators["cartoon_local"].named_parameters() if not torch.equal(value, before[n])
    ]
    assert moved


class Hooked(TinyDiscriminators):
    """Fills the remaining hooks and records what they are given."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.conditions: list[tuple[str, list[int]]] = []

    def generate(self, generators: nn.ModuleDict, target: Domain, images: Tensor, condition: Faces) -> Tensor:
        self.conditions.append((target, condition.label.tolist()))
        return super().generate(generators, target, images, condition)

    def real_faces(self, domain: Domain, batch: UnpairedBatch) -> Faces:
        faces = super().real_faces(domain, batch)
        return faces._replace(image=torch.ones_like(faces.image)) if domain == "cartoon" else faces

    def extra_generator_terms(self, batch: UnpairedBatch, translation: Translation) -> Terms:
        return {"brightness": Term(translation.fake["cartoon"].mean(), 3.0)}


def test_a_guide_always_belongs_to_the_face_it_guides() -> None:
    model = Hooked(**SMALL)
    photo = Faces(torch.rand(2, 3, 16, 16), torch.zeros(2, 5, 2), torch.tensor([1, 2]), torch.eye(2).long())
    cartoon = Faces(torch.rand(2, 3, 16, 16), torch.zeros(2, 5, 2), torch.tensor([3, 0]), -torch.eye(2).long())
    batch = UnpairedBatch(photo, cartoon)
    translation = model.translate(model.generators, batch)
    assert sorted(model.conditions) == sorted(
        [("cartoon", [1, 2, 3, 0]), ("photo", [3, 0, 1, 2]), ("photo", [1, 2]), ("cartoon", [3, 0])]
    )
    assert model.fake_faces("cartoon", translation).label.tolist() == [1, 2]
    assert model.fake_faces("photo", translation).label.tolist() == [3, 0]
    assert torch.equal(model.fake_faces("photo", translation).image, translation.fake["photo"])


class Elsewhere(Hooked):
    """Asks for other labels than the sources have."""

    def target_faces(self, target: Domain, batch: UnpairedBatch) -> Faces:
        source = super().target_faces(target, batch)
        return source._replace(label=source.label + 10)


def test_a_fake_is_made_and_judged_as_it_was_wanted_and_goes_back_to_its_source() -> None:
    model = Elsewhere(**SMALL)
    faces = Faces(torch.rand(2, 3, 16, 16), torch.zeros(2, 5, 2), torch.tensor([1, 2]), torch.eye(2).long())
    batch = UnpairedBatch(faces, faces._replace(label=torch.tensor([3, 0])))
    translation = model.translate(model.generators, batch)
    assert sorted(model.conditions) == sorted(
        [("cartoon", [11, 12, 3, 0]), ("photo", [13, 10, 1, 2]), ("photo", [1, 2]), ("cartoon", [3, 0])]
    )
    assert model.fake_faces("cartoon", translation).label.tolist() == [11, 12]


class Doubtful(TinyDiscriminators):
    """Shows its discriminators black images as a further kind of fake."""

    def extra_negatives(self, discriminator: str, real: Faces, fake: Faces) -> list[Faces]:
        return [real._replace(image=-torch.ones_like(real.image))]


def test_all_kinds_of_fakes_count_alike(loader: Loader) -> None:
    model, batch = Doubtful(**SMALL, gan_mode="lsgan"), next(iter(loader))
    fakes: dict[Domain, Faces] = {"cartoon": batch.photo}
    discriminator = model.discriminators["cartoon"]
    real, fake = discriminator(batch.cartoon), discriminator(batch.photo)
    black = discriminator(batch.cartoon._replace(image=-torch.ones(2, 3, 16, 16)))
    expected = 0.5 * ((real - 1).square().mean() + 0.5 * (fake.square().mean() + black.square().mean()))
    torch.testing.assert_close(model.discriminator_term("cartoon", batch, fakes).value, expected)


def test_extra_terms_reach_the_generators_and_the_log(loader: Loader, make_trainer: MakeTrainer) -> None:
    trainer = make_trainer(max_steps=1)
    trainer.fit(Hooked(**SMALL), loader)
    assert "train/brightness" in trainer.callback_metrics
    batch = next(iter(loader))
    model = Hooked(**SMALL)
    terms = model.generator_terms(batch, model.translate(model.generators, batch))
    with_term = torch.autograd.grad(total(terms), list(model.generators["cartoon"].parameters()), retain_graph=True)
    del terms["brightness"]
    without = torch.autograd.grad(total(terms), list(model.generators["cartoon"].parameters()))
    assert any((a - b).abs().max() > 1e-6 for a, b in zip(with_term, without, strict=True))


def test_terms_are_the_paper_s_with_their_weights(loader: Loader) -> None:
    model, batch = small(lambda_cycle=8.0, lambda_identity=0.25), next(iter(loader))
    translation = model.translate(model.generators, batch)
    terms = model.generator_terms(batch, translation)
    expected = {f"{kind}_{name}" for kind in ("adversarial", "cycle", "identity") for name in ("photo", "cartoon")}
    assert set(terms) == expected
    assert terms["cycle_photo"].weight == 8.0
    assert terms["identity_cartoon"].weight == 2.0
    cycle = F.l1_loss(model.generators["photo"](model.generators["cartoon"](batch.photo.image)), batch.photo.image)
    torch.testing.assert_close(terms["cycle_photo"].value, cycle)
    identity = F.l1_loss(model.generators["cartoon"](batch.cartoon.image), batch.cartoon.image)
    torch.testing.assert_close(terms["identity_cartoon"].value, identity)


class Partial(TinyDiscriminators):
    """Discriminators that can judge the faces of some colours only; without generators' weight if asked."""

    def __init__(self, weight: float = 1.0, **options: Any) -> None:
        super().__init__(**options)
        self.weight = weight

    def build_discriminators(self) -> dict[str, Discriminator]:
        class BrownDiscriminator(Discriminator):
            def valid_mask(self, faces: Faces) -> Tensor:
                return faces.label == 1

        return {name: BrownDiscriminator(PatchDiscriminator(ndf=4, n_layers=1), name) for name in ("photo", "cartoon")}

    def adversarial_weight(self, discriminator: str) -> float:
        return self.weight


def test_what_a_discriminator_cannot_judge_dilutes_no_loss() -> None:
    model = Partial(**SMALL, pool_size=0)
    hair = torch.tensor([0, 1, 2, 3])
    batch = UnpairedBatch(
        *(Faces(torch.rand(4, 3, 16, 16), torch.zeros(4, 5, 2), hair, hair[:, None].repeat(1, 2)) for _ in range(2))
    )
    brown = UnpairedBatch(*(Faces(*(part[1:2] for part in faces)) for faces in batch))
    found = []
    for given in (batch, brown):
        translation = model.translate(model.generators, given)
        term = model.generator_terms(given, translation)["adversarial_cartoon"]
        fakes: dict[Domain, Faces] = {"cartoon": model.fake_faces("cartoon", translation)}
        discriminator_value = model.discriminator_term("cartoon", given, fakes).value
        (gradient,) = torch.autograd.grad(term.value, [next(model.generators["cartoon"].parameters())])
        assert term.applies is not None
        assert term.applies
        found.append((term.value, gradient, discriminator_value))
    for whole, alone in zip(*found, strict=True):
        torch.testing.assert_close(whole, alone, rtol=1e-4, atol=1e-6)


def test_a_fit_without_discriminators_has_no_sum_of_them(loader: Loader, make_trainer: MakeTrainer) -> None:
    trainer = make_trainer(max_steps=1)
    trainer.fit(Partial(weight=0.0, **SMALL), loader)
    logged = {name for name in trainer.callback_metrics if name.startswith("train/")}
    assert "train/cycle" in logged
    assert not [name for name in logged if "adversarial" in name or "discriminator" in name]


def test_a_run_goes_on_with_a_smaller_pool(loader: Loader, make_trainer: MakeTrainer, tmp_path: Path) -> None:
    trainer = make_trainer(max_steps=3)
    trainer.fit(small(pool_size=5), loader)
    trainer.save_checkpoint(tmp_path / "last.ckpt")
    model = small(pool_size=2)
    make_trainer(max_steps=4).fit(model, loader, ckpt_path=tmp_path / "last.ckpt")
    assert [len(cast(ImagePool, pool)) for pool in model.pools.values()] == [2, 2]


def test_what_is_drawn_in_the_white_background_is_a_term(loader: Loader) -> None:
    batch = next(iter(loader))
    batch.photo.image[:, :, :, 4:] = 1.0
    model = small(lambda_background=3.0)
    translation = model.translate(model.generators, batch)
    term = model.generator_terms(batch, translation)["background_cartoon"]
    assert term.weight == 3.0
    drawn = (1 - translation.fake["cartoon"])[:, :, :, 5:].abs().mean()  # a margin of one pixel
    torch.testing.assert_close(term.value, drawn)
    assert "background_cartoon" not in small().generator_terms(batch, translation)


def test_a_loss_on_the_background_of_photos_that_keep_theirs_is_warned_of(
    make_trainer: MakeTrainer, recwarn: pytest.WarningsRecorder
) -> None:
    class Data(LightningDataModule):
        def __init__(self, background: str) -> None:
            super().__init__()
            self.save_hyperparameters()

    model = small(lambda_background=1.0)
    model.trainer = make_trainer()
    model.trainer.datamodule = Data("head")  # type: ignore[attr-defined]
    model.prepare_data()
    assert not [warning for warning in recwarn if "lambda_background" in str(warning.message)]
    model.trainer.datamodule = Data("keep")  # type: ignore[attr-defined]
    with pytest.warns(UserWarning, match=r"--model\.lambda_background takes no part with --data\.background keep"):
        model.prepare_data()


def test_without_identity_nothing_is_computed_for_it(loader: Loader) -> None:
    model, batch = small(lambda_identity=0.0), next(iter(loader))
    translation = model.translate(model.generators, batch)
    assert translation.identity == {}
    assert not any(name.startswith("identity") for name in model.generator_terms(batch, translation))


def test_a_seen_fake_comes_back_from_the_pool_with_its_label(loader: Loader, make_trainer: MakeTrainer) -> None:
    model = small(pool_size=3)
    make_trainer(max_steps=4).fit(model, loader)
    state = model.pools["cartoon"].get_extra_state()
    assert len(state["samples"]) == 3
    assert set(state["samples"][0]) == set(Faces._fields)


def test_the_average_is_used_and_saved(loader: Loader, make_trainer: MakeTrainer) -> None:
    model = small(ema_decay=0.9)
    make_trainer(max_steps=4).fit(model, loader)
    assert any(name.startswith("average.module.cartoon") for name in model.state_dict())
    photo = next(iter(loader)).photo.image
    with torch.no_grad():
        averaged, last = model(photo), model.generators["cartoon"](photo)
        assert torch.equal(averaged, model.trained_generators["cartoon"](photo))
    assert not torch.allclose(averaged, last)
    assert torch.equal(small()(photo), small().generators["cartoon"](photo))


def test_the_average_follows_its_definition(loader: Loader, make_trainer: MakeTrainer) -> None:
    model = small(ema_decay=0.5)
    snapshots: list[dict[str, Tensor]] = []

    class Snap(Callback):
        def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *args: Any) -> None:
            snapshots.append(weights(cast(BaseCycleGAN, pl_module).generators))

    make_trainer(max_steps=3, callbacks=[Snap()]).fit(model, loader)
    name = next(iter(snapshots[0]))
    expected = snapshots[0][name]
    for count, snapshot in enumerate(snapshots[1:], start=1):
        decay = min(0.5, (1 + count) / (10 + count))
        expected = decay * expected + (1 - decay) * snapshot[name]
    torch.testing.assert_close(model.trained_generators.get_parameter(name), expected)


def test_gradients_are_clipped_when_asked(loader: Loader, make_trainer: MakeTrainer) -> None:
    norms: list[float] = []

    class Norms(Callback):
        def on_before_zero_grad(self, trainer: Trainer, pl_module: LightningModule, optimizer: Any) -> None:
            gradients = [p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
            if gradients:
                norms.append(torch.stack([gradient.norm() for gradient in gradients]).norm().item())

    for limit in (None, 0.01):
        norms.clear()
        model = small(clip_grad_norm=limit)
        make_trainer(max_steps=1).fit(model, loader)
        for network in (model.generators, model.discriminators):
            gradients = [p.grad for p in network.parameters() if p.grad is not None]
            norms.append(torch.stack([gradient.norm() for gradient in gradients]).norm().item())
        assert (max(norms) <= 0.0101) is (limit is not None)


@pytest.mark.parametrize(
    ("epoch", "expected"), [(0, 1.0), (99, 1.0), (100, 1.0), (150, 0.5), (199, 0.01), (200, 0.0), (300, 0.0)]
)
def test_the_learning_rate_is_constant_then_falls_to_zero(epoch: int, expected: float) -> None:
    assert decay_factor(epoch, 200, 0.5) == pytest.approx(expected)


def test_the_learning_rate_s_ends() -> None:
    assert decay_factor(5, 0, 0.5) == 1.0
    assert decay_factor(9, 10, 1.0) == 1.0
    assert decay_factor(1, 10, 0.0) == pytest.approx(0.9)


def test_the_learning_rate_is_stepped_each_epoch(loader: Loader, make_trainer: MakeTrainer) -> None:
    rates: list[list[float]] = []

    class Rates(Callback):
        def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
            rates.append([optimizer.param_groups[0]["lr"] for optimizer in trainer.optimizers])

    make_trainer(max_epochs=4, callbacks=[Rates()], limit_train_batches=1).fit(small(), loader)
    assert rates == [pytest.approx([2e-4 * factor] * 2) for factor in (1, 1, 1, 0.5)]


@pytest.mark.parametrize("max_epochs", [-1, 200])
def test_a_run_told_in_steps_decays_too(max_epochs: int, loader: Loader, make_trainer: MakeTrainer) -> None:
    trainer = make_trainer(max_epochs=max_epochs, max_steps=16)
    trainer.fit(small(), loader)  # four epochs of four steps
    assert trainer.optimizers[0].param_groups[0]["lr"] == pytest.approx(0.0)


def test_broken_losses_stop_the_run_and_are_named(loader: Loader, make_trainer: MakeTrainer) -> None:
    class Broken(TinyDiscriminators):
        def extra_generator_terms(self, batch: UnpairedBatch, translation: Translation) -> Terms:
            value = translation.fake["cartoon"].mean()
            return {"odd": Term(value * (math.nan if self.global_step == 2 else 1), 1.0)}

    trainer = make_trainer(max_steps=8)
    with pytest.raises(UsageError, match=r"diverged before step 3.*train/odd"):
        trainer.fit(Broken(**SMALL), loader)


def test_a_checkpoint_of_another_architecture_is_refused_by_name() -> None:
    checkpoint: dict[str, Any] = {"state_dict": small().state_dict(), "hyper_parameters": SMALL}
    small().on_load_checkpoint(checkpoint)
    with pytest.raises(UsageError, match="ngf: 4 in it, 8 here"):
        small(ngf=8).on_load_checkpoint(checkpoint)


def test_bf16_autocast_keeps_logits_and_losses_in_fp32(loader: Loader) -> None:
    model, batch = small(), next(iter(loader))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        translation = model.translate(model.generators, batch)
        terms = model.generator_terms(batch, translation)
        fakes = {domain: model.fake_faces(domain, translation) for domain in ("photo", "cartoon")}
        terms |= {"discriminator": model.discriminator_term("photo", batch, cast(dict[Domain, Faces], fakes))}
        assert cast(Discriminator, model.discriminators["photo"])(batch.photo).dtype == torch.float32
    exact = model.generator_terms(batch, model.translate(model.generators, batch))
    for name, term in exact.items():
        assert terms[name].value.dtype == torch.float32
        torch.testing.assert_close(terms[name].value, term.value, rtol=0.05, atol=0.02)
    assert terms["discriminator"].value.dtype == torch.float32


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("ngf", 0),
        ("pool_size", -1),
        ("learning_rate", 0.0),
        ("beta1", 1.0),
        ("decay_start", 1.5),
        ("clip_grad_norm", 0.0),
    ],
)
def test_senseless_options_are_refused_by_name(option: str, value: float) -> None:
    with pytest.raises(UsageError, match=f"--model.{option} is {value}"):
        small(**{option: value})


@pytest.mark.parametrize(("max_steps", "interval"), [(-1, 4), (3, 3), (100, 4)])
def test_short_runs_are_logged_too(max_steps: int, interval: int, loader: Loader, make_trainer: MakeTrainer) -> None:
    trainer = make_trainer(max_epochs=1, max_steps=max_steps, log_every_n_steps=50)
    trainer.fit(small(), loader)
    assert trainer.log_every_n_steps == interval  # type: ignore[attr-defined]


def test_noise_lies_on_the_way_back_of_cartoons_alone_and_in_training_alone(loader: Loader) -> None:
    class Given(TinyDiscriminators):
        """Records what each generator is given."""

        def generate(self, generators: nn.ModuleDict, target: Domain, images: Tensor, condition: Faces) -> Tensor:
            seen.append((target, images))
            return super().generate(generators, target, images, condition)

    seen: list[tuple[Domain, Tensor]] = []
    torch.manual_seed(0)
    model = Given(**SMALL, cycle_noise=0.1, lambda_identity=0.0)
    batch = next(iter(loader))
    translation = model.translate(model.generators, batch)
    (_, cartoons), (_, photos) = sorted(seen[2:], key=lambda given: given[0], reverse=True)  # to photos, to cartoons
    noise = cartoons - translation.fake["cartoon"]
    assert 0.08 < noise.std() < 0.12
    assert torch.equal(photos, translation.fake["photo"])
    assert not torch.equal(noise[0], noise[1])
    again = model.translate(model.generators, batch)
    assert torch.equal(again.reconstruction["photo"], translation.reconstruction["photo"])  # the same step
    seen.clear()
    model.eval()
    quiet = model.translate(model.generators, batch)
    assert any(torch.equal(images, quiet.fake["cartoon"]) for target, images in seen if target == "photo")


def test_r1_is_added_at_its_interval_as_often_stronger(loader: Loader, make_trainer: MakeTrainer) -> None:
    class Penalised(TinyDiscriminators):
        def penalty_term(self, name: str, batch: UnpairedBatch) -> Term:
            term = super().penalty_term(name, batch)
            seen.append((self.global_step, name, term.weight))
            return term

    seen: list[tuple[int, str, float]] = []
    make_trainer(max_steps=4).fit(Penalised(**SMALL, r1_weight=0.5, r1_interval=2), loader)
    assert seen == [(step, name, 1.0) for step in (0, 2) for name in ("photo", "cartoon")]
    model = small()
    assert model.penalty_term("cartoon", next(iter(loader))).value > 0


def test_identity_fades_to_nothing_over_its_steps(loader: Loader) -> None:
    class At(TinyDiscriminators):
        step = 0

        @property
        def global_step(self) -> int:
            return self.step

    model = At(**SMALL, lambda_identity=0.5, lambda_cycle=10.0, identity_steps=100)
    assert model.identity_weight() == 5.0
    model.step = 75
    assert model.identity_weight() == pytest.approx(1.25)
    model.step = 100
    assert model.identity_weight() == 0
    assert not model.translate(model.generators, next(iter(loader))).identity
    assert model.eval().identity_weight() == 5.0


def test_the_way_back_and_its_discriminator_can_be_smaller() -> None:
    model = CycleGANBaseline(**SMALL, ngf_photo=2, ndf_photo=2)
    assert model.generators["cartoon"].get_parameter("stem.conv.weight").shape[0] == 4
    assert model.generators["photo"].get_parameter("stem.conv.weight").shape[0] == 2
    assert model.discriminators["photo"].get_parameter("network.stem.weight").shape[0] == 2


def test_further_scales_see_reduced_images_and_share_the_weight() -> None:
    model = CycleGANBaseline(**SMALL, discriminator_scales=2)
    assert list(model.discriminators) == ["photo", "photo_half", "cartoon", "cartoon_half"]
    assert model.adversarial_weight("cartoon_half") == 0.5
    image = torch.rand(1, 3, 64, 64)
    faces = Faces(image, torch.zeros(1, 5, 2), torch.tensor([0]), torch.zeros(1, 2).long())
    half = cast(Discriminator, model.discriminators["cartoon_half"])
    assert torch.equal(half.inputs(faces), F.avg_pool2d(image, 2))
    assert model.size_error(48) is None
    assert model.size_error(44) == "PatchDiscriminator needs a multiple of 1, at least 48"


def test_with_a_finisher_it_works_at_the_finished_size() -> None:
    from networks.finisher import CartoonFinisher

    model = small().eval()
    torch.manual_seed(1)
    finisher = CartoonFinisher(2, width=4, n_blocks=1)
    faces = Faces(torch.rand(2, 3, 32, 32), torch.full((2, 5, 2), 15.5), torch.tensor([0, 0]), torch.zeros(2, 2).long())
    before = model.state_dict().keys()
    model.attach_finisher(finisher)
    assert model.state_dict().keys() == before
    model.load_state_dict(model.state_dict())  # strictly
    small_photos = F.avg_pool2d(faces.image, 2)
    expected = finisher(model.generators["cartoon"](small_photos)).image
    torch.testing.assert_close(model.translate_photos(faces), expected)
    batch = UnpairedBatch(faces, faces)
    translation = model.translate(model.generators, batch)
    assert translation.fake["photo"].shape == translation.reconstruction["photo"].shape == (2, 3, 32, 32)


@pytest.mark.parametrize(
    ("height", "width", "message"),
    [
        (30, 30, "the photos are 30 px: .* needs a multiple of 4"),
        (32, 36, "the photos are 32 x 36 px; they must be sq"),
    ],
)
def test_images_from_any_loader_must_fit(height: int, width: int, message: str, make_trainer: MakeTrainer) -> None:
    image = torch.zeros(3, height, width)
    face = Faces(image, torch.zeros(5, 2), torch.tensor(0), torch.zeros(len(Attribute), dtype=torch.int64))
    pairs = cast("Dataset[UnpairedBatch]", [UnpairedBatch(face, face)] * 2)
    with pytest.raises(UsageError, match=message):
        make_trainer(max_steps=1).fit(small(), DataLoader(pairs, batch_size=1))
