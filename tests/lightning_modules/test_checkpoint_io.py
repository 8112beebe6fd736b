from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from lightning_modules.checkpoint_io import VerifiedCheckpointIO, find_damage
from lightning_modules.errors import UsageError

ROOT = Path(__file__).parents[2]


def checkpoint_of(value: float) -> dict[str, Any]:
    state = {"weight": torch.full((1000,), value)}
    return {"state_dict": state, "global_step": 3, "pytorch-lightning_version": "2.6.6"}


def test_what_is_saved_comes_back_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "checkpoints" / "last.ckpt"
    VerifiedCheckpointIO().save_checkpoint(checkpoint_of(1.0), path)
    VerifiedCheckpointIO().save_checkpoint(checkpoint_of(2.0), path)
    loaded = VerifiedCheckpointIO().load_checkpoint(path)
    assert torch.equal(loaded["state_dict"]["weight"], torch.full((1000,), 2.0))
    assert list(path.parent.iterdir()) == [path]


def test_a_file_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.ckpt"
    torch.save({"state_dict": {}}, path)
    with pytest.raises(UsageError, match=r"other\.ckpt is not a Lightning checkpoint"):
        VerifiedCheckpointIO().load_checkpoint(path)


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    (tmp_path / ".last.ckpt.12345.part").write_bytes(b"half")
    (tmp_path / ".best.ckpt.12345.part").write_bytes(b"another writer's")
    VerifiedCheckpointIO().save_checkpoint(checkpoint_of(1.0), path)
    assert sorted(each.name for each in tmp_path.iterdir()) == [".best.ckpt.12345.part", "last.ckpt"]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_leave_the_earlier_checkpoint(value: float, tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    VerifiedCheckpointIO().save_checkpoint(checkpoint_of(1.0), path)
    before = path.read_bytes()
    with pytest.raises(UsageError, match="weight is not finite; an existing checkpoint is unchanged"):
        VerifiedCheckpointIO().save_checkpoint(checkpoint_of(value), path)
    assert path.read_bytes() == before


def test_a_save_that_fails_leaves_the_earlier_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "last.ckpt"
    VerifiedCheckpointIO().save_checkpoint(checkpoint_of(1.0), path)
    before = path.read_bytes()

    def full_disk(checkpoint: object, file: Any) -> None:
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full_disk)
    with pytest.raises(UsageError, match=r"cannot write .*last\.ckpt: .*No space left"):
        VerifiedCheckpointIO().save_checkpoint(checkpoint_of(2.0), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("place", [0.2, 0.5, 0.8])
def test_a_flipped_bit_is_found(place: float, tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    VerifiedCheckpointIO().save_checkpoint(checkpoint_of(1.0), path)
    assert find_damage(path) is None
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= 4
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"last\.ckpt is (damaged|truncated)"):
        VerifiedCheckpointIO().load_checkpoint(path)


@pytest.mark.parametrize("content", [b"", b"PK", b"x" * 5000], ids=["empty", "cut off", "foreign"])
def test_other_files_are_named_in_a_line(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "odd.ckpt"
    path.write_bytes(content)
    assert find_damage(path) == "is truncated, damaged or not a checkpoint"


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_kill_during_a_save_leaves_a_whole_checkpoint(tmp_path: Path) -> None:
    """The temporary folder lies elsewhere, as where Lightning's own way destroyed the only checkpoint."""
    script = """
import sys, torch
from lightning_modules.checkpoint_io import VerifiedCheckpointIO
number = 0
while True:
    number += 1
    state = {"weight": torch.full((2_000_000,), float(number))}
    checkpoint = {"state_dict": state, "global_step": number, "pytorch-lightning_version": "2.6.6"}
    VerifiedCheckpointIO().save_checkpoint(checkpoint, sys.argv[1])
    print(number, flush=True)
"""
    path = tmp_path / "last.ckpt"
    for wait in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", script, str(path)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert process.stdout is not None
        written = [int(process.stdout.readline()) for _ in range(2 + wait)][-1]
        process.kill()
        process.wait()
        process.stdout.close()
        loaded = VerifiedCheckpointIO().load_checkpoint(path)
        assert loaded["global_step"] >= written
        assert (loaded["state_dict"]["weight"] == loaded["global_step"]).all()
