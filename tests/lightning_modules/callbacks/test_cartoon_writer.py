from __future__ import annotations

from pathlib import Path
from unittest.mock import Mock

import numpy as np
import torch
from PIL import Image

from datamodules.samples import Photos
from lightning_modules.callbacks import CartoonWriter
from networks.finisher import CartoonFinisher


def test_cartoons_take_their_photos_names_and_folders(tmp_path: Path) -> None:
    images = torch.stack([torch.full((3, 4, 6), value) for value in (-1.0, 1.0)])
    photos = Photos(images, ["a.jpg", "sub/b.tar.png"])
    CartoonWriter(tmp_path).write_on_batch_end(Mock(), Mock(), images, None, photos, 0, 0)
    assert sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.*")) == ["a.png", "sub/b.tar.png"]
    assert (np.asarray(Image.open(tmp_path / "a.png")) == 0).all()
    assert np.asarray(Image.open(tmp_path / "sub" / "b.tar.png")).shape == (4, 6, 3)
    assert (np.asarray(Image.open(tmp_path / "sub" / "b.tar.png")) == 255).all()


def test_with_a_finisher_they_are_larger_and_have_an_alpha_channel(tmp_path: Path) -> None:
    torch.manual_seed(0)
    finisher = CartoonFinisher(2, width=4, n_blocks=1)
    single = torch.rand(1, 3, 8, 8) * 2 - 1
    writer = CartoonWriter(tmp_path, finisher)
    writer.write_on_batch_end(Mock(), Mock(), single, None, Photos(single, ["a.jpg"]), 0, 0)
    writer.write_on_batch_end(Mock(), Mock(), single.repeat(1, 1, 1, 4), None, Photos(single, ["all.jpg"]), 0, 0)
    one, sheet = (np.asarray(Image.open(tmp_path / name)).astype(int) for name in ("a.png", "all.png"))
    assert (one.shape, sheet.shape) == ((16, 16, 4), (16, 64, 4))
    for start in range(0, 64, 16):  # each by itself: no cartoon bleeds into its neighbour
        assert np.abs(sheet[:, start : start + 16] - one).max() <= 1
    expected = finisher(single).alpha[0, 0].detach().numpy() * 255
    assert np.abs(one[..., 3] - expected).max() <= 1
