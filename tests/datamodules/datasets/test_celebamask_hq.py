from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datamodules.datasets.celebamask_hq import PARTS, CelebAMaskHQ, is_celebamask_hq, merged_masks, parse_mapping
from datamodules.datasets.masked_photos import open_masked
from datamodules.errors import DataError


def part(folder: Path, number: int, name: str, rows: slice) -> None:
    """A mask of the published form: RGB-free PNG of 0 and 255, here 32x32."""
    path = folder / "CelebAMask-HQ-mask-anno" / str(number // 2000) / f"{number:05d}_{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    mask = np.zeros((32, 32), dtype=np.uint8)
    mask[rows] = 255
    Image.fromarray(mask).save(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Photos 0 and 1999 of the training part, 2000 of the test part."""
    folder = tmp_path / "celebamask_hq"
    (folder / "CelebA-HQ-img").mkdir(parents=True)
    for number in (0, 1999, 2000):
        Image.new("RGB", (64, 64), (number // 10, 0, 0)).save(folder / "CelebA-HQ-img" / f"{number}.jpg")
        part(folder, number, "hair", slice(0, 8))
        part(folder, number, "skin", slice(8, 16))
        part(folder, number, "neck", slice(16, 20))
        part(folder, number, "cloth", slice(20, 24))
    part(folder, 1999, "hat", slice(30, 32))
    rows = ["0 0 000001.jpg", "1999      162769              162770.jpg", "2000 182637 182638.jpg"]
    (folder / "CelebA-HQ-to-CelebA-mapping.txt").write_text("\n".join(["idx orig_idx orig_file", *rows]) + "\n")
    return folder


def test_the_person_is_all_parts_and_the_head_those_above_the_neck(folder: Path) -> None:
    photos = CelebAMaskHQ(folder, "train")
    assert photos.names == ["0.jpg", "1999.jpg"]
    image, masks = photos[0]
    assert image.shape == (32, 32, 3)  # at the masks' size
    expected = np.zeros((32, 32, 2), dtype=np.uint8)
    expected[:24, :, 0] = 255
    expected[:16, :, 1] = 255
    np.testing.assert_array_equal(masks, expected)
    assert (photos[1].masks[30:] == 255).all()


def test_the_parts_are_those_of_celeba(folder: Path) -> None:
    assert CelebAMaskHQ(folder, "test").names == ["2000.jpg"]
    with pytest.raises(DataError, match=r"mapping\.txt assigns no photo to 'val'"):
        CelebAMaskHQ(folder, "val")


def test_there_are_the_published_eighteen_parts() -> None:
    assert len(set(PARTS)) == 18


def test_it_is_recognised_by_its_layout(folder: Path, sample_root: Path) -> None:
    assert is_celebamask_hq(folder)
    assert not is_celebamask_hq(sample_root / "celeba")
    assert isinstance(open_masked(folder, "train"), CelebAMaskHQ)


def test_faults_are_named(folder: Path) -> None:
    for path in (folder / "CelebAMask-HQ-mask-anno" / "1").iterdir():
        path.unlink()
    with pytest.raises(DataError, match=r"photo 2000 has no mask such as .*1/02000_skin\.png"):
        merged_masks(folder, 2000)
    Image.new("L", (8, 8)).save(folder / "CelebAMask-HQ-mask-anno" / "0" / "00000_hat.png")
    with pytest.raises(DataError, match=r"00000_hat\.png is 8x8 pixels"):
        merged_masks(folder, 0)
    (folder / "CelebA-HQ-to-CelebA-mapping.txt").write_text("idx orig_idx orig_file\n0 x 1.jpg\n")
    with pytest.raises(DataError, match=r"mapping\.txt, line 2: expected two numbers"):
        CelebAMaskHQ(folder, "train")
    (folder / "CelebA-HQ-to-CelebA-mapping.txt").unlink()
    with pytest.raises(DataError, match=r"no such file: .*mapping\.txt"):
        CelebAMaskHQ(folder, "train")


def test_a_row_twice_is_a_problem_of_its_line() -> None:
    rows, problems = parse_mapping(["header", "3 7 a.jpg", "", "3 8 b.jpg"])
    assert {number: row.place for number, row in rows.items()} == {3: 7}
    assert [(problem.line, problem.message) for problem in problems] == [(4, "photo 3 has a row in line 2 already")]
