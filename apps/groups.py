"""``cartoongan groups``: the metrics of a tested run by groups of people."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from apps.options import RootOption

ATTRIBUTES = "Male,Young,Smiling,Wearing_Hat,Bald,Eyeglasses"
SKINS = ("dark third", "middle third", "light third")

_MIN_WIDTH = 130
"""Width of the table in characters; a narrower terminal wraps lines instead of words."""

_JUDGED = "_judged"
"""Suffix of the columns of cartoons; those of photos have none."""

Columns = Mapping[str, NDArray[np.float64]]


def groups(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a tested run.")],
    root: RootOption,
    photos: Annotated[str, typer.Option(help="CelebA's folder below the root.")] = "celeba",
    attributes: Annotated[str, typer.Option(help="CelebA attributes to group by, comma-separated.")] = ATTRIBUTES,
    out: Annotated[Path | None, typer.Option(metavar="CSV", help="Also write the table as csv.")] = None,
) -> None:
    """Compare the metrics of a run between groups of people: by CelebA attributes and by brightness of the skin.

    `skin` is the mean brightness of the cartoon's cheeks minus that of the photo's, from 0 to 255.
    """
    from rich.console import Console
    from rich.table import Table

    from datamodules.atomic import write_whole
    from datamodules.datasets.celeba import CelebA
    from datamodules.errors import DataError
    from lightning_modules.runs import FACES_FILE, TEST_FOLDER

    names, columns = read_columns(run / TEST_FOLDER / FACES_FILE)
    celeba = CelebA(root / photos, "test")
    place = {name: number for number, name in enumerate(celeba.names)}
    known = [place.get(name, -1) for name in names]
    if max(known, default=-1) < 0:
        raise DataError(f"none of the photos that {run} was tested on is in {celeba.folder}; see --root and --photos")
    is_known = np.array(known) >= 0
    of_people = {"all": np.ones(len(names), dtype=np.bool_)}
    for name in filter(None, attributes.split(",")):
        if name not in celeba.attribute_names:
            raise DataError(f"--attributes {name}: CelebA's are {', '.join(celeba.attribute_names)}")
        has = celeba.raw_attributes[known, celeba.attribute_names.index(name)]
        of_people |= {name: is_known & has, f"not {name}": is_known & ~has}
    rows = table(columns, of_people | by_skin(columns["skin"]))
    shown = Table(*rows[0])
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows[0])
    for row in rows:
        words = [_as_text(value) for value in row.values()]
        shown.add_row(*words)
        writer.writerow(words)
    Console(width=max(Console().width, _MIN_WIDTH)).print(shown)
    if out is not None:
        write_whole(out, text.getvalue())


def read_columns(path: Path) -> tuple[list[str], Columns]:
    """Photo names without folders, and the results of a test by column; NaN if unknown.

    The column ``hair_kept`` is computed here: 1 if the hair colours are equal, else 0.

    Raises:
        DataError: The file is missing, damaged, or of an earlier version.
    """
    from datamodules.errors import DataError
    from datamodules.samples import Attribute

    if not path.is_file():
        raise DataError(f"no such file: {path}; test the run first: `lightning test --config CONFIG --ckpt_path last`")
    judged = ("skin", *(attribute.name.lower() for attribute in Attribute))
    numbers = ("landmark_error", *(f"{name}{end}" for name in judged for end in ("", _JUDGED)))
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        columns = {name: np.array([float(row[name] or "nan") for row in rows]) for name in numbers}
        kept = [float(row["hair"] == row["hair_judged"]) if row["hair"] else math.nan for row in rows]
        names = [Path(row["file"]).name for row in rows]
    except KeyError as error:
        raise DataError(f"{path} has no column {error}; an earlier version wrote it, test the run again") from error
    except (OSError, ValueError, TypeError, csv.Error) as error:
        raise DataError(f"{path} is damaged ({error}); test the run again") from error
    return names, columns | {"hair_kept": np.array(kept)}


def by_skin(skin: NDArray[np.float64]) -> dict[str, NDArray[np.bool_]]:
    """Terciles of the faces by brightness of the skin (N,), each (N,) bool; empty for fewer than three faces."""
    if np.isfinite(skin).sum() < len(SKINS):
        return {}
    edges = [-np.inf, *np.nanquantile(skin, np.arange(1, len(SKINS)) / len(SKINS)), np.inf]
    limits = zip(SKINS, edges[:-1], edges[1:], strict=True)
    return {f"skin, {name}": (skin > low) & (skin <= high) for name, low, high in limits}


def table(columns: Columns, of_people: Mapping[str, NDArray[np.bool_]]) -> list[dict[str, object]]:
    """A row for each group with at least one face.

    Args:
        columns: By name, (N,) values of the faces.
        of_people: By group name, (N,) bool membership.
    """
    return [
        _row(name, {key: values[chosen] for key, values in columns.items()})
        for name, chosen in of_people.items()
        if chosen.any()
    ]


def _row(name: str, faces: Columns) -> dict[str, object]:
    row: dict[str, object] = {
        "group": name,
        "photos": len(faces["skin"]),
        "landmarks %": _mean(faces["landmark_error"], 100, 1),
        "hair kept %": _mean(faces["hair_kept"], 100),
        "skin": _mean(faces["skin_judged"] - faces["skin"], 127.5),
    }
    judged_columns = [name for name in faces if name.endswith(_JUDGED) and name != f"skin{_JUDGED}"]
    for attribute in (name.removesuffix(_JUDGED) for name in judged_columns):
        judged, has = faces[f"{attribute}{_JUDGED}"], faces[attribute]
        words = attribute.replace("_", " ")
        row[f"{words} kept %"] = _mean(judged[has == 1], 100)
        row[f"{words} invented %"] = _mean(judged[has == 0], 100)
    return row


def _as_text(value: object) -> str:
    if not isinstance(value, float):
        return str(value)
    return "" if math.isnan(value) else f"{value:g}"


def _mean(values: Sequence[float] | NDArray[np.float64], factor: float, digits: int = 0) -> float:
    known = np.asarray(values)[np.isfinite(values)]
    return round(factor * float(known.mean()), digits) if len(known) else math.nan
