"""Two real processes share the photos of a prediction."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from lightning_modules.cli import main


@pytest.fixture(scope="module")
def checkpoint(sample_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    words = [
        *("fit", "--config", "configs/cyclegan_baseline.yaml", "--data.root", str(sample_root), "--run", "a"),
        *("--data.image_size", "32", "--data.num_workers", "0", "--model.generator", "resnet6", "--model.ngf", "2"),
        *("--model.ndf", "2", "--trainer.max_steps", "2", "--trainer.limit_val_batches", "0"),
        *("--trainer.accelerator", "cpu", "--trainer.enable_progress_bar", "false"),
        *("--trainer.default_root_dir", str(folder)),
    ]
    assert main(words) == 0
    return folder / "cyclegan_baseline" / "a" / "checkpoints" / "last.ckpt"


def predict(checkpoint: Path, photos: Path, out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    words = [
        *(sys.executable, "-m", "lightning_modules", "predict", "--config=configs/cyclegan_baseline.yaml"),
        *(f"--ckpt_path={checkpoint}", f"--data.predict_dir={photos}", f"--out={out}", "--data.batch_size=2"),
        *("--data.num_workers=0", "--trainer.accelerator=cpu", "--trainer.enable_progress_bar=false"),
        *("--finish=false", *more),
    ]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "WANDB_MODE": "disabled"}
    return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=240, check=False)


@pytest.mark.timeout(900)
def test_each_photo_is_drawn_once_by_one_of_two_processes(checkpoint: Path, sample_root: Path, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(1, 6):
        name = f"{number:06}.jpg"
        (photos / name).write_bytes((sample_root / "celeba" / "img_align_celeba" / name).read_bytes())
    Image.new("RGB", (90, 90), (60, 90, 60)).save(photos / "meadow.png")

    single = predict(checkpoint, photos, tmp_path / "single", "--data.align=true")
    assert single.returncode == 0, single.stderr
    both = predict(checkpoint, photos, tmp_path / "both", "--data.align=true", "--trainer.devices=2")
    assert both.returncode == 0, both.stderr
    for run in (single, both):
        assert run.stderr.count("1 of 6 photos have no face and are skipped") == 1, run.stderr
    expected = {path.name: path.read_bytes() for path in (tmp_path / "single").iterdir()}
    assert sorted(expected) == [f"{number:06}.png" for number in range(1, 6)]
    assert {path.name: path.read_bytes() for path in (tmp_path / "both").iterdir()} == expected

    alone = predict(checkpoint, photos / "000001.jpg", tmp_path / "alone", "--trainer.devices=2")
    assert alone.returncode == 0, alone.stderr
    assert [path.name for path in (tmp_path / "alone").iterdir()] == ["000001.png"]

    (photos / "000002.jpg").write_bytes(b"damaged")
    damaged = predict(checkpoint, photos, tmp_path / "damaged", "--trainer.devices=2")
    assert damaged.returncode == 2
    assert "1 of 6 photos cannot be read" in damaged.stderr
    assert not (tmp_path / "damaged").exists()
