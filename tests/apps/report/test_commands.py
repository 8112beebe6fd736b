from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apps.report.commands import command_of_test, training_commands
from apps.report.runs import read_run

MakeHome = Callable[..., Path]
MakeFigure = Callable[..., dict[str, Any]]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("lightning test --ckpt_path last --run 'a b'", "lightning test --run 'a b' --ckpt_path /x/best.ckpt"),
        ("lightning test --ckpt_path=best --seed 1", "lightning test --seed 1 --ckpt_path /x/best.ckpt"),
        (
            "lightning test --config with_a_path.yaml",
            "lightning test --config with_a_path.yaml --ckpt_path /x/best.ckpt",
        ),
        ("lightning test 'open", "lightning test 'open"),
    ],
)
def test_the_test_names_the_file_and_the_folder(
    command: str, expected: str, make_home: MakeHome, make_figure: MakeFigure
) -> None:
    entries, named = {"k": make_figure(1.0)}, "/x/best.ckpt"
    home = make_home("a/1", entries, command=command, checkpoint=named)
    (home / "checkpoints" / "best.ckpt").unlink()
    assert command_of_test(read_run(home)) == expected
    path = home / "test" / "metrics.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"folder": "/my work"}))
    assert command_of_test(read_run(home)) == f"cd '/my work' && {expected}"


def test_trainings_begin_in_their_folders_where_these_are_known(make_home: MakeHome, make_figure: MakeFigure) -> None:
    home = make_home("a/1", {"k": make_figure(1.0)})
    sessions = [{"command": "lightning fit"}, {"command": "lightning fit --ckpt_path last", "folder": "/work"}]
    (home / "run.json").write_text(json.dumps(sessions))
    assert training_commands(read_run(home)) == ["lightning fit", "cd /work && lightning fit --ckpt_path last"]
