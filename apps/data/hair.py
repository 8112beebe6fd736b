"""``cartoongan data hair``: the hair-sorted, balanced subset of the paper (3.2.1)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.options import RootOption

if TYPE_CHECKING:
    from datamodules.samples import Domain
    from datamodules.sampling.hair_index import HairIndex
    from datamodules.source import FaceSource


def hair(
    root: RootOption,
    out: Annotated[Path, typer.Option(metavar="INDEX", help="JSON to write; pass it to `lightning` as --data.index.")],
    per_class: Annotated[int, typer.Option(min=1, help="Faces of each colour in each domain.")] = 5000,
    photos: Annotated[
        str, typer.Option(help="Folder of the photos below the root; several comma-separated.")
    ] = "celeba",
    cartoons: Annotated[
        str, typer.Option(help="Folder of the cartoons below the root; several comma-separated.")
    ] = "cartoonset10k",
    split: Annotated[str, typer.Option(help="Split: train, val or test.")] = "train",
    allow_fewer: Annotated[
        bool, typer.Option("--allow-fewer", help="If the rarest colour has fewer faces, use that number.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Random seed.")] = 0,
) -> None:
    """Write an index of equally many black, brown, blonde and grey heads in both domains; images are not copied."""
    from datamodules.datasets.joined import SetFolder, join, set_folders
    from datamodules.datasets.registry import open_faces
    from datamodules.samples import parse_split
    from datamodules.sampling.hair_index import build_hair_index

    part = parse_split(split)
    folders: dict[Domain, list[SetFolder]] = {
        "photo": set_folders(root, photos, "--photos"),
        "cartoon": set_folders(root, cartoons, "--cartoons"),
    }
    sources: dict[Domain, FaceSource] = {
        domain: join({each.called: open_faces(each.path, domain, part) for each in of_domain})
        for domain, of_domain in folders.items()
    }
    index = build_hair_index(sources, part, per_class, allow_fewer, seed)
    index.save(out)
    _print_table(index)
    print(f"index: {out}")


def _print_table(index: HairIndex) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("domain", *index.counts("photo"))
    table.add_row("photos", *map(str, index.counts("photo").values()))
    table.add_row("cartoons", *map(str, index.counts("cartoon").values()))
    Console().print(table)
