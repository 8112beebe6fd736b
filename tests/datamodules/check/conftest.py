"""Tiny data sets without a fault, in the published layouts, for a test to damage."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

POINTS = "69 109 106 113 77 142 73 152 108 154"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """CelebA, CelebAMask-HQ, CartoonSet 10k, WIDER FACE and LFW+Net of a few images each."""
    root = tmp_path / "data"
    _write_celeba(root / "celeba")
    _write_celebamask_hq(root / "celebamask_hq")
    _write_cartoons(root / "cartoonset10k")
    _write_wider(root / "wider_face")
    _write_lfw_net(root / "lfw_net")
    return root


def _image(path: Path, width: int, height: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGBA" if path.suffix == ".png" else "RGB", (width, height), "teal").save(path)


def _text(path: Path, *lines: str, end: str = "\n") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(line + end for line in lines).encode())


def _write_celeba(folder: Path) -> None:
    names = ["000001.jpg", "000002.jpg", "000003.jpg"]
    for name in names:
        _image(folder / "img_align_celeba" / name, 178, 218)
        _image(folder / "masks" / name.replace("jpg", "png"), 178, 218)
    attributes = " ".join(f"attribute_{number}" for number in range(40))
    _text(folder / "list_eval_partition.txt", *(f"{name} {part}" for part, name in enumerate(names)))
    _text(folder / "list_attr_celeba.txt", "3", attributes, *(name + " -1  1" * 20 for name in names))
    header = " ".join(f"coordinate_{number}" for number in range(10))
    _text(folder / "list_landmarks_align_celeba.txt", "3", header, *(f"{name} {POINTS}" for name in names))
    _text(folder / "list_landmarks_celeba.txt", "3", header, *(f"{name} {POINTS}" for name in names))
    _text(
        folder / "list_bbox_celeba.txt",
        "3",
        "image_id x_1 y_1 width height",
        *(f"{name} 95 71 26 31" for name in names),
    )


def _write_celebamask_hq(folder: Path) -> None:
    for number in (0, 2000):
        _image(folder / "CelebA-HQ-img" / f"{number}.jpg", 64, 64)
        for part in ("skin", "hair", "neck"):
            _image(folder / "CelebAMask-HQ-mask-anno" / str(number // 2000) / f"{number:05d}_{part}.png", 32, 32)
    rows = ["0         119613              119614.jpg", "2000      182700              182701.jpg"]
    _text(folder / "CelebA-HQ-to-CelebA-mapping.txt", "idx       orig_idx            orig_file", *rows)


def _write_cartoons(folder: Path) -> None:
    for name in ("cs1", "cs2"):
        _image(folder / f"{name}.png", 50, 50)
        colours = ['"face_color", 4, 11', '"hair_color", 9, 10']
        _text(folder / f"{name}.csv", *colours, *(f'"attribute_{number}", 0, 3' for number in range(16)))


def _write_wider(folder: Path) -> None:
    for name in ("train/images/0--Parade/a.jpg", "train/images/0--Parade/b.jpg", "val/images/0--Parade/c.jpg"):
        _image(folder / f"WIDER_{name}", 100, 80)
    lists = folder / "wider_face_split"
    faces = ["0--Parade/a.jpg", "2", "10 20 30 40 0 0 0 0 0 0 ", "60 10 40 70 2 1 1 1 2 1 "]
    _text(lists / "wider_face_train_bbx_gt.txt", *faces, "0--Parade/b.jpg", "0", "0 0 0 0 0 0 0 0 0 0 ")
    _text(lists / "wider_face_val_bbx_gt.txt", "0--Parade/c.jpg", "1", "0 0 100 80 0 0 0 0 0 0 ")


def _write_lfw_net(folder: Path) -> None:
    _image(folder / "lfw_5590" / "a.jpg", 60, 60)
    _image(folder / "net_7876" / "b.jpg", 60, 60)
    line = "10 50 12 48 20 20 40 20 30 30 22 40 38 40"
    _text(folder / "trainImageList.txt", f"lfw_5590\\a.jpg {line}", f"net_7876\\b.jpg {line}", end="\r\n")
    _text(folder / "testImageList.txt", f"lfw_5590\\a.jpg {line}", end="\r\n")
