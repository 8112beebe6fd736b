from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from apps.report.legend import legend_of
from apps.report.numbers import DASH
from apps.report.rows import rows_of
from apps.report.runs import find_runs
from apps.report.table import OVER_SEEDS, Table, build_table
from lightning_modules.figure import Figure

MakeHome = Callable[..., Path]
MakeFigure = Callable[..., dict[str, Any]]


def table_of(folder: Path, **options: Any) -> Table:
    return build_table(rows_of(find_runs([folder]))[0], options.pop("ratings", {}), **options)


def texts(table: Table, key: str) -> list[str]:
    """A column as it is printed: best in stars, spreads and marks behind."""
    columns = [column for column in table.columns if column.key == key]
    return [
        "".join(
            (
                f"*{cell.value}*" if cell.is_best else cell.value,
                f" {cell.spread}" if cell.spread else "",
                f" {list(cell.marks)}" if cell.marks else "",
            )
        )
        for _, cells in table.shown(columns)
        for cell in cells
    ]


@pytest.fixture
def make_table(make_home: MakeHome, make_figure: MakeFigure, tmp_path: Path) -> Callable[..., Table]:
    """``make_table([entries of a run's figure "k", one a seed], …, **options)``: a row for each list."""

    def make(*rows: Sequence[dict[str, Any] | None], **options: Any) -> Table:
        for row, entries in enumerate(rows):
            for seed, entry in enumerate(entries):
                figures = {} if entry is None else {"k": make_figure(**entry)}
                make_home(f"row{row}/s{seed}", figures, seed=seed, model={"ngf": row})
        return table_of(tmp_path / "runs", **options)

    return make


def test_seeds_give_mean_and_standard_deviation(make_table: Callable[..., Table]) -> None:
    table = make_table(
        [{"value": value, "spread": 9.0, "samples": n} for value, n in ((1.0, 30), (2.0, 20), (6.0, 40))]
    )
    ((cell,),) = table.cells
    assert cell.value == pytest.approx(3.0)
    assert cell.spread == pytest.approx(7**0.5)  # (4 + 1 + 9) / (3 - 1)
    assert (cell.spread_is, cell.seeds, cell.samples) == (OVER_SEEDS, 3, 20)
    assert texts(table, "k") == ["3.0 ± 2.6"]


def test_one_seed_keeps_its_own_spread_and_the_legend_says_so(make_table: Callable[..., Table]) -> None:
    table = make_table([{"value": 0.5, "spread": 0.02, "spread_is": "over 100 subsets", "unit": "%"}])
    assert texts(table, "k") == ["50.0 ± 2.0"]
    legend = legend_of(table, [])
    (basis,) = legend.bases
    assert (basis.spread, basis.samples) == ("over 100 subsets", "10")
    assert any("single seed" in line for line in legend.lines)
    assert not any("several seeds" in line for line in legend.lines)


def test_shares_are_printed_as_percentages_and_kept_as_fractions(make_table: Callable[..., Table]) -> None:
    table = make_table([{"value": 0.123, "unit": "%"}])
    assert table.cells[0][0].value == 0.123
    assert texts(table, "k") == ["12.3"]
    assert table.columns[0].heading == "A figure (%)\N{NO-BREAK SPACE}↓"


@pytest.mark.parametrize(
    ("better", "values", "expected"),
    [
        ("lower", (3.0, 1.0, 2.0), ["3.00", "*1.00*", "2.00"]),
        ("higher", (3.0, 1.0, 2.0), ["*3.00*", "1.00", "2.00"]),
        ("", (3.0, 1.0, 2.0), ["3.00", "1.00", "2.00"]),
        ("lower", (1.0, 1.0, 1.0), ["1.00", "1.00", "1.00"]),
        ("lower", (1.0, 2.0, 1.001), ["*1.00*", "2.00", "*1.00*"]),  # the same as printed
        ("higher", (1.0, None, None), ["1.00", DASH, DASH]),
        ("higher", (1.0, 2.0, None), ["1.00", "*2.00*", DASH]),
        ("lower", (-2.0, -1.0, 0.0), ["*\N{MINUS SIGN}2.00*", "\N{MINUS SIGN}1.00", "0.00"]),
    ],
)
def test_the_best_are_marked(
    better: str, values: tuple[float | None, ...], expected: list[str], make_table: Callable[..., Table]
) -> None:
    table = make_table(*([{"value": value, "better": better, "note": None if value else "none"}] for value in values))
    assert [text.removesuffix(" [1]") for text in texts(table, "k")] == expected


def test_nothing_is_best_among_rows_that_cannot_be_compared(make_table: Callable[..., Table]) -> None:
    table = make_table([{"value": 1.0}], [{"value": 2.0}], is_ranked=False)
    assert texts(table, "k") == ["1.00", "2.00"]
    assert any("best values are not marked" in line for line in legend_of(table, []).lines)


def test_figures_of_the_machine_are_not_ranked_where_machines_differ(make_table: Callable[..., Table]) -> None:
    rows = [{"value": 1.0}], [{"value": 2.0}]
    table = make_table(*rows, unranked={"k": "the tests' devices differ"})
    assert texts(table, "k") == ["1.00", "2.00"]
    assert "A figure: best values are not marked, since the tests' devices differ" in legend_of(table, []).lines
    other = build_table(table.rows, {}, unranked={"another": "the tests' devices differ"})
    assert texts(other, "k") == ["*1.00*", "2.00"]
    assert not any("devices differ" in line for line in legend_of(other, []).lines)


def test_the_device_stands_below_the_table(make_home: MakeHome, make_figure: MakeFigure, tmp_path: Path) -> None:
    make_home("a/1", {"k": make_figure(1.0)}, data={"batch_size": 8})
    assert "tested on cpu, batches of 8" in legend_of(table_of(tmp_path / "runs"), []).lines
    make_home("a/2", {"k": make_figure(1.0)}, device="NVIDIA H200", variant="CycleGANCond")
    lines = legend_of(table_of(tmp_path / "runs"), []).lines
    assert {"tested on cpu, batches of 8: CycleGANFull", "tested on NVIDIA H200: CycleGANCond"} < set(lines)


def test_an_interval_is_shown_with_its_real_ends(make_home: MakeHome, make_figure: MakeFigure, tmp_path: Path) -> None:
    entry = {"spread": 0.6, "spread_is": "half", "interval": [3.8, 5.0], "better": "higher"}
    make_home("a/1", {"k": make_figure(4.9, **entry)})
    table = table_of(tmp_path / "runs")
    assert texts(table, "k") == ["4.90 (3.80 to 5.00)"]  # and not 4.9 ± 0.6
    legend = legend_of(table, [])
    assert legend.bases[0].spread == "95 % confidence interval"
    assert "in brackets: 95 % confidence interval" in legend.lines
    assert not any("±" in line for line in legend.lines)


def test_the_ends_of_a_share_are_percentages(make_table: Callable[..., Table]) -> None:
    table = make_table([{"value": 0.5, "interval": [-0.0, 0.75], "spread": 0.3, "unit": "%"}])
    assert texts(table, "k") == ["50 (0 to 75)"]


def test_notes_become_footnotes_and_stand_at_the_head_where_all_have_them(make_table: Callable[..., Table]) -> None:
    table = make_table(
        [{"value": None, "note": "too few samples"}, {"value": 2.0, "note": "slow machine"}],
        [{"value": None, "note": "slow machine"}],
        [{"value": 3.0, "note": "slow machine"}],
    )
    assert texts(table, "k") == ["*2.00* [1, 3]", DASH, "3.00"]
    assert table.footnotes == ["too few samples", "slow machine", "1 of 2 seeds have a value"]
    assert table.marks_of(table.columns[0]) == [2]


def test_what_a_run_did_not_measure_is_a_dash_with_a_note(make_table: Callable[..., Table]) -> None:
    table = make_table([{"value": 1.0}], [None])
    assert texts(table, "k") == ["1.00", f"{DASH} [1]"]
    assert table.footnotes == ["not measured"]


def test_figures_of_different_judges_are_different_columns(
    make_home: MakeHome, make_figure: MakeFigure, tmp_path: Path
) -> None:
    old, new = {"classifier": {"name": "classifier old"}}, {"classifier": {"name": "classifier new"}}
    hair = make_figure(0.9, "Hair", judge="classifier")
    distance = {"old": make_figure(1.0, "Distance (Inception)"), "new": make_figure(2.0, "Distance (EfficientNet)")}
    make_home("a/1", {"hair": hair, "kernel_cartoon": distance["old"]}, judges=old)
    make_home("a/2", {"hair": hair, "kernel_cartoon": distance["new"]}, judges=new, seed=2)
    make_home("a/3", {"hair": make_figure(None, "Hair", note="no classifier")}, seed=3)  # none, by no judge

    table = table_of(tmp_path / "runs")

    assert [column.title for column in table.columns] == [
        *("Distance (Inception)", "Distance (EfficientNet)"),
        *("Hair, by classifier old", "Hair, by classifier new"),
    ]
    assert [[cell.seeds for cell in row] for row in table.cells] == [[1, 1, 1, 1]]
    assert [basis.judge for basis in legend_of(table, []).bases] == ["", "", "classifier old", "classifier new"]


def test_leading_figures_stand_first_and_others_as_they_come(
    make_home: MakeHome, make_figure: MakeFigure, tmp_path: Path
) -> None:
    keys = ("zebra", "diversity", "apple", "kernel_cartoon")
    make_home("a/1", {key: make_figure(1.0) for key in keys})
    table = table_of(tmp_path / "runs")
    assert [column.key for column in table.columns] == ["kernel_cartoon", "diversity", "zebra", "apple"]
    assert [column.is_leading for column in table.columns] == [True, True, False, False]


def test_people_s_ratings_are_further_columns(make_home: MakeHome, make_figure: MakeFigure, tmp_path: Path) -> None:
    for seed in (1, 2, 3):
        make_home(f"a/s{seed}", {"k": make_figure(1.0)}, seed=seed)
    ratings = {f"a/s{seed}": {"preference": Figure("Preferred", seed / 10, unit="%")} for seed in (1, 3)}
    table = table_of(tmp_path / "runs", ratings=ratings)
    assert [column.key for column in table.columns] == ["preference", "k"]
    assert table.cells[0][0].value == pytest.approx(0.2)
    assert table.cells[0][0].notes == ["2 of 3 seeds have a value"]


def test_figures_that_rest_on_no_samples_name_no_number(make_table: Callable[..., Table]) -> None:
    assert [basis.samples for basis in legend_of(make_table([{"value": 1.0, "samples": 0}]), []).bases] == [""]


def test_samples_that_differ_between_rows_are_given_from_the_fewest_to_the_most(
    make_table: Callable[..., Table],
) -> None:
    table = make_table([{"value": 1.0, "samples": 2048}], [{"value": 1.0, "samples": 90}])
    assert [basis.samples for basis in legend_of(table, []).bases] == ["90 to 2,048"]


def test_judges_are_listed_with_what_they_reach(make_home: MakeHome, make_figure: MakeFigure, tmp_path: Path) -> None:
    judges = {
        "classifier": {"name": "classifier 1a", "hair accuracy": 0.981, "epochs": 12},
        "features": {"name": "A net"},
    }
    make_home("a/1", {"k": make_figure(1.0, judge="classifier")}, judges=judges)
    table = table_of(tmp_path / "runs")
    assert legend_of(table, []).judges == [
        "judge of classifier: classifier 1a; its own hair accuracy 98.1 %, epochs 12",
        "judge of features: A net",
    ]
