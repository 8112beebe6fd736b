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


def test_the_baseline_does_the_reference_s_work_and_no_more(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--image-size", "32", "--batch-size", "2", "--ngf", "2", "--ndf", "2", "--steps", "1", "--rounds", "1"]
    assert main(["bench", "step", "--against", "reference", *options]) == 0
    shown = capsys.readouterr().out
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in shown.splitlines() if "│" in line]
    assert [row[0] for row in rows] == ["reference", "this project"]
    assert rows[0][2] == "1.00"
    assert rows[0][4] == rows[1][4]
    assert float(rows[1][3]) == pytest.approx(2000 / float(rows[1][1]), rel=0.05)
    assert 0 < float(rows[1][5]) < 1
    assert "operations per step: +0 compared with the reference" in " ".join(shown.split())


def test_a_step_of_other_work_is_not_timed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.bench.reference.LAMBDA_CYCLE", 1.0)
    options = ["--image-size", "32", "--batch-size", "1", "--ngf", "2", "--ndf", "2", "--steps", "1", "--rounds", "1"]
    assert main(["bench", "step", "--against", "reference", *options]) == 2
    assert "the steps are not the same work" in capsys.readouterr().err
