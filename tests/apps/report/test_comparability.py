from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apps.report.comparability import different_data, different_setups, other_differences, trained_steps
from apps.report.rows import Row, rows_of
from apps.report.runs import find_runs, read_run

MakeHome = Callable[..., Path]


@pytest.fixture
def make_rows(
    make_home: MakeHome, make_figure: Callable[..., dict[str, Any]], tmp_path: Path
) -> Callable[..., list[Row]]:
    """``make_rows(first, second)``: two rows of runs with these options of `make_home`."""

    def make(first: dict[str, Any], second: dict[str, Any]) -> list[Row]:
        for variant, options in (("CycleGANCond", first), ("CycleGANFull", second)):
            make_home(f"a/{variant}", {"k": make_figure(1.0)}, variant=variant, **options)
        return rows_of(find_runs([tmp_path / "runs"]))[0]

    return make


def test_rows_tested_alike_give_no_warning(make_rows: Callable[..., list[Row]]) -> None:
    rows = make_rows({}, {})
    assert different_data(rows) + other_differences(rows) == []


@pytest.mark.parametrize(
    ("key", "values", "warning"),
    [
        ("image_size", (64, 128), "image sizes: 64 (CycleGANCond); 128 (CycleGANFull)"),
        ("photo_count", (10, 20), "numbers of photos: 10 (CycleGANCond); 20 (CycleGANFull)"),
        ("split", ("test", "val"), "parts of the data: test (CycleGANCond); val (CycleGANFull)"),
        ("background", (None, "head"), "backgrounds of the photos: keep (CycleGANCond); head (CycleGANFull)"),
        ("index", (None, "/hair.json"), "hair indices: none (CycleGANCond); /hair.json (CycleGANFull)"),
    ],
)
def test_different_data_forbid_a_comparison(
    key: str, values: tuple[object, object], warning: str, make_rows: Callable[..., list[Row]]
) -> None:
    rows = make_rows({"data": {key: values[0]}}, {"data": {key: values[1]}})
    assert different_data(rows) == [f"not comparable: tested on different {warning}"]
    assert other_differences(rows) == []


@pytest.mark.parametrize(
    ("first", "second", "warning"),
    [
        ({"step": 100}, {"step": 2500}, "different numbers of steps: 100 (CycleGANCond); 2,500 (CycleGANFull)"),
        ({"data": {"root": "/a"}}, {"data": {"root": "/b"}}, "different folders: /a (CycleGANCond); /b (CycleGANFull)"),
        ({"checkpoint": "last.ckpt"}, {}, "checkpoints: last.ckpt (CycleGANCond); best.ckpt (CycleGANFull)"),
        (
            {"judges": {"classifier": {"name": "old"}}},
            {"judges": {"classifier": {"name": "new"}}},
            "judged by different networks, classifier: old (CycleGANCond); new (CycleGANFull)",
        ),
    ],
)
def test_other_differences_are_told(
    first: dict[str, Any], second: dict[str, Any], warning: str, make_rows: Callable[..., list[Row]]
) -> None:
    rows = make_rows(first, second)
    assert different_data(rows) == []
    (told,) = other_differences(rows)
    assert told.endswith(warning)


@pytest.mark.parametrize(
    ("first", "second", "what", "values"),
    [
        ({"device": "cpu"}, {"device": "NVIDIA H200"}, "devices", ("cpu", "NVIDIA H200")),
        ({"data": {"batch_size": 8}}, {"data": {"batch_size": 16}}, "batch sizes", ("8", "16")),
        ({"precision": "32-true"}, {"precision": "16-mixed"}, "precisions", ("32-true", "16-mixed")),
        ({"precision": "32-true"}, {}, "precisions", ("32-true", "not recorded")),
    ],
)
def test_different_setups_are_told(
    first: dict[str, Any],
    second: dict[str, Any],
    what: str,
    values: tuple[str, str],
    make_rows: Callable[..., list[Row]],
) -> None:
    rows = make_rows(first, second)
    spelt = f"{values[0]} (CycleGANCond); {values[1]} (CycleGANFull)"
    assert different_setups(rows) == {what: spelt}
    assert other_differences(rows) == [f"tested with different {what}: {spelt}"]
    assert different_data(rows) == []


def test_a_judge_that_one_row_lacks_is_no_difference(make_rows: Callable[..., list[Row]]) -> None:
    assert other_differences(make_rows({"judges": {"classifier": {"name": "old"}}}, {})) == []


def test_a_test_that_is_out_of_date_is_told(
    make_rows: Callable[..., list[Row]], save_progress: Callable[..., None]
) -> None:
    rows = make_rows({}, {})
    save_progress(rows[0].runs[0].home / "checkpoints" / "best.ckpt", epoch=2, step=150)
    assert other_differences(rows) == ["a/CycleGANCond was trained further since its test; test it again"]


def test_training_counts_to_its_end_not_to_the_best_checkpoint(make_rows: Callable[..., list[Row]]) -> None:
    run = make_rows({}, {})[0].runs[0]
    assert trained_steps(run) == 100
    (run.home / "metrics.csv").write_text("epoch,step,train/cycle\n0,49,1.0\n1,299,0.5\n1,,\n")
    assert trained_steps(read_run(run.home)) == 300
