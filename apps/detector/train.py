"""``cartoongan detector train``: trains the stages of the detector, one after another."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from apps.lightning_process import lightning_or_exit
from apps.options import RunsOption
from apps.sample_data import make_sample_data
from datamodules.atomic import write_whole
from datamodules.errors import DataError

if TYPE_CHECKING:
    from networks.mtcnn import Card

_SAMPLE_COUNT = 120
_STAGES = ("pnet", "rnet", "onet")
_RECORD_FILE = "options.json"
_OLD_RECORD_FILE = "order.json"
_MODERN = ["--model.optimizer", "adamw", "--model.weight_decay", "1e-4", "--data.recolouring", "0.15"]


_CARD = """---
trained_on: {data.sets}
terms: {data.terms}
---

# A face and landmark detector: MTCNN

Three stages (PNet, RNet, ONet) of Landmark CartoonGAN, trained by `cartoongan detector train` on {data.account}

## Figures

```json
{figures}
```

## Training

```json
{training}
```
"""


class _Data(NamedTuple):
    """What a card says of the training data."""

    sets: str
    terms: str
    account: str


_REAL_DATA = _Data(
    "WIDER FACE, LFW+Net, CartoonSet",
    "for research only: WIDER FACE is CC BY-NC-ND 4.0, LFW+Net for research, CartoonSet CC BY 4.0 (Google LLC)",
    """WIDER FACE (boxes),
LFW+Net (landmarks) and CartoonSet (both). The terms of these sets go with the weights: WIDER FACE is CC BY-NC-ND 4.0,
LFW+Net for research only, CartoonSet CC BY 4.0. Use the weights for research.

Cartoons that were held back from training resemble the others: all heads are assembled from the same few parts, except
for the eyes and glasses.""",
)
_SAMPLE_DATA = _Data(
    "sample data", "none", "drawn sample\ndata, on which the figures were measured, too. It is for trials only."
)


class Preset(StrEnum):
    """Training budget of a detector."""

    TINY = "tiny"
    SMALL = "small"
    PAPER = "paper"


@dataclass(frozen=True)
class Budget:
    """Training budget of one stage.

    Attributes:
        epochs: Number of epochs.
        epoch_size: Crops per epoch.
        batch_size: Crops per batch.
        options: Additional options of ``lightning fit``.
    """

    epochs: int
    epoch_size: int
    batch_size: int
    options: tuple[str, ...] = ()

    def words(self) -> list[str]:
        """Arguments for ``lightning fit``."""
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
        "rnet": Budget(10, 150_000, 512, _modern(3e-3, 0.998, "--model.loss_weights", "mtcnn")),
        "onet": Budget(20, 60_000, 256, _modern(2e-3, 0.998, *_TO_LANDMARKS)),
    },
    Preset.PAPER: {
        "pnet": Budget(30, 1_000_000, 384),
        "rnet": Budget(22, 1_000_000, 384),
        "onet": Budget(22, 1_000_000, 384),
    },
}


@dataclass(frozen=True)
class TrainingOptions:
    """Options of a training of all stages.

    Attributes:
        preset: Training budget.
        root: Absolute path of the data.
        families: Absolute path of the table of the cartoons' parts.
        extra: Additional options of ``lightning fit``.
    """

    preset: Preset
    root: Path
    families: Path | None
    extra: tuple[str, ...]

    def words(self, stage: str) -> list[str]:
        """Arguments for ``lightning fit``."""
        families = ["--data.cartoon_families", str(self.families)] if self.families else []
        return ["--data.root", str(self.root), *BUDGETS[self.preset][stage].words(), *families, *self.extra]

    def record(self, stage: str, before: Path | None) -> dict[str, object]:
        """Everything that affects the result of a stage, as plain values by name of the option.

        Args:
            stage: The stage.
            before: Detector of the earlier stages, which is recorded by the hash of its content; it may not exist yet.
        """
        from networks.weights_file import fingerprint

        return {
            "--root": str(self.root),
            "--families": str(self.families) if self.families else None,
            "--option": list(self.extra),
            f"budget of --preset {self.preset}": BUDGETS[self.preset][stage].words(),
            "earlier stage": fingerprint(before) if before and before.is_file() else None,
        }


def train(
    root: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder with wider_face/, lfw_net/, cartoonset10k/ (default: sample data)."),
    ] = None,
    preset: Annotated[
        Preset, typer.Option(help="Budget: tiny only tests the training, small is for two CPU cores.")
    ] = Preset.SMALL,
    out: RunsOption = None,
    families: Annotated[
        Path | None,
        typer.Option(
            *("--cartoon-families", "--families"),
            metavar="FILE",
            help="Table of the cartoons' parts, to hold out whole families for the test.",
        ),
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option(help="Option for each `lightning fit`, e.g. --option=--trainer.devices=2.")
    ] = None,
    install: Annotated[
        bool, typer.Option("--install", help="Install it as the project's own detector, weights/mtcnn.safetensors.")
    ] = False,
) -> None:
    """Train PNet, RNet and ONet, mine hard examples for the later stages, and evaluate the detector.

    With the same data and options, finished stages are reused and a stopped one is resumed. The detector and its card
    are written to OUT/detector-PRESET.
    """
    from lightning_modules.runs import default_runs_folder

    if install and (root is None or preset is Preset.TINY):
        raise DataError("--install needs --root and a larger preset than tiny: other detectors are not usable")
    runs = (out or default_runs_folder()).expanduser().absolute()
    data = (root or runs / "sample_data_detector").expanduser().absolute()
    table = families.expanduser().absolute() if families else None
    folder, options = runs / f"detector-{preset}", TrainingOptions(preset, data, table, tuple(option or ()))
    _reject_other_options(folder, options)
    if root is None:
        make_sample_data(data, _SAMPLE_COUNT, seed=0)
    weights: Path | None = None
    for stage in _STAGES:
        weights = _train_stage(stage, folder, weights, options)
    assert weights is not None
    conclude(weights, data, table, folder / "mtcnn.safetensors", install, is_sample=root is None)
    if preset is Preset.TINY:
        print("preset tiny only tests the training, its detector is not usable; use --preset small")


def _home(folder: Path, stage: str) -> Path:
    return folder / f"mtcnn_{stage}" / "run"


def _detector(folder: Path, stage: str) -> Path:
    """The detector after a stage."""
    from lightning_modules.mtcnn import DETECTOR_FILE

    return _home(folder, stage) / DETECTOR_FILE


def _checkpoint(folder: Path, stage: str) -> Path:
    """Checkpoint of a stopped stage."""
    return _home(folder, stage) / "checkpoints" / "last.ckpt"


def _reject_other_options(folder: Path, options: TrainingOptions) -> None:
    """Check that all existing stages, finished or not, were trained with the same options.

    Raises:
        DataError: There are other stages; the message names the differences and the folders to remove.
    """
    differences: list[str] = []
    others: list[Path] = []
    before: Path | None = None
    for stage in _STAGES:
        detector, checkpoint = _detector(folder, stage), _checkpoint(folder, stage)
        if detector.is_file() or checkpoint.is_file():
            names = _differences(_read_record(folder, stage), options.record(stage, before))
            differences += names
            others += [_home(folder, stage)] if names else []
        before = detector
    if others:
        raise DataError(
            f"stages were trained with other options ({', '.join(dict.fromkeys(differences))}): "
            f"remove {' and '.join(map(str, others))}, or choose another --out"
        )


def _differences(trained: dict[str, object], requested: dict[str, object]) -> list[str]:
    if not trained:
        return ["no record of them"]
    return [name for name, value in requested.items() if trained.get(name) != value]


def _read_record(folder: Path, stage: str) -> dict[str, object]:
    """Recorded options of a stage; empty if they are unknown."""
    home = _home(folder, stage)
    path = home / _RECORD_FILE
    try:
        return dict(json.loads((path if path.exists() else home / _OLD_RECORD_FILE).read_text(encoding="utf-8")))
    except (OSError, TypeError, ValueError):
        return {}


def _train_stage(stage: str, folder: Path, before: Path | None, options: TrainingOptions) -> Path:
    """Train a stage, or resume it; returns the detector so far."""
    home, detector, checkpoint = _home(folder, stage), _detector(folder, stage), _checkpoint(folder, stage)
    if detector.is_file():
        print(f"{stage}: {detector} already exists")
        return detector
    if not checkpoint.is_file():
        write_whole(home / _RECORD_FILE, json.dumps(options.record(stage, before), indent=2) + "\n")
    start = ["--ckpt_path", str(checkpoint)] if checkpoint.is_file() else ["--run", home.name]
    earlier = ["--model.weights", str(before)] if before else []
    config = ["--config", f"configs/mtcnn_{stage}.yaml", "--trainer.default_root_dir", str(folder)]
    lightning_or_exit(["fit", *config, *start, *earlier, *options.words(stage)])
    if not detector.is_file():
        raise DataError(f"{stage} was stopped; the same command resumes it")
    return detector


def conclude(
    weights: Path, root: Path, families: Path | None, out: Path, install: bool, is_sample: bool = False
) -> None:
    """Evaluate a detector, and write it with its card.

    Args:
        weights: Detector with all stages trained.
        root: Data for the evaluation.
        families: Table of the cartoons' parts.
        out: File to write; the card is written next to it as Markdown.
        install: Also write both to the project's ``weights/``.
        is_sample: Whether the data is the project's sample data.
    """
    from dataclasses import replace

    from apps.detector.eval import evaluate
    from lightning_modules.detector import default_weights
    from networks.mtcnn import load_weights, save_weights

    nets, card = load_weights(weights)
    figures = evaluate(weights, root, families)
    card = replace(card, details={**card.details, "figures": figures})
    for path in (out, default_weights()) if install else (out,):
        save_weights(nets, card, path)
        write_whole(path.with_suffix(".md"), describe(card, _SAMPLE_DATA if is_sample else _REAL_DATA))
        print(f"detector: {path}\ncard:     {path.with_suffix('.md')}")


def describe(card: Card, data: _Data) -> str:
    """Card of a detector as Markdown."""
    details = dict(card.details)
    figures = details.pop("figures", {})
    return _CARD.format(data=data, figures=json.dumps(figures, indent=1), training=json.dumps(details, indent=1))
