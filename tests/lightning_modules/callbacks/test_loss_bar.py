from __future__ import annotations

from collections.abc import Callable

import pytest
from lightning import Trainer
from torch.utils.data import DataLoader, Dataset

from datamodules.samples import UnpairedBatch
from lightning_modules.callbacks import LossBar
from lightning_modules.cyclegan_baseline import CycleGANBaseline


def test_the_losses_are_named_in_the_bar(
    make_trainer: Callable[..., Trainer],
    make_faces: Callable[..., Dataset[UnpairedBatch]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    loader = DataLoader(make_faces(length=2, side=32), batch_size=2)
    trainer = make_trainer(max_steps=1, callbacks=[LossBar()], enable_progress_bar=True)
    trainer.fit(CycleGANBaseline(generator="resnet6", ngf=4, ndf=4), loader, loader)
    captured = capsys.readouterr()
    shown = captured.out + captured.err
    for name in ("train/cycle=", "train/adversarial=", "train/discriminator=", "val/cycle="):
        assert name in shown
    assert "v_num" not in shown
