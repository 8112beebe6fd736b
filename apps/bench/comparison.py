"""Compares the baseline's step with the reference: losses, operations, time and the machine's peak."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from lightning import Callback, LightningModule, Trainer
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from apps.bench.fit_time import Accelerator, Precision, Sizes, clock, fit_seconds, noise
from apps.bench.reference import ReferenceStep
from datamodules.errors import DataError
from datamodules.samples import Faces, UnpairedBatch
from lightning_modules.cyclegan_baseline import CycleGANBaseline

if TYPE_CHECKING:
    from torch.utils.data import DataLoader

REFERENCE, OURS = "reference", "this project"
COMPARED_STEPS = 2
LARGEST_DIFFERENCE = {Precision.FP32: 1e-4, Precision.BF16: 5e-2}
"""Maximum relative difference of a loss from rounding, since batched passes sum in another order."""

_PEAK_SIDE = {Accelerator.CPU: 1024, Accelerator.CUDA: 8192}
_PEAK_BATCH = {Accelerator.CPU: 1, Accelerator.CUDA: 16}
_PEAK_REPEATS = 4


class _StepRecorder(Callback):
    """Counts the floating-point operations of the first step, and records the losses of each."""

    def __init__(self) -> None:
        self.losses: list[dict[str, float]] = []
        self.operations = 0
        self._counter = FlopCounterMode(display=False)

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        if batch_idx == 0:
            self._counter.__enter__()  # type: ignore[no-untyped-call]

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if batch_idx == 0:
            self._counter.__exit__(None, None, None)  # type: ignore[no-untyped-call]
            self.operations = self._counter.get_total_flops()
        logged = trainer.callback_metrics.items()
        self.losses.append({name.removeprefix("train/"): float(value) for name, value in logged})


def compare_with_reference(sizes: Sizes, accelerator: Accelerator, precision: Precision) -> None:
    """Print the comparison.

    Raises:
        DataError: The networks do not support the size, or the losses differ, so that the times are not comparable.
    """
    from rich.console import Console
    from rich.table import Table

    if error := _new_model(sizes).size_error(sizes.image_size):
        raise DataError(f"--image-size {sizes.image_size}: {error}")
    difference, operations = _check_equal(sizes, accelerator, precision)
    draws = noise(sizes.image_size, sizes.batch_size, sizes.steps)
    seconds: dict[str, list[float]] = {REFERENCE: [], OURS: []}
    memory: dict[str, int] = {}
    peaks: list[float] = []
    for turn in range(sizes.rounds + 1):  # the first round is warm-up
        for way in (REFERENCE, OURS):
            _forget_peak_memory(accelerator)
            taken = _time(way, sizes, draws, accelerator, precision) / sizes.steps
            memory[way] = torch.cuda.max_memory_allocated() if accelerator is Accelerator.CUDA else 0
            if turn:
                seconds[way].append(taken)
        if turn:
            peaks.append(matrix_peak(accelerator, precision))
    peak = median(peaks)
    ratios = {way: median(a / b for a, b in zip(seconds[way], seconds[REFERENCE], strict=True)) for way in seconds}
    columns = ["step", "ms/step", "times the reference", "pairs/s", "GFLOP/step", "of the matrix peak"]
    table = Table(*columns, *(["peak memory, MiB"] if accelerator is Accelerator.CUDA else []))
    for way, values in seconds.items():
        time, count = median(values), operations[way]
        cells = [f"{1000 * time:.1f}", f"{ratios[way]:.2f}", f"{sizes.batch_size / time:.2f}", f"{count / 1e9:.2f}"]
        cells.append(f"{count / time / peak:.2g}")
        table.add_row(way, *cells, *([f"{memory[way] / 2**20:.0f}"] if memory[way] else []))
    console = Console()
    console.print(table)
    console.print(
        f"equal losses: the largest relative difference in {COMPARED_STEPS} steps is {difference:.1e}; "
        f"operations per step: {operations[OURS] - operations[REFERENCE]:+d} compared with the reference\n"
        f"matrix peak of this machine, {precision.value}: {peak / 1e9:.1f} GFLOP/s; "
        f"at it a step would take {1000 * operations[OURS] / peak:.1f} ms",
        highlight=False,
    )


def matrix_peak(accelerator: Accelerator, precision: Precision) -> float:
    """Floating-point operations per second of a large matrix product or convolution, whichever is faster.

    On some processors a convolution is faster than a matrix product with as many operations.
    """
    device = torch.device(accelerator.value)
    dtype = torch.bfloat16 if precision is Precision.BF16 else torch.float32
    side, batch = _PEAK_SIDE[accelerator], _PEAK_BATCH[accelerator]
    one, two = (torch.rand(side, side, device=device, dtype=dtype) for _ in range(2))
    images = torch.rand(batch, 256, 64, 64, device=device, dtype=dtype)
    kernels = torch.rand(256, 256, 3, 3, device=device, dtype=dtype)
    return max(
        _rate(lambda: torch.mm(one, two), 2 * side**3, accelerator),
        _rate(lambda: F.conv2d(images, kernels, padding=1), 2 * batch * 256 * 256 * 9 * 64 * 64, accelerator),
    )


@torch.no_grad()
def _rate(work: Callable[[], object], operations: int, accelerator: Accelerator) -> float:
    work()
    start = clock(accelerator)
    for _ in range(_PEAK_REPEATS):
        work()
    return _PEAK_REPEATS * operations / (clock(accelerator) - start)


def _new_model(sizes: Sizes) -> CycleGANBaseline:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return CycleGANBaseline(ngf=sizes.ngf, ndf=sizes.ndf)


def _new_reference(sizes: Sizes, accelerator: Accelerator, precision: Precision) -> ReferenceStep:
    dtype = torch.bfloat16 if precision is Precision.BF16 else torch.float32
    return ReferenceStep(_new_model(sizes), dtype).to(torch.device(accelerator.value))


def _check_equal(sizes: Sizes, accelerator: Accelerator, precision: Precision) -> tuple[float, dict[str, int]]:
    """The maximum relative difference of a loss, and the number of operations per step of each implementation."""
    draws = noise(sizes.image_size, sizes.batch_size, COMPARED_STEPS)
    recorder = _StepRecorder()
    fit_seconds(_new_model(sizes), draws, accelerator, precision, recorder)
    step, counter = _new_reference(sizes, accelerator, precision), FlopCounterMode(display=False)
    worst = 0.0
    for number, batch in enumerate(draws):
        if number == 0:
            with counter:
                losses = step(_to(batch, step.device))
        else:
            losses = step(_to(batch, step.device))
        for name, value in losses.items():
            ours = recorder.losses[number][name]
            worst = max(worst, abs(ours - float(value)) / max(abs(float(value)), 1e-6))
    if not worst <= LARGEST_DIFFERENCE[precision]:
        raise DataError(f"the losses differ from the reference's by up to {worst:.1e}: the steps are not the same work")
    return worst, {REFERENCE: counter.get_total_flops(), OURS: recorder.operations}


def _time(
    way: str, sizes: Sizes, draws: DataLoader[UnpairedBatch], accelerator: Accelerator, precision: Precision
) -> float:
    """Seconds of one round."""
    if way == OURS:
        return fit_seconds(_new_model(sizes), draws, accelerator, precision)
    step = _new_reference(sizes, accelerator, precision)
    start = clock(accelerator)
    for batch in draws:
        step(_to(batch, step.device))
    return clock(accelerator) - start


def _to(batch: UnpairedBatch, device: torch.device) -> UnpairedBatch:
    def moved(faces: Faces) -> Faces:
        tensors: list[Tensor] = [each.to(device, non_blocking=True) for each in faces]
        return Faces(*tensors)

    return UnpairedBatch(moved(batch.photo), moved(batch.cartoon))


def _forget_peak_memory(accelerator: Accelerator) -> None:
    if accelerator is Accelerator.CUDA:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
