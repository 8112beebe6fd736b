"""``cartoongan bench step``: the cost of a training step of each variant, compared with the baseline."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from logging import Logger, getLogger
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from apps.options import RoundsOption
from datamodules.errors import DataError

if TYPE_CHECKING:
    from torch.utils.data import DataLoader

    from datamodules.samples import UnpairedBatch
    from lightning_modules.base import BaseCycleGAN

BASELINE = "baseline"


class Accelerator(StrEnum):
    """Where the steps are made."""

    CPU = "cpu"
    CUDA = "cuda"


def bench_step(
    image_size: Annotated[int, typer.Option(min=16, help="Side of the images in pixels.")] = 64,
    batch_size: Annotated[int, typer.Option(min=1, help="Images of each domain a step.")] = 4,
    ngf: Annotated[int, typer.Option(min=1, help="Channels of the generators' first convolution.")] = 16,
    ndf: Annotated[int, typer.Option(min=1, help="Channels of the discriminators' first convolution.")] = 16,
    steps: Annotated[int, typer.Option(min=1, help="Steps of each variant a round.")] = 10,
    rounds: RoundsOption = 5,
    accelerator: Annotated[Accelerator, typer.Option(help="A CPU works with one thread.")] = Accelerator.CPU,
) -> None:
    """Milliseconds of a training step of each variant, and the ratio to the baseline.

    The variants are the paper's; the last one is the whole system with this project's recipe.

    Images are noise, and the detector is untrained: what they show makes no difference. The variants take turns, and a
    ratio is that of one turn, so that a busy machine slows both alike.
    """
    import tempfile
    from statistics import median

    import torch
    from rich.console import Console
    from rich.table import Table

    if accelerator is Accelerator.CUDA and not torch.cuda.is_available():
        raise DataError("--accelerator cuda: PyTorch finds no GPU here; take cpu")
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(prefix="cartoongan_bench_") as folder:
        models = _variants(Path(folder), ngf, ndf)
        for name, make in models.items():
            if trouble := make().size_error(image_size):
                raise DataError(f"--image-size {image_size}: {trouble} ({name})")
        draws = _noise(image_size, batch_size, steps)
        turns = [
            {name: _seconds(make(), draws, accelerator) for name, make in models.items()} for _ in range(rounds + 1)
        ]
    table = Table("variant", "ms/step", "times the baseline")
    for name in models:
        measured = [turn[name] for turn in turns[1:]]  # the first round warms up
        ratios = [turn[name] / turn[BASELINE] for turn in turns[1:]]
        table.add_row(name, f"{1000 * median(measured) / steps:.1f}", f"{median(ratios):.2f}")
    Console().print(table)


def _variants(folder: Path, ngf: int, ndf: int) -> dict[str, Callable[[], BaseCycleGAN]]:
    """What makes a model of each variant, by name; the first is the baseline."""
    from functools import partial

    from lightning_modules import CycleGANAligned, CycleGANBaseline, CycleGANCond, CycleGANFull, CycleGANLandmark
    from networks.mtcnn import MTCNN, Card, save_weights

    detector = folder / "untrained.safetensors"
    save_weights(MTCNN(), Card("untrained"), detector)
    return {
        BASELINE: partial(CycleGANBaseline, ngf=ngf, ndf=ndf),
        "cond": partial(CycleGANCond, ngf=ngf, ndf=ndf),
        "landmark": partial(CycleGANLandmark, ngf=ngf, ndf=ndf, detector_weights=str(detector)),
        "aligned": partial(CycleGANAligned, ngf=ngf, ndf=ndf),
        "full": partial(CycleGANFull, ngf=ngf, ndf=ndf, detector_weights=str(detector)),
        "full, recipe": partial(CycleGANFull, **_recipe(ngf, ndf), detector_weights=str(detector)),
    }


def _recipe(ngf: int, ndf: int) -> dict[str, Any]:
    """The options of ``configs/cyclegan_full.yaml``, its sizes in proportion."""
    import yaml

    from lightning_modules.runs import project_root

    config = yaml.safe_load((project_root() / "configs" / "cyclegan_full.yaml").read_text(encoding="utf-8"))
    sizes = {"ngf": ngf, "ndf": ndf, "ngf_photo": max(1, ngf // 2), "ndf_photo": max(1, ndf // 2), "local_start": 0}
    return {**config["model"]["init_args"], **sizes}


def _noise(image_size: int, batch_size: int, steps: int) -> DataLoader[UnpairedBatch]:
    """Batches of noise with landmarks where those of an average photo are, more or less."""
    import torch
    from torch.utils.data import DataLoader

    from datamodules.samples import Attribute, Faces, HairColour, UnpairedBatch
    from lightning_modules.landmark_detector import MEAN_PHOTO

    def face(number: int) -> Faces:
        landmarks = (MEAN_PHOTO + 0.02 * torch.randn(5, 2)) * image_size
        image = torch.rand(3, image_size, image_size) * 2 - 1
        label, attributes = torch.tensor(number % len(HairColour)), torch.tensor([number % 2] * len(Attribute))
        return Faces(image, landmarks, label, attributes)

    draws = [UnpairedBatch(face(number), face(number)) for number in range(batch_size)]
    return DataLoader(draws * steps, batch_size=batch_size)  # type: ignore[arg-type]  # a list does as a data set


def _seconds(model: BaseCycleGAN, draws: DataLoader[UnpairedBatch], accelerator: Accelerator) -> float:
    """Time of a fit over the draws, without what comes before and after it: of a CPU the seconds that it worked."""
    import warnings

    from lightning import Callback, LightningModule, Trainer

    clock = time.process_time if accelerator is Accelerator.CPU else time.perf_counter
    times: list[float] = []

    class Stopwatch(Callback):
        def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
            times.append(clock())

        def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
            times.append(clock())

    with warnings.catch_warnings(), _silenced(getLogger("lightning.pytorch")):
        warnings.simplefilter("ignore")
        trainer = Trainer(
            accelerator=accelerator.value,
            devices=1,
            max_epochs=1,
            callbacks=[Stopwatch()],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(model, draws)
    return times[1] - times[0]


@contextmanager
def _silenced(logger: Logger) -> Iterator[None]:
    """Lets errors pass alone."""
    level = logger.level
    logger.setLevel("ERROR")
    try:
        yield
    finally:
        logger.setLevel(level)
