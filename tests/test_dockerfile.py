"""The Dockerfile of the runtime, as far as it can be held without Docker."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

from cartoonizer.cartoonizer import Cartoonizer
from tests.cartoonizer.serve.conftest import LIMITS, served_app

ROOT = Path(__file__).parent.parent
RUNTIME = tomllib.loads((ROOT / "cartoonizer" / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def instructions() -> list[tuple[str, str]]:
    """Name and words of each instruction."""
    text = re.sub(r"\\\n", "", (ROOT / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in lines)]


def last(instructions: list[tuple[str, str]], name: str) -> str:
    return [rest for instruction, rest in instructions if instruction == name][-1]


def test_it_installs_the_runtime_and_no_other_room(instructions: list[tuple[str, str]]) -> None:
    copied = [rest.split()[0] for name, rest in instructions if name == "COPY" and "--from" not in rest]
    assert copied == ["cartoonizer"]
    (installed,) = re.findall(r'"/source/cartoonizer\[(.*?)\]"', last(instructions, "RUN"))
    assert installed in RUNTIME["optional-dependencies"]
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert rules[:2] == ["*", "!cartoonizer"]
    assert not any(fnmatch("cartoonizer/own.cartoon", rule) for rule in rules[2:])


def test_it_runs_a_command_of_the_runtime_as_nobody(instructions: list[tuple[str, str]]) -> None:
    command, *options = json.loads(last(instructions, "ENTRYPOINT"))
    assert command in RUNTIME["scripts"]
    assert options[options.index("--port") + 1] == last(instructions, "EXPOSE")
    assert int(last(instructions, "USER").partition(":")[0]) > 0
    assert "PYTHONDONTWRITEBYTECODE=1" in shlex.split(last(instructions, "ENV"))  # its file system may be read-only


def test_its_health_check_asks_the_server(instructions: list[tuple[str, str]]) -> None:
    words = json.loads(last(instructions, "HEALTHCHECK").partition(" CMD ")[2])
    assert words[:2] == ["python3", "-c"]
    with served_app(Cartoonizer(threads=1), None, LIMITS) as address:
        code = words[2].replace("http://127.0.0.1:8000", address)
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
        wrong = code.replace("/health", "/nothing")
        assert subprocess.run([sys.executable, "-c", wrong], check=False, capture_output=True).returncode == 1
