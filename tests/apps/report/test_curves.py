from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from apps.report.curves import COLOURS, draw_curves
from apps.report.rows import Row, rows_of
from apps.report.runs import find_runs

MakeHome = Callable[..., Path]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def make_rows(
    make_home: MakeHome, make_figure: Callable[..., dict[str, Any]], tmp_path: Path
) -> Callable[..., list[Row]]:
    """``make_rows([log of a seed, …], …)``: a row for each list of logs."""

    def make(*logs_of_rows: list[str]) -> list[Row]:
        for ngf, logs in enumerate(logs_of_rows):
            for seed, log in enumerate(logs):
                home = make_home(f"{ngf}/{seed}", {"k": make_figure(1.0)}, seed=seed, model={"ngf": ngf})
                (home / "metrics.csv").write_text(log)
        return rows_of(find_runs([tmp_path / "runs"]))[0]

    return make


def lines_of(svg: str) -> list[tuple[str, str]]:
    """Colour and path of each curve."""
    found = []
    for path in ElementTree.fromstring(svg).iter(f"{SVG}path"):
        colour = re.search(r"fill: none; stroke: (#\w+)", path.get("style", ""))
        if colour and colour[1] in COLOURS:
            found.append((colour[1], path.get("d", "")))
    return found


def lengths_of(svg: str) -> list[tuple[str, int]]:
    """Colour and number of points of each curve."""
    return [(colour, len(re.findall(r"[ML]", path))) for colour, path in lines_of(svg)]


def points_of(svg: str) -> list[tuple[float, float]]:
    """Points of the only curve."""
    ((_, path),) = lines_of(svg)
    return [(float(x), float(y)) for x, y in re.findall(r"[ML] ([\d.]+) ([\d.]+)", path)]


def test_what_all_runs_logged_is_drawn_one_line_a_run_in_the_colour_of_its_row(
    make_rows: Callable[..., list[Row]],
) -> None:
    log = "step,val/cycle,train/cycle,val/other\n" + "".join(f"{step},{1 + step},,3\n" for step in (9, 19, 39))
    rows = make_rows([log, log.replace("train/cycle", "x")], [log + "49,7,1.0,\n"])
    curves = draw_curves(rows)
    assert list(curves.pictures) == ["val/cycle"]
    assert curves.colours == {row.title: colour for row, colour in zip(rows, COLOURS, strict=False)}
    assert lengths_of(curves.pictures["val/cycle"]) == [(COLOURS[0], 3), (COLOURS[0], 3), (COLOURS[1], 4)]


def test_a_run_that_went_on_from_a_checkpoint_has_no_step_twice(make_rows: Callable[..., list[Row]]) -> None:
    # Killed at step 40, gone on from step 20: a curve that ran back would have five points.
    log = "step,val/cycle\n10,5\n20,0\n30,9\n40,9\n30,3\n"
    (picture,) = draw_curves(make_rows([log])).pictures.values()
    assert lengths_of(picture) == [(COLOURS[0], 3)]


@pytest.mark.parametrize(("last", "is_logarithmic"), [(30, False), (3000, True), (-3000, False)])
def test_wide_ranges_are_drawn_logarithmically(
    last: int, is_logarithmic: bool, make_rows: Callable[..., list[Row]]
) -> None:
    middle = math.sqrt(10 * abs(last))  # halfway on a logarithmic axis alone
    (picture,) = draw_curves(make_rows([f"step,val/cycle\n1,10\n2,{middle}\n3,{last}\n"])).pictures.values()
    first, second, third = (y for _, y in points_of(picture))
    assert (second == pytest.approx((first + third) / 2, abs=0.01)) is is_logarithmic


@pytest.mark.parametrize("log", ["", "step,val/cycle\n", "step,val/cycle\n1,nan\nx,3\n2,much\n", "epoch\n1\n"])
def test_logs_without_values_are_no_reason_to_fail(log: str, make_rows: Callable[..., list[Row]]) -> None:
    assert draw_curves(make_rows([log])).pictures == {}


def test_a_picture_asks_for_nothing_from_elsewhere(make_rows: Callable[..., list[Row]]) -> None:
    (picture,) = draw_curves(make_rows(["step,val/cycle\n1,10\n2,20\n"])).pictures.values()
    assert picture.startswith("<svg")
    addresses = re.findall(r"https?://[^\"]+", picture)
    assert set(addresses) <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}  # names, not addresses
    assert "currentColor" in picture
