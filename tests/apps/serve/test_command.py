from __future__ import annotations

import pytest

from apps.main import main


def test_it_is_the_runtime_s_own_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--help"]) == 0
    assert "--megapixels" in capsys.readouterr().out
    assert main(["serve", "--host", "0.0.0.0", "--port", "0"]) == 2
    assert "set --token" in capsys.readouterr().err
