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
    assert list(shown) == ["baseline", "cond", "landmark", "aligned", "full", "full, recipe"]
    assert shown["baseline"][1] == 1.0
    for time, ratio in shown.values():
        assert ratio == pytest.approx(time / shown["baseline"][0], rel=0.05, abs=0.02)


@pytest.mark.parametrize(
    ("words", "messages"),
    [
        (["--image-size", "18"], ["--image-size 18", "multiple of 4"]),
        (["--image-size", "20"], ["--image-size 20", "at least 24"]),
        (["--accelerator", "cuda"], ["--accelerator cuda", "no GPU"]),
        (["--accelerator", "gpuu"], ["gpuu", "cpu", "cuda"]),
    ],
)
def test_what_cannot_be_measured_is_explained(
    words: list[str], messages: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert main(["bench", "step", "--ngf", "4", "--ndf", "4", "--steps", "1", "--rounds", "1", *words]) == 2
    error = capsys.readouterr().err
    for message in messages:
        assert message in error
