"""``cartoongan bench threads``: what waiting threads cost on an idle and on a busy machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from statistics import median
from typing import Annotated, NamedTuple

import typer

from apps.options import RoundsOption
from lightning_modules.openmp import BRIEF, SPIN_COUNT, WAIT_POLICY

POLICIES = {
    "spin briefly (default here)": {SPIN_COUNT: BRIEF},
    "sleep": {WAIT_POLICY: "PASSIVE"},
    "spin (OpenMP's default)": {},
}
_BUSY = "while True: pass"
_STEPS = """
import json, sys, time
import torch
threads, steps = map(int, sys.argv[1:])
torch.set_num_threads(threads)
torch.manual_seed(0)
network = torch.nn.Sequential(*(torch.nn.Conv2d(24, 24, 3, padding=1) for _ in range(6)))
images = torch.randn(2, 24, 64, 64)
for _ in range(2):
    network(images).sum().backward()
wall, cpu = time.perf_counter(), time.process_time()
for _ in range(steps):
    network(images).sum().backward()
print(json.dumps([time.perf_counter() - wall, time.process_time() - cpu]))
"""


class Seconds(NamedTuple):
    """Time of the steps: on the clock, and of all cores together."""

    wall: float
    cpu: float


def bench_threads(
    threads: Annotated[int, typer.Option(min=1, help="Threads of the steps.")] = 2,
    busy: Annotated[int, typer.Option(min=0, help="Other processes on the busy machine.")] = 2,
    steps: Annotated[int, typer.Option(min=1, help="Forward and backward passes of a small network.")] = 10,
    rounds: RoundsOption = 3,
) -> None:
    """Time of small convolutions by how their threads wait for each other, without and with other work.

    Each measurement is a process of its own; the ways take turns. The commands of this project let threads spin
    briefly, unless OMP_WAIT_POLICY or GOMP_SPINCOUNT is set.
    """
    from rich.console import Console
    from rich.table import Table

    table = Table("machine", "waiting threads", "wall s", "CPU s")
    for machine, others in (("as it is", 0), (f"and {busy} busy processes", busy)):
        for policy, seconds in measure_policies(threads, others, steps, rounds).items():
            table.add_row(machine, policy, f"{seconds.wall:.2f}", f"{seconds.cpu:.2f}")
        table.add_section()
    Console().print(table)


def measure_policies(threads: int, busy: int, steps: int, rounds: int) -> dict[str, Seconds]:
    """Median time of the steps by policy, beside so many busy processes."""
    found: dict[str, list[Seconds]] = {name: [] for name in POLICIES}
    with _busy_processes(busy):
        for _ in range(rounds):
            for name, policy in POLICIES.items():
                found[name].append(_measure([str(threads), str(steps)], policy))
    return {name: Seconds(*map(median, zip(*values, strict=True))) for name, values in found.items()}


def _measure(arguments: Sequence[str], policy: Mapping[str, str]) -> Seconds:
    ours = {"OMP_NUM_THREADS", WAIT_POLICY, SPIN_COUNT}
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    program = subprocess.run(
        [sys.executable, "-c", _STEPS, *arguments],
        env=environment | dict(policy),
        capture_output=True,
        text=True,
        check=True,
    )
    return Seconds(*json.loads(program.stdout))


@contextmanager
def _busy_processes(count: int) -> Iterator[None]:
    processes = [subprocess.Popen([sys.executable, "-c", _BUSY], start_new_session=True) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()
