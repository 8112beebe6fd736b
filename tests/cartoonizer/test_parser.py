from __future__ import annotations

import pytest

from cartoonizer.command import main
from cartoonizer.serve.command import main as serve


def test_a_misspelled_option_is_answered_with_the_right_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["a.jpg", "--hiar", "grey"]) == 2
    assert "unrecognized arguments: --hiar grey; did you mean --hair?" in capsys.readouterr().err
    assert serve(["--megapixel", "3"]) == 2
    assert "did you mean --megapixels?" in capsys.readouterr().err


def test_what_resembles_no_option_gets_no_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["a.jpg", "--zzzz"]) == 2
    assert "did you mean" not in capsys.readouterr().err
