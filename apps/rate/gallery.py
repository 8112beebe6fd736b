"""The pictures that people rate: every run's cartoons of the same photos."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from datamodules.errors import DataError

if TYPE_CHECKING:
    from torch import Tensor

    from datamodules.samples import Faces


class Translator(Protocol):
    """The part of ``apps.trained_run.TrainedRun`` that is used here."""

    @property
    def title(self) -> str:
        """Experiment and run."""

    @property
    def home(self) -> Path:
        """The run's folder."""

    @property
    def checkpoint(self) -> Path:
        """The file of the model."""

    @property
    def image_size(self) -> int:
        """Side of the images in pixels."""

    def photos(self, names: Sequence[str]) -> Faces:
        """Photos, prepared for the model."""

    def cartoons(self, photos: Faces) -> Tensor:
        """Cartoons (N, 3, H, W) in [-1, 1]."""


@dataclass(frozen=True)
class Variant:
    """A run whose cartoons are rated.

    Attributes:
        title: Experiment and run.
        home: The run's folder.
        checkpoint: The file of the model.
        digest: SHA-256 of that file.
    """

    title: str
    home: Path
    checkpoint: Path
    digest: str


@dataclass(frozen=True)
class Gallery:
    """Pictures as PNG files, all of the same size.

    Attributes:
        variants: The runs.
        photos: Photos by name.
        cartoons: For each run, the cartoons of the photos in the same order.
    """

    variants: Sequence[Variant]
    photos: dict[str, bytes]
    cartoons: Sequence[Sequence[bytes]]


def describe(runs: Sequence[Translator]) -> list[Variant]:
    """Describe runs for the file of ratings.

    Raises:
        DataError: Two runs have the same title.
    """
    homes: dict[str, Path] = {}
    for run in runs:
        if run.title in homes:
            raise DataError(
                f"{homes[run.title]} and {run.home} are both called {run.title}; rename a folder, since people's "
                "ratings are kept by that name"
            )
        homes[run.title] = run.home
    return [Variant(run.title, run.home, run.checkpoint, digest_of(run.checkpoint)) for run in runs]


def digest_of(path: Path) -> str:
    """SHA-256 of a file, which identifies the rated checkpoint."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def draw_gallery(runs: Sequence[Translator], names: Sequence[str]) -> Gallery:
    """Generate each run's cartoons of the same photos, with a progress bar.

    Pictures are scaled to the largest image size of all runs, so that the size does not reveal the run.

    Args:
        runs: At least one, with different titles.
        names: Photos that all runs have.
    """
    from tqdm import tqdm

    variants = describe(runs)
    largest = max(runs, key=lambda run: run.image_size)
    photos = _encode(largest.photos(names).image, largest.image_size)
    cartoons = [
        _encode(run.cartoons(run.photos(names)), largest.image_size)
        for run in tqdm(runs, desc="cartoons", unit="run", disable=None)
    ]
    return Gallery(variants, dict(zip(names, photos, strict=True)), cartoons)


def _encode(images: Tensor, side: int) -> list[bytes]:
    """PNG files of ``side`` pixels of images (N, 3, H, W) in [-1, 1]."""
    from PIL import Image
    from torch.nn import functional

    from networks.pixels import to_bytes

    if images.shape[2:] != (side, side):
        images = functional.interpolate(images, size=(side, side), mode="bicubic", antialias=True)
    shades = to_bytes(images).permute(0, 2, 3, 1).cpu().numpy()
    files = [BytesIO() for _ in shades]
    for image, file in zip(shades, files, strict=True):
        Image.fromarray(image).save(file, "png")
    return [file.getvalue() for file in files]
