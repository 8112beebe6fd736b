"""``cartoongan bench data``: reading and augmenting images, compared with the usual implementation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.bench.contest import Contest, measure
from apps.options import RootOption, RoundsOption

if TYPE_CHECKING:
    from datamodules.datasets.cache import CachedFaces, FramedFaces


def bench_data(
    root: RootOption,
    image_size: Annotated[int, typer.Option(min=8, help="Side of the images in pixels.")] = 256,
    count: Annotated[int, typer.Option(min=10, help="Images per round.")] = 200,
    rounds: RoundsOption = 5,
) -> None:
    """Images per second and core through the training transforms, and the time for decoding alone.

    One thread does all the work. The implementations take turns, so that a busy machine affects all of them equally.
    """
    import tempfile

    import cv2
    import torch
    from rich.console import Console
    from rich.table import Table

    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    table = Table("images", "way", "images/s", "ratio")
    with tempfile.TemporaryDirectory(prefix="cartoongan_bench_") as cache:
        for contest in _contests(root, image_size, Path(cache)):
            rates = measure(contest, count, rounds)
            plain = rates[next(iter(contest.ways))]
            for way, rate in rates.items():
                table.add_row(contest.title, way, f"{rate:.0f}", f"{rate / plain:.2f}")
            table.add_section()
    Console().print(table)


def _contests(root: Path, image_size: int, cache: Path) -> list[Contest]:
    from datamodules.datasets.cache import CachedFaces, FramedFaces
    from datamodules.datasets.cartoonset import CartoonSet
    from datamodules.datasets.celeba import CelebA
    from datamodules.images import read_rgb
    from datamodules.transforms.augment import cartoon_transform, photo_transform
    from datamodules.transforms.framing import framing_for

    photos, cartoons = CelebA(root / "celeba", "train"), CartoonSet(root / "cartoonset10k", "train")
    photo_files = [root / "celeba" / "img_align_celeba" / name for name in photos.names]
    cartoon_files = [cartoons.folder / name for name in cartoons.names]
    framed_photos = FramedFaces(photos, framing_for("photo", image_size, augment=True))
    framed_cartoons = FramedFaces(cartoons, framing_for("cartoon", image_size, augment=True))
    cached_cartoons = CachedFaces(framed_cartoons, cache, "bench")
    to_photo, to_cartoon = photo_transform(image_size, augment=True), cartoon_transform(image_size, augment=True)

    def through(faces: FramedFaces | CachedFaces, transform: Callable[..., object]) -> Callable[[int], object]:
        return lambda index: transform(faces[index % len(faces)], index)

    return [
        Contest(
            f"CelebA, {image_size} px",
            {
                "PIL + torchvision": _plain_photo(photo_files, image_size),
                "this project": through(framed_photos, to_photo),
                "decoding alone": lambda index: read_rgb(photo_files[index % len(photo_files)]),
            },
        ),
        Contest(
            f"CartoonSet, {image_size} px",
            {
                "PIL + torchvision": _plain_cartoon(cartoon_files, image_size),
                "this project, first pass": through(framed_cartoons, to_cartoon),
                "this project, cached": through(cached_cartoons, to_cartoon),
                "decoding alone": lambda index: read_rgb(cartoon_files[index % len(cartoon_files)]),
            },
        ),
    ]


def _plain_photo(files: list[Path], image_size: int) -> Callable[[int], object]:
    """The usual implementation of the CycleGAN recipe."""
    from PIL import Image
    from torchvision import transforms as T

    from datamodules.transforms.framing import LOAD_SCALE

    pipeline = T.Compose(
        [
            T.CenterCrop(178),
            T.Resize(round(image_size * LOAD_SCALE)),
            T.RandomCrop(image_size),
            T.RandomHorizontalFlip(),
            T.ToTensor(),
            T.Normalize([0.5] * 3, [0.5] * 3),
        ]
    )
    return lambda index: pipeline(Image.open(files[index % len(files)]).convert("RGB"))


def _plain_cartoon(files: list[Path], image_size: int) -> Callable[[int], object]:
    """The usual implementation of the same augmentation, without landmarks."""
    from PIL import Image
    from torchvision import transforms as T

    pipeline = T.Compose(
        [
            T.RandomAffine(
                15, translate=(0.08, 0.08), scale=(1.0, 1.3), fill=255, interpolation=T.InterpolationMode.BILINEAR
            ),
            T.CenterCrop(400),
            T.Resize(image_size),
            T.RandomHorizontalFlip(),
            T.ToTensor(),
            T.Normalize([0.5] * 3, [0.5] * 3),
        ]
    )

    def handle(index: int) -> object:
        cartoon = Image.open(files[index % len(files)]).convert("RGBA")
        white = Image.new("RGBA", cartoon.size, "white")
        return pipeline(Image.alpha_composite(white, cartoon).convert("RGB"))

    return handle
