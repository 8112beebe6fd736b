"""One of two processes that sum a number in each step, until one of them hangs: ``hanging_pair.py PORT RANK FAULT``."""

from __future__ import annotations

import os
import signal
import sys
import time
from unittest.mock import Mock

import torch
import torch.distributed as dist

from lightning_modules.callbacks.watchdog import Watchdog


def main(port: str, rank: str, fault: str) -> None:
    dist.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=int(rank), world_size=2)
    trainer = Mock(world_size=2, global_rank=int(rank), global_step=0)
    trainer.strategy.launcher.procs = []
    watchdog = Watchdog(timeout=4)
    watchdog.on_train_start(trainer, Mock())
    is_faulty = fault.startswith(f"rank {rank}")
    for step in range(10**6):
        if is_faulty and step == 3 and fault.endswith("loads"):
            time.sleep(10**6)
        watchdog.on_train_batch_start(trainer, Mock(), None, step)
        if is_faulty and step == 3:
            time.sleep(0.5)  # the other one knows this one by then
            os.kill(os.getpid(), signal.SIGSTOP)
        time.sleep(0.5)
        dist.all_reduce(torch.ones(1))
        trainer.global_step += 1
        watchdog.on_train_batch_end(trainer, Mock(), None, None, step)


if __name__ == "__main__":
    main(*sys.argv[1:])
