"""Golden runs: a hundred steps whose losses are kept, so that a change of the mathematics does not pass unseen.

``PYTHONPATH=. python tests/lightning_modules/golden.py`` makes the files anew; do that only where losses are meant to
change, and say so in the changelog. The faces are noise made by PyTorch alone, so that neither an image library nor the
drawn sample data is part of it.
"""

from __future__ import annotations

import json
import platform
import tempfile
import warnings
import zipfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from lightning import Callback, LightningDataModule, LightningModule, Trainer, seed_everything
from torch.utils.data import DataLoader, Dataset

from datamodules.samples import Attribute, Faces, UnpairedBatch
from datamodules.sampling.unpaired import DrawSampler
from datamodules.sampling.workers import loader_of
from datamodules.transforms.face_box import MEAN_FACE
from lightning_modules import CycleGANBaseline, CycleGANFull
from lightning_modules.base import BaseCycleGAN
from lightning_modules.callbacks import ExactResume
from networks.mtcnn import MTCNN, Card, save_weights

FOLDER = Path(__file__).parent / "golden_runs"
STEPS, STEPS_PER_EPOCH, KEPT_STEP = 100, 25, 60
RUNS = ("baseline", "full")
KEPT = FOLDER / "baseline_step_60.ckpt"
"""A checkpoint in the middle of the third epoch."""

_SIDE = 32
_TINY: dict[str, Any] = {"generator": "resnet6", "ngf": 1, "ndf": 1, "pool_size": 4, "ema_decay": 0.9}

Losses = list[dict[str, float]]
"""The losses of each step by name."""


class DrawnFaces(Dataset[UnpairedBatch]):
    """Smooth noise with the landmarks of an average face, moved a little; draw ``n`` is a function of ``n``."""

    def __getitem__(self, draw: int) -> UnpairedBatch:
        generator = torch.Generator().manual_seed(draw)

        def faces() -> Faces:
            coarse = torch.rand(1, 3, 4, 4, generator=generator) * 2 - 1
            image = torch.nn.functional.interpolate(coarse, (_SIDE, _SIDE), mode="bilinear", align_corners=False)[0]
            landmarks = (0.25 + 0.5 * MEAN_FACE + 0.02 * torch.randn(5, 2, generator=generator)) * _SIDE
            return Faces(image, landmarks, torch.tensor(draw % 4), torch.tensor([draw % 2] * len(Attribute)))

        return UnpairedBatch(faces(), faces())


class DrawnData(LightningDataModule):
    """Two faces of each domain a step."""

    def train_dataloader(self) -> DataLoader[UnpairedBatch]:
        sampler = DrawSampler.of_trainer(2 * STEPS_PER_EPOCH, self.trainer, batch_size=2)
        return loader_of(DrawnFaces(), 2, 0, sampler)


class Recorder(Callback):
    """Notes the losses of each step, and keeps a checkpoint."""

    def __init__(self, keep: Path | None = None) -> None:
        self.keep = keep
        self.losses: Losses = []

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        metrics: Mapping[str, Any] = trainer.callback_metrics
        self.losses.append({name: float(value) for name, value in metrics.items() if name.startswith("train/")})
        if self.keep and trainer.global_step == KEPT_STEP:
            trainer.save_checkpoint(self.keep, weights_only=False)


def make_model(run: str) -> BaseCycleGAN:
    """The model of a golden run."""
    seed_everything(7, verbose=False)
    if run == "baseline":
        return CycleGANBaseline(**_TINY)
    options: dict[str, Any] = {"random_target_share": 0.5, "wrong_labels": True, "local_start": 10, "local_ramp": 20}
    with tempfile.TemporaryDirectory() as folder:
        detector = Path(folder) / "untrained.safetensors"
        save_weights(MTCNN(), Card("golden"), detector)
        return CycleGANFull(**_TINY, **options, r1_weight=1.0, cycle_noise=0.05, detector_weights=str(detector))


def losses_of(run: str, checkpoint: Path | None = None, keep: Path | None = None) -> Losses:
    """Train to step 100 on one thread, from the start or a checkpoint; the losses of each step made.

    Args:
        run: One of ``RUNS``.
        checkpoint: Where to go on from.
        keep: Where to write the checkpoint of step 60.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    recorder = Recorder(keep)
    try:
        trainer = Trainer(
            accelerator="cpu",
            max_epochs=STEPS // STEPS_PER_EPOCH,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            callbacks=[recorder, ExactResume()],
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            trainer.fit(make_model(run), datamodule=DrawnData(), ckpt_path=checkpoint, weights_only=True)
    finally:
        torch.set_num_threads(threads)
    return recorder.losses


def this_machine() -> dict[str, str]:
    """What the last bit of a loss depends on."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "torch": torch.__version__,
        "lightning": version("lightning"),
        "numpy": version("numpy"),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "processor": names[0] if names else platform.machine(),
    }


def read_golden(run: str) -> tuple[dict[str, str], Losses]:
    """The machine on which a golden run was made, and its losses."""
    kept = json.loads((FOLDER / f"{run}.json").read_text(encoding="utf-8"))
    return kept["machine"], [dict(zip(kept["names"], row, strict=True)) for row in kept["losses"]]


def _compress(path: Path) -> None:
    """Deflate a checkpoint, which PyTorch and the verification read as well."""
    with zipfile.ZipFile(path) as archive:
        records = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in records.items():
            archive.writestr(name, content)


def main() -> None:
    """Make all golden runs anew."""
    FOLDER.mkdir(exist_ok=True)
    for run in RUNS:
        losses = losses_of(run, keep=KEPT if run == "baseline" else None)
        _compress(KEPT)
        names = sorted(losses[-1])
        rows = [[step.get(name) for name in names] for step in losses]
        kept = {"machine": this_machine(), "names": names, "losses": rows}
        text = json.dumps(kept).replace("], [", "],\n[") + "\n"
        (FOLDER / f"{run}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
