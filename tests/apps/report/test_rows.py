from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apps.report.rows import Row, rows_of
from apps.report.runs import find_runs

MakeHome = Callable[..., Path]


@pytest.fixture
def make_rows(make_home: MakeHome, make_figure: Callable[..., dict[str, Any]], tmp_path: Path) -> Callable[..., Any]:
    """``make_rows((name, options), …)``: rows of runs with these options of `make_home`, and warnings."""

    def make(*runs: tuple[str, dict[str, Any]]) -> tuple[list[Row], list[str]]:
        for age, (name, options) in enumerate(runs):
            home = make_home(name, {"k": make_figure(1.0)}, **options)
            os.utime(home / "test" / "metrics.json", (1e9 + age, 1e9 + age))
        return rows_of(find_runs([tmp_path / "runs"]))

    return make


def outline(rows: list[Row]) -> dict[str, list[str]]:
    return {row.title: [run.title for run in row.runs] for row in rows}


def test_runs_that_differ_in_seed_and_place_are_one_row(make_rows: Callable[..., Any]) -> None:
    rows, warnings = make_rows(("a/s2", {"seed": 2}), ("b/s1", {"seed": 1}), ("a/s3", {"seed": 3}))
    assert outline(rows) == {"CycleGANFull": ["b/s1", "a/s2", "a/s3"]}
    assert warnings == []


def test_runs_that_differ_in_how_they_were_computed_are_one_row(make_rows: Callable[..., Any]) -> None:
    rows, _ = make_rows(
        ("a/s1", {"seed": 1, "model": {"ngf": 32, "compile": True}}),
        ("a/s2", {"seed": 2, "model": {"ngf": 32, "micro_batch_size": 2}}),
    )
    assert outline(rows) == {"CycleGANFull": ["a/s1", "a/s2"]}


def test_titles_tell_rows_of_one_variant_apart(make_rows: Callable[..., Any]) -> None:
    rows, _ = make_rows(
        ("a/1", {"model": {"generator": "resnet9", "ngf": 64}}),
        ("a/2", {"model": {"generator": "unet", "ngf": 64}}),
        ("a/3", {"model": {"generator": "unet"}}),
        ("a/4", {"variant": "CycleGANCond", "model": {"ngf": 32}}),
    )
    assert outline(rows) == {
        "CycleGANCond": ["a/4"],
        "CycleGANFull (generator=resnet9, ngf=64)": ["a/1"],
        "CycleGANFull (generator=unet, ngf=64)": ["a/2"],
        "CycleGANFull (generator=unet, ngf=unset)": ["a/3"],
    }


def test_rows_stand_in_the_paper_s_order(make_rows: Callable[..., Any]) -> None:
    variants = (
        "CycleGANMine",
        "CycleGANFull",
        "CycleGANAligned",
        "CycleGANBaseline",
        "CycleGANCond",
        "CycleGANLandmark",
    )
    rows, _ = make_rows(*((f"a/{number}", {"variant": variant}) for number, variant in enumerate(variants)))
    names = ("Baseline", "Cond", "Landmark", "Aligned", "Full", "Mine")
    assert list(outline(rows)) == [f"CycleGAN{name}" for name in names]


def test_of_two_runs_with_one_seed_the_one_tested_later_counts(make_rows: Callable[..., Any]) -> None:
    rows, warnings = make_rows(("a/old", {"seed": 1}), ("b/other", {"seed": 2}), ("a/new", {"seed": 1}))
    assert outline(rows) == {"CycleGANFull": ["a/new", "b/other"]}
    (warning,) = warnings
    assert warning.startswith("a/old is excluded: a/new has the same")


def test_a_run_whose_configuration_is_not_known_is_alone(make_rows: Callable[..., Any], tmp_path: Path) -> None:
    make_rows(("a/1", {"seed": 1}), ("a/2", {"seed": 2}), ("a/3", {"seed": 3}))
    (tmp_path / "runs" / "a" / "3" / "config.yaml").unlink()
    rows, _ = rows_of(find_runs([tmp_path / "runs"]))
    assert outline(rows) == {"CycleGANFull (a/1)": ["a/1", "a/2"], "CycleGANFull (a/3)": ["a/3"]}
