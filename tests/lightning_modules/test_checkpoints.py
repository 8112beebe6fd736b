from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch

from lightning_modules.checkpoints import load_model, progress_of, read_hyper_parameters
from lightning_modules.cyclegan_cond import CycleGANCond
from lightning_modules.errors import UsageError

CLASS = "lightning_modules.CycleGANBaseline"


def saved(path: Path, **content: Any) -> Path:
    torch.save(content, path)
    return path


def test_model_and_data_come_back_as_a_config(tmp_path: Path) -> None:
    path = saved(
        tmp_path / "a.ckpt",
        hyper_parameters={"ngf": 8, "_class_path": CLASS, "_instantiator": "x"},
        datamodule_hyper_parameters={"image_size": 64, "_instantiator": "x"},
    )
    expected = {"model": {"init_args": {"ngf": 8}}, "data": {"init_args": {"image_size": 64}}}
    assert read_hyper_parameters(path, CLASS) == expected


@pytest.mark.parametrize(("trained", "expected"), [({}, "keep"), ({"background": "head"}, "head")])
def test_before_there_was_a_choice_photos_kept_their_background(
    tmp_path: Path, trained: dict[str, str], expected: str
) -> None:
    path = saved(
        tmp_path / "a.ckpt",
        hyper_parameters={"_class_path": CLASS},
        datamodule_hyper_parameters={"_class_path": "datamodules.faces.FacesDataModule", **trained},
    )
    assert read_hyper_parameters(path, CLASS)["data"]["init_args"] == {"background": expected}


def test_another_model_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.ckpt", hyper_parameters={"_class_path": "lightning_modules.Other"})
    with pytest.raises(UsageError, match=r"lightning_modules\.Other.*CycleGANBaseline"):
        read_hyper_parameters(path, CLASS)


class Malicious:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.marker}",)


def test_code_in_a_checkpoint_is_never_executed(tmp_path: Path) -> None:
    marker = tmp_path / "executed"
    path = saved(tmp_path / "evil.ckpt", hyper_parameters=Malicious(marker))
    with pytest.raises(UsageError, match=r"evil\.ckpt"):
        read_hyper_parameters(path, CLASS)
    assert not marker.exists()


@pytest.mark.parametrize("damage", ["empty", "text", "pickle", "cut", "weights"])
def test_a_damaged_or_foreign_file_is_named(tmp_path: Path, damage: str) -> None:
    path = saved(tmp_path / "bad.ckpt", hyper_parameters={"ngf": 8}, state_dict={"w": torch.zeros(1000)})
    whole = path.read_bytes()
    content = {
        "empty": b"",
        "text": b"<html></html>",
        "pickle": pickle.dumps({"a": 1}),
        "cut": whole[: len(whole) // 2],
    }
    if damage == "weights":
        saved(path, weight=torch.zeros(2))
    else:
        path.write_bytes(content[damage])
    with pytest.raises(UsageError, match=r"bad\.ckpt"):
        read_hyper_parameters(path, CLASS)


def test_a_model_comes_back_as_what_it_was(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = CycleGANCond(generator="resnet6", ngf=4, ndf=4, num_labels=3)
    path = saved(
        tmp_path / "a.ckpt",
        hyper_parameters={**model.hparams, "_class_path": "lightning_modules.CycleGANCond", "_instantiator": "x"},
        state_dict=model.state_dict(),
    )
    loaded = load_model(path)
    assert isinstance(loaded, CycleGANCond)
    assert not loaded.training
    for name, value in model.state_dict().items():
        if isinstance(value, torch.Tensor):
            assert torch.equal(loaded.state_dict()[name], value), name


@pytest.mark.parametrize("name", ["lightning_modules.MTCNNPNet", "os.system", "lightning_modules.base"])
def test_what_is_no_cyclegan_is_not_loaded(tmp_path: Path, name: str) -> None:
    path = saved(tmp_path / "a.ckpt", hyper_parameters={"_class_path": name}, state_dict={})
    with pytest.raises(UsageError, match="which is not a CycleGAN of this project"):
        load_model(path)


def test_a_checkpoint_without_class_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.ckpt", hyper_parameters={"ngf": 4})
    with pytest.raises(UsageError, match="does not name its model"):
        load_model(path)
    with pytest.raises(UsageError, match="no such checkpoint"):
        load_model(tmp_path / "none.ckpt")


def test_a_checkpoint_tells_its_epoch_and_step(tmp_path: Path) -> None:
    assert progress_of(saved(tmp_path / "a.ckpt", epoch=3, global_step=400)) == (3, 400)
    with pytest.raises(UsageError, match=r"b\.ckpt has no training step"):
        progress_of(saved(tmp_path / "b.ckpt", epoch=3))
