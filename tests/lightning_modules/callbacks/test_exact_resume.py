"""A resumed run equals one that was never interrupted, bit for bit, wherever its checkpoint was written."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from lightning import Callback, LightningDataModule, LightningModule, Trainer

import lightning_modules
from datamodules.attribute_classifier import AttributeDataModule
from datamodules.detector.module import DetectorDataModule
from datamodules.faces import FacesDataModule
from datamodules.finisher import FinisherDataModule
from datamodules.portrait import PortraitDataModule
from lightning_modules.callbacks import ExactResume
from lightning_modules.callbacks.exact_resume import KEY
from lightning_modules.errors import UsageError
from tests.lightning_modules.states import compared, differences

STEPS_PER_EPOCH = 3
EPOCHS = 2
Make = Callable[[], tuple[LightningModule, LightningDataModule]]
GAN = {"generator": "resnet6", "ngf": 2, "ndf": 2, "pool_size": 4, "ema_decay": 0.9, "lambda_identity": 0.5}


class Snapshots(Callback):
    """Writes a checkpoint at every place where one can be written, and notes what is logged."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self.logged: list[tuple[int, dict[str, float]]] = []

    def _save(self, trainer: Trainer, place: str) -> None:
        if self.folder:
            trainer.save_checkpoint(self.folder / f"{place}_{trainer.global_step}.ckpt", weights_only=False)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        metrics = trainer.callback_metrics.items()  # it keeps values of earlier steps, such as R1's
        losses = {k: float(v) for k, v in metrics if k.startswith("train/") and "r1" not in k}
        self.logged.append((trainer.global_step, losses))
        self._save(trainer, "step")

    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        torch.rand(1), random.random(), np.random.random()  # a validation may draw
        self._save(trainer, "within_validation")

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._save(trainer, "validated")


class AtEpochEnd(Callback):
    """Writes a checkpoint where ``ModelCheckpoint`` does at an epoch's end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.global_step:
            trainer.save_checkpoint(self.folder / f"epoch_{trainer.global_step}.ckpt", weights_only=False)


def fit(make: Make, folder: Path, *callbacks: Callback, checkpoint: Path | None = None, **options: Any) -> Any:
    """Train; the checkpoint of the end, and what the trainer then knows."""
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    module, data = make()
    settings: dict[str, Any] = {"max_epochs": EPOCHS, "limit_val_batches": 2, "num_sanity_val_steps": 0} | options
    trainer = Trainer(
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=folder,
        log_every_n_steps=1,
        callbacks=[*callbacks, ExactResume()],
        **settings,
    )
    trainer.fit(module, datamodule=data, ckpt_path=checkpoint, weights_only=True)
    trainer.save_checkpoint(folder / "end.ckpt", weights_only=False)
    return torch.load(folder / "end.ckpt", weights_only=True), trainer


@pytest.fixture
def make_run(sample_root: Path, detector_weights: Path) -> Callable[[str, int], Make]:
    """``make_run(class_name, workers)``: makes a tiny module of the class with its data."""

    def runs(name: str, workers: int) -> Make:
        root = str(sample_root)
        shared: dict[str, Any] = {"root": root, "num_workers": workers, "seed": 3}
        faces = {**shared, "image_size": 32, "batch_size": 2, "epoch_size": 2 * STEPS_PER_EPOCH}
        crops = {**shared, "batch_size": 16, "epoch_size": 16 * STEPS_PER_EPOCH, "val_size": 32}
        images = {**shared, "batch_size": 2, "epoch_size": 2 * STEPS_PER_EPOCH}
        detector = {"detector_weights": str(detector_weights)}
        labels = {"random_target_share": 0.5, "wrong_labels": True}
        options: dict[str, dict[str, Any]] = {
            "CycleGANBaseline": GAN,
            "CycleGANCond": {**GAN, **labels, "cycle_noise": 0.05},
            "CycleGANLandmark": {**GAN, **detector, "local_start": 0, "local_ramp": 2},
            "CycleGANAligned": GAN,
            "CycleGANFull": {**GAN, **labels, **detector, "local_start": 0, "r1_weight": 1.0, "r1_interval": 2},
            "MTCNNPNet": {"ema_decay": 0.9, "milestones": (1,)},
            "MTCNNRNet": {"ema_decay": 0.9, "optimizer": "adamw"},
            "MTCNNONet": {"ema_decay": 0.9},
        }

        def make() -> tuple[LightningModule, LightningDataModule]:
            module = getattr(lightning_modules, name)(**options.get(name, {}))
            data: LightningDataModule
            if name.startswith("CycleGAN"):
                data = FacesDataModule(**faces)
            elif name.startswith("MTCNN"):
                data = DetectorDataModule(**crops, side={"P": 12, "R": 24, "O": 48}[name[5]])
            elif name == "AttributeClassifier":
                data = AttributeDataModule(**images, image_size=32)
            elif name == "Portrait":
                data = PortraitDataModule(**images, image_size=32)
            else:
                data = FinisherDataModule(**images, image_size=32)
            return module, data

        return make

    return runs


GANS = ["CycleGANBaseline", "CycleGANCond", "CycleGANLandmark", "CycleGANAligned", "CycleGANFull"]
STAGES = ["MTCNNPNet", "MTCNNRNet", "MTCNNONet"]
OTHERS = ["AttributeClassifier", "Portrait", "Finisher"]


@pytest.mark.parametrize("name", [*GANS, *STAGES, *OTHERS])
def test_every_module_resumes_exactly(name: str, make_run: Callable[[str, int], Make], tmp_path: Path) -> None:
    make = make_run(name, 0)
    whole, parts = tmp_path / "whole", tmp_path / "part"
    watched = Snapshots(whole)
    end, trainer = fit(make, whole, watched, AtEpochEnd(whole))
    assert trainer.global_step == STEPS_PER_EPOCH * EPOCHS
    places = ["step_1", "step_3", "within_validation_3", "validated_3", "epoch_3", "step_5", "step_6"]
    for place in places:
        again = Snapshots()
        ours, resumed = fit(make, parts, again, checkpoint=whole / f"{place}.ckpt")
        assert differences(compared(ours), compared(end)) == [], place
        assert again.logged == watched.logged[len(watched.logged) - len(again.logged) :], place
        assert len(again.logged) == STEPS_PER_EPOCH * EPOCHS - int(place[-1]), place
        theirs = {key: float(value) for key, value in trainer.callback_metrics.items() if key.startswith("val/")}
        assert {key: float(resumed.callback_metrics[key]) for key in theirs} == theirs, place


@pytest.mark.parametrize("name", ["CycleGANBaseline", "MTCNNPNet", "Finisher"])
def test_loader_processes_change_nothing(name: str, make_run: Callable[[str, int], Make], tmp_path: Path) -> None:
    """Loader processes have drawn ahead, and their number may change at a resume."""
    whole = tmp_path / "whole"
    end, _ = fit(make_run(name, 2), whole, Snapshots(whole), AtEpochEnd(whole), limit_val_batches=0)
    for workers, place in ((2, "step_1"), (2, "epoch_3"), (2, "step_3"), (0, "step_2")):
        checkpoint = whole / f"{place}.ckpt"
        ours, _ = fit(make_run(name, workers), tmp_path / "part", checkpoint=checkpoint, limit_val_batches=0)
        mine, theirs = (compared(each) | {"datamodule_hyper_parameters": None} for each in (ours, end))
        assert differences(mine, theirs) == [], (workers, place)


@pytest.mark.parametrize(
    "options",
    [
        {"max_epochs": -1, "max_steps": 6},
        {"max_epochs": -1, "max_steps": 5},
        {"limit_train_batches": 2, "limit_val_batches": 0},
        {"check_val_every_n_epoch": 2},
        {"val_check_interval": 1},
    ],
    ids=lambda options: "_".join(options),
)
def test_every_length_and_rhythm_resumes_exactly(
    options: dict[str, Any], make_run: Callable[[str, int], Make], tmp_path: Path
) -> None:
    make, whole = make_run("CycleGANBaseline", 0), tmp_path / "whole"
    end, trainer = fit(make, whole, Snapshots(whole), AtEpochEnd(whole), **options)
    checkpoints = sorted(path for path in whole.iterdir() if path.stem != "end")
    assert len(checkpoints) >= 4
    for checkpoint in checkpoints:
        ours, resumed = fit(make, tmp_path / "part", Snapshots(), checkpoint=checkpoint, **options)
        assert resumed.global_step == trainer.global_step, checkpoint
        is_over = torch.load(checkpoint, weights_only=True)["global_step"] == options.get("max_steps")
        mine, theirs = compared(ours), compared(end)
        if is_over:  # no step is left, and no end of an epoch is made up for
            mine, theirs = mine["state_dict"], theirs["state_dict"]
        assert differences(mine, theirs) == [], checkpoint


def test_another_number_of_processes_is_refused(make_run: Callable[[str, int], Make], tmp_path: Path) -> None:
    make = make_run("CycleGANBaseline", 0)
    end, _ = fit(make, tmp_path, max_epochs=1)
    state = end[KEY]
    state["processes"].append(state["processes"][0])
    torch.save(end, tmp_path / "two.ckpt")
    with pytest.raises(UsageError, match=r"written by 2 process\(es\), this run has 1"):
        fit(make, tmp_path, checkpoint=tmp_path / "two.ckpt")


def test_a_checkpoint_of_before_is_still_resumed(make_run: Callable[[str, int], Make], tmp_path: Path) -> None:
    make = make_run("CycleGANBaseline", 0)
    end, _ = fit(make, tmp_path, max_epochs=1)
    del end[KEY]
    torch.save(end, tmp_path / "old.ckpt")
    _, trainer = fit(make, tmp_path, checkpoint=tmp_path / "old.ckpt")
    assert trainer.global_step == STEPS_PER_EPOCH * EPOCHS
