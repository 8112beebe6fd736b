from __future__ import annotations

import warnings
from unittest.mock import Mock

import pytest

from datamodules.sampling.bad_images import BadImageLog
from lightning_modules.callbacks import BadImageReport


def test_what_was_skipped_is_counted_and_named() -> None:
    log = BadImageLog()
    for name in ("a.jpg", "b.jpg", "a.jpg"):
        log.add(f"cannot decode {name}")
    trainer = Mock(datamodule=Mock(bad_images=log), current_epoch=3)
    with pytest.warns(UserWarning, match=r"epoch 3: 2 unreadable images, 3 skips\n  cannot decode a\.jpg \(2 times\)"):
        BadImageReport().on_train_epoch_end(trainer, Mock())
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nothing new: nothing said
        BadImageReport().on_train_epoch_end(trainer, Mock())
    log.close()


def test_long_lists_are_cut() -> None:
    log = BadImageLog()
    for number in range(23):
        log.add(f"cannot decode {number}.jpg")
    with pytest.warns(UserWarning, match="and 3 more"):
        BadImageReport().on_train_epoch_end(Mock(datamodule=Mock(bad_images=log), current_epoch=0), Mock())
    log.close()


def test_other_datamodules_are_left_alone() -> None:
    BadImageReport().on_train_epoch_end(Mock(datamodule=None), Mock())
