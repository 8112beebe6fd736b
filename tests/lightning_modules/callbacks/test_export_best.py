from __future__ import annotations

from pathlib import Path

import pytest

from cartoonizer import Cartoonizer
from cartoonizer.model_file import OWN_MODEL, read_model
from datamodules.errors import DataError
from lightning_modules.callbacks.export_best import ExportBest
from lightning_modules.cli import main
from lightning_modules.export import cartoon_file


def fit(root: Path, folder: Path, *more: str) -> Path:
    """Two steps of the conditional variant with a validation; the folder of its checkpoints."""
    words = [
        *("fit", "--config", "configs/cyclegan_cond.yaml", "--data.root", str(root), "--run", "a"),
        *("--data.image_size", "64", "--data.batch_size", "2", "--data.num_workers", "0", "--data.background", "head"),
        *("--model.ngf", "4", "--model.ndf", "4", "--model.generator", "resnet6", "--trainer.accelerator", "cpu"),
        *("--trainer.max_epochs", "1", "--trainer.limit_train_batches", "2", "--trainer.limit_val_batches", "1"),
        *("--trainer.default_root_dir", str(folder), "--trainer.enable_progress_bar", "false"),
    ]
    assert main([*words, *more]) == 0
    return folder / "cyclegan_cond" / "a" / "checkpoints"


@pytest.fixture
def _of_short_trainings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ExportBest.__init__, "__defaults__", (1,))


@pytest.mark.usefixtures("_of_short_trainings")
def test_the_best_checkpoint_becomes_a_model_of_the_runtime(sample_root: Path, tmp_path: Path) -> None:
    found = read_model(fit(sample_root, tmp_path) / "best.cartoon")
    assert found.manifest.labels["hair"] == ("black", "brown", "blonde", "grey")
    own = read_model(OWN_MODEL)
    assert all(own.nets[name] == found.nets[name] for name in ("pnet", "rnet", "onet", "background"))
    assert all(own.nets[name] != found.nets[name] for name in ("translator", "finisher"))  # of another size
    (face, *_) = Cartoonizer(found.path, threads=1)(sample_root / "celeba" / "img_align_celeba" / "000001.jpg")
    assert face.cartoon.mode == "RGBA"


@pytest.mark.usefixtures("_of_short_trainings")
def test_a_failure_is_told_and_the_training_is_done(
    sample_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise DataError("the disk is full")

    monkeypatch.setattr(cartoon_file, "write_cartoon_file", fail)
    with pytest.warns(
        UserWarning, match=r"best\.ckpt was not exported: the disk is full; try again with `cartoongan export"
    ):
        folder = fit(sample_root, tmp_path)
    assert (folder / "best.ckpt").is_file()
    assert not (folder / "best.cartoon").exists()


@pytest.mark.usefixtures("_of_short_trainings")
def test_it_can_be_switched_off(sample_root: Path, tmp_path: Path) -> None:
    folder = fit(sample_root, tmp_path, "--export", "false")
    assert (folder / "best.ckpt").is_file()
    assert not (folder / "best.cartoon").exists()


def test_of_a_short_training_nothing_is_exported(sample_root: Path, tmp_path: Path) -> None:
    assert not (fit(sample_root, tmp_path) / "best.cartoon").exists()
