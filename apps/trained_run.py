"""A run on disk, and its model's cartoons of the test photos."""

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
    """Which checkpoint of a run; a run that ended before its first validation has the last one only."""

    BEST = "best"
    LAST = "last"


@dataclass(frozen=True, eq=False)
class TrainedRun:
    """A model from a checkpoint and the data that it was trained on.

    Attributes:
        home: The run's folder.
        checkpoint: The file that the model is from.
        model: In eval mode, on the CPU.
        data: As it was at training.
    """

    home: Path
    checkpoint: Path
    model: BaseCycleGAN
    data: FacesDataModule

    @classmethod
    def open(cls, home: Path, checkpoint: str | Path = "best", root: Path | None = None) -> TrainedRun:
        """The run in a folder.

        Args:
            home: The folder, see ``lightning_modules.runs``.
            checkpoint: A file; or "last"; or "best", which is the last one where a run ended before its first
                validation.
            root: Folder of the data sets; by default that of the training.

        Raises:
            DataError: There is no such checkpoint, or it cannot be used; the message says which.
        """
        from datamodules.faces import FacesDataModule
        from lightning_modules.checkpoints import load_model, read_hyper_parameters
        from lightning_modules.errors import UsageError
        from lightning_modules.matting import MATTE_FOLDER, bring_matting
        from lightning_modules.runs import CHECKPOINT_FOLDER

        home = home.expanduser().absolute()
        named = [checkpoint] if isinstance(checkpoint, Path) else [f"{name}.ckpt" for name in (checkpoint, "last")]
        files = [home / CHECKPOINT_FOLDER / file for file in named]  # a whole path stays as it is
        found = next((file for file in files if file.is_file()), None)
        if found is None:
            raise DataError(f"{home} is no run with a checkpoint: there is no {files[0]}")
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
        """Experiment and run, as the folders are called."""
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
        """The photos of the test part, as files in their set."""
        return list(self._stream.faces.names)

    def photos(self, names: Sequence[str]) -> Faces:
        """Photos of the test part as the model takes them.

        Raises:
            DataError: One is not there, or cannot be read.
        """
        from torch.utils.data import default_collate

        from datamodules.samples import Faces

        position = {name: index for index, name in enumerate(self.photo_names)}
        if missing := [name for name in names if name not in position]:
            raise DataError(f"{self.title} was not trained beside {missing[0]}: its test part has no such photo")
        stream = self._stream
        faces = [stream.transform(stream.faces[position[name]], 0) for name in names]
        return Faces(*default_collate(faces))

    def real_cartoons(self, count: int) -> Tensor:
        """The first cartoons (N, 3, H, W) of the test part in [-1, 1], from the start again if it holds fewer."""
        import torch

        stream = self.data.stream("cartoon", "test")
        shown = [stream.faces[index % len(stream.faces)] for index in range(count)]
        return torch.stack([stream.transform(face, 0).image for face in shown])

    def cartoons(self, photos: Faces) -> Tensor:
        """Cartoons (N, 3, H, W) in [-1, 1] of photos, under their own labels and landmarks."""
        import torch

        with torch.inference_mode():
            parts = [self.model.translate_photos(part) for part in _in_batches(photos)]
        return torch.cat(parts)

    def coloured(self, photos: Faces) -> list[Tensor]:
        """Cartoons (N, 3, H, W) of photos for each label; none if the variant knows no labels."""
        import torch

        with torch.inference_mode():
            parts = [self.model.in_all_labels(part) for part in _in_batches(photos)]
        return [torch.cat(images) for images in zip(*parts, strict=True)]

    @cached_property
    def _stream(self) -> DomainStream:
        return self.data.stream("photo", "test")


def open_runs(paths: Sequence[Path], checkpoint: Checkpoint, root: Path | None, option: str) -> list[TrainedRun]:
    """The runs in these folders, or below them.

    A run below a folder that is not usable, such as one of the detector, is left out with a line on standard error.

    Args:
        paths: Folders of runs, and folders that hold such folders.
        checkpoint: Which checkpoint of each run.
        root: Folder of the data sets; None for that of the training.
        option: The command's option that named the paths, for the error.

    Raises:
        DataError: A run that was named itself cannot be used, or there is none below a folder.
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
                print(f"left out: {home}: {error}", file=sys.stderr)
        if not found:
            raise DataError(f"{option} {path}: there is no run with a checkpoint of a CycleGAN")
    return list(opened.values())


def _find_homes(path: Path) -> list[Path]:
    """The folder of a run itself, or those of all runs below it."""
    from lightning_modules.runs import CHECKPOINT_FOLDER

    if not path.is_dir() or (path / CHECKPOINT_FOLDER).is_dir():
        return [path]
    return sorted({file.parent.parent for file in path.glob(f"**/{CHECKPOINT_FOLDER}/*.ckpt")})


def evenly(names: Sequence[str], count: int) -> list[str]:
    """At most ``count`` of the names, evenly spread, none twice."""
    return [names[number] for number in spread_evenly(len(names), count)]


def common_photos(runs: Sequence[TrainedRun]) -> list[str]:
    """Photos that are in the test part of every run, in the first one's order.

    Raises:
        DataError: There are none.
    """
    first, *others = [run.photo_names for run in runs]
    shared = set(first).intersection(*others)
    if not shared:
        titles = ", ".join(run.title for run in runs)
        raise DataError(f"the test parts of {titles} have no photo in common; were they trained on the same data?")
    return [name for name in first if name in shared]


def _in_batches(photos: Faces) -> list[Faces]:
    from datamodules.samples import Faces

    return [
        Faces(*(values[start : start + _BATCH] for values in photos)) for start in range(0, len(photos.image), _BATCH)
    ]
