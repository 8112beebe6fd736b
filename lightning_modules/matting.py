"""The portrait network as the matting model of a ``FacesDataModule``."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from datamodules.attribute_classifier import AttributeDataModule
from datamodules.errors import DataError
from datamodules.faces import FacesDataModule
from lightning_modules.runs import project_root
from networks.portrait import SIDE, PortraitNet, load_portrait
from networks.weights_file import WeightsError, fingerprint

OWN_PORTRAIT = project_root() / "weights" / "portrait.safetensors"

MATTE_FOLDER = ".mattes"
"""Default folder for mattes, below the runs folder; overridden by ``--data.cache_dir``."""


class PortraitMatting:
    """The portrait network, loaded lazily and run on a GPU if available.

    Args:
        weights: Weights file; by default the project's own.
    """

    side = SIDE

    def __init__(self, weights: Path | None = None) -> None:
        self._path = weights or OWN_PORTRAIT

    def __call__(self, photos: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Mattes ``(B, 2, H, W)`` of person and head, 255 inside, in photos ``(B, H, W, 3)``, both uint8.

        Raises:
            DataError: The file is missing, or cannot be used.
        """
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        net = self._net.to(device)
        images = torch.from_numpy(photos).to(device).permute(0, 3, 1, 2)  # channels last in memory
        with torch.inference_mode():
            alphas = net(images.float().div_(127.5).sub_(1)).mul_(255).round_()
        return np.asarray(alphas.byte().cpu().numpy())

    def fingerprint(self) -> str:
        """Changes with the content of the file.

        Raises:
            DataError: The file is missing.
        """
        try:
            return fingerprint(self._path)
        except OSError as error:
            raise DataError(f"no portrait network: {self._path} ({error.strerror}; --data.portrait_weights)") from error

    @cached_property
    def _net(self) -> PortraitNet:
        try:
            net, _ = load_portrait(self._path)
        except WeightsError as error:
            raise DataError(f"{error} (--data.portrait_weights)") from error
        return net.to(memory_format=torch.channels_last)


def bring_matting(data: FacesDataModule | AttributeDataModule, folder: Path | None = None) -> None:
    """Set the matting model of a DataModule according to its options, by default the project's own.

    Args:
        data: The DataModule.
        folder: Where to store mattes if it has no ``cache_dir``; without either they stay in memory.
    """
    named = data.hparams.get("portrait_weights")
    data.use_matting(PortraitMatting(Path(str(named)) if named else None), folder)
