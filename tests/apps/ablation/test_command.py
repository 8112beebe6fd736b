from __future__ import annotations

import json
import os
import shlex
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch
from filelock import FileLock

from apps.ablation import command
from apps.ablation.command import FINISHED, Place, State, fit_words, run_cells, state_of
from apps.ablation.matrix import Cell, read_matrix
from apps.lightning_process import run_lightning
from apps.main import main
from datamodules.errors import DataError

MATRIX = """
seeds: [1]
options: {trainer.max_epochs: 2}
variants: {baseline: , full: {options: {model.lambda_2: 0.5}}}
"""


TERMINATED = 143


def save_checkpoint(home: Path, epochs: int, step: int) -> None:
    """What a fit leaves after so many whole epochs and steps."""
    loops = {"fit_loop": {"epoch_progress": {"current": {"processed": epochs}}}}
    torch.save({"epoch": 1, "global_step": step, "loops": loops}, home / "checkpoints" / "last.ckpt")


class Lightning:
    """Stands in for the `lightning` command: leaves what it leaves, and fails as it is told.

    Attributes:
        calls: The words of each call.
        endings: Exit codes of the calls to come; a fit that is killed (-9) or stopped (`TERMINATED`, which shows as 0)
            leaves a checkpoint of its first epoch.
    """

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.endings: list[int] = []

    def __call__(self, words: Sequence[str]) -> int:
        words = list(words)
        self.calls.append(words)
        code = self.endings.pop(0) if self.endings else 0
        option = dict(zip(words[1::2], words[2::2], strict=True))
        if words[0] == "fit":
            home = Path(option["--trainer.default_root_dir"]) / option["--name"] / option["--run"]
            if code in {0, -9, TERMINATED}:
                self._fit(home, words, epochs=2 if code == 0 else 1)
        elif code == 0:
            self._test(Path(option["--ckpt_path"]), words)
        return 0 if code == TERMINATED else code

    def _fit(self, home: Path, words: list[str], epochs: int) -> None:
        is_resumed = "--ckpt_path" in words
        assert is_resumed == (home / "checkpoints").is_dir()
        (home / "checkpoints").mkdir(parents=True, exist_ok=True)
        (home / "config.yaml").write_text(
            "{model: {class_path: CycleGANFull}, trainer: {max_epochs: 2, max_steps: -1}}"
        )
        save_checkpoint(home, epochs, step=10)
        sessions = json.loads((home / "run.json").read_text()) if is_resumed else []
        command = shlex.join(["lightning", *words])
        (home / "run.json").write_text(json.dumps([*sessions, {"command": command, "git_revision": None}]))

    def _test(self, checkpoint: Path, words: list[str]) -> None:
        assert checkpoint.is_file()
        content = {
            **{
                "format": 1,
                "variant": "CycleGANFull",
                "checkpoint": str(checkpoint),
                "epoch": 1,
                "step": 10,
                "seed": 1,
            },
            **{"command": shlex.join(["lightning", *words]), "data": {}, "judges": {}},
            "figures": {"k": {"title": "A figure", "value": 1.0}},
        }
        (checkpoint.parent.parent / "test").mkdir(exist_ok=True)
        (checkpoint.parent.parent / "test" / "metrics.json").write_text(json.dumps(content))

    @property
    def subcommands(self) -> list[str]:
        return [words[0] + (" on" if words[0] == "fit" and "--ckpt_path" in words else "") for words in self.calls]


@pytest.fixture
def lightning(monkeypatch: pytest.MonkeyPatch) -> Lightning:
    """In the place of the command."""
    stand_in = Lightning()
    monkeypatch.setattr(command, "run_lightning", stand_in)
    return stand_in


@pytest.fixture
def ablate(tmp_path: Path, lightning: Lightning) -> Callable[..., int]:
    """``ablate(*words)`` runs `cartoongan ablation` of two cells, with the runs in ``tmp_path / "runs"``."""
    (tmp_path / "two.yaml").write_text(MATRIX)
    place = ["--root", str(tmp_path / "data"), "--out", str(tmp_path / "runs")]
    return lambda *words: main(["ablation", str(tmp_path / "two.yaml"), *place, *words])


@pytest.fixture
def homes(tmp_path: Path) -> list[Path]:
    """Of the two cells."""
    return [tmp_path / "runs" / "ablation_two" / f"{variant}-resnet9-seed1" for variant in ("baseline", "full")]


def test_every_cell_is_trained_tested_and_reported_once(
    ablate: Callable[..., int], lightning: Lightning, homes: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert ablate() == 0
    assert lightning.subcommands == ["fit", "test"] * 2
    shown = capsys.readouterr().out
    for words in lightning.calls:
        assert shlex.join(["lightning", *words]) in shown
    report = (homes[0].parent / "report" / "report.html").read_text(encoding="utf-8")
    assert all(home.name in report for home in homes)

    assert ablate() == 0  # again: nothing is done twice
    assert lightning.subcommands == ["fit", "test"] * 2
    assert capsys.readouterr().out.count(": done") == 2


def test_a_killed_training_goes_on_and_the_other_cells_are_not_kept_waiting(
    ablate: Callable[..., int], lightning: Lightning, homes: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    lightning.endings = [-9]
    assert ablate() == 1
    assert lightning.subcommands == ["fit", "fit", "test"]
    told = capsys.readouterr().err
    assert "1 of 2 cells failed" in told
    assert f"failed: {homes[0].name}: lightning fit was stopped by SIGKILL" in told
    assert f"not in the report, since not finished: {homes[0].name}\n" in told
    assert homes[0].name not in (homes[0].parent / "report" / "table.md").read_text(encoding="utf-8")

    assert ablate() == 0
    assert lightning.subcommands[3:] == ["fit on", "test"]
    assert lightning.calls[3][-2:] == ["--ckpt_path", "last"]
    assert (homes[0] / FINISHED).is_file()


def test_a_training_that_was_stopped_is_not_taken_for_finished(
    ablate: Callable[..., int], lightning: Lightning, homes: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    lightning.endings = [TERMINATED]
    assert ablate("--only", "full-*") == 1
    assert f"failed: {homes[1].name}: lightning fit was stopped before its last epoch" in capsys.readouterr().err
    assert ablate("--only", "full-*") == 0
    assert lightning.subcommands == ["fit", "fit on", "test"]


@pytest.mark.parametrize(
    ("limits", "epochs", "step", "is_at_its_end"),
    [
        ("max_epochs: 3, max_steps: -1, max_time: null", 3, 30, True),
        ("max_epochs: 3, max_steps: -1, max_time: null", 2, 30, False),
        ("max_epochs: 3, max_steps: 30, max_time: null", 1, 30, True),
        ("max_epochs: 3, max_steps: 31, max_time: null", 1, 30, False),
        ("max_epochs: -1, max_steps: 31, max_time: null", 1, 30, False),
        ("max_epochs: null, max_steps: 30, max_time: null", 1, 30, True),
        ("max_epochs: 3, max_steps: -1, max_time: 00:00:01:00", 0, 5, True),  # the exit code alone says so
    ],
)
def test_the_last_checkpoint_tells_whether_a_training_reached_its_end(
    limits: str, epochs: int, step: int, is_at_its_end: bool, tmp_path: Path
) -> None:
    (tmp_path / "checkpoints").mkdir()
    assert not command._reached_its_end(tmp_path)
    save_checkpoint(tmp_path, epochs, step)
    (tmp_path / "config.yaml").write_text(f"trainer: {{{limits}}}")
    assert command._reached_its_end(tmp_path) is is_at_its_end


def test_a_training_without_a_checkpoint_starts_anew(
    ablate: Callable[..., int], lightning: Lightning, homes: list[Path]
) -> None:
    homes[0].mkdir(parents=True)
    (homes[0] / "config.yaml").write_text("remains: of a start\n")
    assert ablate("--only", "baseline-*") == 0
    assert lightning.subcommands == ["fit", "test"]
    assert "remains" not in (homes[0] / "config.yaml").read_text()


def test_a_test_that_failed_is_tried_again_alone(
    ablate: Callable[..., int], lightning: Lightning, homes: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    lightning.endings = [0, 2]
    assert ablate("--only", "full-*") == 1
    assert "lightning test failed with exit code 2" in capsys.readouterr().err
    assert not (homes[0].parent / "report").exists()
    assert ablate("--only", "full-*") == 0
    assert lightning.subcommands == ["fit", "test", "test"]


@pytest.mark.parametrize("spoil", ["newer checkpoint", "damaged figures"])
def test_figures_that_do_not_hold_are_made_again(
    spoil: str, ablate: Callable[..., int], lightning: Lightning, homes: list[Path]
) -> None:
    assert ablate("--only", "full-*") == 0
    if spoil == "newer checkpoint":
        save_checkpoint(homes[1], epochs=3, step=20)
        lightning.endings = [2]
        assert ablate("--only", "full-*") == 1
    else:
        (homes[1] / "test" / "metrics.json").write_text("{")
        assert ablate("--only", "full-*") == 0
    assert lightning.subcommands == ["fit", "test", "test"]


def test_a_copied_cell_is_done(ablate: Callable[..., int], lightning: Lightning, homes: list[Path]) -> None:
    assert ablate("--only", "full-*") == 0
    os.utime(homes[1] / "checkpoints" / "last.ckpt", (4e9, 4e9))  # as after `cp -r`
    assert ablate("--only", "full-*") == 0
    assert lightning.subcommands == ["fit", "test"]


def test_a_cell_whose_checkpoints_were_removed_is_done(
    ablate: Callable[..., int], lightning: Lightning, homes: list[Path]
) -> None:
    assert ablate("--only", "full-*") == 0
    (homes[1] / "checkpoints" / "last.ckpt").unlink()
    assert ablate("--only", "full-*") == 0
    assert lightning.subcommands == ["fit", "test"]


def test_another_test_is_made_without_another_training(
    ablate: Callable[..., int],
    lightning: Lightning,
    homes: list[Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ablate("--only", "full-*") == 0
    (tmp_path / "two.yaml").write_text(MATRIX + "test_options: {evaluation.classifier: new.safetensors}\n")
    capsys.readouterr()
    assert ablate("--only", "full-*", "--dry-run") == 0
    assert f"{homes[1].name}: to be tested" in capsys.readouterr().out
    for _ in range(2):  # and only once
        assert ablate("--only", "full-*") == 0
        assert lightning.subcommands == ["fit", "test", "test"]
    assert "--evaluation.classifier" in lightning.calls[-1]
    assert ablate("--only", "full-*", "--root", str(tmp_path / "moved")) == 0  # which is no other test
    assert len(lightning.calls) == 3


def test_a_test_of_another_checkpoint_is_none_of_the_cell(
    ablate: Callable[..., int], lightning: Lightning, homes: list[Path]
) -> None:
    assert ablate("--only", "full-*") == 0
    shutil.copy(homes[1] / "checkpoints" / "last.ckpt", homes[1] / "checkpoints" / "best.ckpt")
    assert ablate("--only", "full-*") == 0
    assert lightning.subcommands == ["fit", "test", "test"]
    assert lightning.calls[-1][-1].endswith("best.ckpt")


def test_the_best_checkpoint_is_tested_where_there_is_one(
    ablate: Callable[..., int], lightning: Lightning, homes: list[Path]
) -> None:
    lightning.endings = [0, 2]
    assert ablate("--only", "full-*") == 1
    shutil.copy(homes[1] / "checkpoints" / "last.ckpt", homes[1] / "checkpoints" / "best.ckpt")
    assert ablate("--only", "full-*") == 0
    tested = [words[words.index("--ckpt_path") + 1] for words in lightning.calls if words[0] == "test"]
    assert [Path(path).name for path in tested] == ["last.ckpt", "best.ckpt"]


def test_a_cell_is_not_mixed_from_two_matrices(
    ablate: Callable[..., int],
    lightning: Lightning,
    homes: list[Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    lightning.endings = [-9]
    assert ablate("--only", "full-*") == 1
    (tmp_path / "two.yaml").write_text(MATRIX.replace("0.5", "0.7"))
    capsys.readouterr()
    assert ablate("--only", "full-*") == 1
    told = capsys.readouterr().err
    assert "started with other options (model.lambda_2)" in told
    assert f"remove {homes[1]} to restart" in told
    assert lightning.subcommands == ["fit"]


def test_data_and_workers_may_change_between_starts(
    ablate: Callable[..., int], lightning: Lightning, tmp_path: Path
) -> None:
    lightning.endings = [-9]
    assert ablate("--only", "full-*") == 1
    moved = ["--root", str(tmp_path / "moved"), "--option=--data.num_workers", "--option=0"]
    assert ablate("--only", "full-*", *moved) == 0
    assert lightning.subcommands == ["fit", "fit on", "test"]


def test_a_dry_run_tells_all_and_does_nothing(
    ablate: Callable[..., int], lightning: Lightning, homes: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert ablate("--only", "full-*") == 0
    capsys.readouterr()
    assert ablate("--dry-run") == 0
    assert len(lightning.calls) == 2
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"[1/2] {homes[0].name}: to be trained"
    assert lines[1].startswith("lightning fit --config configs/cyclegan_baseline.yaml --data.root ")
    assert lines[2].endswith(f"--ckpt_path {homes[0]}/checkpoints/best.ckpt")
    assert lines[3:] == [f"[2/2] {homes[1].name}: done"]
    assert not homes[0].exists()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["two.yaml", "--only", "best-*"], "--only best-* matches no cell of two.yaml: baseline-resnet9-seed1, full-"),
        (["nowhere.yaml"], "configs/ablation/paper.yaml, configs/ablation/tiny.yaml"),
    ],
)
def test_what_is_not_there_is_explained(
    words: list[str],
    complaint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("two.yaml").write_text(MATRIX)
    assert main(["ablation", *words, "--root", "data", "--out", "runs"]) == 2
    assert complaint in capsys.readouterr().err
    assert not Path("runs").exists()


def test_a_shipped_matrix_is_found_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["ablation", "configs/ablation/paper.yaml", "--root", "data", "--out", "runs", "--dry-run"]) == 0
    assert "[21/21] full-resnet9-seed3: to be trained" in capsys.readouterr().out


@pytest.fixture
def cell(tmp_path: Path) -> Cell:
    (tmp_path / "two.yaml").write_text(MATRIX)
    return read_matrix(tmp_path / "two.yaml").cells[0]


def test_a_cell_that_another_process_works_on_is_left_to_it(
    cell: Cell, tmp_path: Path, lightning: Lightning, capsys: pytest.CaptureFixture[str]
) -> None:
    place = Place(tmp_path / "runs" / "mine", tmp_path)
    (place.folder / ".locks").mkdir(parents=True)
    with FileLock(place.folder / ".locks" / f"{cell.name}.lock"):
        assert run_cells([cell], place, lightning) == {}
    assert lightning.calls == []
    assert "another process is working on it" in capsys.readouterr().out


def test_a_damaged_record_is_named(cell: Cell, tmp_path: Path) -> None:
    place = Place(tmp_path / "mine", tmp_path)
    place.home(cell).mkdir(parents=True)
    (place.home(cell) / "run.json").write_text("[{}]")
    with pytest.raises(DataError, match=r"run\.json is damaged; remove"):
        state_of(cell, place)


def test_ctrl_c_waits_for_the_checkpoint_and_ends_everything(
    cell: Cell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[str] = []

    class Interrupted:
        def __init__(self, words: list[str]) -> None:
            pass

        def wait(self) -> int:
            waits.append("wait")
            if len(waits) == 1:
                raise KeyboardInterrupt
            return 1

    monkeypatch.setattr("subprocess.Popen", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_cells([cell, cell], Place(tmp_path / "mine", tmp_path), run_lightning)
    assert waits == ["wait", "wait"]


def test_a_real_training_that_breaks_off_is_taken_up_where_it_was(
    sample_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lightning_modules.base import BaseCycleGAN
    from lightning_modules.cli import main as lightning

    (tmp_path / "one.yaml").write_text(
        "{seeds: [5], generators: [resnet6], variants: {baseline: }, options: {trainer.max_epochs: 2,"
        " trainer.accelerator: cpu, trainer.enable_progress_bar: false, trainer.limit_val_batches: 0,"
        " data.image_size: 32, data.batch_size: 2, data.num_workers: 0, data.epoch_size: 4,"
        " model.ngf: 4, model.ndf: 4}}"
    )
    (cell,) = read_matrix(tmp_path / "one.yaml").cells
    place = Place(tmp_path / "runs" / "mine", sample_root)
    step = BaseCycleGAN.training_step

    def die_in_the_second_epoch(self: BaseCycleGAN, *arguments: object) -> None:
        if self.current_epoch == 1:
            raise RuntimeError("killed")
        step(self, *arguments)  # type: ignore[arg-type]

    def fit_alone(words: Sequence[str]) -> int:
        if words[0] == "fit":
            with monkeypatch.context() as patch:
                if state_of(cell, place) is State.NEW:
                    patch.setattr(BaseCycleGAN, "training_step", die_in_the_second_epoch)
                try:
                    return lightning(words)
                except RuntimeError:
                    return 1
        return 2

    assert run_cells([cell], place, fit_alone) == {cell.name: "lightning fit failed with exit code 1"}
    assert state_of(cell, place) is State.CUT_OFF
    assert fit_words(cell, place)[-2:] == ["--ckpt_path", "last"]
    assert run_cells([cell], place, fit_alone) == {cell.name: "lightning test failed with exit code 2"}
    assert state_of(cell, place) is State.TRAINED
    checkpoint = torch.load(place.home(cell) / "checkpoints" / "last.ckpt", weights_only=True)
    assert (checkpoint["epoch"], checkpoint["global_step"]) == (1, 4)
    assert len(json.loads((place.home(cell) / "run.json").read_text())) == 2
