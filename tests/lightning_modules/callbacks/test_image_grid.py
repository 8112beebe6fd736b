from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from lightning import Trainer
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from datamodules.samples import UnpairedBatch
from lightning_modules.base import Translation
from lightning_modules.callbacks import ImageGrid
from lightning_modules.cyclegan_baseline import CycleGANBaseline

SIDE = 32


class Painted(CycleGANBaseline):
    """Makes plain images, so that each row of the grid can be told by its grey."""

    def __init__(self) -> None:
        super().__init__(generator="resnet6", ngf=4, ndf=4)

    def translate(self, generators: torch.nn.ModuleDict, batch: UnpairedBatch) -> Translation:
        translation = super().translate(generators, batch)
        for images, grey in (
            (translation.fake["cartoon"], -0.8),
            (translation.reconstruction["photo"], -0.4),
            (translation.fake["photo"], 0.4),
            (translation.reconstruction["cartoon"], 0.8),
        ):
            images.data.fill_(grey)
        return translation


@pytest.mark.parametrize(("count", "columns"), [(3, 3), (8, 4)])
def test_six_rows_of_fixed_faces(
    count: int,
    columns: int,
    make_trainer: Callable[..., Trainer],
    make_faces: Callable[..., Dataset[UnpairedBatch]],
    tmp_path: Path,
) -> None:

    loader = DataLoader(make_faces(length=4, side=SIDE), batch_size=2)
    trainer = make_trainer(callbacks=[ImageGrid(count)], logger=False)
    trainer.validate(Painted(), loader, verbose=False)
    (path,) = (tmp_path / "images").iterdir()
    grid = Image.open(path)
    assert grid.size == (2 + columns * (SIDE + 2), 2 + 6 * (SIDE + 2))
    pixels = np.asarray(grid)
    greys = [int(pixels[2 + row * (SIDE + 2) + SIDE // 2, 2 + SIDE // 2, 0]) for row in (1, 2, 4, 5)]
    expected = [round((grey + 1) / 2 * 255) for grey in (-0.8, -0.4, 0.4, 0.8)]
    assert greys == pytest.approx(expected, abs=1)
    first = make_faces(length=4, side=SIDE)[0].photo.image
    expected_pixel = ((first[:, 5, 7] + 1) / 2 * 255).tolist()
    assert grid.getpixel((2 + 7, 2 + 5)) == pytest.approx(expected_pixel, abs=1)


class TwoRows(Painted):
    def grid_rows(self, batch: UnpairedBatch) -> list[torch.Tensor]:
        return [batch.cartoon.image, batch.photo.image]


def test_the_model_says_what_is_drawn(
    make_trainer: Callable[..., Trainer], make_faces: Callable[..., Dataset[UnpairedBatch]], tmp_path: Path
) -> None:
    loader = DataLoader(make_faces(length=4, side=SIDE), batch_size=3)
    make_trainer(callbacks=[ImageGrid(4)]).validate(TwoRows(), loader, verbose=False)
    (path,) = (tmp_path / "images").iterdir()
    pixels = torch.from_numpy(np.array(Image.open(path)))
    assert pixels.shape == (2 + 2 * (SIDE + 2), 2 + 4 * (SIDE + 2), 3)
    faces = make_faces(length=4, side=SIDE)
    for column in range(4):
        for row, image in enumerate((faces[column].cartoon.image, faces[column].photo.image)):
            top, left = 2 + row * (SIDE + 2), 2 + column * (SIDE + 2)
            expected = (image.permute(1, 2, 0) + 1) / 2 * 255
            assert (pixels[top : top + SIDE, left : left + SIDE] - expected).abs().max() <= 1


def test_the_first_minutes_have_pictures_of_unseen_faces(
    make_trainer: Callable[..., Trainer], make_faces: Callable[..., Dataset[UnpairedBatch]], tmp_path: Path
) -> None:
    loader = DataLoader(make_faces(length=6, side=SIDE), batch_size=2)
    trainer = make_trainer(max_steps=3, callbacks=[ImageGrid(2, early_steps=(1, 2))])
    model = Painted()
    trainer.fit(model, loader, DataLoader(make_faces(length=2, side=SIDE), batch_size=2))
    names = sorted(path.name for path in (tmp_path / "images").iterdir())
    assert names == [f"epoch_0000_step_000000{step}.png" for step in (1, 2, 3)]
