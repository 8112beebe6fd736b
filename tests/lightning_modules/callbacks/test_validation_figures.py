from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from lightning import Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from torch.utils.data import DataLoader, Dataset

from datamodules.samples import UnpairedBatch
from lightning_modules.callbacks import ValidationFigures
from lightning_modules.cyclegan_cond import CycleGANCond
from lightning_modules.errors import UsageError
from lightning_modules.evaluation import Evaluator, Figure

MakeTrainer = Callable[..., Trainer]
MakeFaces = Callable[..., Dataset[UnpairedBatch]]


def small() -> CycleGANCond:
    torch.manual_seed(0)
    return CycleGANCond(generator="resnet6", ngf=4, ndf=4)


def test_figures_of_the_first_photos_are_logged(make_trainer: MakeTrainer, make_faces: MakeFaces) -> None:
    seen: list[int] = []

    class Counting(ValidationFigures):
        def on_validation_epoch_end(self, trainer: Trainer, pl_module: object) -> None:
            assert self._evaluator is not None
            seen.append(self._evaluator.figures()["landmark_consistency"].samples)
            super().on_validation_epoch_end(trainer, pl_module)  # type: ignore[arg-type]

    trainer = make_trainer(max_epochs=1, num_sanity_val_steps=0, callbacks=[Counting(samples=6)])
    faces = DataLoader(make_faces(side=24, length=10), batch_size=4)
    trainer.fit(small(), faces, faces)
    assert seen == [6]
    logged = {name.removeprefix("val/"): float(value) for name, value in trainer.callback_metrics.items()}
    assert math.isfinite(logged["kernel_cartoon"])
    assert 0 <= logged["hair_accuracy"] <= 1
    assert math.isnan(logged["frechet_cartoon"])
    assert "images_per_second" not in logged


def planted(monkeypatch: pytest.MonkeyPatch, values: list[float]) -> None:
    """Each measurement gives the next value."""
    left = iter(values)
    monkeypatch.setattr(Evaluator, "figures", lambda self: {"kernel_cartoon": Figure("x", next(left))})


def test_a_checkpoint_is_chosen_by_a_figure(
    make_trainer: MakeTrainer, make_faces: MakeFaces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted(monkeypatch, [3.0, 1.0, 2.0])
    best = ModelCheckpoint(tmp_path, "best", monitor="val/kernel_cartoon", enable_version_counter=False)
    faces = DataLoader(make_faces(side=24, length=4), batch_size=4)
    options = {"max_epochs": 3, "num_sanity_val_steps": 0, "enable_checkpointing": True}
    make_trainer(**options, callbacks=[ValidationFigures(samples=4), best]).fit(small(), faces, faces)
    assert torch.load(tmp_path / "best.ckpt", weights_only=True)["epoch"] == 1
    assert float(best.best_model_score or 0) == 1


def test_between_two_measurements_the_last_figures_stand(
    make_trainer: MakeTrainer, make_faces: MakeFaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted(monkeypatch, [3.0, 2.0, 1.0])
    logged: list[float] = []

    class Noting(ValidationFigures):
        def on_validation_end(self, trainer: Trainer, pl_module: object) -> None:
            logged.append(float(trainer.callback_metrics["val/kernel_cartoon"]))

    faces = DataLoader(make_faces(side=24, length=4), batch_size=4)
    trainer = make_trainer(max_epochs=4, num_sanity_val_steps=0, callbacks=[Noting(samples=4, every_n_epochs=2)])
    trainer.fit(small(), faces, faces)
    assert logged == [3, 3, 2, 1]  # epochs 0 and 2, and the last one


def test_a_resumed_run_knows_the_last_figures() -> None:
    before, after = ValidationFigures(), ValidationFigures()
    before._last = {"val/kernel_cartoon": 0.5}
    after.load_state_dict(before.state_dict())
    assert after._last == {"val/kernel_cartoon": 0.5}


def test_senseless_options_are_refused() -> None:
    with pytest.raises(UsageError, match="samples is 2"):
        ValidationFigures(samples=2)
    with pytest.raises(UsageError, match="every_n_epochs is 0"):
        ValidationFigures(every_n_epochs=0)
