from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from filelock import FileLock
from PIL import Image

from datamodules.datasets.celeba import CelebA
from lightning_modules.base import BaseCycleGAN
from lightning_modules.cli import command, main
from lightning_modules.runs import LOCK_FILE

Lightning = Callable[..., int]


def the_run(tmp_path: Path, experiment: str = "cyclegan_baseline") -> Path:
    (run,) = (tmp_path / "runs" / experiment).iterdir()
    return run


def column(path: Path, name: str) -> list[float]:
    with path.open(newline="") as file:
        return [float(row[name]) for row in csv.DictReader(file) if row.get(name)]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, sample_root: Path) -> Path:
    """The home of a run of two epochs of three steps, with an average; treat it as read-only."""
    runs = tmp_path_factory.mktemp("trained") / "runs"
    code = main(
        [
            *("fit", "--config", "configs/cyclegan_baseline.yaml", "--data.root", str(sample_root)),
            *("--trainer.default_root_dir", str(runs), "--trainer.accelerator", "cpu"),
            *(
                "--trainer.enable_progress_bar",
                "false",
                "--trainer.max_epochs",
                "2",
                "--trainer.log_every_n_steps",
                "1",
            ),
            *("--data.image_size", "32", "--data.batch_size", "2", "--data.num_workers", "0", "--data.epoch_size", "6"),
            *("--model.ngf", "4", "--model.ndf", "4", "--model.generator", "resnet6", "--model.ema_decay", "0.9"),
            *("--model.lambda_identity", "0.5"),
        ]
    )
    assert code == 0
    (home,) = (runs / "cyclegan_baseline").iterdir()
    return Path(home)


@pytest.fixture
def copied(trained: Path, tmp_path: Path) -> Path:
    """A copy of the trained run where the ``lightning`` fixture looks for runs."""
    return Path(shutil.copytree(trained, tmp_path / "runs" / "cyclegan_baseline" / trained.name))


def test_a_run_has_one_home_with_everything_in_it(trained: Path) -> None:
    files = sorted(path.relative_to(trained).as_posix() for path in trained.rglob("*") if path.is_file())
    assert files == [
        *("checkpoints/best.ckpt", "checkpoints/last.ckpt", "config.yaml"),
        *("images/epoch_0000_step_0000003.png", "images/epoch_0001_step_0000006.png", "metrics.csv", "run.json"),
    ]
    with Image.open(trained / "images" / "epoch_0001_step_0000006.png") as grid:
        assert grid.height == 2 + 6 * (32 + 2)


def test_the_record_says_what_was_asked_for(trained: Path) -> None:
    config = yaml.safe_load((trained / "config.yaml").read_text())
    assert config["trainer"]["precision"] == "16-mixed"
    assert config["model"]["init_args"]["ngf"] == 4
    assert config["data"]["init_args"]["image_size"] == 32
    assert "0:15:00" in {
        callback["init_args"].get("train_time_interval") for callback in config["trainer"]["callbacks"]
    }
    (session,) = json.loads((trained / "run.json").read_text())
    assert session["seed"] == 42
    assert session["precision"] == "32-true"
    assert session["versions"]["torch"] == torch.__version__.partition("+")[0] or torch.__version__
    assert "fit --config configs/cyclegan_baseline.yaml" in session["command"]
    assert session["git_revision"]


def test_every_loss_is_logged_by_name(trained: Path) -> None:
    for kind in ("adversarial", "cycle", "identity", "discriminator"):
        for domain in ("photo", "cartoon"):
            assert len(column(trained / "metrics.csv", f"train/{kind}_{domain}")) == 6
    assert len(column(trained / "metrics.csv", "val/cycle")) == 2
    assert len(column(trained / "metrics.csv", "learning_rate")) == 2


def test_the_saved_config_starts_the_same_run_again(trained: Path, tmp_path: Path) -> None:
    again = ["--config", str(trained / "config.yaml"), "--trainer.default_root_dir", str(tmp_path)]
    assert main(["fit", *again, "--trainer.enable_progress_bar", "false"]) == 0
    (home,) = (tmp_path / "cyclegan_baseline").iterdir()
    assert column(home / "metrics.csv", "train/cycle") == column(trained / "metrics.csv", "train/cycle")


def test_resume_goes_on_in_the_same_home(copied: Path, lightning: Lightning) -> None:
    before = torch.load(copied / "checkpoints" / "last.ckpt", weights_only=True)
    asked = ["--ckpt_path", "last", "--trainer.max_epochs", "3", "--trainer.log_every_n_steps", "1"]
    assert lightning("fit", *asked, small=False) == 0
    after = torch.load(copied / "checkpoints" / "last.ckpt", weights_only=True)
    assert (before["global_step"], after["global_step"]) == (6, 9)
    assert after["epoch"] == 2
    assert len(column(copied / "metrics.csv", "train/cycle")) == 9
    assert [session["resumed_from"] is None for session in json.loads((copied / "run.json").read_text())] == [
        True,
        False,
    ]
    assert yaml.safe_load((copied / "config.1.yaml").read_text())["trainer"]["max_epochs"] == 2
    assert yaml.safe_load((copied / "config.yaml").read_text())["trainer"]["max_epochs"] == 3


def test_resume_restores_all_that_a_step_depends_on(copied: Path) -> None:
    checkpoint = torch.load(copied / "checkpoints" / "last.ckpt", weights_only=True)
    assert len(checkpoint["optimizer_states"]) == 2
    assert all(state["state"] for state in checkpoint["optimizer_states"])
    assert len(checkpoint["lr_schedulers"]) == 2
    assert len(checkpoint["state_dict"]["pools.cartoon._extra_state"]["samples"]) == 12
    assert any(name.startswith("average.") for name in checkpoint["state_dict"])


def test_an_interrupted_run_ends_as_an_uninterrupted_one(trained: Path, lightning: Lightning, tmp_path: Path) -> None:
    """Stopped after the first epoch and resumed: the same losses and weights as in one go."""
    options = ["--trainer.log_every_n_steps", "1", "--data.epoch_size", "6", "--model.ema_decay", "0.9"]
    options += ["--data.num_workers", "1"]  # a loader process draws before the trainer says which epoch it is
    assert lightning("fit", *options, "--trainer.max_epochs", "1") == 0
    assert lightning("fit", "--ckpt_path", "last", "--trainer.max_epochs", "2", small=False) == 0
    resumed = the_run(tmp_path)
    assert column(resumed / "metrics.csv", "train/cycle") == column(trained / "metrics.csv", "train/cycle")
    ours = torch.load(resumed / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    theirs = torch.load(trained / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    for name, value in theirs.items():
        if isinstance(value, torch.Tensor):
            torch.testing.assert_close(ours[name], value, rtol=0, atol=0, msg=name)


def test_a_run_that_is_told_to_end_is_saved_and_fails(
    lightning: Lightning, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(module: BaseCycleGAN, *_: object) -> None:
        if module.global_step == 1:
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(BaseCycleGAN, "on_train_batch_end", stopped)
    assert lightning("fit", "--trainer.max_steps", "5", "--data.epoch_size", "12") == 143
    saved = torch.load(the_run(tmp_path) / "checkpoints" / "last.ckpt", weights_only=True)
    assert saved["global_step"] < 5


DYING_LOADER = """
import os, signal, sys
from datamodules.sampling.unpaired import UnpairedFaces
from lightning_modules.cli import main

UnpairedFaces.__getitem__ = lambda faces, draw: os.kill(os.getpid(), signal.SIGKILL)
sys.exit(main(sys.argv[1:]))
"""


def test_a_loader_process_that_dies_is_explained(sample_root: Path, tmp_path: Path) -> None:
    """In a process of its own: a loader forked from one with threads of other libraries can hang instead of dying."""
    program = subprocess.run(
        [
            *(sys.executable, "-c", DYING_LOADER, "fit", "--config=configs/cyclegan_baseline.yaml"),
            *(f"--data.root={sample_root}", f"--trainer.default_root_dir={tmp_path}", "--trainer.accelerator=cpu"),
            *("--data.image_size=32", "--data.batch_size=2", "--data.num_workers=1", "--trainer.max_steps=1"),
            *("--model.generator=resnet6", "--model.ngf=2", "--model.ndf=2", "--trainer.enable_progress_bar=false"),
        ],
        env=os.environ | {"OMP_NUM_THREADS": "1", "WANDB_MODE": "disabled"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert program.returncode == 2
    message = program.stderr.partition("lightning: error: ")[2]
    assert "a loader process died or hangs (DataLoader worker" in message
    assert "--data.num_workers" in message
    assert len(message.strip().splitlines()) <= 3


def test_the_command_line_beats_the_checkpoint(copied: Path, lightning: Lightning) -> None:
    assert (
        lightning("fit", "--ckpt_path", "last", "--model.lambda_cycle", "3", "--trainer.max_epochs", "3", small=False)
        == 0
    )
    config = yaml.safe_load((copied / "config.yaml").read_text())
    assert config["model"]["init_args"]["lambda_cycle"] == 3
    assert config["model"]["init_args"]["ngf"] == 4  # the config file says 64, the checkpoint 4
    assert config["data"]["init_args"]["image_size"] == 32


def test_resume_finds_its_data_from_any_folder(
    sample_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(sample_root.parent)
    shared = ["--config", "configs/cyclegan_baseline.yaml", "--trainer.default_root_dir", str(tmp_path / "runs")]
    steps = ["--trainer.enable_progress_bar", "false", "--trainer.limit_train_batches", "1", "--trainer.max_epochs"]
    options = ["--data.image_size=32", "--data.num_workers=0", "--model.ngf=4", "--model.ndf=4"]
    assert main(["fit", *shared, *options, "--data.root", sample_root.name, *steps, "1"]) == 0
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert main(["fit", *shared, "--ckpt_path", "last", *steps, "2"]) == 0


def test_a_lengthened_run_follows_its_new_schedule(copied: Path, lightning: Lightning) -> None:
    """Two epochs ended at rate 0; two more go on where a run of four would be, at the rate asked for now."""
    options = ["--ckpt_path", "last", "--trainer.max_epochs", "4", "--model.learning_rate", "1e-3"]
    assert lightning("fit", *options, small=False) == 0
    assert column(copied / "metrics.csv", "learning_rate") == pytest.approx([2e-4, 2e-4, 1e-3, 0.5e-3])


def test_resume_keeps_what_the_run_was_started_with(copied: Path, lightning: Lightning) -> None:
    assert lightning("fit", "--ckpt_path", "last", "--trainer.max_epochs", "3", small=False) == 0
    config = yaml.safe_load((copied / "config.yaml").read_text())
    assert config["trainer"]["log_every_n_steps"] == 1
    assert config["trainer"]["enable_progress_bar"] is False


def test_run_and_last_together_name_the_run_to_go_on_with(copied: Path, lightning: Lightning, tmp_path: Path) -> None:
    assert lightning("fit", "--run", "other", "--trainer.max_steps", "1", "--trainer.limit_val_batches", "0") == 0
    options = ["--ckpt_path", "last", "--run", copied.name, "--trainer.max_epochs", "3"]
    assert lightning("fit", *options, small=False) == 0
    assert torch.load(copied / "checkpoints" / "last.ckpt", weights_only=True)["global_step"] == 9
    assert len(list(copied.parent.iterdir())) == 2


@pytest.mark.usefixtures("copied")
def test_resume_with_another_width_is_refused(lightning: Lightning, capsys: pytest.CaptureFixture[str]) -> None:
    assert lightning("fit", "--ckpt_path", "last", "--model.ngf", "8", small=False) == 2
    assert "ngf: 4 in it, 8 here" in capsys.readouterr().err


@pytest.mark.usefixtures("copied")
def test_resume_with_another_image_size_is_refused(lightning: Lightning, capsys: pytest.CaptureFixture[str]) -> None:
    assert lightning("fit", "--ckpt_path", "last", "--data.image_size", "64", small=False) == 2
    message = capsys.readouterr().err
    assert "--data.image_size: 32 in it, 64 here" in message
    assert lightning("fit", "--ckpt_path", "last", "--data.image_size", "64", "--force", "true", small=False) == 2


def test_resume_on_other_data_is_refused_unless_forced(
    copied: Path, lightning: Lightning, sample_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "moved"
    other.symlink_to(sample_root)
    options = ["--ckpt_path", "last", "--data.root", str(other), "--data.epoch_size", "8", "--trainer.max_epochs", "3"]
    assert lightning("fit", *options, "--data.num_workers", "1", small=False) == 2
    message = capsys.readouterr().err
    assert f"--data.root: {sample_root} in it, {other} here; --data.epoch_size: 6 in it, 8 here" in message
    assert "num_workers" not in message
    assert lightning("fit", *options, "--force", "true", small=False) == 0
    assert torch.load(copied / "checkpoints" / "last.ckpt", weights_only=True)["global_step"] == 10
    assert yaml.safe_load((copied / "config.yaml").read_text())["force"] is False


def test_a_relative_exclusion_list_is_the_same_one_when_the_run_resumes(lightning: Lightning, tmp_path: Path) -> None:
    (tmp_path / "exclude.csv").write_text("domain,file\nphoto,elsewhere.jpg\n")
    options = ["--data.epoch_size", "4", "--data.exclude", os.path.relpath(tmp_path / "exclude.csv")]
    assert lightning("fit", *options, "--trainer.max_epochs", "1") == 0
    (config,) = (tmp_path / "runs").rglob("config.yaml")
    recorded = Path(yaml.safe_load(config.read_text())["data"]["init_args"]["exclude"])
    assert recorded.is_absolute()
    assert recorded.samefile(tmp_path / "exclude.csv")
    assert lightning("fit", *options, "--ckpt_path", "last", "--trainer.max_epochs", "2") == 0


def test_a_test_goes_into_the_checkpoint_s_run(copied: Path, lightning: Lightning) -> None:
    training = (copied / "metrics.csv").read_bytes()
    assert lightning("test", "--ckpt_path", "best", small=False) == 0
    assert column(copied / "test" / "metrics.csv", "test/cycle")
    assert lightning("validate", "--ckpt_path", str(copied / "checkpoints" / "last.ckpt"), small=False) == 0
    expected = column(copied / "metrics.csv", "val/cycle")[-1]
    assert column(copied / "test" / "metrics.csv", "val/cycle") == pytest.approx([expected], rel=1e-5)
    assert (copied / "metrics.csv").read_bytes() == training
    assert len(list(copied.parent.iterdir())) == 1


def test_prediction_makes_a_png_of_each_photo(
    copied: Path, lightning: Lightning, sample_root: Path, tmp_path: Path
) -> None:
    photos, out = sample_root / "celeba" / "img_align_celeba", tmp_path / "cartoons"
    options = ["--ckpt_path", "last", "--data.predict_dir", str(photos)]
    assert lightning("predict", *options, "--out", str(out), small=False) == 0
    assert sorted(path.stem for path in out.iterdir()) == sorted(path.stem for path in photos.iterdir())
    with Image.open(out / "000001.png") as image:
        assert (image.size, image.mode) == ((32, 32), "RGB")
        assert np.asarray(image).std() > 1
    assert lightning("predict", *options, small=False) == 0
    assert len(list((copied / "predictions").iterdir())) == len(list(photos.iterdir()))


@pytest.mark.usefixtures("copied")
def test_cartoons_are_not_written_over_photos(
    lightning: Lightning, sample_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = Path(shutil.copytree(sample_root / "celeba" / "img_align_celeba", tmp_path / "photos"))
    before = sorted(path.name for path in photos.iterdir())
    for out in (photos, photos / "cartoons"):
        options = ["--ckpt_path", "last", "--data.predict_dir", str(photos), "--out", str(out)]
        assert lightning("predict", *options, small=False) == 2
        assert "is in the folder of the photos" in capsys.readouterr().err
    assert sorted(path.name for path in photos.iterdir()) == before


def test_a_single_photo_is_translated_and_never_overwritten(
    copied: Path, lightning: Lightning, sample_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo = tmp_path / "photos" / "me.png"
    photo.parent.mkdir()
    first = min((sample_root / "celeba" / "img_align_celeba").iterdir())
    Image.open(first).save(photo)
    options = ["--ckpt_path", "last", "--data.predict_dir", str(photo)]
    assert lightning("predict", *options, "--out", str(tmp_path / "out"), small=False) == 0
    assert [path.name for path in (tmp_path / "out").rglob("*.png")] == ["me.png"]
    before = photo.read_bytes()
    assert lightning("predict", *options, "--out", str(photo.parent), small=False) == 2
    assert "would overwrite it" in capsys.readouterr().err
    assert photo.read_bytes() == before


def test_prediction_uses_the_average(copied: Path, lightning: Lightning, sample_root: Path, tmp_path: Path) -> None:
    from datamodules.datasets.photo_folder import PhotoFolder
    from lightning_modules import CycleGANBaseline

    photos = sample_root / "celeba" / "img_align_celeba"
    path = copied / "checkpoints" / "last.ckpt"
    lightning(
        "predict",
        "--ckpt_path",
        str(path),
        "--data.predict_dir",
        str(photos),
        "--out",
        str(tmp_path / "c"),
        "--data.background",
        "keep",
        small=False,
    )
    model = CycleGANBaseline.load_from_checkpoint(path, map_location="cpu")
    image = PhotoFolder(photos, 32)[0].image[None]
    with torch.no_grad():
        expected = ((model.trained_generators["cartoon"](image)[0] + 1) / 2).clamp(0, 1) * 255
    written = torch.from_numpy(np.asarray(Image.open(tmp_path / "c" / "000001.png")).copy()).permute(2, 0, 1)
    assert (written - expected).abs().max() <= 1


def test_max_steps_means_training_steps(lightning: Lightning, tmp_path: Path) -> None:
    assert lightning("fit", "--trainer.max_steps", "4", "--trainer.limit_val_batches", "1") == 0
    checkpoint = torch.load(the_run(tmp_path) / "checkpoints" / "last.ckpt", weights_only=True)
    assert checkpoint["global_step"] == 4


def test_a_time_limit_ends_a_run_with_its_checkpoint(lightning: Lightning, tmp_path: Path) -> None:
    assert lightning("fit", "--trainer.max_time", "00:00:00:03", "--trainer.max_epochs", "10000") == 0
    checkpoint = torch.load(the_run(tmp_path) / "checkpoints" / "last.ckpt", weights_only=True)
    assert checkpoint["global_step"] > 0


def test_a_run_in_training_is_refused_before_its_loggers_start(
    lightning: Lightning, copied: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("lightning.pytorch.Trainer._fit_impl", lambda *_, **__: pytest.fail("it starts"))
    with FileLock(copied / LOCK_FILE):
        assert lightning("fit", "--ckpt_path", "last", "--trainer.max_epochs", "3", small=False) == 2
    assert "another process is training in" in capsys.readouterr().err


def test_a_fast_dev_run_leaves_nothing(lightning: Lightning, tmp_path: Path) -> None:
    assert lightning("fit", "--trainer.fast_dev_run", "true") == 0
    assert not (tmp_path / "runs").exists()


def test_runs_without_logger_keep_their_home(
    lightning: Lightning, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert lightning("fit", "--trainer.logger", "false", "--trainer.max_steps", "1", "--run", "mine") == 0
    home = the_run(tmp_path)
    assert home.name == "mine"
    assert (home / "checkpoints" / "last.ckpt").is_file()
    assert not list((tmp_path / "here").iterdir())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--model.ngff", "3"], ["model.ngff"]),
        (["--model.ngf", "many"], ["model.ngf", "many"]),
        (["--trainer.max_epoch", "3"], ["--trainer.max_epoch"]),
        (["--data.root", "/nowhere"], ["/nowhere", "--data.root"]),
        (["--model.generator", "vgg"], ["model.generator", "resnet9"]),
        (["--ckpt_path", "last"], ["--ckpt_path last"]),
        (["--data.image_size", "30"], ["30"]),
        (["--data.epoch_size", "0"], ["--data.epoch_size is 0"]),
        (["--model.ngf", "0"], ["--model.ngf is 0"]),
        (["--model.ema_decay", "1.0"], ["--model.ema_decay is 1.0"]),
        (["--trainer.gradient_clip_val", "1"], ["--model.clip_grad_norm"]),
        (["--trainer.accumulate_grad_batches", "2"], ["accumul"]),
    ],
)
def test_mistakes_are_explained_in_three_lines(
    options: list[str], words: list[str], lightning: Lightning, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lightning("fit", *options) == 2
    message = capsys.readouterr().err.partition("lightning: error: ")[2]
    assert len(message.strip().splitlines()) <= 3
    for word in words:
        assert word in message
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("workers", ["0", "2"])
def test_an_unreadable_image_stops_a_run_or_is_reported(
    workers: str,
    sample_root: Path,
    tmp_path: Path,
    lightning: Lightning,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root = Path(shutil.copytree(sample_root, tmp_path / "data"))
    broken = CelebA(root / "celeba", "train").names[0]
    (root / "celeba" / "img_align_celeba" / broken).write_bytes(b"not a picture")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    options = ["--data.root", str(root), "--data.num_workers", workers, "--trainer.max_epochs", "1"]
    options += ["--data.epoch_size", "null"]
    assert lightning("fit", *options) == 2
    message = capsys.readouterr().err.partition("lightning: error: ")[2]
    assert broken in message
    assert len(message.strip().splitlines()) == 1
    shown = CelebA(root / "celeba", "val").names[0]
    (root / "celeba" / "img_align_celeba" / shown).write_bytes(b"not a picture")
    with pytest.warns(UserWarning, match=rf"unreadable images[\s\S]*{broken}[\s\S]*{shown}"):
        assert lightning("fit", *options, "--data.on_bad_image", "skip") == 0
    assert not list(Path(tempfile.gettempdir()).glob("bad_images_*.log"))


@pytest.mark.parametrize("subcommand", ["validate", "test", "predict"])
def test_evaluation_needs_a_checkpoint(
    subcommand: str, lightning: Lightning, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lightning(subcommand) == 2
    assert "--ckpt_path" in capsys.readouterr().err


def test_a_missing_base_config_is_an_error(
    lightning: Lightning, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "project_root", lambda: tmp_path)
    assert lightning("fit") == 2
    assert str(tmp_path / "configs" / "base.yaml") in capsys.readouterr().err


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU: 16-bit mixed precision")
@pytest.mark.parametrize("options", [[], ["--model.clip_grad_norm", "1"]], ids=["fused", "clipped"])
def test_mixed_precision_trains_on_a_gpu(options: list[str], lightning: Lightning, tmp_path: Path) -> None:
    gpu = ["--trainer.accelerator", "gpu", "--trainer.max_steps", "4", "--trainer.log_every_n_steps", "1"]
    assert lightning("fit", *gpu, *options) == 0
    home = the_run(tmp_path)
    assert json.loads((home / "run.json").read_text())[0]["precision"] == "16-mixed"
    assert all(np.isfinite(column(home / "metrics.csv", "train/cycle")))
    checkpoint = torch.load(home / "checkpoints" / "last.ckpt", weights_only=True)
    assert checkpoint["MixedPrecision"]["scale"] > 0
