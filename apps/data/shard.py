"""``cartoongan data shard``: a set in a few large files instead of many small ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from datamodules.datasets.set_name import SetName

if TYPE_CHECKING:
    from datamodules.samples import Split
    from datamodules.source import FaceFiles

_SETS = (SetName.CELEBA, SetName.CARTOONSET10K, SetName.CARTOONSET100K)


def shard(
    name: Annotated[str, typer.Option("--set", metavar="NAME", help=f"One of {', '.join(_SETS)}.")],
    out: Annotated[Path, typer.Option(help="Folder to write to; may be given to `lightning` as --data.root.")],
    root: Annotated[Path, typer.Option(help="Folder of the data sets.")] = Path("data"),
    splits: Annotated[
        list[str] | None,
        typer.Option("--split", metavar="SPLIT", help="Only this part: train, val or test; repeatable."),
    ] = None,
    shard_mb: Annotated[int, typer.Option(min=1, max=2048, help="MB of a shard, about.")] = 64,
    address: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Where OUT will be copied to and read from, as s3://bucket/faces."),
    ] = None,
) -> None:
    """Write a set as shards below OUT, finished or not at all; training reads them as it reads the set itself."""
    from datamodules.datasets.shards import write_shards
    from datamodules.datasets.splits import SPLITS
    from datamodules.samples import parse_split

    set_name = SetName.parse(name)
    parts = [parse_split(split) for split in splits] if splits else SPLITS
    sources = {split: _open(set_name, root, split) for split in parts}
    there = f"{address.rstrip('/')}/{set_name.folder}" if address else None
    write_shards(sources, out / set_name.folder, shard_bytes=shard_mb << 20, address=there)


def _open(name: SetName, root: Path, split: Split) -> FaceFiles:
    from datamodules.datasets.cartoonset import CartoonSet
    from datamodules.datasets.celeba import CelebA
    from datamodules.errors import DataError

    if name not in _SETS:
        raise DataError(f"{name} is no set of faces to translate; shards are made of {', '.join(_SETS)}")
    return (CelebA if name is SetName.CELEBA else CartoonSet)(root / name.folder, split)
