"""The portrait network as what finds the background of photos for a ``FacesDataModule``."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from datamodules.errors import DataError
from datamodules.faces import FacesDataModule
from lightning_modules.runs import project_root
from networks.portrait import SIDE, PortraitNet, load_portrait
from networks.weights_file import WeightsError, fingerprint

OWN_PORTRAIT = project_root() / "weights" / "portrait.safetensors"

MATTE_FOLDER = ".mattes"
"""Folder below that of all runs where mattes are kept unless ``--data.cache_dir`` names another."""


class PortraitMatting:
    """The portrait network of a file, on the GPU where there is one; loaded when it is first needed.

    Args:
        weights: Its file; by default the project's own.
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
        """Changes with what the file holds.

        Raises:
            DataError: It is missing.
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


def bring_matting(data: FacesDataModule, folder: Path | None = None) -> None:
    """Hand a DataModule the portrait network that its options name, or the project's own.

    Args:
        data: The DataModule.
        folder: Where mattes are kept if it has no ``cache_dir``; without either they stay in memory.
    """
    named = data.hparams.get("portrait_weights")
    data.use_matting(PortraitMatting(Path(str(named)) if named else None), folder)
