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


@pytest.mark.parametrize(
    ("is_terminal", "expected"),
    [(True, list(range(1, 251))), (False, [1, *range(10, 101, 10), 200, 250])],
)
def test_the_bar_moves_in_the_first_steps(
    is_terminal: bool, expected: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: is_terminal)
    bar = LossBar()
    assert [step for step in range(1, 251) if bar._should_update(step, 250)] == expected
