"""``cartoongan bench cartoonize``: the runtime compared with PyTorch, from a cold start and warm."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.bench.contest import Contest, measure

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RUNTIME, TORCH = "cartoonizer", "PyTorch"
ASTRONAUT = Path(__file__).parents[2] / "docs" / "astronaut.jpg"
OUT_SIDE = 256

_IN_TORCH = """
import sys
from pathlib import Path
import PIL.Image
from apps.cartoonize.chain import Cartoonizer
from datamodules.images import read_rgb
for face in Cartoonizer(device="cpu")(read_rgb(Path(sys.argv[1]))):
    PIL.Image.fromarray(face.cartoon).save(sys.argv[2])
"""


def bench_cartoonize(
    photo: Annotated[Path, typer.Option(metavar="FILE", help="A photo with a face.")] = ASTRONAUT,
    side: Annotated[int, typer.Option(min=64, help="Longer side in pixels to which the photo is resized.")] = 1024,
    rounds: Annotated[int, typer.Option(min=1, help="Interleaved rounds; the median counts.")] = 5,
) -> None:
    """Time from a photo to the PNG of its cartoon: with process start, warm, and by part."""
    from rich.console import Console
    from rich.table import Table

    from cartoonizer.decode import decode

    pixels = _resized(decode(photo), side)
    table = Table("work", "way", "ms", "times as fast")
    with tempfile.TemporaryDirectory() as folder:
        for contest in (_cold(pixels, Path(folder)), _warm(pixels), _parts(pixels)):
            rates = measure(contest, 1, rounds)
            plain = rates[next(iter(contest.ways))]
            for way, rate in rates.items():
                table.add_row(contest.title, way, f"{1000 / rate:.0f}", f"{rate / plain:.1f}")
            table.add_section()
    Console().print(table)


def _cold(pixels: NDArray[np.uint8], folder: Path) -> Contest:
    """From process start to the PNG."""
    from PIL import Image

    photo = folder / "photo.jpg"
    Image.fromarray(pixels).save(photo, quality=95)
    ways = {
        TORCH: [sys.executable, "-c", _IN_TORCH, str(photo), str(folder / "torch.png")],
        RUNTIME: [sys.executable, "-m", "cartoonizer", str(photo), "--out", str(folder / "out")],
    }
    return Contest(f"process to PNG, {_size(pixels)}", {name: partial(_start, words) for name, words in ways.items()})


def _start(words: list[str], _: int) -> None:
    subprocess.run(words, check=True, capture_output=True, cwd=Path(__file__).parents[2])


def _warm(pixels: NDArray[np.uint8]) -> Contest:
    """From a decoded photo to a PNG of the same size."""
    import cv2

    from apps.cartoonize.chain import Cartoonizer as InTorch
    from cartoonizer import Cartoonizer
    from cartoonizer.pictures import Style, png

    runtime, in_torch, style = Cartoonizer(), InTorch(device="cpu"), Style(OUT_SIDE)

    def by_torch(_: int) -> None:
        for face in in_torch(pixels):
            cv2.imencode(".png", cv2.resize(face.cartoon, (OUT_SIDE, OUT_SIDE)))

    def by_runtime(_: int) -> None:
        for face in runtime(pixels, "largest"):
            png(style.sheet([face]))

    return Contest(f"warm, a face at {OUT_SIDE} px", {TORCH: by_torch, RUNTIME: by_runtime})


def _parts(pixels: NDArray[np.uint8]) -> Contest:
    """The runtime's total time, and the time for detection alone."""
    from cartoonizer import Cartoonizer
    from cartoonizer.cascade import Cascade
    from cartoonizer.detector import detect
    from cartoonizer.model_file import OWN_MODEL, read_model

    runtime, model = Cartoonizer(), read_model(OWN_MODEL)
    cascade = Cascade(model, model.manifest.detector)
    ways: dict[str, Callable[[int], object]] = {
        "all": lambda _: runtime(pixels, "largest"),
        "detection": lambda _: detect(cascade, pixels, model.manifest.detector),
    }
    return Contest(f"{RUNTIME}, photo to pixels", ways)


def _resized(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    import cv2
    import numpy as np

    factor = side / max(pixels.shape[:2])
    return np.asarray(cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def _size(pixels: NDArray[np.uint8]) -> str:
    return f"{pixels.shape[1]}x{pixels.shape[0]} px"
