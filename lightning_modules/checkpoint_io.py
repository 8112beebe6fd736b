"""Checkpoint files written atomically and verified: complete, finite and undamaged."""

from __future__ import annotations

import os
import pickle
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO
from torch import Tensor

from datamodules.atomic import whole_file
from datamodules.errors import DataError
from lightning_modules.errors import UsageError


class VerifiedCheckpointIO(TorchCheckpointIO):
    """Writes to a temporary file, syncs and renames it; rejects non-finite weights and damaged files.

    Temporary files that killed processes left behind are removed; a run has one writer (see ``RunRecord``).

    Lightning writes to the system's temporary folder and moves the file. Across file systems that truncates the old
    checkpoint first, so a kill or a full disk loses both.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | os.PathLike[str], storage_options: object = None
    ) -> None:
        """Write a checkpoint atomically.

        Raises:
            UsageError: A weight is not finite, or the file cannot be written. An existing file stays unchanged.
        """
        target = Path(path)
        if broken := _find_not_finite(checkpoint.get("state_dict", {})):
            raise UsageError(f"{target} was not written: {broken} is not finite; an existing checkpoint is unchanged")
        try:
            with whole_file(target) as part, part.open("wb") as file:
                torch.save(checkpoint, file)
                file.flush()
                os.fsync(file.fileno())
            _sync_folder(target.parent)
            for left in target.parent.glob(f".{target.name}.*.part"):  # from processes killed while writing
                left.unlink()
        except (DataError, OSError, RuntimeError) as error:  # torch reports a full disk as a RuntimeError
            raise UsageError(f"cannot write {target}: {error}; an existing checkpoint is unchanged") from error

    def load_checkpoint(self, path: str | Path, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Read a checkpoint after verifying its checksums.

        Raises:
            UsageError: The file is damaged, or not a Lightning checkpoint.
        """
        if fault := find_damage(Path(path)):
            raise UsageError(f"{path} {fault}")
        checkpoint: dict[str, Any] = super().load_checkpoint(path, *args, **kwargs)
        if not isinstance(checkpoint, dict) or "pytorch-lightning_version" not in checkpoint:
            raise UsageError(f"{path} is not a Lightning checkpoint; it cannot be resumed, tested or applied")
        return checkpoint


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Load a checkpoint file, restricted to tensors and plain values.

    Raises:
        UsageError: The file is damaged, or does not contain a dictionary.
    """
    if not path.is_file():
        raise UsageError(f"no such checkpoint: {path}")
    if fault := find_damage(path):
        raise UsageError(f"{path} {fault}")
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except (RuntimeError, pickle.UnpicklingError, zipfile.BadZipFile, EOFError, OSError, KeyError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise UsageError(f"{path} is damaged or not a checkpoint of this project: {reason}") from error
    if not isinstance(checkpoint, dict):
        raise UsageError(f"{path} is not a checkpoint of a LightningModule of this project")
    return checkpoint


def find_damage(path: Path) -> str | None:
    """Describe the damage of a checkpoint file, phrased to follow its name in a message; None if it is intact.

    Checkpoints are zip archives, but PyTorch does not verify their checksums.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError):
        return "is truncated, damaged or not a checkpoint"
    return f"is damaged: wrong checksum of {damaged}" if damaged else None


def _find_not_finite(state: Mapping[str, object]) -> str | None:
    """The name of the first tensor that contains NaN or infinity."""
    for name, value in state.items():
        if isinstance(value, Tensor) and value.is_floating_point() and not bool(torch.isfinite(value).all()):
            return name
    return None


def _sync_folder(folder: Path) -> None:
    """Make a rename survive a power failure, if the file system supports it."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
