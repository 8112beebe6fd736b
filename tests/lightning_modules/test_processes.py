"""Real processes: several of them train as one, and both names of the command start."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parent.parent.parent
LIGHTNING = [sys.executable, "-m", "lightning_modules"]
SCRIPTS = Path(sys.executable).parent


NOT_COMPARED = {"kernel_photo", "kernel_cartoon", "landmark_chance", "images_per_second", "peak_memory"}


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "WANDB_MODE": "disabled"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=240, check=False
    )


def losses(home: Path) -> list[dict[str, float]]:
    with (home / "metrics.csv").open(newline="") as file:
        rows = [
            {name: float(value) for name, value in row.items() if name.startswith("train/") and value}
            for row in csv.DictReader(file)
        ]
    return [row for row in rows if "train/cycle" in row]


@pytest.mark.parametrize(
    ("variant", "more"),
    [
        ("paper/cyclegan_baseline", []),
        ("paper/cyclegan_cond", ["--model.wrong_labels=true", "--model.random_target_share=0.5"]),
        ("paper/cyclegan_aligned", []),
        (
            "paper/cyclegan_full",
            ["--model.local_start=0", "--model.local_ramp=2", "--model.detector_weights={detector}"],
        ),
        (
            "cyclegan_full",  # with noise, R1, bent cartoons, the skin loss and a window that moves
            ["--model.local_start=0", "--model.detector_weights={detector}", "--model.learning_rate=2e-5"],
        ),
    ],
)
def test_two_processes_train_as_one(
    variant: str, more: list[str], sample_root: Path, detector_weights: Path, tmp_path: Path
) -> None:
    """The same global batch on one and two processes gives the same losses (pool and augmentation off)."""
    homes = []
    for devices, batch_size in ((1, 4), (2, 2)):
        options = {
            "data.root": sample_root,
            "trainer.default_root_dir": tmp_path,
            "run": f"on_{devices}",
            "trainer.accelerator": "cpu",
            "trainer.devices": devices,
            "trainer.max_steps": 3,
            "trainer.log_every_n_steps": 1,
            "trainer.enable_progress_bar": "false",
            "data.batch_size": batch_size,
            "data.augment": "false",
            "data.image_size": 32,
            "data.num_workers": 0,
            "model.pool_size": 0,
            "model.ngf": 4,
            "model.ndf": 4,
            "model.generator": "resnet6",
        }
        words = [f"--{name}={value}" for name, value in options.items()]
        words += [word.format(detector=detector_weights) for word in more]
        result = run([*LIGHTNING, "fit", "--config", f"configs/{variant}.yaml", *words], tmp_path)
        assert result.returncode == 0, result.stderr
        homes.append(tmp_path / variant.replace("/", "_") / f"on_{devices}")
    alone, together = (losses(home) for home in homes)
    assert len(alone) == 3
    for one, two in zip(alone, together, strict=True):
        assert two == pytest.approx(one, rel=1e-3)  # from 1e-7 at the first step, blown up by Adam
    states = [torch.load(home / "checkpoints" / "last.ckpt", weights_only=True) for home in homes]
    assert [state["global_step"] for state in states] == [3, 3]
    assert sorted(path.name for path in homes[1].iterdir()) == sorted(path.name for path in homes[0].iterdir())


def test_two_processes_measure_as_one(sample_root: Path, tmp_path: Path) -> None:
    """Figures of a test on one and two processes; subsets and neighbours are others, since the order differs."""
    common = ["--config", "configs/cyclegan_cond.yaml", "--trainer.accelerator=cpu"]
    common += [f"--trainer.default_root_dir={tmp_path}", "--trainer.enable_progress_bar=false"]
    small = ["--data.image_size=32", "--data.num_workers=0", "--model.ngf=4", "--model.ndf=4"]
    steps = [f"--data.root={sample_root}", "--run=a", "--trainer.max_steps=1", "--trainer.limit_val_batches=0"]
    assert run([*LIGHTNING, "fit", *common, *small, *steps], tmp_path).returncode == 0
    found, faces = [], []
    for devices in (1, 2):
        options = ["--ckpt_path=last", f"--trainer.devices={devices}", "--data.batch_size=2"]
        result = run([*LIGHTNING, "test", *common, *options], tmp_path)
        assert result.returncode == 0, result.stderr
        folder = tmp_path / "cyclegan_cond" / "a" / "test"
        found.append(json.loads((folder / "metrics.json").read_text())["figures"])
        faces.append((folder / "faces.csv").read_text().splitlines())
    alone, together = found
    assert alone.keys() == together.keys()
    for key in alone.keys() - NOT_COMPARED:
        assert together[key]["samples"] == alone[key]["samples"], key
        assert (together[key]["value"] is None) == (alone[key]["value"] is None), key
        if alone[key]["value"] is not None:
            assert together[key]["value"] == pytest.approx(alone[key]["value"], rel=1e-3, abs=1e-4), key
    assert [row.split(",")[:2] for row in faces[1]] == [row.split(",")[:2] for row in faces[0]]


@pytest.mark.parametrize("command", [LIGHTNING, [str(SCRIPTS / "lightning")]], ids=["module", "script"])
def test_the_lightning_command_starts_anywhere(command: list[str], tmp_path: Path) -> None:
    result = run([*command, "fit", "--config", "configs/cyclegan_baseline.yaml", "--data.root", "nowhere"], tmp_path)
    assert result.returncode == 2
    message = result.stderr.partition("lightning: error: ")[2]
    assert str(tmp_path / "nowhere") in message
    assert len(message.strip().splitlines()) <= 3
    assert not list(tmp_path.iterdir())


def test_the_cartoongan_command_starts_anywhere(tmp_path: Path) -> None:
    result = run([str(SCRIPTS / "cartoongan"), "--help"], tmp_path)
    assert result.returncode == 0
    assert "sample-data" in result.stdout


def test_ctrl_c_loses_nothing(sample_root: Path, tmp_path: Path) -> None:
    options = ["--data.image_size=32", "--data.batch_size=2", "--data.num_workers=0", "--model.ngf=4", "--model.ndf=4"]
    options += ["--trainer.accelerator=cpu", "--trainer.log_every_n_steps=1", "--data.epoch_size=20000", "--run=mine"]
    words = ["fit", "--config", "configs/cyclegan_baseline.yaml", f"--trainer.default_root_dir={tmp_path}"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "WANDB_MODE": "disabled"}
    process = subprocess.Popen(
        [*LIGHTNING, *words, f"--data.root={sample_root}", *options],
        cwd=tmp_path,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # a background job ignores it
    )
    home = tmp_path / "cyclegan_baseline" / "mine"
    for _ in range(600):  # the log appears with the first steps
        if (home / "metrics.csv").is_file() or process.poll() is not None:
            break
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    try:
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode != 0
    assert f"--ckpt_path {home / 'checkpoints' / 'last.ckpt'}" in errors
    checkpoint = torch.load(home / "checkpoints" / "last.ckpt", weights_only=True)
    assert checkpoint["global_step"] >= 1
    assert len(losses(home)) >= 1
