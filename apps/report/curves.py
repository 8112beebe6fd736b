"""Draws training curves for the page."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from apps.report.rows import Row

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6bb1", "#7f7f7f")
"""Okabe and Ito's palette, which is suitable for colour-blind readers on light and dark backgrounds."""

_SHOWN = (
    *("val/kernel_cartoon", "val/landmark_consistency", "val/hair_accuracy"),
    *("val/cycle", "train/cycle", "train/adversarial", "train/discriminator"),
    *("train/cycle_photo", "train/cycle_cartoon"),
)
_MOST = 4
_MARKED_UP_TO = 20
_LOGARITHMIC_FROM = 20.0
_INK = "#010203"  # placeholder for the colour of the page's text


@dataclass(frozen=True)
class Curves:
    """Plots of logged values over training steps.

    Attributes:
        pictures: SVG elements by name of the value.
        colours: Line colours by row title.
    """

    pictures: Mapping[str, str]
    colours: Mapping[str, str]


def draw_curves(rows: Sequence[Row]) -> Curves:
    """Draw the values that all runs have logged: one line per run, in the colour of its row."""
    logs = [[_read_log(run.home / "metrics.csv") for run in row.runs] for row in rows]
    names = [name for name in _SHOWN if all(log.get(name) for of_row in logs for log in of_row)]
    colours = [COLOURS[index % len(COLOURS)] for index in range(len(rows))]
    pictures = {
        name: _draw(
            name, [([log[name] for log in of_row], colour) for of_row, colour in zip(logs, colours, strict=True)]
        )
        for name in names[:_MOST]
    }
    return Curves(pictures, dict(zip((row.title for row in rows), colours, strict=True)))


def _read_log(path: Path) -> dict[str, dict[int, float]]:
    """Values by name and step. Runs resumed after a kill have logged some steps twice; the later values are used."""
    if not path.is_file():
        return {}
    values: dict[str, dict[int, float]] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for record in csv.DictReader(file):
            if not (record.get("step") or "").isdigit():
                continue
            step = int(record["step"])
            for name in _SHOWN:
                if (number := _number(record.get(name))) is not None:
                    of_name = values.setdefault(name, {})
                    while of_name and next(reversed(of_name)) >= step:
                        of_name.popitem()
                    of_name[step] = number
    return values


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "nan")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _draw(name: str, lines: Sequence[tuple[Sequence[Mapping[int, float]], str]]) -> str:
    """Draw a plot as an SVG element."""
    import matplotlib
    from matplotlib.figure import Figure

    values = [value for logs, _ in lines for log in logs for value in log.values()]
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name, "font.size": 9}):
        figure = Figure(figsize=(4.2, 2.6), layout="constrained")
        figure.patch.set_alpha(0)
        axes = figure.subplots()
        axes.patch.set_alpha(0)
        for logs, colour in lines:
            for log in logs:
                marker = "o" if len(log) <= _MARKED_UP_TO else None
                axes.plot(list(log), list(log.values()), color=colour, linewidth=1.2, marker=marker, markersize=3)
        axes.set_title(name, color=_INK)
        axes.set_xlabel("step", color=_INK)
        axes.tick_params(which="both", color=_INK, labelcolor=_INK)
        if min(values) > 0 and max(values) > _LOGARITHMIC_FROM * min(values):
            axes.set_yscale("log")
        for side, spine in axes.spines.items():
            spine.set(visible=side in {"left", "bottom"}, color=_INK)
        axes.grid(alpha=0.3)
        encoded = io.StringIO()
        figure.savefig(encoded, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    element = re.sub(r"^.*?(?=<svg)", "", encoded.getvalue(), flags=re.DOTALL)
    return element.replace(_INK, "currentColor")
