"""The default detector: this project's own."""

from __future__ import annotations

from pathlib import Path

from datamodules.errors import DataError
from lightning_modules.runs import project_root
from networks.mtcnn import MTCNN, WeightsError, load_weights


def default_weights() -> Path:
    """Path of the project's own weights."""
    return project_root() / "weights" / "mtcnn.safetensors"


def load_detector(weights: Path | None = None) -> MTCNN:
    """Load the nets from a weights file, by default the project's own.

    Raises:
        DataError: The file is missing or unusable.
    """
    path = weights or default_weights()
    if weights is None and not path.is_file():
        raise DataError(
            f"the project's own detector is missing ({path}); train one with `make detector`, or name a file"
        )
    try:
        return load_weights(path)[0]
    except WeightsError as error:
        raise DataError(str(error)) from error
