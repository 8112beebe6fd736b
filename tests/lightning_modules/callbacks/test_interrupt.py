from __future__ import annotations

import signal
from pathlib import Path
from unittest.mock import Mock

import pytest
from lightning.pytorch.trainer.states import TrainerFn
from lightning.pytorch.utilities.exceptions import SIGTERMException

from lightning_modules.callbacks import SaveOnInterrupt


def a_trainer(folder: Path, function: TrainerFn = TrainerFn.FITTING) -> Mock:
    trainer = Mock(default_root_dir=str(folder), fast_dev_run=False, sanity_checking=False, global_step=3)
    trainer.state.fn = function
    trainer.strategy.reduce_boolean_decision = lambda decision, all: decision
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


def test_a_signal_to_another_process_stops_this_one(tmp_path: Path) -> None:
    trainer = a_trainer(tmp_path)
    trainer.strategy.reduce_boolean_decision = lambda decision, all: True
    SaveOnInterrupt().on_train_batch_end(trainer, Mock(), None, None, 0)
    assert trainer._signal_connector.received_sigterm
