"""``cartoongan data shard``: packs a set into a few large files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.options import RootOption
from datamodules.datasets.registry import data_sets, find_set

if TYPE_CHECKING:
    from datamodules.datasets.registry import DataSet
    from datamodules.samples import Split
    from datamodules.source import FaceFiles


def shard(
    name: Annotated[
        str, typer.Option("--set", metavar="NAME", help="A set of faces, such as celeba or cartoonset10k.")
    ],
    out: Annotated[Path, typer.Option(help="Folder to write to; pass it to `lightning` as --data.root.")],
    root: RootOption = Path("data"),
    splits: Annotated[
        list[str] | None,
        typer.Option("--split", metavar="SPLIT", help="Only this split: train, val or test; repeatable."),
    ] = None,
    shard_mb: Annotated[int, typer.Option(min=1, max=2048, help="Approximate size of a shard in MB.")] = 64,
    address: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Where OUT will be copied to and read from, such as s3://bucket/faces."),
    ] = None,
) -> None:
    """Write a set as shards below OUT, atomically. Training reads them like the set itself."""
    from datamodules.datasets.shards import write_shards
    from datamodules.samples import SPLITS, parse_split

    data_set = find_set(name)
    parts = [parse_split(split) for split in splits] if splits else SPLITS
    sources = {split: _open(data_set, root, split) for split in parts}
    there = f"{address.rstrip('/')}/{data_set.folder}" if address else None
    write_shards(sources, out / data_set.folder, shard_bytes=shard_mb << 20, address=there, data_set=data_set.name)


def _open(data_set: DataSet, root: Path, split: Split) -> FaceFiles:
    from datamodules.errors import DataError

    if data_set.domain is None:
        raise DataError(f"{data_set} is not a set of faces to translate; shards can be made of {_names()}")
    faces: FaceFiles = data_set.open(root / data_set.folder, split)
    return faces


def _names() -> str:
    return ", ".join(str(each) for each in data_sets() if each.domain)
