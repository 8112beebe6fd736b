"""Processes that hang, in a run of the command and in the smallest group of processes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from lightning import LightningModule, Trainer

from lightning_modules.callbacks.watchdog import EXIT_CODE, Heartbeat, Watchdog, hanging, no_store, silent
from lightning_modules.checkpoint_io import read_checkpoint
from lightning_modules.errors import UsageError
from tests.lightning_modules.test_two_processes import children, command, command_of, environment

PAIR = Path(__file__).parent / "hanging_pair.py"
ROOT = Path(__file__).parent.parent.parent.parent


def beat(beats: int, events: int, doing: str = "training step 7") -> Heartbeat:
    return Heartbeat("node0", 100, beats, events, doing, 30.0)


def is_running(process: int) -> bool:
    """Whether a process of the run exists and is not a zombie, whose command line is empty."""
    return Path(f"/proc/{process}").exists() and "lightning_modules" in command_of(process)


def test_a_silent_process_does_not_respond() -> None:
    before = {0: beat(5, 70), 1: beat(3, 70), 2: None}
    now = {0: beat(8, 70), 1: beat(3, 70), 2: None}
    assert silent(before, now) == [1, 2]
    assert hanging(before, now) == "rank 1 (process 100 on node0), rank 2 do not respond"


@pytest.mark.parametrize(
    ("others", "found"),
    [
        ({1: (69, "loading the batch of training step 7")}, "rank 1 (process 100 on node0) hangs in loading the batch"),
        ({1: (70, "loading the batch of training step 7")}, "rank 1 (process 100 on node0) hangs in loading the batch"),
        ({1: (70, "training step 7")}, "rank 0 (process 100 on node0), rank 1 (process 100 on node0) hang in training"),
        ({1: (71, "training step 8")}, "rank 0 (process 100 on node0) hangs in training step 7 since 30 s"),
    ],
)
def test_among_processes_that_respond_the_one_that_others_wait_for_is_named(
    others: dict[int, tuple[int, str]], found: str
) -> None:
    before = {0: beat(5, 70)} | {rank: beat(5, *state) for rank, state in others.items()}
    now = {0: beat(8, 70)} | {rank: beat(8, *state) for rank, state in others.items()}
    assert hanging(before, now).startswith(found)


def test_without_heartbeats_the_process_that_keeps_them_is_named() -> None:
    assert no_store({0: beat(1, 1)}).startswith("rank 0 (process 100 on node0) does not respond")
    assert no_store({}).startswith("rank 0 does not respond")


def test_a_timeout_is_positive() -> None:
    with pytest.raises(UsageError, match="--ddp_timeout is 0, must be more than 0"):
        Watchdog(0)


class SlowStore:
    """A store that takes a while for a heartbeat."""

    def __init__(self) -> None:
        self.is_asked = threading.Event()

    def clone(self) -> SlowStore:
        return self

    def set(self, key: str, value: str) -> None:
        self.is_asked.set()
        time.sleep(0.5)

    def check(self, keys: list[str]) -> bool:
        return False


def test_no_heartbeat_is_under_way_after_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that is inside the store when Python exits aborts the process."""
    store = SlowStore()
    monkeypatch.setattr("lightning_modules.callbacks.watchdog._get_default_store", lambda: store)
    monkeypatch.setattr("torch.distributed.is_initialized", lambda: True)
    trainer = cast(Trainer, SimpleNamespace(world_size=2, global_rank=0, strategy=SimpleNamespace(launcher=None)))
    watchdog = Watchdog(60)
    watchdog.on_predict_start(trainer, LightningModule())
    assert store.is_asked.wait(10)
    watchdog.teardown(trainer, LightningModule(), "predict")
    assert not [thread for thread in threading.enumerate() if thread.name == "watchdog"]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("rank 0 stops", "rank 0 (process {0} on {host}) does not respond, or its machine cannot be reached"),
        ("rank 1 stops", "rank 1 (process {1} on {host}) does not respond"),
        ("rank 1 loads", "rank 1 (process {1} on {host}) hangs in loading the batch of training step 4 since"),
    ],
)
def test_the_others_end_and_name_the_one_that_hangs(fault: str, message: str) -> None:
    """The steps are sums over both processes; after three, one of them does not come to the next."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    both = [
        subprocess.Popen(
            [sys.executable, str(PAIR), str(port), str(rank), fault],
            env=environment() | {"PYTHONPATH": str(ROOT)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in (0, 1)
    ]
    hanging_rank = int(fault.split()[1])
    try:
        _, errors = both[1 - hanging_rank].communicate(timeout=200)
    finally:
        for process in both:
            process.kill()
    assert both[1 - hanging_rank].returncode == EXIT_CODE
    expected = message.format(*(process.pid for process in both), host=socket.gethostname())
    assert errors.startswith(f"lightning: error: {expected}")
    assert errors.count("\n") == 2
    assert "no progress for 4 s (--ddp_timeout)" in errors


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="finds the second process in /proc")
def test_a_stopped_process_ends_the_run_and_is_named(sample_root: Path, tmp_path: Path) -> None:
    """SIGSTOP to the second of two processes: the first ends both within seconds, and the checkpoint is whole."""
    words = command(
        tmp_path, sample_root, "--run=a", "--trainer.devices=2", "--ddp_timeout=4", "--trainer.max_epochs=99"
    )
    run = subprocess.Popen(words, env=environment(), stderr=subprocess.PIPE, text=True)
    ranks = [run.pid]
    try:
        checkpoint = tmp_path / "two" / "a" / "checkpoints" / "step_3.ckpt"
        deadline = time.monotonic() + 240
        while not checkpoint.is_file() and run.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert checkpoint.is_file()
        (hung,) = [pid for pid in children(run.pid) if "lightning_modules" in command_of(pid)]
        ranks.append(hung)
        os.kill(hung, signal.SIGSTOP)
        stopped = time.monotonic()
        _, errors = run.communicate(timeout=120)
    finally:
        for process in ranks:
            if is_running(process):
                os.kill(process, signal.SIGKILL)
    assert time.monotonic() - stopped < 20
    assert run.returncode == EXIT_CODE
    (line,) = [line for line in errors.splitlines() if "error" in line]
    assert line.startswith(f"lightning: error: rank 1 (process {hung} on ")
    assert "does not respond" in line
    assert "--ckpt_path last" in errors
    assert "Traceback" not in errors
    for path in checkpoint.parent.glob("*.ckpt"):
        assert read_checkpoint(path)["global_step"] > 0
    assert not any(is_running(process) for process in ranks)
