"""The default detector: this project's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from datamodules.errors import DataError
from lightning_modules.runs import project_root
from networks.mtcnn import MTCNN, STAGES, Card, StageName, WeightsError, load_weights


def default_weights() -> Path:
    """Path of the project's own weights."""
    return project_root() / "weights" / "mtcnn.safetensors"


def load_detector(weights: Path | None = None) -> MTCNN:
    """Load the nets from a weights file, by default the project's own.

    Raises:
        DataError: The file is missing or unusable, or a stage is not trained.
    """
    return load_detector_and_card(weights)[0]


def load_detector_and_card(weights: Path | None, stages: Sequence[StageName] = STAGES) -> tuple[MTCNN, Card]:
    """Load the nets and their card from a weights file, by default the project's own.

    Args:
        weights: The file.
        stages: The stages that will be used.

    Raises:
        DataError: The file is missing or unusable, or one of these stages is not trained.
    """
    path = weights or default_weights()
    if weights is None and not path.is_file():
        raise DataError(
            f"the project's own detector is missing ({path}); train one with `make detector`, or name a file"
        )
    try:
        nets, card = load_weights(path)
    except WeightsError as error:
        raise DataError(str(error)) from error
    needed = {f"{stage}.{head}" for stage in stages for head in ("face", "box")} | {"onet.landmarks"}
    if missing := [head for head in card.untrained_heads if head in needed]:
        names = ", ".join(dict.fromkeys(head.split(".")[0] for head in missing))
        raise DataError(f"{path} has untrained stages ({names}); train them first (docs/detector.md, Training)")
    return nets, card
