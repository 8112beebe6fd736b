"""``cartoongan data sunglasses``: lists cartoons with covered eyes, to exclude them from training."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from apps.options import RootOption


def sunglasses(
    root: RootOption,
    out: Annotated[Path, typer.Option(metavar="CSV", help="File to write; pass it to `lightning` as --data.exclude.")],
    cartoons: Annotated[
        str, typer.Option(help="Folder of the cartoons below the root; several comma-separated.")
    ] = "cartoonset10k",
) -> None:
    """List cartoons with sunglasses; a generator trained on them hides eyes behind dark lenses."""
    from tqdm import tqdm

    from datamodules.datasets.exclusion import write_exclusions
    from datamodules.datasets.joined import join, set_folders
    from datamodules.datasets.registry import open_faces
    from datamodules.samples import SPLITS
    from datamodules.transforms.eyes import eyes_are_covered

    covered: list[str] = []
    count = 0
    for split in SPLITS:
        folders = set_folders(root, cartoons, "--cartoons")
        faces = join({each.called: open_faces(each.path, "cartoon", split) for each in folders})
        count += len(faces)
        indices = tqdm(range(len(faces)), desc=split, unit="cartoon", disable=None)
        covered += [faces.names[index] for index in indices if eyes_are_covered(faces[index])]
    write_exclusions(out, {"cartoon": covered})
    print(f"{len(covered)} of {count} cartoons have covered eyes: {out}")
