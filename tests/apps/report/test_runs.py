from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apps.report.checkpoints import CheckpointState
from apps.report.runs import find_runs, read_run, untested_homes
from datamodules.errors import DataError
from lightning_modules.figure import Figure

MakeHome = Callable[..., Path]
MakeFigure = Callable[..., dict[str, Any]]


def test_a_run_is_read_with_all_that_a_report_needs(make_home: MakeHome, make_figure: MakeFigure) -> None:
    judges = {"classifier": {"name": "classifier 1a", "hair accuracy": 0.98, "trained on": "cartoons"}}
    entry = make_figure(0.5, "Hair", spread=0.1, unit="%", better="higher", judge="classifier", note="mind this")
    home = make_home("full/s7", {"hair_accuracy": entry}, seed=7, judges=judges)

    run = read_run(home)

    assert (run.title, run.variant, run.seed, run.step, run.checkpoint) == (
        "full/s7",
        "CycleGANFull",
        7,
        100,
        home / "checkpoints" / "best.ckpt",
    )
    expected = Figure("Hair", 0.5, "higher", spread=0.1, samples=10, unit="%", judge="classifier", note="mind this")
    assert run.figures == {"hair_accuracy": expected}
    assert run.judge_of(expected) == "classifier 1a"
    assert run.judges["classifier"].reached == {"hair accuracy": 0.98}
    assert run.options["model.generator"] == "resnet9"
    assert run.options["trainer.callbacks.0.class_path"] == "A"
    assert [session.revision for session in run.sessions] == ["abc123"]
    assert run.data["image_size"] == 64


def test_homes_are_found_in_folders_each_once(make_home: MakeHome, make_figure: MakeFigure, tmp_path: Path) -> None:
    homes = [make_home(name, {"k": make_figure(1.0)}) for name in ("a/s1", "a/s2", "b/s1")]
    assert [run.home for run in find_runs([homes[1], tmp_path / "runs"])] == [homes[1], homes[0], homes[2]]


def test_a_run_without_a_config_is_known_by_its_test(make_home: MakeHome, make_figure: MakeFigure) -> None:
    home = make_home("a/s1", {"k": make_figure(1.0)})
    (home / "config.yaml").unlink()
    (home / "run.json").unlink()
    run = read_run(home)
    assert (run.seed, run.options, run.sessions) == (42, {}, [])


@pytest.mark.parametrize("asks_for_folder", [False, True])
def test_an_untested_run_says_how_to_test_it(
    asks_for_folder: bool, make_home: MakeHome, make_figure: MakeFigure, tmp_path: Path
) -> None:
    home = make_home("a/s 1", {"k": make_figure(1.0)})
    (home / "test" / "metrics.json").unlink()
    with pytest.raises(DataError, match="was not tested") as raised:
        find_runs([tmp_path if asks_for_folder else home])
    command = f"lightning test --config '{home}/config.yaml' --ckpt_path '{home}/checkpoints/best.ckpt'"
    assert str(raised.value).splitlines()[-1] == command
    assert untested_homes(tmp_path) == [home]


def test_folders_without_runs_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"no run in {tmp_path}"):
        find_runs([tmp_path])
    with pytest.raises(DataError, match="no such run or folder"):
        find_runs([tmp_path / "nowhere"])


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("{", "is damaged"),
        ("[]", "expected a table"),
        ({"format": 2}, "has format 2, expected 1"),
        ({"format": None}, "has format: None"),
        ({"variant": 3}, "has variant: 3, expected a text"),
        ({"step": True}, "has step: True, expected a whole number"),
        ({"figures": []}, "figures is .*, expected a table"),
        ({"figures": {"k": 0.5}}, "figures.k is 0.5, expected a table"),
        ({"figures": {"k": {"title": "T", "value": "much"}}}, "figures.k has value: 'much', expected a finite number"),
        ({"figures": {"k": {"title": "T", "value": float("nan")}}}, "figures.k has value: nan"),
        ({"figures": {"k": {"title": "T", "value": 1, "better": "faster"}}}, "figures.k has better: 'faster'"),
        ({"figures": {"k": {"value": 1}}}, "figures.k has title: None, expected a text"),
        ({"figures": {"k": {"title": "T", "value": 1, "interval": [1]}}}, "figures.k has interval: .*, expected a low"),
        ({"figures": {"k": {"title": "T", "value": 1, "interval": [2, 1]}}}, "figures.k has interval: .*, expected a"),
        ({"figures": {"k": {"title": "T", "value": 1, "interval": ["a", 1]}}}, "figures.k has interval: .*, expected"),
        ({"judges": {"classifier": {}}}, "judges.classifier has name: None"),
    ],
)
def test_damaged_figures_are_named(
    change: str | dict[str, Any], complaint: str, make_home: MakeHome, make_figure: MakeFigure
) -> None:
    home = make_home("a/s1", {"k": make_figure(1.0)})
    path = home / "test" / "metrics.json"
    path.write_text(change if isinstance(change, str) else json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(DataError, match=complaint) as raised:
        read_run(home)
    assert str(path) in str(raised.value)


@pytest.mark.parametrize(
    ("name", "content"),
    [("run.json", "{}"), ("run.json", "[1]"), ("run.json", "["), ("config.yaml", "a: [1"), ("config.yaml", b"\xff")],
)
def test_damaged_records_are_named(
    name: str, content: str | bytes, make_home: MakeHome, make_figure: MakeFigure
) -> None:
    home = make_home("a/s1", {"k": make_figure(1.0)})
    (home / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=name):
        read_run(home)


def test_a_copied_run_is_as_it_was_tested(make_home: MakeHome, make_figure: MakeFigure, tmp_path: Path) -> None:
    home = make_home("a/s1", {"k": make_figure(1.0)})
    copy = tmp_path / "copies" / "a" / "s1"
    shutil.copytree(home, copy, copy_function=shutil.copyfile)  # as `cp -r`: all times are new, in any order
    (copy / "checkpoints" / "best.ckpt").touch()
    home.rename(home.with_name("moved"))  # and the file that the test named is gone
    run = read_run(copy)
    assert run.checkpoint == copy / "checkpoints" / "best.ckpt"
    assert run.checkpoint_state is CheckpointState.AS_TESTED


def test_the_named_file_comes_before_one_of_its_name(
    make_home: MakeHome, make_figure: MakeFigure, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "best.ckpt"
    elsewhere.touch()
    assert read_run(make_home("a/s1", {"k": make_figure(1.0)}, checkpoint=str(elsewhere))).checkpoint == elsewhere


def test_a_checkpoint_is_read_once(
    make_home: MakeHome, make_figure: MakeFigure, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[dict[str, Any]] = []

    def load(path: Path, **options: Any) -> dict[str, int]:
        reads.append(options)
        return {"epoch": 1, "global_step": 100}

    home = make_home("a/s1", {"k": make_figure(1.0)})
    monkeypatch.setattr("torch.load", load)
    run = read_run(home)
    assert [run.checkpoint_state, run.checkpoint_state] == [CheckpointState.AS_TESTED] * 2
    (options,) = reads
    assert (options["weights_only"], options["mmap"]) == (True, True)


def test_what_a_run_was_tested_on_is_told_as_far_as_it_is_known(make_home: MakeHome, make_figure: MakeFigure) -> None:
    entries = {"k": make_figure(1.0)}
    home = make_home("a/s1", entries, data={"batch_size": 8}, device="NVIDIA H200", precision="16-mixed")
    assert read_run(home).setup == "NVIDIA H200, batches of 8, precision 16-mixed"
    assert read_run(make_home("a/s2", entries)).setup == "cpu"
    assert read_run(make_home("a/s3", entries, device=None)).setup == ""


def test_the_data_are_where_the_test_found_them(make_home: MakeHome, make_figure: MakeFigure) -> None:
    entries = {"k": make_figure(1.0)}
    assert read_run(make_home("a/s1", entries, folder="/work")).data_root == Path("/data")
    assert read_run(make_home("a/s2", entries, data={"root": "sets"}, folder="/work")).data_root == Path("/work/sets")
    assert read_run(make_home("a/s3", entries, data={"root": None})).data_root is None
