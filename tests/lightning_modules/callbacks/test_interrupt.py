from __future__ import annotations

from pathlib import Path
from unittest.mock import Mock

import pytest
from lightning.pytorch.utilities.exceptions import SIGTERMException

from lightning_modules.callbacks import SaveOnInterrupt


@pytest.mark.parametrize(
    ("exception", "training", "is_saved"),
    [
        (KeyboardInterrupt(), True, True),
        (SIGTERMException(), True, True),
        (RuntimeError(), True, False),
        (KeyboardInterrupt(), False, False),
    ],
)
def test_only_a_stop_from_outside_of_a_training_is_saved(
    exception: BaseException, training: bool, is_saved: bool, tmp_path: Path
) -> None:
    trainer = Mock(training=training, default_root_dir=str(tmp_path), fast_dev_run=False)
    SaveOnInterrupt().on_exception(trainer, Mock(), exception)
    assert trainer.save_checkpoint.called is is_saved
    if is_saved:
        trainer.save_checkpoint.assert_called_once_with(tmp_path / "checkpoints" / "last.ckpt")
