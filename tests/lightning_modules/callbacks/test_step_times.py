from __future__ import annotations

import time
from collections.abc import Callable
from unittest.mock import Mock

import pytest
import torch
from lightning import Trainer
from torch.utils.data import DataLoader, Dataset

from datamodules.samples import UnpairedBatch
from lightning_modules.callbacks import StepTimes
from lightning_modules.callbacks.step_times import MIN_STEPS, size_of
from lightning_modules.cyclegan_baseline import CycleGANBaseline


def run(callback: StepTimes, clock: list[float], steps: int, data: float) -> dict[str, float]:
    """Steps of 3 s of generators and 1 s of discriminators, each after ``data`` seconds of waiting."""
    module = Mock(device=torch.device("cpu"))
    trainer = Mock(optimizers=[1, 2], world_size=2, log_every_n_steps=steps, precision_plugin=Mock(spec=[]))
    callback.on_train_epoch_start(trainer, module)
    for step in range(1, steps + 1):
        trainer.global_step = step
        clock[0] += data
        callback.on_train_batch_start(trainer, module, None, step)
        clock[0] += 3
        callback.on_before_optimizer_step(trainer, module, Mock())
        clock[0] += 1
        callback.on_before_optimizer_step(trainer, module, Mock())
        callback.on_train_batch_end(trainer, module, None, (torch.zeros(5),), step)
    values: dict[str, float] = module.log_dict.call_args.args[0]
    return values


@pytest.mark.parametrize(("data", "is_starved"), [(6.0, True), (2.0, False)])
def test_a_run_that_waits_for_data_says_so_once(
    data: float, is_starved: bool, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    clock = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])
    callback = StepTimes()
    values = run(callback, clock, MIN_STEPS + 1, data)
    run(callback, clock, MIN_STEPS + 1, data)
    assert (values["time/data"], values["time/generators"], values["time/discriminators"]) == (data, 3.0, 1.0)
    assert values["samples_per_second"] == 10 / (data + 4)
    said = [str(each.message) for each in recwarn]
    assert len(said) == is_starved
    assert all("60% of the time is spent waiting for data: increase --data.num_workers" in message for message in said)


def test_a_run_logs_its_times(
    make_trainer: Callable[..., Trainer], make_faces: Callable[..., Dataset[UnpairedBatch]]
) -> None:
    loader = DataLoader(make_faces(side=32), batch_size=2)
    trainer = make_trainer(max_steps=3, callbacks=[StepTimes()])
    trainer.fit(CycleGANBaseline(generator="resnet6", ngf=1, ndf=1), loader)
    values = {name: float(value) for name, value in trainer.callback_metrics.items()}
    whole = values["time/data"] + values["time/generators"] + values["time/discriminators"]
    assert values["samples_per_second"] == pytest.approx(2 / whole, rel=1e-3)
    assert 50 < values["memory_mib"] < 100_000
    assert "gradient_scale" not in values


def test_the_size_of_a_batch_is_that_of_its_first_tensor() -> None:
    assert size_of(({"a": [torch.zeros(3, 2)]}, torch.zeros(5))) == 3
    assert size_of(()) == 0
