"""``cartoongan bench step``: the cost of a training step of each variant, compared with the baseline."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from apps.bench.fit_time import Accelerator, Precision, Sizes, fit_seconds, noise
from apps.options import RoundsOption
from datamodules.errors import DataError

if TYPE_CHECKING:
    from lightning_modules.base import BaseCycleGAN

BASELINE = "baseline"


class Opponent(StrEnum):
    """What the baseline's step is compared with."""

    VARIANTS = "variants"
    REFERENCE = "reference"


def bench_step(
    image_size: Annotated[int, typer.Option(min=16, help="Side of the images in pixels.")] = 64,
    batch_size: Annotated[int, typer.Option(min=1, help="Images per domain and step.")] = 4,
    ngf: Annotated[int, typer.Option(min=1, help="Channels of the generators' first convolution.")] = 16,
    ndf: Annotated[int, typer.Option(min=1, help="Channels of the discriminators' first convolution.")] = 16,
    steps: Annotated[int, typer.Option(min=1, help="Steps of each variant per round.")] = 10,
    rounds: RoundsOption = 5,
    accelerator: Annotated[Accelerator, typer.Option(help="Device; a CPU uses one thread.")] = Accelerator.CPU,
    precision: Annotated[Precision, typer.Option(help="Precision of the forward passes.")] = Precision.FP32,
    against: Annotated[
        Opponent, typer.Option(help="Compare the baseline with the other variants, or with a reference implementation.")
    ] = Opponent.VARIANTS,
) -> None:
    """Milliseconds per training step of each variant, and the ratio to the baseline.

    The variants are the paper's; the last one is the full system with this project's recipe.

    ``--against reference`` compares the baseline's step with a mathematically equal one, written as in the original
    CycleGAN code. It first checks that the losses are equal, counts the operations of a step, and relates them to the
    machine's matrix peak, measured in the same rounds.

    Images are noise and the detector is untrained, which does not affect the time. The variants take turns, and ratios
    are computed within a turn, so that a busy machine affects both equally.
    """
    import torch

    if accelerator is Accelerator.CUDA and not torch.cuda.is_available():
        raise DataError("--accelerator cuda: PyTorch finds no GPU; use cpu")
    torch.set_num_threads(1)
    sizes = Sizes(image_size, batch_size, ngf, ndf, steps, rounds)
    if against is Opponent.REFERENCE:
        from apps.bench.comparison import compare_with_reference

        compare_with_reference(sizes, accelerator, precision)
    else:
        _compare_variants(sizes, accelerator, precision)


def _compare_variants(sizes: Sizes, accelerator: Accelerator, precision: Precision) -> None:
    import tempfile
    from statistics import median

    from rich.console import Console
    from rich.table import Table

    with tempfile.TemporaryDirectory(prefix="cartoongan_bench_") as folder:
        models = _variants(Path(folder), sizes.ngf, sizes.ndf)
        for name, make in models.items():
            if error := make().size_error(sizes.image_size):
                raise DataError(f"--image-size {sizes.image_size}: {error} ({name})")
        draws = noise(sizes.image_size, sizes.batch_size, sizes.steps)
        turns = [
            {name: fit_seconds(make(), draws, accelerator, precision) for name, make in models.items()}
            for _ in range(sizes.rounds + 1)
        ]
    table = Table("variant", "ms/step", "times the baseline")
    for name in models:
        measured = [turn[name] for turn in turns[1:]]  # the first round is warm-up
        ratios = [turn[name] / turn[BASELINE] for turn in turns[1:]]
        table.add_row(name, f"{1000 * median(measured) / sizes.steps:.1f}", f"{median(ratios):.2f}")
    Console().print(table)


def _variants(folder: Path, ngf: int, ndf: int) -> dict[str, Callable[[], BaseCycleGAN]]:
    """Factories of the variants by name; the first is the baseline."""
    from functools import partial

    from lightning_modules import CycleGANAligned, CycleGANBaseline, CycleGANCond, CycleGANFull, CycleGANLandmark
    from networks.mtcnn import MTCNN, Card, save_weights

    detector = folder / "untrained.safetensors"
    save_weights(MTCNN(), Card("untrained"), detector)
    return {
        BASELINE: partial(CycleGANBaseline, ngf=ngf, ndf=ndf),
        "cond": partial(CycleGANCond, ngf=ngf, ndf=ndf),
        "landmark": partial(CycleGANLandmark, ngf=ngf, ndf=ndf, detector_weights=str(detector)),
        "aligned": partial(CycleGANAligned, ngf=ngf, ndf=ndf),
        "full": partial(CycleGANFull, ngf=ngf, ndf=ndf, detector_weights=str(detector)),
        "full, recipe": partial(CycleGANFull, **_recipe(ngf, ndf), detector_weights=str(detector)),
    }


def _recipe(ngf: int, ndf: int) -> dict[str, Any]:
    """The options of ``configs/cyclegan_full.yaml``, with scaled network sizes."""
    import yaml

    from lightning_modules.runs import project_root

    config = yaml.safe_load((project_root() / "configs" / "cyclegan_full.yaml").read_text(encoding="utf-8"))
    sizes = {"ngf": ngf, "ndf": ndf, "ngf_photo": max(1, ngf // 2), "ndf_photo": max(1, ndf // 2), "local_start": 0}
    return {**config["model"]["init_args"], **sizes}
