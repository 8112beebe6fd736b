"""``lightning test`` of a CycleGAN: writes metrics to ``metrics.json`` and per-face values to ``faces.csv``."""

from __future__ import annotations

import csv
import io
import json
import math
import shlex
from pathlib import Path
from typing import Any, cast

import torch
from lightning import LightningModule, Trainer
from lightning.pytorch.utilities import rank_zero_info
from torch import Tensor
from torch.utils.data import DataLoader

from datamodules.atomic import write_whole
from datamodules.samples import UNKNOWN, Attribute, Domain, HairColour, UnpairedBatch
from datamodules.sampling.unpaired import UnpairedFaces
from lightning_modules.base import OPPOSITE, BaseCycleGAN, Translation, TranslationCallback
from lightning_modules.callbacks.run_record import git_revision
from lightning_modules.checkpoints import progress_of
from lightning_modules.evaluation import Evaluator, FaceRow, Figure, JudgeFiles, Judges
from lightning_modules.memory import largest_memory
from lightning_modules.runs import CONFIG_FILE, FACES_FILE, METRICS_FILE, METRICS_FORMAT, is_dry_run
from networks.mtcnn import LandmarkRegressor

LOGGED_ALREADY = ("cycle_photo", "cycle_cartoon")
"""Metrics that are already logged as losses."""

_OF_A_PROCESS = ("images_per_second", "peak_memory")
"""Per-process metrics; those of the first process are written."""

_DATA_OPTIONS = ("root", "photos", "cartoons", "index", "labels", "background", "image_size", "batch_size")


class Measuring(TranslationCallback):
    """Base class of callbacks that evaluate the translations of a validation or test loop."""

    def __init__(self) -> None:
        self._evaluator: Evaluator | None = None
        self._faces: FacesShown | None = None

    def begin(
        self, trainer: Trainer, module: BaseCycleGAN, judges: Judges, loader: object, limit: int | None = None
    ) -> None:
        """Start an evaluation.

        Args:
            trainer: The trainer.
            module: The model.
            judges: The evaluation networks.
            loader: The data loader of the loop.
            limit: Maximum number of faces per domain, from the start; by default all.
        """
        has_hair_labels = not _options(trainer).get("labels")  # may be overridden
        self._evaluator = Evaluator(judges, has_hair_labels).to(module.device)
        self._faces = FacesShown(cast("DataLoader[UnpairedBatch]", loader), trainer, limit)

    def on_translation(
        self, trainer: Trainer, pl_module: BaseCycleGAN, batch: UnpairedBatch, translation: Translation, batch_idx: int
    ) -> None:
        """Evaluate a batch."""
        if self._evaluator is not None and self._faces is not None:
            numbers = self._faces.numbers(batch_idx, batch)
            self._evaluator.update(pl_module, batch, translation, numbers, self._faces.attributes(numbers["photo"]))


class Evaluation(Measuring):
    """Evaluates a CycleGAN during ``lightning test``; does nothing for other models.

    Args:
        judges: Files of the evaluation networks.
        folder: Output folder.
        command: The command line, as a list of words.
        seed: The seed of the test.
        checkpoint: The tested checkpoint.
    """

    def __init__(self, judges: JudgeFiles, folder: Path, command: list[str], seed: int, checkpoint: Path) -> None:
        super().__init__()
        self._files, self.folder = judges, folder
        self._command, self._seed, self._checkpoint = command, seed, checkpoint

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Load the evaluation networks."""
        if isinstance(pl_module, BaseCycleGAN) and not is_dry_run(trainer):
            judges = Judges.of_files(self._files, regressor_in_the_loss(pl_module))
            self.begin(trainer, pl_module, judges, trainer.test_dataloaders)
            if pl_module.device.type == "cuda":
                torch.cuda.reset_peak_memory_stats(pl_module.device)

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Compute, log and write the metrics."""
        if self._evaluator is None or self._faces is None:
            return
        figures = self._evaluator.figures() | {"peak_memory": peak_memory(pl_module.device)}
        rows = self._evaluator.face_rows()
        measured = {f"{domain}_count": count for domain, count in self._evaluator.measured().items()}
        found = {
            f"test/{key}": figure.value
            for key, figure in figures.items()
            if figure.value is not None and key not in (*LOGGED_ALREADY, *_OF_A_PROCESS)
        }
        pl_module.log_dict(found, sync_dist=True)  # identical in all processes
        own = {f"test/{key}": figures[key].value for key in _OF_A_PROCESS}
        pl_module.log_dict({name: value for name, value in own.items() if value is not None}, rank_zero_only=True)
        if trainer.is_global_zero:
            content = self._report(trainer, pl_module, figures, measured)
            write_whole(self.folder / METRICS_FILE, json.dumps(content, indent=1, allow_nan=False) + "\n")
            write_whole(self.folder / FACES_FILE, _as_csv(rows, self._faces.photo_names))
            rank_zero_info(f"metrics: {self.folder / METRICS_FILE}")

    def _report(
        self, trainer: Trainer, module: LightningModule, figures: dict[str, Figure], measured: dict[str, int]
    ) -> dict[str, object]:
        assert self._evaluator is not None
        config = self.folder.parent / CONFIG_FILE
        epoch, step = progress_of(self._checkpoint)
        options = _options(trainer)
        return {
            "format": METRICS_FORMAT,
            "variant": type(module).__name__,
            "checkpoint": str(self._checkpoint),
            "epoch": epoch,
            "step": step,
            "config": str(config) if config.is_file() else None,
            "command": shlex.join(self._command),
            "git_revision": git_revision(),
            "folder": str(Path.cwd()),
            "seed": self._seed,
            "precision": str(trainer.precision),
            "device": str(module.device) if module.device.type == "cpu" else torch.cuda.get_device_name(module.device),
            "data": {
                **{name: options.get(name) for name in _DATA_OPTIONS},
                "split": "test",
                **measured,
            },
            "judges": self._evaluator.judges.cards,
            "figures": {key: figure.as_json() for key, figure in figures.items()},
        }


class FacesShown:
    """Maps batches of a loader to face numbers of the split, in file order and distributed over processes.

    Args:
        loader: A validation or test loader.
        trainer: The trainer, whose processes share the loader.
        limit: Maximum number of faces per domain, from the start; by default all.

    Attributes:
        counts: Number of evaluated faces by domain.
        photo_names: Names of the photos; empty if the loader does not read files.
    """

    def __init__(self, loader: DataLoader[UnpairedBatch], trainer: Trainer, limit: int | None = None) -> None:
        self._batch_size, self._rank, self._processes = loader.batch_size or 1, trainer.global_rank, trainer.world_size
        faces = loader.dataset
        if isinstance(faces, UnpairedFaces):
            self.counts: dict[Domain, int] = {"photo": len(faces.photos.faces), "cartoon": len(faces.cartoons.faces)}
            self.photo_names = list(faces.photos.faces.names)
            self._attributes = torch.from_numpy(faces.photos.faces.attributes)
        else:
            length = len(cast(Any, faces))
            self.counts, self.photo_names = {"photo": length, "cartoon": length}, []
            self._attributes = torch.full((length, len(Attribute)), UNKNOWN)
        if limit is not None:
            self.counts = {domain: min(count, limit) for domain, count in self.counts.items()}

    def numbers(self, batch_idx: int, batch: UnpairedBatch) -> dict[Domain, Tensor]:
        """Face numbers (B,) of a batch by domain; -1 for faces already seen in this epoch.

        Repeats occur when the smaller domain starts over, or when the last batches are padded.
        """
        images = batch.photo.image
        first = batch_idx * self._batch_size
        draws = torch.arange(first, first + len(images), device=images.device) * self._processes + self._rank
        return {domain: torch.where(draws < self.counts[domain], draws, -1) for domain in OPPOSITE}

    def attributes(self, numbers: Tensor) -> Tensor:
        """(B, A) attributes of photos: 1, 0, or ``UNKNOWN`` (also for number -1)."""
        known = self._attributes.to(numbers.device)
        return torch.where(numbers[:, None] >= 0, known[numbers.clamp(min=0)], UNKNOWN)


def regressor_in_the_loss(model: BaseCycleGAN) -> LandmarkRegressor | None:
    """The regressor of the landmark loss; None in a variant without one."""
    regressor = model.networks_in_loss().get("landmarks")
    return regressor if isinstance(regressor, LandmarkRegressor) else None


def peak_memory(device: torch.device) -> Figure:
    """Peak memory of the GPU, or of the process on a CPU."""
    measured = "of the first GPU in the test" if device.type == "cuda" else "the whole process on a CPU"
    held = largest_memory(device) / 2**20
    return Figure("Peak memory", held, "lower", unit="MiB", note=f"{measured}, judges included")


def _options(trainer: Trainer) -> dict[str, Any]:
    return dict(getattr(cast(Any, trainer).datamodule, "hparams", {}))


def _as_csv(rows: list[FaceRow], names: list[str]) -> str:
    """The table of faces as csv, with empty cells for unknown values."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["number", "file", *FaceRow._fields[1:]])
    for row in rows:
        file = names[row.number] if names else ""
        hair, judged = (HairColour(label).name.lower() if label >= 0 else "" for label in (row.hair, row.hair_judged))
        attributes = ("" if value < 0 else value for value in row[-2 * len(Attribute) :])
        skin = ("" if math.isnan(value) else f"{value:.4f}" for value in (row.skin, row.skin_judged))
        writer.writerow([row.number, file, f"{row.landmark_error:.6f}", *skin, hair, judged, *attributes])
    return text.getvalue()
