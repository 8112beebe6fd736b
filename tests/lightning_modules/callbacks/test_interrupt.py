from __future__ import annotations

import signal
from pathlib import Path
from unittest.mock import Mock

import pytest
import torch
from lightning.pytorch.trainer.states import TrainerFn
from lightning.pytorch.utilities.exceptions import SIGTERMException
from torch import Tensor

from lightning_modules.callbacks import SaveOnInterrupt
from lightning_modules.callbacks.interrupt import steps_between


def a_trainer(folder: Path, function: TrainerFn = TrainerFn.FITTING) -> Mock:
    trainer = Mock(default_root_dir=str(folder), fast_dev_run=False, sanity_checking=False, global_step=3, world_size=1)
    trainer.state.fn = function
    trainer._signal_connector.received_sigterm = False
    return trainer


@pytest.mark.parametrize(
    ("exception", "function", "is_saved"),
    [
        (KeyboardInterrupt(), TrainerFn.FITTING, False),  # the second Ctrl-C, in the middle of a step
        (SIGTERMException(), TrainerFn.FITTING, True),
        (RuntimeError(), TrainerFn.FITTING, False),
        (SIGTERMException(), TrainerFn.TESTING, False),
    ],
)
def test_only_a_stop_from_outside_of_a_training_is_saved(
    exception: BaseException, function: TrainerFn, is_saved: bool, tmp_path: Path
) -> None:
    trainer = a_trainer(tmp_path, function)
    SaveOnInterrupt().on_exception(trainer, Mock(), exception)
    assert trainer.save_checkpoint.called is is_saved
    if is_saved:
        trainer.save_checkpoint.assert_called_once_with(tmp_path / "checkpoints" / "last.ckpt", weights_only=False)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_run_after_its_step(number: signal.Signals, tmp_path: Path) -> None:
    callback, trainer = SaveOnInterrupt(), a_trainer(tmp_path)
    before = [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)]
    try:
        callback.on_train_start(trainer, Mock())
        callback.on_train_batch_end(trainer, Mock(), None, None, 0)
        assert not trainer._signal_connector.received_sigterm
        signal.raise_signal(number)
        callback.on_train_batch_end(trainer, Mock(), None, None, 1)
        assert trainer._signal_connector.received_sigterm
        with pytest.raises(SIGTERMException) as stop:
            callback.on_validation_batch_start(trainer, Mock(), None, 0)
        callback.on_exception(trainer, Mock(), stop.value)
        assert stop.value.code == 128 + number
        if number == signal.SIGINT:
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(number)
    finally:
        for each, handler in zip((signal.SIGTERM, signal.SIGINT), before, strict=True):
            signal.signal(each, handler)


def several(folder: Path, received: list[bool], seconds: float) -> tuple[Mock, list[Tensor]]:
    """A trainer of two processes, and what this one sends; the other has ``received`` a signal, or not, at each."""
    trainer, sent = a_trainer(folder), list[Tensor]()
    trainer.world_size, trainer.strategy.root_device = 2, torch.device("cpu")

    def reduce(tensor: Tensor, reduce_op: str) -> Tensor:
        assert reduce_op == "max"
        sent.append(tensor)
        return torch.maximum(tensor, tensor.new_tensor([float(received[len(sent) - 1]), seconds]))

    trainer.strategy.reduce = reduce
    return trainer, sent


def test_a_signal_to_another_process_stops_this_one(tmp_path: Path) -> None:
    trainer, _ = several(tmp_path, [True], seconds=1.0)
    SaveOnInterrupt().on_train_batch_end(trainer, Mock(), None, None, 0)
    assert trainer._signal_connector.received_sigterm


def test_processes_ask_each_other_twice_a_second(tmp_path: Path) -> None:
    """With 0.1 s per step in the slowest process, after every fifth step; at the end of an epoch always."""
    trainer, sent = several(tmp_path, [False, False, True], seconds=0.1)
    callback = SaveOnInterrupt()
    for step in range(6):
        trainer.global_step = step + 1
        callback.on_train_batch_end(trainer, Mock(), None, None, step)
        assert len(sent) == (1 if step < 5 else 2)
    assert not trainer._signal_connector.received_sigterm
    callback.on_train_epoch_end(trainer, Mock())
    assert len(sent) == 3
    assert trainer._signal_connector.received_sigterm


@pytest.mark.parametrize(("seconds", "steps"), [(0.0, 1), (10.0, 1), (0.5, 1), (0.2, 3), (1e-9, 100)])
def test_fast_steps_are_not_slowed_and_slow_ones_are_all_checked(seconds: float, steps: int) -> None:
    assert steps_between(seconds) == steps
