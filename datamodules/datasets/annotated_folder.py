"""Any folder of images as a domain."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset

from datamodules.datasets.faces_csv import FACES_CSV, FaceAnnotation, read_annotations
from datamodules.datasets.splits import deal_splits
from datamodules.errors import DataError
from datamodules.images import find_images, read_rgb
from datamodules.samples import RawFace, Split
from datamodules.source import fingerprint_of


class AnnotatedFolder(Dataset[RawFace]):
    """One split of the photos in a folder and its subfolders, of any size.

    Annotations are optional: landmarks and hair colours come from a ``faces.csv`` in the folder (see ``faces_csv``) and
    are otherwise unknown. Faces should be aligned as in CelebA: eyes level, in the middle of the photo. The splits are
    computed from the file names by ``deal_splits``.

    Attributes:
        names: Image files of this split, relative to the folder.
        landmarks: ``(N, 5, 2)`` float32 pixels; NaN where unknown.
        labels: ``(N,)`` int64: a ``HairColour``, or ``NO_HAIR_COLOUR``.
        attributes: ``(N, A)`` int64: 1, 0 or ``UNKNOWN`` for each ``Attribute``.

    Raises:
        DataError: The folder is missing, has no photos or none in the split, or its csv is malformed or refers to a
            missing file; the message names it.
    """

    def __init__(self, folder: Path, split: Split) -> None:
        present = [path.relative_to(folder).as_posix() for path in find_images(folder)]
        annotations = read_annotations(folder / FACES_CSV)
        absent = sorted(annotations.keys() - set(present))
        if absent:
            raise DataError(f"{folder / FACES_CSV} has a row for {absent[0]}, which is not an image in {folder}")
        self.folder = folder
        self.names = deal_splits(present)[split]
        if not self.names:
            raise DataError(f"{folder} has {len(present)} photos, too few for a split '{split}'; add some")
        rows = [annotations.get(name, FaceAnnotation()) for name in self.names]
        self.landmarks: NDArray[np.float32] = np.stack([row.landmarks for row in rows])
        self.labels: NDArray[np.int64] = np.array([row.hair for row in rows], dtype=np.int64)
        self.attributes: NDArray[np.int64] = np.stack([row.attributes for row in rows])

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> RawFace:
        path = self.path(index)
        return RawFace(read_rgb(path), self.landmarks[index], int(self.labels[index]), path, self.attributes[index])

    def path(self, index: int) -> Path:
        """The file of a face."""
        return self.folder / self.names[index]

    def fingerprint(self) -> str:
        """Changes with the image files and the csv."""
        return fingerprint_of(self.folder, [*self.names, FACES_CSV])
