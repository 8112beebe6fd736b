"""The command as a process: killed, ended, in the way of another."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from apps.rate.questions import SCALES
from apps.rate.ratings import read_ratings
from cartoonizer.serve.listening import is_loopback

if TYPE_CHECKING:
    from tests.apps.rate.conftest import Rater

ROOT = Path(__file__).parents[3]
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(database: Path) -> Iterator[Start]:
    """Starts `cartoongan rate` on the file."""
    processes: list[subprocess.Popen[str]] = []

    def start(*options: str) -> subprocess.Popen[str]:
        code = "from apps.rate.command import rate_app; rate_app()"
        words = [sys.executable, "-c", code, "--out", str(database), *options]
        process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def address_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"http://\S+:\d+", line):
            return found[0]
    raise AssertionError("the server ended")


def test_a_killed_server_has_lost_nothing(start: Start, database: Path, new_rater: type[Rater]) -> None:
    process = start("--port", "0")
    rater = new_rater(address_of(process))
    rater.join()
    answers = [
        (position, scale.key, 1 + (position + place) % 5) for position in range(2) for place, scale in enumerate(SCALES)
    ]
    for count, answer in enumerate(answers):
        assert rater.get("/api/items/next").json()["item"]["position"] == answer[0]
        assert rater.rate(*answer).status_code == 200
        if count in {0, 3}:  # within an item
            process.kill()  # SIGKILL
            process.wait()
            process = start("--port", "0")
            rater.address = rater.session.headers["Origin"] = address_of(process)
            assert read_ratings(database).count == count + 1
    for position in range(2):
        kept = rater.get(f"/api/items/{position}").json()["item"]["answers"]
        assert kept == {question: value for place, question, value in answers if place == position}


def test_ctrl_c_ends_it_cleanly(start: Start, database: Path, new_rater: type[Rater]) -> None:
    process = start("--port", "0", "--mode", "pairs")
    rater = new_rater(address_of(process))
    assert rater.get("/api/state").json()["mode"] == "pairs"  # and keeps its connection open
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "Traceback" not in said
    assert f"cartoongan rate report {database}" in said
    assert [path.name for path in database.parent.iterdir()] == [database.name]  # all of it is in the one file


def test_it_listens_here_unless_told_otherwise_and_says_what_that_means(start: Start) -> None:
    process = start("--port", "0")
    assert address_of(process).startswith("http://127.0.0.1:")
    assert process.stdout is not None
    assert "Only this machine" in process.stdout.readline()
    process = start("--port", "0", "--host", "0.0.0.0")
    address_of(process)
    assert process.stdout is not None
    assert "not encrypted" in process.stdout.readline()


def test_a_port_in_use_is_told(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said, _ = start("--port", str(port)).communicate(timeout=20)
    assert f"--port {port}" in said
    assert "DataError" in said  # which `cartoongan` shows as one line


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("localhost", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("example.org", False),
    ],
)
def test_loopback_is_known(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
