from __future__ import annotations

from pathlib import Path

import pytest
import torch

from apps.main import main
from datamodules.samples import Faces
from lightning_modules.checkpoints import load_model
from lightning_modules.cli import main as lightning
from networks.translator import load_translator


def test_a_checkpoint_s_generator_translates_as_the_model_does(
    sample_root: Path, detector_weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--model.generator", "resnet6", "--model.ngf", "4", "--model.ndf", "4", "--model.ngf_photo", "4"]
    words += ["--model.detector_weights", str(detector_weights), "--data.root", str(sample_root)]
    words += ["--data.image_size", "32", "--data.batch_size", "2", "--data.num_workers", "0", "--data.epoch_size", "4"]
    words += ["--trainer.max_epochs", "1", "--trainer.limit_val_batches", "1", "--trainer.accelerator", "cpu"]
    words += ["--trainer.default_root_dir", str(tmp_path), "--run", "a", "--trainer.enable_progress_bar", "false"]
    assert lightning(["fit", "--config", "configs/cyclegan_full.yaml", *words]) == 0
    checkpoint, out = tmp_path / "cyclegan_full" / "a" / "checkpoints" / "last.ckpt", tmp_path / "one.safetensors"
    assert main(["export", str(checkpoint), "--out", str(out)]) == 0
    assert "step 2 of CycleGANFull" in capsys.readouterr().out
    translator, model = load_translator(out), load_model(checkpoint)
    assert (translator.options.background, translator.options.image_size) == ("head", 32)
    photos = Faces(
        torch.rand(2, 3, 32, 32) * 2 - 1, torch.rand(2, 5, 2) * 32, torch.tensor([1, 2]), torch.eye(2).long()
    )
    with torch.no_grad():
        expected = model.translate_photos(photos)
    torch.testing.assert_close(translator(*photos), expected, atol=2e-2, rtol=0)


def test_what_is_no_checkpoint_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(tmp_path / "no.ckpt"), "--out", str(tmp_path / "x.safetensors")]) == 2
    assert "no such checkpoint" in capsys.readouterr().err
    assert not (tmp_path / "x.safetensors").exists()
