from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from apps.rate.database import create
from apps.rate.gallery import Gallery, Variant, digest_of
from apps.rate.questions import Mode
from apps.rate.store import Store
from apps.report.legend import legend_of
from apps.report.ratings import read_ratings
from apps.report.rows import rows_of
from apps.report.runs import read_run
from apps.report.table import build_table

SCORES = {"identity": 5, "realistic": 3, "as_profile": 4}


@pytest.fixture
def homes(make_home: Callable[..., Path], make_figure: Callable[..., dict[str, Any]]) -> list[Path]:
    """Two tested runs whose checkpoints differ."""
    return [make_home(f"a/{seed}", {"k": make_figure(1.0)}, seed=seed, step=seed) for seed in (1, 2)]


@pytest.fixture
def database(homes: list[Path], tmp_path: Path) -> Path:
    """What three people said of both runs."""
    runs = [read_run(home) for home in homes]
    variants = [Variant(run.title, run.home, run.checkpoint, digest_of(run.checkpoint)) for run in runs]
    path = tmp_path / "ratings.sqlite"
    create(path, Gallery(variants, {"1.jpg": b"a", "2.jpg": b"b"}, [[b"c", b"d"], [b"e", b"f"]]))
    with Store(path) as store:
        for _ in range(3):
            rater = store.find_rater(store.join(None))
            assert rater is not None
            for mode, answers in ((Mode.SCORES, SCORES), (Mode.PAIRS, {"preference": -1})):
                while item := store.next_item(rater, mode):
                    for question, value in answers.items():
                        store.rate(rater, mode, item.position, question, value - (item.position == 0 < value))
    return path


def test_ratings_of_the_tested_checkpoints_are_the_runs(database: Path, homes: list[Path]) -> None:
    rated = read_ratings(database, [read_run(home) for home in homes])
    assert rated.warnings == []
    keys = ["rating_identity", "rating_realistic", "rating_as_profile", "preference", "strength"]
    assert [list(rated.figures[title]) for title in ("a/1", "a/2")] == [keys, keys]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("other weights", "another checkpoint than {path} was rated"),
        (
            "trained on",
            "unknown whether the tested checkpoint was rated: {path} is from another step than the tested one",
        ),
        ("gone", "unknown whether the tested checkpoint was rated: {path} does not exist any more"),
    ],
)
def test_ratings_of_another_checkpoint_are_left_out(
    change: str, complaint: str, database: Path, homes: list[Path], save_progress: Callable[..., None]
) -> None:
    path = homes[1] / "checkpoints" / "best.ckpt"
    if change == "other weights":
        torch.save({"epoch": 1, "global_step": 2, "state_dict": {}}, path)  # of the same steps, and not the same
    elif change == "trained on":
        save_progress(path, step=9)
    else:
        path.unlink()
    rated = read_ratings(database, [read_run(home) for home in homes])
    assert list(rated.figures) == ["a/1"]
    (warning,) = rated.warnings
    assert warning.startswith("the ratings of a/2 in ratings.sqlite are excluded: ")
    assert warning.endswith(complaint.format(path=path))


def test_nothing_is_said_of_people_who_rated_nothing_that_is_shown(database: Path, homes: list[Path]) -> None:
    rated = read_ratings(database, [])
    assert (rated.figures, rated.raters, len(rated.warnings)) == ({}, (), 2)


def test_agreement_and_strength_stand_in_the_report(database: Path, homes: list[Path]) -> None:
    runs = [read_run(home) for home in homes]
    rated = read_ratings(database, runs)
    table = build_table(rows_of(runs)[0], rated.figures)
    lines = legend_of(table, [], rated.raters).lines
    assert any(line.startswith("rated by people: 2 runs by 3 people") for line in lines)
    for title in ("Identity", "Realistic", "AsProfile", "Preference"):
        assert sum(line.startswith(f"Krippendorff's alpha of {title}") for line in lines) == 1
    (column,) = (column for column in table.columns if column.key == "strength")
    assert not column.is_leading
