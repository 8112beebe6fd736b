from __future__ import annotations

import pytest

from lightning_modules.cli.suggestions import MAX_SUGGESTIONS, closest

KNOWN = ["config", "run", "data.batch_size", "data.root", "model.ngf", "model.ndf", "trainer.max_epochs"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("batch_size", ["data.batch_size"]),
        ("model.batch_size", ["data.batch_size"]),
        ("batch-size", ["data.batch_size"]),
        ("data.batch_sise", ["data.batch_size"]),
        ("maxepochs", ["trainer.max_epochs"]),
        ("configg", ["config"]),
        ("something_else", []),
    ],
)
def test_the_closest_option_is_found(typed: str, meant: list[str]) -> None:
    assert closest(typed, KNOWN) == meant


def test_a_name_of_several_sections_gives_each() -> None:
    assert closest("seed", ["data.seed", "model.seed", "data.root"]) == ["data.seed", "model.seed"]
    assert len(closest("x", [f"section_{number}.x" for number in range(10)])) == MAX_SUGGESTIONS
