from __future__ import annotations

from pathlib import Path
from unittest.mock import Mock

import pytest
from lightning.pytorch.trainer.states import TrainerFn
from lightning.pytorch.utilities.exceptions import SIGTERMException

from lightning_modules.callbacks import SaveOnInterrupt


@pytest.mark.parametrize(
    ("exception", "function", "is_saved"),
    [
        (KeyboardInterrupt(), TrainerFn.FITTING, True),
        (SIGTERMException(), TrainerFn.FITTING, True),
        (RuntimeError(), TrainerFn.FITTING, False),
        (KeyboardInterrupt(), TrainerFn.TESTING, False),
    ],
)
def test_only_a_stop_from_outside_of_a_training_is_saved(
    exception: BaseException, function: TrainerFn, is_saved: bool, tmp_path: Path
) -> None:
    trainer = Mock(default_root_dir=str(tmp_path), fast_dev_run=False, sanity_checking=False, global_step=3)
    trainer.state.fn = function
    SaveOnInterrupt().on_exception(trainer, Mock(), exception)
    assert trainer.save_checkpoint.called is is_saved
    if is_saved:
        trainer.save_checkpoint.assert_called_once_with(tmp_path / "checkpoints" / "last.ckpt")
