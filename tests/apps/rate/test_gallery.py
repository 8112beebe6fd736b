from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from apps.rate.gallery import describe, draw_gallery
from datamodules.errors import DataError
from datamodules.samples import Faces


@dataclass(frozen=True)
class Inverter:
    """A run whose photos are grey by their number, and its cartoons the negative."""

    home: Path
    image_size: int = 32

    @property
    def title(self) -> str:
        return f"{self.home.parent.name}/{self.home.name}"

    @property
    def checkpoint(self) -> Path:
        return self.home / "best.ckpt"

    def photos(self, names: Sequence[str]) -> Faces:
        shades = torch.tensor([int(Path(name).stem) / 10 for name in names])
        images = shades.view(-1, 1, 1, 1).expand(-1, 3, self.image_size, self.image_size)
        zeros = torch.zeros(len(names), dtype=torch.int64)
        return Faces(images, torch.zeros(len(names), 5, 2), zeros, torch.zeros(len(names), 2))

    def cartoons(self, photos: Faces) -> Tensor:
        return -photos.image


@pytest.fixture
def runs(tmp_path: Path) -> list[Inverter]:
    made = [Inverter(tmp_path / "inverter" / "s1"), Inverter(tmp_path / "inverter" / "s2", image_size=64)]
    for run in made:
        run.home.mkdir(parents=True)
        run.checkpoint.write_bytes(run.title.encode())
    return made


def read(png: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.asarray(Image.open(BytesIO(png)))


def test_all_runs_cartoons_of_the_same_photos_in_one_size(runs: list[Inverter]) -> None:
    gallery = draw_gallery(runs, ["0.jpg", "5.jpg", "10.jpg"])
    assert [variant.title for variant in gallery.variants] == ["inverter/s1", "inverter/s2"]
    assert gallery.variants[0].digest == hashlib.sha256(b"inverter/s1").hexdigest()
    photos = {name: read(png) for name, png in gallery.photos.items()}
    assert {name: image.mean() for name, image in photos.items()} == {"0.jpg": 128, "5.jpg": 191, "10.jpg": 255}
    for cartoons in gallery.cartoons:
        assert [read(png).mean() for png in cartoons] == [128, 64, 0]
        assert {read(png).shape for png in cartoons} == {(64, 64, 3)}
    assert {image.shape for image in photos.values()} == {(64, 64, 3)}


def test_two_runs_of_one_name_are_refused(runs: list[Inverter], tmp_path: Path) -> None:
    other = Inverter(tmp_path / "elsewhere" / "inverter" / "s1")
    with pytest.raises(DataError, match="both called inverter/s1") as caught:
        describe([*runs, other])
    assert str(other.home) in str(caught.value)
