from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from lightning import Trainer
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from datamodules.samples import UnpairedBatch
from lightning_modules.base import Translation
from lightning_modules.callbacks import GradientNorms
from lightning_modules.callbacks.gradient_norms import gradient_norms
from lightning_modules.cyclegan_baseline import CycleGANBaseline
from lightning_modules.errors import UsageError
from lightning_modules.terms import Term, Terms

MakeTrainer = Callable[..., Trainer]
Loader = DataLoader[UnpairedBatch]


@pytest.fixture
def faces(make_faces: Callable[..., Dataset[UnpairedBatch]]) -> Loader:
    return DataLoader(make_faces(length=12, side=24), batch_size=2)


class WithTerm(CycleGANBaseline):
    """The baseline and one more term."""

    weight = 2.0

    def __init__(self, **options: Any) -> None:
        torch.manual_seed(0)
        super().__init__(generator="resnet6", ngf=4, ndf=4, **options)

    def extra_generator_terms(self, batch: UnpairedBatch, translation: Translation) -> Terms:
        return {"odd": Term(self.odd(translation.fake["cartoon"]), self.weight)}

    def odd(self, cartoons: Tensor) -> Tensor:
        return cartoons.square().mean()


def test_each_term_is_logged_with_its_weight(make_trainer: MakeTrainer, faces: Loader) -> None:
    model, batch = WithTerm(), next(iter(faces))
    untrained = copy.deepcopy(model)
    trainer = make_trainer(max_steps=1, callbacks=[GradientNorms(every_n_steps=1)])
    trainer.fit(model, faces)
    logged = {name: value for name, value in trainer.callback_metrics.items() if name.startswith("gradient/")}
    terms = untrained.generator_terms(batch, untrained.translate(untrained.generators, batch))
    assert logged.keys() == {f"gradient/{name}" for name in terms}
    assert "adversarial_photo" in terms
    for name, term in terms.items():
        untrained.zero_grad()
        term.value.backward(retain_graph=True)  # type: ignore[no-untyped-call]
        squares = [p.grad.double().square().sum() for p in untrained.generators.parameters() if p.grad is not None]
        expected = term.weight * torch.stack(squares).sum().sqrt()
        torch.testing.assert_close(logged[f"gradient/{name}"].double(), expected, rtol=1e-4, atol=0)


def test_measuring_changes_nothing(make_trainer: MakeTrainer, faces: Loader) -> None:
    watched, alone = WithTerm(), WithTerm()
    make_trainer(max_steps=2, callbacks=[GradientNorms(every_n_steps=1)]).fit(watched, faces)
    make_trainer(max_steps=2).fit(alone, faces)
    for ours, theirs in zip(watched.parameters(), alone.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_it_is_measured_now_and_then(make_trainer: MakeTrainer, faces: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[int] = []
    trainer = make_trainer(max_steps=5, callbacks=[GradientNorms(every_n_steps=2)])

    def counted(*arguments: Any) -> dict[str, Tensor]:
        steps.append(trainer.global_step)
        return gradient_norms(*arguments)

    monkeypatch.setattr("lightning_modules.callbacks.gradient_norms.gradient_norms", counted)
    trainer.fit(WithTerm(), faces)
    assert steps == [0, 2, 4]


class Detached(WithTerm):
    def odd(self, cartoons: Tensor) -> Tensor:
        return super().odd(cartoons.detach())


class Constant(WithTerm):
    def odd(self, cartoons: Tensor) -> Tensor:
        return 0 * super().odd(cartoons)


@pytest.mark.parametrize("model_class", [Detached, Constant])
def test_a_term_without_gradient_stops_the_run_by_name(
    model_class: type[WithTerm], make_trainer: MakeTrainer, faces: Loader
) -> None:
    trainer = make_trainer(max_steps=6, callbacks=[GradientNorms(every_n_steps=1, patience=3)])
    with pytest.raises(UsageError, match=r"loss odd has had no gradient .* until step 2"):
        trainer.fit(model_class(), faces)


def test_a_term_of_weight_zero_may_rest(make_trainer: MakeTrainer, faces: Loader) -> None:
    model = Detached()
    model.weight = 0.0
    trainer = make_trainer(max_steps=4, callbacks=[GradientNorms(every_n_steps=1, patience=1)])
    trainer.fit(model, faces)
    assert trainer.global_step == 4
    assert "gradient/odd" not in trainer.callback_metrics
    assert "gradient/cycle_photo" in trainer.callback_metrics


class NowAndThen(WithTerm):
    """Has a gradient at every third step."""

    def odd(self, cartoons: Tensor) -> Tensor:
        return super().odd(cartoons) * (self.global_step % 3 == 2)


def test_a_term_may_miss_single_batches(make_trainer: MakeTrainer, faces: Loader) -> None:
    trainer = make_trainer(max_steps=6, callbacks=[GradientNorms(every_n_steps=1, patience=3)])
    trainer.fit(NowAndThen(), faces)
    assert trainer.global_step == 6
    with pytest.raises(UsageError, match="loss odd has had no gradient"):
        make_trainer(max_steps=6, callbacks=[GradientNorms(1, patience=2)]).fit(NowAndThen(), faces)


def test_the_loss_scale_saves_small_fp16_gradients_and_is_taken_out() -> None:
    parameter = torch.nn.Parameter(torch.ones(4))
    tiny = {"tiny": Term((parameter.half() * 1.0).float().sum() * 1e-9, 1.0)}
    assert gradient_norms(tiny, [parameter])["tiny"] == 0
    assert gradient_norms(tiny, [parameter], scale=65536.0)["tiny"].item() == pytest.approx(2e-9, rel=1e-2)


@pytest.mark.parametrize("option", ["every_n_steps", "patience"])
def test_senseless_options_are_refused(option: str) -> None:
    with pytest.raises(UsageError, match=f"{option} of GradientNorms is 0"):
        GradientNorms(**{option: 0})


class Seldom(Detached):
    """Never has a gradient, and is only at every second step what a face of the batch would have one of."""

    def extra_generator_terms(self, batch: UnpairedBatch, translation: Translation) -> Terms:
        (odd,) = super().extra_generator_terms(batch, translation).values()
        return {"odd": odd._replace(applies=torch.tensor(self.global_step % 2 == 1))}


def test_batches_that_a_term_has_no_face_in_do_not_count(make_trainer: MakeTrainer, faces: Loader) -> None:
    trainer = make_trainer(max_steps=6, callbacks=[GradientNorms(every_n_steps=2, patience=1)])
    trainer.fit(Seldom(), faces)
    assert trainer.global_step == 6
    with pytest.raises(UsageError, match=r"loss odd has had no gradient .* until step 3"):
        make_trainer(max_steps=6, callbacks=[GradientNorms(1, patience=2)]).fit(Seldom(), faces)
