"""Two real processes: they resume exactly, and a signal to one of them stops both."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.lightning_modules.states import compared, differences

OFTEN = """
trainer:
  callbacks:
    - class_path: lightning.pytorch.callbacks.ModelCheckpoint
      init_args: {filename: last, save_on_train_epoch_end: true, enable_version_counter: false}
    - class_path: lightning.pytorch.callbacks.ModelCheckpoint
      init_args: {filename: "step_{step}", every_n_train_steps: 3, save_top_k: -1, auto_insert_metric_name: false}
"""


def command(folder: Path, root: Path, *options: str) -> list[str]:
    config = folder / "often.yaml"
    config.write_text(OFTEN)
    return [
        *(sys.executable, "-m", "lightning_modules", "fit", "--config=configs/cyclegan_baseline.yaml"),
        *(f"--config={config}", "--name=two", f"--data.root={root}", f"--trainer.default_root_dir={folder}"),
        *("--trainer.accelerator=cpu", "--trainer.enable_progress_bar=false", "--trainer.max_epochs=2"),
        *("--data.image_size=32", "--data.batch_size=1", "--data.num_workers=0", "--data.epoch_size=20"),
        *("--model.generator=resnet6", "--model.ngf=2", "--model.ndf=2", "--model.pool_size=3"),
        *("--trainer.limit_val_batches=1", "--trainer.log_every_n_steps=1", *options),
    ]


def environment() -> dict[str, str]:
    return os.environ | {"OMP_NUM_THREADS": "1", "WANDB_MODE": "disabled"}


def run(words: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, env=environment(), capture_output=True, text=True, timeout=600, check=False)


def last_of(folder: Path, name: str) -> dict[str, Any]:
    state: dict[str, Any] = torch.load(folder / "two" / name / "checkpoints" / "last.ckpt", weights_only=True)
    return state


def children(process: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def command_of(process: int) -> str:
    return Path(f"/proc/{process}/cmdline").read_text()


@pytest.mark.timeout(1200)  # four starts of two processes
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="finds the second process in /proc")
def test_two_processes_stop_together_and_resume_exactly(sample_root: Path, tmp_path: Path) -> None:
    """SIGTERM to the second process ends both with a checkpoint, from which they end as two that were never stopped."""
    both = ["--trainer.devices=2"]
    whole = run(command(tmp_path, sample_root, "--run=whole", *both))
    assert whole.returncode == 0, whole.stderr
    end = last_of(tmp_path, "whole")
    assert len(end["exact_resume"]["processes"]) == 2
    pools = end["exact_resume"]["processes"][1]["pools"]["pools.cartoon"]["samples"]
    ours = end["state_dict"]["pools.cartoon._extra_state"]["samples"]
    assert not torch.equal(pools[0]["image"], ours[0]["image"])

    stopped = subprocess.Popen(
        command(tmp_path, sample_root, "--run=part", *both), env=environment(), stderr=subprocess.PIPE, text=True
    )
    try:
        first_checkpoint = tmp_path / "two" / "part" / "checkpoints" / "step_3.ckpt"
        for _ in range(6000):
            if first_checkpoint.is_file() or stopped.poll() is not None:
                break
            time.sleep(0.1)
        (second,) = [pid for pid in children(stopped.pid) if "lightning_modules" in command_of(pid)]
        os.kill(second, signal.SIGTERM)
        _, errors = stopped.communicate(timeout=240)
    finally:
        stopped.kill()
    assert stopped.returncode != 0
    assert "resume with: --ckpt_path" in errors
    steps = last_of(tmp_path, "part")["global_step"]
    assert 3 <= steps < end["global_step"]

    alone = run(command(tmp_path, sample_root, "--ckpt_path=last", "--run=part", "--trainer.devices=1"))
    assert alone.returncode == 2
    assert "written by 2 process(es), this run has 1" in alone.stderr

    resumed = run(command(tmp_path, sample_root, "--ckpt_path=last", "--run=part", *both))
    assert resumed.returncode == 0, resumed.stderr
    assert differences(compared(last_of(tmp_path, "part")), compared(end)) == []
