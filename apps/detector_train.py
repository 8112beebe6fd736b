"""``cartoongan detector train``: all stages of the detector, one after the other."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.sample_data import make_sample_data
from datamodules.atomic import write_whole
from datamodules.errors import DataError

if TYPE_CHECKING:
    from networks.mtcnn import Card

_SAMPLE_COUNT = 120
_STAGES = ("pnet", "rnet", "onet")
_MODERN = ["--model.optimizer", "adamw", "--model.weight_decay", "1e-4", "--data.recolouring", "0.15"]


_CARD = """# A face and landmark detector: MTCNN

Three stages (PNet, RNet, ONet) of Landmark CartoonGAN, trained by `cartoongan detector train` on WIDER FACE (boxes),
LFW+Net (landmarks) and CartoonSet (both). The terms of these sets go with the weights: WIDER FACE is CC BY-NC-ND 4.0,
LFW+Net for research only, CartoonSet CC BY 4.0. Use the weights for research.

Cartoons that were held back from training are of the same family as those that it saw: heads put together from the same
few parts, but for the eyes and glasses.

## Figures

```json
{figures}
```

## Training

```json
{training}
```
"""


class Preset(StrEnum):
    """How much a detector is trained."""

    TINY = "tiny"
    SMALL = "small"
    PAPER = "paper"


@dataclass(frozen=True)
class Budget:
    """Training of one stage.

    Attributes:
        epochs: Number of epochs.
        epoch_size: Crops an epoch.
        batch_size: Crops a batch.
        options: Further options of `lightning fit`.
    """

    epochs: int
    epoch_size: int
    batch_size: int
    options: tuple[str, ...] = ()

    def words(self) -> list[str]:
        """As options of `lightning fit`."""
        return [
            *("--trainer.max_epochs", str(self.epochs)),
            *("--data.epoch_size", str(self.epoch_size), "--data.batch_size", str(self.batch_size)),
            *self.options,
        ]


def _modern(learning_rate: float, ema_decay: float, *more: str) -> tuple[str, ...]:
    return (*_MODERN, "--model.learning_rate", str(learning_rate), "--model.ema_decay", str(ema_decay), *more)


_TO_LANDMARKS = (
    *("--model.landmark_loss", "distance", "--model.loss_weights", "[1.0,0.5,3.0]"),
    *("--data.rotation", "15", "--data.landmarks", "5"),
)

BUDGETS: dict[Preset, dict[str, Budget]] = {
    Preset.TINY: {
        "pnet": Budget(2, 60_000, 512, _modern(6e-3, 0.98)),
        "rnet": Budget(2, 20_000, 256, _modern(3e-3, 0.98)),
        "onet": Budget(2, 5_000, 128, _modern(2e-3, 0.98)),
    },
    Preset.SMALL: {
        "pnet": Budget(10, 300_000, 1024, _modern(6e-3, 0.998)),
        "rnet": Budget(10, 150_000, 512, _modern(3e-3, 0.998)),
        "onet": Budget(20, 60_000, 256, _modern(2e-3, 0.998, *_TO_LANDMARKS)),
    },
    Preset.PAPER: {
        "pnet": Budget(30, 1_000_000, 384),
        "rnet": Budget(22, 1_000_000, 384),
        "onet": Budget(22, 1_000_000, 384),
    },
}


def train(
    root: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Holds wider_face/, lfw_net/, cartoonset10k/ (default: sample data)."),
    ] = None,
    preset: Annotated[
        Preset, typer.Option(help="Budget: tiny shows that it runs, small trains on two cores.")
    ] = Preset.SMALL,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the runs go (default: runs/ of the project).")
    ] = None,
    families: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Table of cartoons' parts, to hold whole families back.")
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option(help="Passed on to each `lightning fit`, e.g. --option=--trainer.devices=2.")
    ] = None,
    install: Annotated[
        bool, typer.Option("--install", help="Make it the project's own detector, weights/mtcnn.safetensors.")
    ] = False,
) -> None:
    """Train PNet, RNet and ONet, mine what each next one learns from, and measure the detector.

    Finished stages are kept, a stopped one goes on. The detector and its card lie in OUT/detector-PRESET.
    """
    from lightning_modules.runs import default_runs_folder

    runs = (out or default_runs_folder()).expanduser().absolute()
    if root is None:
        root = runs / "sample_data_detector"
        make_sample_data(root, _SAMPLE_COUNT, seed=0)
    folder = runs / f"detector-{preset}"
    more = [*(["--data.cartoon_families", str(families.absolute())] if families else []), *(option or [])]
    weights: Path | None = None
    for stage in _STAGES:
        words = ["--data.root", str(root.expanduser().absolute()), *BUDGETS[preset][stage].words(), *more]
        weights = _train_stage(stage, folder, weights, words)
    assert weights is not None
    conclude(weights, root, families, folder / "mtcnn.safetensors", install)


def _train_stage(stage: str, folder: Path, before: Path | None, words: Sequence[str]) -> Path:
    """Train a stage, or go on with it; returns the detector so far."""
    from lightning_modules.cli import main
    from lightning_modules.mtcnn import DETECTOR_FILE

    home = folder / f"mtcnn_{stage}" / "run"
    detector = home / DETECTOR_FILE
    if detector.is_file():
        print(f"{stage}: {detector} is there already")
        return detector
    checkpoint = home / "checkpoints" / "last.ckpt"
    start = ["--ckpt_path", str(checkpoint)] if checkpoint.is_file() else ["--run", home.name]
    earlier = ["--model.weights", str(before)] if before else []
    config = ["--config", f"configs/mtcnn_{stage}.yaml", "--trainer.default_root_dir", str(folder)]
    code = main(["fit", *config, *start, *earlier, *words])
    if code:
        raise typer.Exit(code)
    if not detector.is_file():
        raise DataError(f"{stage} was stopped; the same command goes on with it")
    return detector


def conclude(weights: Path, root: Path, families: Path | None, out: Path, install: bool) -> None:
    """Measure a detector, and write it with a card that says what it is.

    Args:
        weights: Detector with all stages trained.
        root: Data to measure it on.
        families: Table of cartoons' parts.
        out: File to write; the card goes beside it as Markdown.
        install: Write both also to the project's `weights/`.
    """
    from dataclasses import replace

    from apps.detector_eval import evaluate
    from lightning_modules.detector import default_weights
    from networks.mtcnn import load_weights, save_weights

    nets, card = load_weights(weights)
    figures = evaluate(weights, root, families)
    card = replace(card, details={**card.details, "figures": figures})
    for path in (out, default_weights()) if install else (out,):
        save_weights(nets, card, path)
        write_whole(path.with_suffix(".md"), describe(card))
        print(f"detector: {path}\ncard:     {path.with_suffix('.md')}")


def describe(card: Card) -> str:
    """A detector's card as Markdown."""
    details = dict(card.details)
    figures = details.pop("figures", {})
    return _CARD.format(figures=json.dumps(figures, indent=1), training=json.dumps(details, indent=1))
