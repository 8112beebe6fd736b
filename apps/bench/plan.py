"""``cartoongan bench plan``: the time, traffic and cost of a long training, from measured figures."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import typer

MIB = 2**20
BYTES_PER_WEIGHT = 4
POOLED_CHANNELS, POOLS = 3, 2


class Measured(NamedTuple):
    """Figures measured on the machine that is planned for.

    Attributes:
        step: Seconds of a training step of one GPU, with its batch, without others to wait for.
        bandwidth: Bytes a second that an all-reduce moves through the slowest link of a GPU.
        images: Images a second that one loader process makes.
        storage: Bytes a second that checkpoints are written with.
    """

    step: float
    bandwidth: float
    images: float
    storage: float


class Training(NamedTuple):
    """What is trained.

    Attributes:
        pairs: Pairs of images to see, over all GPUs.
        batch_size: Pairs of a step and GPU.
        weights: Trained weights of all networks.
        image_size: Side of the images in pixels.
        pool_size: Fakes that each image pool keeps.
    """

    pairs: int
    batch_size: int
    weights: int
    image_size: int
    pool_size: int


class Plan(NamedTuple):
    """What a training takes on a number of GPUs; times in seconds.

    Attributes:
        steps: Training steps.
        all_reduce: Of a step: exchanging all gradients once, if nothing hides it.
        efficiency: Share of a step's time that is not spent exchanging gradients.
        pairs_per_second: Of all GPUs.
        hours: Of the whole training.
        loaders: Loader processes for each GPU that keep up with it.
        checkpoint: Bytes of a checkpoint.
        checkpoint_time: Of writing one.
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
    """The arithmetic of a training on ``gpus`` GPUs.

    A ring all-reduce sends and receives 2 (n - 1) / n times the gradients. It is counted in full, as the gradients of a
    toggled optimiser come all at the end of a backward pass. A checkpoint holds the weights, both moments of Adam,
    and the moving average counted as another copy, and the pools of every process.
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
    step: Annotated[float, typer.Option(min=1e-6, help="Seconds of a step on one GPU, from `bench step`.")],
    pairs: Annotated[int, typer.Option(min=1, help="Pairs to train on: a step of the paper is one.")] = 100_000,
    gpus: Annotated[list[int] | None, typer.Option(min=1, help="Numbers of GPUs; repeatable.")] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Pairs of a step and GPU.")] = 1,
    image_size: Annotated[int, typer.Option(min=16, help="Side of the images in pixels.")] = 256,
    pool_size: Annotated[int, typer.Option(min=0, help="Fakes that each image pool keeps.")] = 50,
    weights: Annotated[float, typer.Option(min=0.1, help="Trained weights, in millions.")] = 28.3,
    bandwidth: Annotated[float, typer.Option(min=0.001, help="Of an all-reduce, in GB/s through a GPU's link.")] = 25.0,
    images: Annotated[float, typer.Option(min=1, help="Images/s of a loader process, from `bench data`.")] = 300.0,
    storage: Annotated[float, typer.Option(min=0.001, help="Writing a file, in GB/s.")] = 0.5,
    price: Annotated[float, typer.Option(min=0, help="Of a GPU and hour.")] = 0.0,
) -> None:
    """Time, loading, traffic and cost of a training on 1, 8 and 64 GPUs, from figures that were measured."""
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
    Console().print(table)
