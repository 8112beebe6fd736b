from __future__ import annotations

import subprocess
import sys

import pytest

from lightning_modules.cli.run import leave

SCRIPT = """
import atexit, threading, time
from torch import distributed
from lightning_modules.cli.run import leave

store = distributed.TCPStore("127.0.0.1", 0, 1, True)
distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
other = store.clone()

def use() -> None:
    while True:
        other.set("a", "b")

atexit.register(lambda: print("said goodbye"))
threading.Thread(target=use, daemon=True).start()
time.sleep(0.3)
leave(3)
"""
"""A thread that is inside the store while Python shuts down aborts the process."""


def test_a_process_of_several_keeps_its_exit_code() -> None:
    ended = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 3, ended.stderr
    assert ended.stdout == "said goodbye\n"


def test_a_single_process_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    codes: list[int] = []
    monkeypatch.setattr("os._exit", codes.append)
    leave(3)
    assert codes == []
