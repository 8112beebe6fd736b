from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from apps.main import main


@pytest.fixture(autouse=True)
def _same_number_of_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_the_bench_shows_every_variant_beside_the_baseline(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--image-size", "32", "--batch-size", "1", "--ngf", "4", "--ndf", "4", "--steps", "1", "--rounds", "1"]
    assert main(["bench", "step", *options]) == 0
    rows = [line.split("│") for line in capsys.readouterr().out.splitlines() if "│" in line]
    shown = {name.strip(): (float(time), float(ratio)) for _, name, time, ratio, _ in rows}
    assert list(shown) == ["baseline", "cond", "landmark", "aligned", "full"]
    assert shown["baseline"][1] == 1.0
    for time, ratio in shown.values():
        assert ratio == pytest.approx(time / shown["baseline"][0], rel=0.05, abs=0.02)
