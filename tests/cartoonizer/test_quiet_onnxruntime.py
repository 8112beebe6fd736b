from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_nothing_is_kept_or_told_of_its_use(tmp_path: Path) -> None:
    """onnxruntime's telemetry keeps an identifier and its events below the home."""
    code = "import cartoonizer.net; from cartoonizer import Cartoonizer; Cartoonizer(threads=1)"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("XDG", "ORT"))}
    subprocess.run([sys.executable, "-c", code], check=True, env={**environment, "HOME": str(tmp_path)})
    assert list(tmp_path.rglob("*")) == []
