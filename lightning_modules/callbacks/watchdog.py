"""Ends a run of several processes in which one hangs, and says which."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from lightning import Callback, LightningModule, Trainer
from torch import distributed
from torch._C._distributed_c10d import Store
from torch.distributed.distributed_c10d import _get_default_store

from lightning_modules.errors import UsageError

MAX_INTERVAL = 10.0
"""Maximum time between two heartbeats, in seconds."""

EXIT_CODE = 2
"""Exit code of a run that the watchdog ends, as of other errors with a message."""

_LOADING = "loading"

_ROUNDS = 4
"""Rounds of heartbeats that are compared; between two of them, a busy machine may not get to send one."""


@dataclass(frozen=True)
class Heartbeat:
    """What a process tells the others regularly.

    Attributes:
        host: Its machine.
        process: Its process ID.
        beats: Number of its heartbeats; a stopped process has no more of them.
        events: Number of started and completed steps and batches.
        doing: What it does since the last event, such as "training step 12".
        seconds: Time since the last event.
    """

    host: str
    process: int
    beats: int
    events: int
    doing: str
    seconds: float


Heartbeats = Mapping[int, Heartbeat | None]
"""Heartbeats by rank; None for a process that has not sent any."""


class Watchdog(Callback):
    """Ends a run of several processes if this process waits too long, with one line that names the process that hangs.

    The processes of a run wait for each other in every step, so that one that is stopped or blocked stops all. Without
    this callback, they wait for the timeout of PyTorch's process group, whose message does not say for whom. A thread
    in each process sends heartbeats to the store of the process group. If a process completes nothing for ``timeout``
    seconds, another thread compares the heartbeats and ends it with exit code 2: its main thread is blocked in a
    collective operation, which cannot be interrupted. Checkpoints stay as they are, since they are written
    atomically. Runs of a single process are not watched.

    Args:
        timeout: Seconds without a completed step or batch after which the run ends. It must be longer than the longest
            legitimate wait: a validation's metrics, a checkpoint on slow storage, the loader's timeout.

    Raises:
        UsageError: ``timeout`` is not positive.
    """

    def __init__(self, timeout: float) -> None:
        if timeout <= 0:
            raise UsageError(f"--ddp_timeout is {timeout:g}, must be more than 0 seconds")
        self._timeout = timeout
        self._interval = min(MAX_INTERVAL, timeout / 5)
        self._event = (0, "starting", time.monotonic())  # replaced as a whole, since the thread reads it
        self._stop: threading.Event | None = None
        self._threads: list[threading.Thread] = []
        self._rounds = deque[Heartbeats](maxlen=_ROUNDS)
        self._last_beat = 0.0

    # Events

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start watching."""
        self._start(trainer)

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Record that a batch has been loaded."""
        self._record(f"training step {trainer.global_step + 1}")

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Record that a step is complete."""
        self._record(f"{_LOADING} the batch of training step {trainer.global_step + 1}")

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Record that an epoch is complete."""
        self._record(f"the end of epoch {trainer.current_epoch}")

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stop watching."""
        self._end()

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Record the start of a validation, or start watching."""
        self._start(trainer)

    def on_validation_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Record that a batch has been loaded."""
        self._record(f"validation batch {batch_idx + 1}")

    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Record that a batch is complete."""
        self._record(f"{_LOADING} validation batch {batch_idx + 2}, or evaluating")

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Record the end of a validation."""
        self._record("the end of a validation")

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start watching."""
        self._start(trainer)

    def on_test_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Record that a batch has been loaded."""
        self._record(f"test batch {batch_idx + 1}")

    def on_predict_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start watching."""
        self._start(trainer)

    def on_predict_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Record that a batch has been loaded."""
        self._record(f"prediction batch {batch_idx + 1}")

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Record that a checkpoint is being written."""
        self._record("saving a checkpoint")

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Stop watching."""
        self._end()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Stop watching."""
        self._end()

    # The threads

    def _record(self, doing: str) -> None:
        self._event = (self._event[0] + 1, doing, time.monotonic())

    def _start(self, trainer: Trainer) -> None:
        self._record(f"{_LOADING} the first batch")
        if self._stop is None and trainer.world_size > 1 and distributed.is_initialized():
            self._stop = threading.Event()
            children = [each.pid for each in getattr(trainer.strategy.launcher, "procs", [])]
            rank = trainer.global_rank
            self._rounds = deque([dict.fromkeys(range(trainer.world_size))], maxlen=_ROUNDS)
            self._last_beat = time.monotonic()
            self._threads = [
                threading.Thread(target=target, args=arguments, daemon=True, name="watchdog")
                for target, arguments in (
                    (self._beat, (rank, trainer.world_size, self._stop)),
                    (self._watch, (rank, children, self._stop)),
                )
            ]
            for thread in self._threads:
                thread.start()

    def _end(self) -> None:
        """Stop the threads. One that is still inside the store when Python exits would abort the process."""
        if self._stop is not None:
            self._stop.set()
            self._stop = None
            for thread in self._threads:
                thread.join(self._interval)  # a store without an answer may block for good

    def _beat(self, rank: int, processes: int, stop: threading.Event) -> None:
        """Send heartbeats until ``stop``, and read those of all processes when this one may be late."""
        store = _get_default_store().clone()  # a connection of its own: operations on the other may block for long
        keys = [f"watchdog/{each}" for each in range(processes)]
        beats = 0
        while True:
            beats += 1
            events, doing, since = self._event
            seconds = time.monotonic() - since
            own = Heartbeat(socket.gethostname(), os.getpid(), beats, events, doing, seconds)
            with suppress(RuntimeError):  # no connection; the other thread sees that there is no new round
                store.set(keys[rank], json.dumps(asdict(own)))
                if seconds > self._timeout - _ROUNDS * self._interval or None in self._last().values():
                    # Without an answer, these operations block for good.
                    self._rounds.append({each: _read(store, key) for each, key in enumerate(keys)})
                self._last_beat = time.monotonic()
            if stop.wait(self._interval):
                return

    def _watch(self, rank: int, children: list[int], stop: threading.Event) -> None:
        """End this process if it makes no progress."""
        while not stop.wait(self._interval):
            now = time.monotonic()
            if now - self._event[2] <= self._timeout or stop.is_set():
                continue
            first, last = self._rounds[0], self._last()
            if now - self._last_beat > _ROUNDS * self._interval:
                is_speaker = rank == 1 or os.environ.get("LOCAL_RANK", "0") == "0"
                self._quit(no_store(last), is_speaker, children)
            elif len(self._rounds) == _ROUNDS:
                speaker = min(rank, *(each for each in last if each not in silent(first, last)))
                self._quit(hanging(first, last), rank == speaker, children)

    def _last(self) -> Heartbeats:
        return self._rounds[-1]

    def _quit(self, problem: str, is_speaker: bool, children: list[int]) -> None:
        """Print the problem; end this process and those around it.

        The first process that is alive does so at once, and the launcher then ends the others, before they repeat it.
        """
        if not is_speaker:
            time.sleep(3 * self._interval)
        print(
            f"lightning: error: {problem}: no progress for {self._timeout:g} s (--ddp_timeout)\n"
            "check that process, its data and its machine, then resume with --ckpt_path last",
            file=sys.stderr,
            flush=True,
        )
        first = self._last().get(0)
        is_child = first is not None and first.process == os.getppid() and first.host == socket.gethostname()
        for process in [*children, *([os.getppid()] if is_child else [])]:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)  # a stopped process receives no other signal
        os._exit(EXIT_CODE)


def silent(before: Heartbeats, now: Heartbeats) -> list[int]:
    """Ranks that have sent no heartbeat between two rounds."""
    return [rank for rank in now if now[rank] is None or now[rank] == before.get(rank)]


def hanging(before: Heartbeats, now: Heartbeats) -> str:
    """Which processes hang, from two successive rounds of heartbeats.

    Args:
        before: Heartbeats of all processes.
        now: The same, some rounds later.

    Returns:
        One line: the processes that send no more heartbeats; or else those that have completed less than others; or
        else what all processes do.
    """
    if gone := silent(before, now):
        return f"{_names(gone, now)} {'does' if len(gone) == 1 else 'do'} not respond"
    alive = {rank: beat for rank, beat in now.items() if beat is not None}
    fewest = min(beat.events for beat in alive.values())
    behind = [rank for rank, beat in alive.items() if beat.events == fewest]
    if len(behind) == len(alive):
        behind = [rank for rank, beat in alive.items() if beat.doing.startswith(_LOADING)] or behind
    first = alive[behind[0]]
    return f"{_names(behind, now)} hang{'s' if len(behind) == 1 else ''} in {first.doing} since {first.seconds:.0f} s"


def no_store(last: Heartbeats) -> str:
    """The message if the process that keeps the heartbeats does not respond: the first one, or its launcher.

    Args:
        last: The last known heartbeats.
    """
    return f"{_names([0], last)} does not respond, or its machine cannot be reached"


def _names(ranks: list[int], table: Heartbeats) -> str:
    parts = []
    for rank in ranks:
        beat = table.get(rank)
        parts.append(f"rank {rank}" + (f" (process {beat.process} on {beat.host})" if beat else ""))
    return ", ".join(parts)


def _read(store: Store, key: str) -> Heartbeat | None:
    return Heartbeat(**json.loads(store.get(key))) if store.check([key]) else None
