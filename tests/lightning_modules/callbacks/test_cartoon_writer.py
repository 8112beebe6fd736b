from __future__ import annotations

from pathlib import Path
from unittest.mock import Mock

import numpy as np
import torch
from PIL import Image

from datamodules.samples import Photos
from lightning_modules.callbacks import CartoonWriter


def test_cartoons_take_their_photos_names_and_folders(tmp_path: Path) -> None:
    images = torch.stack([torch.full((3, 4, 6), value) for value in (-1.0, 1.0)])
    photos = Photos(images, ["a.jpg", "sub/b.tar.png"])
    CartoonWriter(tmp_path).write_on_batch_end(Mock(), Mock(), images, None, photos, 0, 0)
    assert sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.*")) == ["a.png", "sub/b.tar.png"]
    assert (np.asarray(Image.open(tmp_path / "a.png")) == 0).all()
    assert np.asarray(Image.open(tmp_path / "sub" / "b.tar.png")).shape == (4, 6, 3)
    assert (np.asarray(Image.open(tmp_path / "sub" / "b.tar.png")) == 255).all()
