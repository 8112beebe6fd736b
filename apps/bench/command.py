"""``cartoongan bench`` and its sub-commands."""

from __future__ import annotations

import typer

from apps.bench.cartoonize import bench_cartoonize
from apps.bench.data import bench_data
from apps.bench.detector import bench_detector
from apps.bench.plan import bench_plan
from apps.bench.step import bench_step
from apps.bench.threads import bench_threads

bench_app = typer.Typer(help="Measure speed on this machine.", no_args_is_help=True)
bench_app.command("cartoonize")(bench_cartoonize)
bench_app.command("data")(bench_data)
bench_app.command("detector")(bench_detector)
bench_app.command("plan")(bench_plan)
bench_app.command("step")(bench_step)
bench_app.command("threads")(bench_threads)
