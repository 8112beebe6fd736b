"""Registry of the data sets, one entry each.

An entry defines how a set is read, checked, downloaded, sharded and shown. Readers, checks and sources are given as
``module:name`` and imported lazily, which keeps the commands' help fast.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from datamodules.errors import DataError
from datamodules.samples import SPLITS, Domain, Split

if TYPE_CHECKING:
    from datamodules.check.report import SetReport
    from datamodules.download.sources import Source
    from datamodules.samples import Preview
    from datamodules.source import FaceSource


@dataclass(frozen=True)
class DataSet:
    """Specification of a data set.

    ::

        DRAWINGS = DataSet("drawings", "drawings.reader:Drawings", domain="cartoon", marks=("drawings.json",))
        register(DRAWINGS)

    Attributes:
        name: Its name on the command line.
        reader: ``module:class`` of its reader, called with a folder and a split. If ``domain`` is set, it must be a
            ``FaceSource``.
        folder: Its folder below the data root; by default its name.
        domain: Its domain for the CycleGANs; None for sets used only by the detector.
        marks: File patterns; a folder with any of them is recognised as this set.
        crop: Central fraction of an image's side that a network sees.
        is_slow: Whether its images decode slowly enough for frames to be cached.
        splits: The splits of its reader.
        published: Its published number of images by split, or under "all".
        check: ``module:function`` that fills in a ``SetReport``; by default every image is decoded.
        source: ``module:name`` of the ``Source`` for ``cartoongan data get``; None if it cannot be downloaded.
        preview: ``module:function`` that makes a ``Preview`` of a sample; by default the face with its landmarks.
    """

    name: str
    reader: str
    folder: str = ""
    domain: Domain | None = None
    marks: tuple[str, ...] = ()
    crop: float = 1.0
    is_slow: bool = False
    splits: tuple[Split, ...] = SPLITS
    published: Mapping[str, int] = field(default_factory=dict, hash=False)
    check: str = "datamodules.check.images:check_images"
    source: str | None = None
    preview: str = "datamodules.samples:preview_face"

    def __post_init__(self) -> None:
        if not self.folder:
            object.__setattr__(self, "folder", self.name)

    def __str__(self) -> str:
        return self.name

    def open(self, folder: Path, split: Split) -> Any:
        """Open a split of the set.

        Raises:
            DataError: There is no such split, or the folder is incomplete or malformed.
        """
        if split not in self.splits:
            raise DataError(f"{self.name} has no split '{split}'; use {' or '.join(self.splits)}")
        return resolve_name(self.reader)(folder, split)

    def is_in(self, folder: Path) -> bool:
        """Whether a folder contains this set, judging by ``marks``."""
        return any(next(folder.glob(mark), None) for mark in self.marks)

    def run_check(self, report: SetReport, progress: bool) -> None:
        """Check every file of the set and fill in a report."""
        run: Callable[[SetReport, bool], None] = resolve_name(self.check)
        run(report, progress)

    def find_source(self) -> Source:
        """The download source of the set.

        Raises:
            DataError: It has none.
        """
        if self.source is None:
            raise DataError(f"{self.name} cannot be downloaded; put it into the folder {self.folder}/ of the data root")
        source: Source = resolve_name(self.source)
        return source

    def make_preview(self, sample: Any) -> Preview:
        """The preview of a sample for ``cartoongan data show``."""
        preview: Preview = resolve_name(self.preview)(sample)
        return preview


CELEBA = DataSet(
    "celeba",
    "datamodules.datasets.celeba:CelebA",
    domain="photo",
    marks=("img_align_celeba", "list_attr_celeba.txt", "list_eval_partition.txt"),
    published={"train": 162_770, "val": 19_867, "test": 19_962},
    check="datamodules.check.celeba:check_celeba",
    source="datamodules.download.sources:CELEBA_SOURCE",
)
CELEBAMASK_HQ = DataSet(
    "celebamaskhq",
    "datamodules.datasets.celebamask_hq:CelebAMaskHQ",
    folder="celebamask_hq",
    check="datamodules.check.celebamask_hq:check_celebamask_hq",
    source="datamodules.download.sources:CELEBAMASK_HQ_SOURCE",
    preview="datamodules.datasets.masks:preview_masks",
)
CARTOONSET10K, CARTOONSET100K = (
    DataSet(
        name,
        "datamodules.datasets.cartoonset:CartoonSet",
        domain="cartoon",
        marks=("cs*.png", "cs*.csv", "*/cs*.png"),
        crop=0.8,  # matches the head size in CelebA
        is_slow=True,
        published={"all": images},
        check="datamodules.check.cartoonset:check_cartoonset",
        source=f"datamodules.download.sources:{name.upper()}_SOURCE",
    )
    for name, images in (("cartoonset10k", 10_000), ("cartoonset100k", 100_000))
)
WIDER_FACE = DataSet(
    "wider",
    "datamodules.datasets.wider_face:WiderFace",
    folder="wider_face",
    splits=("train", "val"),
    check="datamodules.check.wider_face:check_wider_face",
    source="datamodules.download.sources:WIDER_SOURCE",
    preview="datamodules.datasets.wider_face:preview_scene",
)
LFW_NET = DataSet(
    "lfwnet",
    "datamodules.datasets.lfw_net:LfwNet",
    folder="lfw_net",
    splits=("train", "test"),
    check="datamodules.check.lfw_net:check_lfw_net",
    source="datamodules.download.sources:LFWNET_SOURCE",
    preview="datamodules.datasets.lfw_net:preview_person",
)

_FOLDER_READER = "datamodules.datasets.annotated_folder:AnnotatedFolder"

FOLDERS: dict[Domain, DataSet] = {
    "photo": DataSet("folder", _FOLDER_READER, domain="photo"),
    "cartoon": DataSet("folder", _FOLDER_READER, domain="cartoon", is_slow=True),
}
"""Generic image folders by domain, with optional annotations in ``faces.csv``."""

_SETS: dict[str, DataSet] = {
    each.name: each for each in (CELEBA, CELEBAMASK_HQ, CARTOONSET10K, CARTOONSET100K, WIDER_FACE, LFW_NET)
}


def data_sets(domain: Domain | None = None) -> list[DataSet]:
    """All registered sets, or those of a domain."""
    return [each for each in _SETS.values() if domain in (None, each.domain)]


def register(data_set: DataSet) -> None:
    """Register a set for all commands.

    Raises:
        ValueError: A set with that name or folder exists.
    """
    for each in _SETS.values():
        if data_set.name == each.name or data_set.folder == each.folder:
            raise ValueError(f"there already is a data set {each.name} in the folder {each.folder}/")
    _SETS[data_set.name] = data_set


def unregister(data_set: DataSet) -> None:
    """Remove a set from the registry."""
    del _SETS[data_set.name]


def find_set(text: str) -> DataSet:
    """Find a set by name or folder.

    Raises:
        DataError: There is no such set; the message lists them.
    """
    for each in _SETS.values():
        if text in (each.name, each.folder):
            return each
    meant = get_close_matches(text, _SETS, n=1)
    question = f"; did you mean {meant[0]}?" if meant else ""
    raise DataError(f"there is no data set '{text}'{question}; the sets are {', '.join(_SETS)}")


def recognize(folder: Path, domain: Domain) -> DataSet:
    """The set in a folder, or one of ``FOLDERS`` if the layout is unknown.

    Any part of a set's layout is enough, so that incomplete copies are detected.
    """
    from datamodules.datasets.shards.index import ShardIndex, is_sharded  # imports torch

    if is_sharded(folder):
        name = ShardIndex.load(folder).data_set
        return find_set(name) if name else (CELEBA if domain == "photo" else CARTOONSET10K)
    return next((each for each in data_sets(domain) if each.is_in(folder)), FOLDERS[domain])


def open_faces(folder: Path, domain: Domain, split: Split) -> FaceSource:
    """Open a folder of faces: shards, a registered set, or any folder of images.

    Raises:
        DataError: The folder is missing, or its data is incomplete or malformed.
    """
    from datamodules.datasets.shards import ShardedFaces, is_sharded

    if is_sharded(folder):
        return ShardedFaces(folder, split)
    faces: FaceSource = recognize(folder, domain).open(folder, split)
    return faces
