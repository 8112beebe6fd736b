"""Homes of tested runs, as ``lightning fit`` and ``lightning test`` leave them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml

MakeHome = Callable[..., Path]


def save_checkpoint(path: Path, epoch: int = 1, step: int = 100) -> None:
    """Of a model what tells how far it was trained."""
    import torch

    torch.save({"epoch": epoch, "global_step": step}, path)


@pytest.fixture
def save_progress() -> Callable[..., None]:
    """``save_progress(path, epoch=1, step=100)``: a checkpoint that says how far it is, and nothing else."""
    return save_checkpoint


def figure(value: float | None, title: str = "A figure", **more: Any) -> dict[str, Any]:
    """An entry of `metrics.json`."""
    return {
        "title": title,
        "value": value,
        "spread": None,
        "spread_is": "",
        "samples": 10,
        "unit": "",
        "better": "lower",
        "judge": None,
        "note": None,
        **more,
    }


@pytest.fixture
def make_figure() -> Callable[..., dict[str, Any]]:
    """``make_figure(value, title="A figure", **more)``: an entry of `metrics.json`."""
    return figure


@pytest.fixture
def make_home(tmp_path: Path) -> MakeHome:
    """``make_home(name, figures, …)`` writes the home of a tested run into ``tmp_path / "runs"``."""

    def make(
        name: str,
        figures: Mapping[str, Mapping[str, Any]],
        variant: str = "CycleGANFull",
        seed: int = 1,
        model: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        judges: Mapping[str, Any] | None = None,
        **metrics: Any,
    ) -> Path:
        home = tmp_path / "runs" / name
        (home / "test").mkdir(parents=True)
        (home / "checkpoints").mkdir()
        save_checkpoint(home / "checkpoints" / "best.ckpt", step=metrics.get("step", 100))
        config = {
            "seed_everything": seed,
            "name": home.parent.name,
            "trainer": {"default_root_dir": str(tmp_path), "max_epochs": 2, "callbacks": [{"class_path": "A"}]},
            "model": {
                "class_path": f"lightning_modules.{variant}",
                "init_args": {"generator": "resnet9", **(model or {})},
            },
            "data": {"class_path": "datamodules.faces.FacesDataModule", "init_args": {"image_size": 64}},
        }
        (home / "config.yaml").write_text(yaml.safe_dump(config))
        sessions = [{"command": f"lightning fit --config {home.name}.yaml --run '{name}'", "git_revision": "abc123"}]
        (home / "run.json").write_text(json.dumps(sessions))
        tested_on = {"root": "/data", "photos": "celeba", "split": "test", "image_size": 64, "photo_count": 10}
        content = {
            "format": 1,
            "variant": variant,
            "checkpoint": str(home / "checkpoints" / "best.ckpt"),
            "epoch": 1,
            "step": 100,
            "config": str(home / "config.yaml"),
            "command": f"lightning test --ckpt_path {home}/checkpoints/best.ckpt",
            "git_revision": None,
            "seed": 42,
            "device": "cpu",
            "data": {**tested_on, **(data or {})},
            "judges": judges or {},
            "figures": figures,
            **metrics,
        }
        (home / "test" / "metrics.json").write_text(json.dumps(content))
        return home

    return make


@pytest.fixture(scope="session")
def untrained(tmp_path_factory: pytest.TempPathFactory, sample_root: Path) -> list[Path]:
    """Checkpoints of two variants that have learnt nothing; treat them as read-only."""
    import torch
    from lightning import LightningDataModule

    from datamodules.faces import FacesDataModule
    from lightning_modules import CycleGANBaseline, CycleGANCond

    folder = tmp_path_factory.mktemp("untrained")
    data: LightningDataModule = FacesDataModule(root=str(sample_root), image_size=32, num_workers=0)
    paths = []
    for number, variant in enumerate((CycleGANBaseline, CycleGANCond)):
        with torch.random.fork_rng():
            torch.manual_seed(number)
            model = variant(generator="resnet6", ngf=4, ndf=4)
        content = {
            "state_dict": model.state_dict(),
            "hyper_parameters": {**model.hparams, "_class_path": f"lightning_modules.{variant.__name__}"},
            "datamodule_hyper_parameters": dict(data.hparams),
            "pytorch-lightning_version": version("lightning"),
            "epoch": 1,
            "global_step": 100,
        }
        paths.append(folder / f"{variant.__name__}.ckpt")
        torch.save(content, paths[-1])
    return paths


@pytest.fixture
def tested_runs(make_home: MakeHome, untrained: list[Path], sample_root: Path) -> list[Path]:
    """Homes of two variants with checkpoints."""
    homes = []
    for number, path in enumerate(untrained):
        figures = {"k": figure(0.1 * (number + 1))}
        home = make_home(f"some/{path.stem}", figures, variant=path.stem, data={"root": str(sample_root)})
        shutil.copy(path, home / "checkpoints" / "best.ckpt")
        homes.append(home)
    return homes
