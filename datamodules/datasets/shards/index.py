"""The shard index: lists all faces and their shards, so that no shard has to be opened for it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from datamodules.errors import DataError
from datamodules.samples import Split, parse_split

INDEX_NAME = "shards.json"
LIBRARY_INDEX_NAME = "index.json"
"""LitData's own index file, one per split."""

_FORMAT = 1


@dataclass(frozen=True)
class Shard:
    """One shard file.

    Attributes:
        file: File name in the folder of its split.
        size: Size in bytes.
        faces: Number of faces.
    """

    file: str
    size: int
    faces: int


@dataclass(frozen=True)
class SplitIndex:
    """The faces of one split, in order.

    Attributes:
        names: Names in the original set.
        hair: A ``HairColour`` or ``NO_HAIR_COLOUR`` per face.
        attributes: By the name of an ``Attribute``: 1, 0 or ``UNKNOWN`` per face.
        shards: The shards, in the order of the faces.
    """

    names: list[str]
    hair: list[int]
    attributes: dict[str, list[int]]
    shards: list[Shard]


@dataclass(frozen=True)
class ShardIndex:
    """All splits of a set.

    Attributes:
        splits: The sharded splits.
        address: Location of the split folders if not next to the index, such as ``s3://bucket/celeba``.
        data_set: Name of the original set; None in old shards that do not record it.
    """

    splits: dict[Split, SplitIndex]
    address: str | None = None
    data_set: str | None = None

    def save(self, folder: Path) -> None:
        """Write ``shards.json``."""
        text = json.dumps({"format": _FORMAT, **asdict(self)}, ensure_ascii=False)
        (folder / INDEX_NAME).write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> ShardIndex:
        """Read ``shards.json``.

        Raises:
            DataError: The file is missing, damaged, or has another format.
        """
        path = folder / INDEX_NAME
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if content["format"] != _FORMAT:
                raise DataError(
                    f"{path} has format {content['format']}, but this version of the project reads format {_FORMAT};"
                    " write the shards again with `cartoongan data shard`"
                )
            splits = {parse_split(name): _parse_split_index(part) for name, part in content["splits"].items()}
            return cls(splits, content["address"], content.get("data_set"))
        except FileNotFoundError as error:
            raise DataError(f"no such file: {path}; write shards with `cartoongan data shard`") from error
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(f"{path} is damaged or not a shard index ({error!r}); write the shards again") from error


def is_sharded(folder: Path) -> bool:
    """Whether a folder contains finished shards; the index is written last."""
    return (folder / INDEX_NAME).is_file()


def _parse_split_index(part: dict[str, Any]) -> SplitIndex:
    names = [str(name) for name in part["names"]]
    index = SplitIndex(
        names=names,
        hair=[int(str(label)) for label in part["hair"]],
        attributes={name: [int(value) for value in values] for name, values in _attributes(part).items()},
        shards=[_parse_shard(shard) for shard in part["shards"]],
    )
    of_attributes = (len(values) for values in index.attributes.values())
    counts = {len(index.names), len(index.hair), *of_attributes, sum(shard.faces for shard in index.shards)}
    if len(counts) != 1:
        raise ValueError("the numbers of names, labels and faces in shards differ")
    return index


def _attributes(part: dict[str, Any]) -> dict[str, list[int]]:
    """The attributes of a split; shards of earlier versions have only glasses, or none."""
    return {name: part[name] for name in ("glasses",) if name in part} | dict(part.get("attributes", {}))


def _parse_shard(shard: object) -> Shard:
    if not isinstance(shard, dict):
        raise TypeError(f"{shard} is not a shard")
    return Shard(str(shard["file"]), int(shard["size"]), int(shard["faces"]))
