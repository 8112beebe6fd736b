"""Loads the model of a run, and translates its test photos."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from datamodules.errors import DataError
from datamodules.evenly import evenly as spread_evenly

if TYPE_CHECKING:
    from torch import Tensor

    from datamodules.faces import FacesDataModule
    from datamodules.samples import Faces
    from datamodules.sampling.unpaired import DomainStream
    from lightning_modules.base import BaseCycleGAN

_BATCH = 8


class Checkpoint(StrEnum):
    """Checkpoint of a run; a run that ended before its first validation has only the last one."""

    BEST = "best"
    LAST = "last"


@dataclass(frozen=True, eq=False)
class TrainedRun:
    """The model of a checkpoint and its data.

    Attributes:
        home: The run's folder.
        checkpoint: The file of the model.
        model: The model, in eval mode, on the CPU.
        data: The DataModule with the training's options.
    """

    home: Path
    checkpoint: Path
    model: BaseCycleGAN
    data: FacesDataModule

    @classmethod
    def open(cls, home: Path, checkpoint: str | Path = "best", root: Path | None = None) -> TrainedRun:
        """Open the run in a folder.

        Args:
            home: The folder, see ``lightning_modules.runs``.
            checkpoint: A file, "last", or "best", which falls back to the last one if the run ended before its first
                validation.
            root: Folder of the data sets; by default that of the training.

        Raises:
            DataError: There is no such checkpoint, or it cannot be used; the message names it.
        """
        from datamodules.faces import FacesDataModule
        from lightning_modules.checkpoints import load_model, read_hyper_parameters
        from lightning_modules.errors import UsageError
        from lightning_modules.matting import MATTE_FOLDER, bring_matting
        from lightning_modules.runs import CHECKPOINT_FOLDER

        home = home.expanduser().absolute()
        named = [checkpoint] if isinstance(checkpoint, Path) else [f"{name}.ckpt" for name in (checkpoint, "last")]
        files = [home / CHECKPOINT_FOLDER / file for file in named]  # absolute paths are unchanged
        found = next((file for file in files if file.is_file()), None)
        if found is None:
            raise DataError(f"{home} is not a run with a checkpoint: there is no {files[0]}")
        try:
            model = load_model(found)
            options = read_hyper_parameters(found, type(model).__name__)["data"]["init_args"]
        except UsageError as error:
            raise DataError(str(error)) from error
        options |= {"num_workers": 0} | ({"root": str(root)} if root else {})
        data = FacesDataModule(**options)
        bring_matting(data, home.parent.parent / MATTE_FOLDER)
        return cls(home, found, model, data)

    @property
    def title(self) -> str:
        """Experiment and run, from the folder names."""
        return f"{self.home.parent.name}/{self.home.name}"

    @property
    def variant(self) -> str:
        """Name of the model's class."""
        return type(self.model).__name__

    @property
    def image_size(self) -> int:
        """Side of the images in pixels."""
        return int(self.data.hparams["image_size"])

    @cached_property
    def photo_names(self) -> list[str]:
        """File names of the test photos in their set."""
        return list(self._stream.faces.names)

    def photos(self, names: Sequence[str]) -> Faces:
        """Test photos, prepared for the model.

        Raises:
            DataError: A photo does not exist or cannot be read.
        """
        from torch.utils.data import default_collate

        from datamodules.samples import Faces

        position = {name: index for index, name in enumerate(self.photo_names)}
        if missing := [name for name in names if name not in position]:
            raise DataError(f"the test split of {self.title} has no photo {missing[0]}")
        stream = self._stream
        faces = [stream.transform(stream.faces[position[name]], 0) for name in names]
        return Faces(*default_collate(faces))

    def real_cartoons(self, count: int) -> Tensor:
        """The first cartoons (N, 3, H, W) of the test split in [-1, 1], repeated if there are fewer."""
        import torch

        stream = self.data.stream("cartoon", "test")
        shown = [stream.faces[index % len(stream.faces)] for index in range(count)]
        return torch.stack([stream.transform(face, 0).image for face in shown])

    def cartoons(self, photos: Faces) -> Tensor:
        """Cartoons (N, 3, H, W) in [-1, 1] of photos, with their own labels and landmarks."""
        import torch

        with torch.inference_mode():
            parts = [self.model.translate_photos(part) for part in _in_batches(photos)]
        return torch.cat(parts)

    def coloured(self, photos: Faces) -> list[Tensor]:
        """Cartoons (N, 3, H, W) of photos for each label; empty if the variant has no labels."""
        import torch

        with torch.inference_mode():
            parts = [self.model.in_all_labels(part) for part in _in_batches(photos)]
        return [torch.cat(images) for images in zip(*parts, strict=True)]

    @cached_property
    def _stream(self) -> DomainStream:
        return self.data.stream("photo", "test")


def open_runs(paths: Sequence[Path], checkpoint: Checkpoint, root: Path | None, option: str) -> list[TrainedRun]:
    """Open the runs in the given folders or below them.

    Unusable runs below a folder, such as those of the detector, are skipped with a message on standard error.

    Args:
        paths: Run folders, and folders of runs.
        checkpoint: Checkpoint of each run.
        root: Folder of the data sets; None for that of the training.
        option: The command's option for the paths, for error messages.

    Raises:
        DataError: A given run cannot be used, or a folder contains no run.
    """
    opened: dict[Path, TrainedRun] = {}
    for path in paths:
        homes = _find_homes(path)
        found = 0
        for home in homes:
            try:
                opened.setdefault(home.resolve(), TrainedRun.open(home, checkpoint, root))
                found += 1
            except DataError as error:
                if homes == [path]:
                    raise
                print(f"skipped: {home}: {error}", file=sys.stderr)
        if not found:
            raise DataError(f"{option} {path}: no run with a CycleGAN checkpoint")
    return list(opened.values())


def _find_homes(path: Path) -> list[Path]:
    """The folder itself if it is a run, or all runs below it."""
    from lightning_modules.runs import CHECKPOINT_FOLDER

    if not path.is_dir() or (path / CHECKPOINT_FOLDER).is_dir():
        return [path]
    return sorted({file.parent.parent for file in path.glob(f"**/{CHECKPOINT_FOLDER}/*.ckpt")})


def evenly(names: Sequence[str], count: int) -> list[str]:
    """At most ``count`` evenly spread, distinct names."""
    return [names[number] for number in spread_evenly(len(names), count)]


def common_photos(runs: Sequence[TrainedRun]) -> list[str]:
    """Photos in the test splits of all runs, in the order of the first run.

    Raises:
        DataError: There are none.
    """
    first, *others = [run.photo_names for run in runs]
    shared = set(first).intersection(*others)
    if not shared:
        titles = ", ".join(run.title for run in runs)
        raise DataError(f"the test splits of {titles} have no common photos; were they trained on the same data?")
    return [name for name in first if name in shared]


def _in_batches(photos: Faces) -> list[Faces]:
    from datamodules.samples import Faces

    return [
        Faces(*(values[start : start + _BATCH] for values in photos)) for start in range(0, len(photos.image), _BATCH)
    ]
