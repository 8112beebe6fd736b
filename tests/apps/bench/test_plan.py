from __future__ import annotations

import pytest

from apps.bench.plan import Measured, Training, plan
from apps.main import main
from lightning_modules.cyclegan_baseline import CycleGANBaseline

TRAINING = Training(pairs=100_000, batch_size=1, weights=28_000_000, image_size=256, pool_size=50)
MEASURED = Measured(step=0.02, bandwidth=1e9, images=150.0, storage=1e9)


def test_one_gpu_waits_for_nobody() -> None:
    alone = plan(TRAINING, MEASURED, 1)
    assert (alone.steps, alone.all_reduce, alone.efficiency) == (100_000, 0.0, 1.0)
    assert alone.pairs_per_second == pytest.approx(50)
    assert alone.hours == pytest.approx(100_000 * 0.02 / 3600)
    assert alone.loaders == 1  # 100 images/s of 150


def test_more_gpus_exchange_their_gradients() -> None:
    """Worked by hand: 7/8 of 112 MB twice at 1 GB/s are 196 ms."""
    eight = plan(TRAINING, MEASURED, 8)
    assert eight.steps == 12_500
    assert eight.all_reduce == pytest.approx(0.196)
    assert eight.efficiency == pytest.approx(0.02 / 0.216)
    assert eight.pairs_per_second == pytest.approx(8 / 0.216)
    assert eight.checkpoint == 4 * 112_000_000 + 8 * 2 * 50 * 3 * 256 * 256 * 4
    assert eight.checkpoint_time == pytest.approx(eight.checkpoint / 1e9)


def test_loaders_keep_up_with_a_fast_gpu() -> None:
    assert plan(TRAINING, MEASURED._replace(step=0.005), 1).loaders == 3  # 400 images/s by 150


def test_the_command_prints_a_row_for_each_number(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "plan", "--step", "0.02", "--gpus", "8", "--gpus", "64", "--price", "3"]) == 0
    rows = [line.split("│")[1].strip() for line in capsys.readouterr().out.splitlines() if line.startswith("│")]
    assert [row for row in rows if row] == ["8", "64"]


def test_the_default_number_of_weights_is_the_baseline_s() -> None:
    count = sum(weight.numel() for weight in CycleGANBaseline().parameters())
    assert count / 1e6 == pytest.approx(28.3, abs=0.05)
