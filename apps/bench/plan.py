"""``cartoongan bench plan``: estimates time, traffic and cost of a long training from measurements."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import typer

MIB = 2**20
BYTES_PER_WEIGHT = 4
POOLED_CHANNELS, POOLS = 3, 2


class Measured(NamedTuple):
    """Measurements on the target machine.

    Attributes:
        step: Seconds per training step on a single GPU.
        bandwidth: All-reduce bandwidth of the slowest GPU link, in bytes per second.
        images: Images per second and loader process.
        storage: Write bandwidth for checkpoints, in bytes per second.
    """

    step: float
    bandwidth: float
    images: float
    storage: float


class Training(NamedTuple):
    """The planned training.

    Attributes:
        pairs: Number of image pairs to train on, over all GPUs.
        batch_size: Pairs per step and GPU.
        weights: Number of trained weights of all networks.
        image_size: Side of the images in pixels.
        pool_size: Size of each image pool.
    """

    pairs: int
    batch_size: int
    weights: int
    image_size: int
    pool_size: int


class Plan(NamedTuple):
    """Estimate for a number of GPUs; times in seconds unless noted.

    Attributes:
        steps: Number of training steps.
        all_reduce: Time to exchange all gradients once per step, without overlap.
        efficiency: Fraction of a step's time that is not spent exchanging gradients.
        pairs_per_second: Throughput of all GPUs.
        hours: Duration of the training in hours.
        loaders: Loader processes required per GPU.
        checkpoint: Size of a checkpoint in bytes.
        checkpoint_time: Time to write a checkpoint.
    """

    steps: int
    all_reduce: float
    efficiency: float
    pairs_per_second: float
    hours: float
    loaders: int
    checkpoint: int
    checkpoint_time: float


def plan(training: Training, measured: Measured, gpus: int) -> Plan:
    """Estimate a training on ``gpus`` GPUs.

    A ring all-reduce sends and receives 2 (n - 1) / n times the gradients. It is counted in full, since the gradients
    of a toggled optimiser are only complete at the end of a backward pass. A checkpoint contains the weights, both
    moments of Adam, the moving average (counted as a full copy), and the pools of all processes.
    """
    steps = -(-training.pairs // (training.batch_size * gpus))
    gradients = training.weights * BYTES_PER_WEIGHT
    all_reduce = 2 * (gpus - 1) / gpus * gradients / measured.bandwidth
    step = measured.step + all_reduce
    pools = POOLS * training.pool_size * POOLED_CHANNELS * training.image_size**2 * BYTES_PER_WEIGHT * gpus
    checkpoint = 4 * gradients + pools
    return Plan(
        steps,
        all_reduce,
        measured.step / step,
        training.batch_size * gpus / step,
        steps * step / 3600,
        -(-int(2 * training.batch_size / step * 1000) // int(measured.images * 1000)),
        checkpoint,
        checkpoint / measured.storage,
    )


def bench_plan(
    step: Annotated[float, typer.Option(min=1e-6, help="Seconds per step on one GPU, from `bench step`.")],
    pairs: Annotated[int, typer.Option(min=1, help="Pairs to train on; the paper uses one per step.")] = 100_000,
    gpus: Annotated[list[int] | None, typer.Option(min=1, help="Numbers of GPUs; repeatable.")] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Pairs per step and GPU.")] = 1,
    image_size: Annotated[int, typer.Option(min=16, help="Side of the images in pixels.")] = 256,
    pool_size: Annotated[int, typer.Option(min=0, help="Size of each image pool.")] = 50,
    weights: Annotated[float, typer.Option(min=0.1, help="Number of trained weights, in millions.")] = 28.3,
    bandwidth: Annotated[float, typer.Option(min=0.001, help="All-reduce bandwidth of a GPU's link, in GB/s.")] = 25.0,
    images: Annotated[float, typer.Option(min=1, help="Images/s per loader process, from `bench data`.")] = 300.0,
    storage: Annotated[float, typer.Option(min=0.001, help="Write bandwidth of the storage, in GB/s.")] = 0.5,
    price: Annotated[float, typer.Option(min=0, help="Price per GPU hour.")] = 0.0,
) -> None:
    """Estimate time, loading, traffic and cost of a training on 1, 8 and 64 GPUs from measurements."""
    from rich.console import Console
    from rich.table import Table

    training = Training(pairs, batch_size, round(weights * 1e6), image_size, pool_size)
    measured = Measured(step, bandwidth * 1e9, images, storage * 1e9)
    table = Table("GPUs", "steps", "all-reduce", "efficiency", "pairs/s", "hours", "loaders/GPU", "checkpoint", "cost")
    for count in gpus or [1, 8, 64]:
        found = plan(training, measured, count)
        table.add_row(
            str(count),
            f"{found.steps:,}",
            f"{1000 * found.all_reduce:.2f} ms",
            f"{found.efficiency:.0%}",
            f"{found.pairs_per_second:.1f}",
            f"{found.hours:.2f}",
            str(found.loaders),
            f"{found.checkpoint / MIB:.0f} MiB, {found.checkpoint_time:.1f} s",
            f"{found.hours * count * price:.2f}" if price else "",
        )
    Console(width=max(Console().width, 110)).print(table)
