from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import torch
from lightning import Trainer
from torch.utils.data import DataLoader, Dataset

from datamodules.datasets.celeba import CelebA
from datamodules.faces import FacesDataModule
from datamodules.samples import HairColour, UnpairedBatch
from lightning_modules.callbacks.evaluation import FacesShown, peak_memory, regressor_in_the_loss
from lightning_modules.cli import main
from lightning_modules.cyclegan_baseline import CycleGANBaseline
from lightning_modules.cyclegan_landmark import CycleGANLandmark

SMALL = [*("--data.image_size", "32", "--data.batch_size", "3", "--data.num_workers", "0"), "--trainer.accelerator=cpu"]
LOCAL = ["--evaluation.features", "efficientnet_lite0"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, sample_root: Path) -> Path:
    """Runs of one step of the conditional variant; treat them as read-only but for tests."""
    folder = tmp_path_factory.mktemp("evaluated")
    code = main(
        [
            *("fit", "--config", "configs/cyclegan_cond.yaml", "--data.root", str(sample_root), *SMALL, "--run", "a"),
            *("--model.ngf", "4", "--model.ndf", "4", "--model.generator", "resnet6", "--trainer.max_steps", "1"),
            *("--trainer.default_root_dir", str(folder), "--trainer.enable_progress_bar", "false"),
            *("--trainer.limit_val_batches", "0"),
        ]
    )
    assert code == 0
    return folder


def lightning_test(runs: Path, *options: str) -> int:
    words = ["test", "--config", "configs/cyclegan_cond.yaml", "--ckpt_path", "last", *options]
    return main([*words, "--trainer.default_root_dir", str(runs), "--trainer.enable_progress_bar", "false"])


def test_a_test_writes_its_figures_and_all_that_they_rest_on(runs: Path, sample_root: Path) -> None:
    assert lightning_test(runs, *LOCAL) == 0
    home = runs / "cyclegan_cond" / "a"
    content = json.loads((home / "test" / "metrics.json").read_text())
    assert content["format"] == 1
    assert content["variant"] == "CycleGANCond"
    assert content["checkpoint"] == str(home / "checkpoints" / "last.ckpt")
    assert content["config"] == str(home / "config.yaml")
    assert content["command"].startswith("lightning test --config configs/cyclegan_cond.yaml")
    assert (content["epoch"], content["step"], content["device"]) == (0, 1, "cpu")
    photos = CelebA(sample_root / "celeba", "test")
    assert content["data"]["photo_count"] == len(photos)
    assert content["data"]["image_size"] == 32
    figures = content["figures"]
    assert figures["landmark_consistency"]["samples"] == len(photos)
    assert figures["hair_control"]["samples"] == len(photos)
    assert figures["hair_accuracy"]["samples"] == (photos.labels >= 0).sum()
    assert figures["peak_memory"]["value"] > 100
    for figure in figures.values():
        assert figure["value"] is not None or figure["note"]
        assert figure["judge"] is None or "name" in content["judges"][figure["judge"]]

    with (home / "test" / "faces.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows] == photos.names
    names = ["" if label < 0 else HairColour(label).name.lower() for label in photos.labels]
    assert [row["hair"] for row in rows] == names
    errors = [float(row["landmark_error"]) for row in rows]
    assert sum(errors) / len(errors) == pytest.approx(figures["landmark_consistency"]["value"], rel=1e-4)


def test_batches_of_another_size_give_the_same_figures(runs: Path) -> None:
    def figures() -> dict[str, float | None]:
        path = runs / "cyclegan_cond" / "a" / "test" / "metrics.json"
        found = json.loads(path.read_text())["figures"]
        return {key: found[key]["value"] for key in found if key not in ("images_per_second", "peak_memory")}

    assert lightning_test(runs, *LOCAL) == 0
    expected = figures()
    assert lightning_test(runs, *LOCAL, "--data.batch_size", "2") == 0
    for key, value in figures().items():
        same = value is expected[key] if value is None else value == pytest.approx(expected[key], rel=1e-3, abs=1e-4)
        assert same, key


def test_a_missing_judge_ends_a_test_with_its_option(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lightning_test(runs, "--evaluation.classifier", "nowhere.safetensors") == 2
    assert "nowhere.safetensors (--evaluation.classifier)" in capsys.readouterr().err
    assert lightning_test(runs, "--evaluation.features", "vgg") == 2
    assert "evaluation.features" in capsys.readouterr().err


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_each_face_counts_once_however_it_is_dealt(processes: int, sample_root: Path) -> None:
    data = FacesDataModule(str(sample_root), image_size=32, batch_size=2, num_workers=0)
    data.setup("test")
    loader = data.test_dataloader()
    draws = len(cast("list[int]", loader.dataset))
    padded = -(-draws // processes) * processes  # as a DistributedSampler fills up the last round
    shown: dict[str, list[int]] = {"photo": [], "cartoon": []}
    for rank in range(processes):
        faces = FacesShown(loader, cast(Trainer, SimpleNamespace(global_rank=rank, world_size=processes)))
        own = list(range(padded))[rank::processes]
        for batch_idx, first in enumerate(range(0, len(own), 2)):
            count = len(own[first : first + 2])
            batch = SimpleNamespace(photo=SimpleNamespace(image=torch.zeros(count, 3, 1, 1)))
            for domain, numbers in faces.numbers(batch_idx, cast(UnpairedBatch, batch)).items():
                shown[domain] += [number for number in numbers.tolist() if number >= 0]
    for domain, count in faces.counts.items():
        assert sorted(shown[domain]) == list(range(count))


def test_attributes_are_those_of_the_photos(sample_root: Path) -> None:
    data = FacesDataModule(str(sample_root), image_size=32, batch_size=2, num_workers=0)
    data.setup("test")
    faces = FacesShown(data.test_dataloader(), cast(Trainer, SimpleNamespace(global_rank=0, world_size=1)))
    expected = CelebA(sample_root / "celeba", "test").attributes
    found = faces.attributes(torch.tensor([1, -1, 0])).tolist()
    assert found == [expected[1].tolist(), [-1, -1, -1], expected[0].tolist()]
    limited = FacesShown(data.test_dataloader(), cast(Trainer, SimpleNamespace(global_rank=0, world_size=1)), 1)
    assert limited.counts == {"photo": 1, "cartoon": 1}


def test_the_detector_of_a_landmark_loss_is_known(detector_weights: Path) -> None:
    assert regressor_in_the_loss(CycleGANBaseline(generator="resnet6", ngf=2, ndf=2)) is None
    model = CycleGANLandmark(detector_weights=str(detector_weights), generator="resnet6", ngf=2, ndf=2)
    assert regressor_in_the_loss(model) is model.detector.regressor


def test_other_models_and_dry_runs_are_left_alone(
    make_trainer: Callable[..., Trainer], make_faces: Callable[..., Dataset[UnpairedBatch]], tmp_path: Path
) -> None:
    from lightning_modules.callbacks import Evaluation
    from lightning_modules.evaluation import JudgeFiles

    evaluation = Evaluation(JudgeFiles(), tmp_path / "test", ["lightning"], 0, tmp_path / "none.ckpt")
    trainer = make_trainer(fast_dev_run=True, callbacks=[evaluation])
    model = CycleGANBaseline(generator="resnet6", ngf=4, ndf=4)
    trainer.test(model, DataLoader(make_faces(side=32), batch_size=2), verbose=False)
    assert not (tmp_path / "test").exists()


def test_memory_of_a_cpu_is_the_process_s() -> None:
    figure = peak_memory(torch.device("cpu"))
    assert figure.value is not None
    assert 50 < figure.value < 24_000
    assert figure.unit == "MiB"
