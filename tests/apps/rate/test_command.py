"""The command up to the serving, and the report."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import Tensor
from typer.testing import CliRunner, Result

from apps import trained_run
from apps.rate import server
from apps.rate.command import rate_app
from apps.rate.questions import Mode
from apps.rate.store import Store
from apps.trained_run import Checkpoint
from datamodules.errors import DataError
from datamodules.samples import Faces


@dataclass(frozen=True)
class FakeRun:
    """A run whose folder holds what it is asked for."""

    home: Path
    image_size: int = 8
    root: Path | None = None
    chosen: Checkpoint = Checkpoint.BEST

    @classmethod
    def open(cls, home: Path, checkpoint: Checkpoint, root: Path | None = None) -> FakeRun:
        if not (home / "checkpoints" / "best.ckpt").is_file():
            raise DataError(f"{home} is not a run with a checkpoint")
        return cls(home, root=root, chosen=checkpoint)

    @property
    def title(self) -> str:
        return f"{self.home.parent.name}/{self.home.name}"

    @property
    def checkpoint(self) -> Path:
        return self.home / "checkpoints" / f"{self.chosen}.ckpt"

    @property
    def photo_names(self) -> list[str]:
        return [f"{self.root.name if self.root else ''}{number}.jpg" for number in range(50)]

    def photos(self, names: Sequence[str]) -> Faces:
        return Faces(torch.zeros(len(names), 3, 8, 8), torch.zeros(len(names), 5, 2), *[torch.zeros(len(names))] * 2)

    def cartoons(self, photos: Faces) -> Tensor:
        return photos.image


Run = Callable[..., Result]


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of two runs and something that is none."""
    folder = tmp_path / "runs"
    for name in ("plain/a", "full/a"):
        (folder / name / "checkpoints").mkdir(parents=True)
        for checkpoint in Checkpoint:
            (folder / name / "checkpoints" / f"{checkpoint}.ckpt").write_text(f"{checkpoint} of {name}")
    (folder / "detector" / "a" / "checkpoints").mkdir(parents=True)
    (folder / "detector" / "a" / "checkpoints" / "last.ckpt").touch()
    monkeypatch.setattr(trained_run, "TrainedRun", FakeRun)
    return folder


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], list[str], Mode, str]]:
    """What would have been served: runs, photos, mode, host."""
    calls: list[tuple[list[str], list[str], Mode, str]] = []

    def serve(store: Store, mode: Mode, host: str, port: int) -> None:
        calls.append(([variant.title for variant in store.variants], store.photo_names, mode, host))

    monkeypatch.setattr(server, "serve", serve)
    return calls


def invoke(*words: object) -> Result:
    return CliRunner().invoke(rate_app, [str(word) for word in words])


def explained(result: Result) -> str:
    assert isinstance(result.exception, DataError), result.output
    return str(result.exception)


def test_runs_are_drawn_once_and_the_file_goes_on(
    runs: Path, tmp_path: Path, served: list[tuple[list[str], list[str], Mode, str]]
) -> None:
    out = tmp_path / "new" / "ratings.sqlite"
    first = invoke("--runs", runs, "--out", out, "--photos", 5)
    assert first.exit_code == 0, first.output
    assert "skipped" in first.output
    assert "detector" in first.output
    made = out.stat().st_mtime_ns
    both = ("--runs", runs / "plain" / "a", "--runs", runs / "full" / "a")
    for words in ((*both, "--photos", 5), both, (), ("--mode", "pairs", "--host", "0.0.0.0")):
        assert invoke("--out", out, *words).exit_code == 0
    assert out.stat().st_mtime_ns == made
    chosen = ["0.jpg", "10.jpg", "20.jpg", "30.jpg", "40.jpg"]
    usual = (["full/a", "plain/a"], chosen, Mode.SCORES, "127.0.0.1")
    assert served == [usual] * 4 + [(["full/a", "plain/a"], chosen, Mode.PAIRS, "0.0.0.0")]


def test_the_checkpoint_can_be_chosen(
    runs: Path, tmp_path: Path, served: list[tuple[list[str], list[str], Mode, str]]
) -> None:
    words = ("--runs", runs, "--out", tmp_path / "ratings.sqlite", "--photos", 1)
    assert invoke(*words, "--checkpoint", "last").exit_code == 0
    assert "earlier state" in explained(invoke(*words))  # the best one is another
    assert invoke(*words, "--checkpoint", "newest").exit_code == 2
    assert len(served) == 1


def test_data_that_moved_are_named(
    runs: Path, tmp_path: Path, served: list[tuple[list[str], list[str], Mode, str]]
) -> None:
    moved = ("--root", tmp_path / "moved")
    assert invoke("--runs", runs, "--out", tmp_path / "ratings.sqlite", "--photos", 1, *moved).exit_code == 0
    assert served[0][1] == ["moved0.jpg"]
    assert invoke(*moved, "report", tmp_path / "ratings.sqlite").exit_code == 2


def test_another_question_wants_another_file(
    runs: Path, tmp_path: Path, served: list[tuple[list[str], list[str], Mode, str]]
) -> None:
    out = tmp_path / "ratings.sqlite"
    assert invoke("--runs", runs, "--out", out, "--photos", 5).exit_code == 0
    plain = runs / "plain" / "a"
    assert "has the cartoons of full/a, plain/a" in explained(invoke("--runs", plain, "--out", out))
    assert "has 5 photos" in explained(invoke("--out", out, "--photos", 6))
    assert "has 5 photos" in explained(invoke("--runs", runs, "--out", out, "--photos", 6))
    (plain / "checkpoints" / "best.ckpt").write_text("trained on")
    assert "earlier state" in explained(invoke("--runs", runs, "--out", out))
    alone = tmp_path / "alone.sqlite"
    assert "nothing to compare" in explained(invoke("--runs", plain, "--out", alone, "--mode", "pairs"))
    assert len(served) == 1


def test_what_cannot_be_rated_is_told(runs: Path, tmp_path: Path) -> None:
    out = tmp_path / "ratings.sqlite"
    assert "--runs RUN" in explained(invoke("--out", out))
    assert str(runs / "lost") in explained(invoke("--runs", runs / "lost", "--out", out))
    assert "not a run with a checkpoint" in explained(invoke("--runs", runs / "detector" / "a", "--out", out))
    assert "no run with a CycleGAN checkpoint" in explained(invoke("--runs", runs / "detector", "--out", out))
    for words in (("--runs", runs), ("--out", out, "--photos", 0), ("--out", out, "--mode", "ranks")):
        result = invoke(*words)
        assert result.exit_code == 2
        assert words[-1] == runs or str(words[-2]) in result.output
    assert not out.exists()


def test_the_report_is_for_people_and_for_programs(database: Path) -> None:
    assert "0 raters, 0 answers: no results yet" in invoke("report", database).output
    with Store(database) as store:
        for _ in range(2):
            rater = store.find_rater(store.join(None))
            assert rater is not None
            while item := store.next_item(rater, Mode.SCORES):
                for key in ("identity", "realistic", "as_profile"):
                    store.rate(rater, Mode.SCORES, item.position, key, 1 + item.position % 5)
    shown = invoke("report", database).output
    assert "2 raters, 72 answers" in shown
    assert "cyclegan_full/s1" in shown
    assert "agreement, realistic: alpha" in shown
    assert "only 2 raters, so the interval is approximate" in shown
    assert "preferred" not in shown
    told = json.loads(invoke("report", database, "--json").output)
    assert (told["raters"], told["ratings"]) == (2, 72)
    figures = told["variants"]["cyclegan_full/s1"]
    low, high = figures["identity"]["interval"]
    assert low <= figures["identity"]["value"] <= high
    assert figures["preference"] == {
        **{"value": None, "interval": None, "samples": 0},
        "note": "its cartoons have not been compared yet",
    }
    assert "no such file" in explained(invoke("report", database.with_name("lost.sqlite")))
    assert invoke("--photos", 3, "report", database).exit_code == 2


def test_help_is_quick_and_says_both() -> None:
    code = "import sys; from apps.rate.command import rate_app; rate_app(['--help'], standalone_mode=False);"
    code += "print([name for name in ('torch', 'numpy', 'starlette', 'uvicorn') if name in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.splitlines()[-1] == "[]"
    for word in ("--runs", "--out", "--mode", "report"):
        assert word in said
