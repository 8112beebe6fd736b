from __future__ import annotations

import csv
from pathlib import Path

import pytest
import torch

from datamodules.attribute_classifier import HELD_BACK, AttributeDataModule, LabelledFaces
from datamodules.datasets.annotated_folder import AnnotatedFolder
from datamodules.datasets.cartoonset import find_cartoons
from datamodules.datasets.celeba import CelebA
from datamodules.datasets.group_split import split_by_group
from datamodules.errors import DataError
from datamodules.samples import UNKNOWN_GLASSES


def module(root: Path, **options: object) -> AttributeDataModule:
    settings = {"image_size": 32, "batch_size": 4, "num_workers": 0, "epoch_size": 10} | options
    return AttributeDataModule(str(root), **settings)  # type: ignore[arg-type]


@pytest.fixture
def families(sample_root: Path, tmp_path: Path) -> Path:
    """Five sources of hair and three of eyes, dealt out in turn."""
    path = tmp_path / "families.tsv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file, delimiter="\t")
        writer.writerow(["file", "hair_and_outline_source", "eyes_source"])
        for number, name in enumerate(find_cartoons(sample_root / "cartoonset10k")):
            writer.writerow([Path(name).name, f"hair{number % 5}", f"eyes{number % 3}"])
    return path


def test_both_domains_come_by_turns_with_their_labels(sample_root: Path) -> None:
    data = module(sample_root)
    data.setup("fit")
    batches = list(data.train_dataloader())
    assert [len(batch.hair) for batch in batches] == [4, 4]
    for batch in batches:
        assert batch.image.shape == (4, 3, 32, 32)
        assert ((batch.hair >= 0) | (batch.glasses >= 0)).all()
        assert set(batch.glasses.tolist()) <= {0, 1, UNKNOWN_GLASSES}


def test_training_sees_no_member_of_a_family_that_is_held_back(sample_root: Path, families: Path) -> None:
    data = module(sample_root, cartoon_families=str(families), epoch_size=200)
    data.setup("fit")
    names = find_cartoons(sample_root / "cartoonset10k")
    hidden = {
        name
        for column in ("hair_and_outline_source", "eyes_source")
        for name in split_by_group(names, families, column)[1]
    }
    assert data._train is not None
    cartoons = data._train._domains[1]
    seen = {cartoons._parts[part].names[index] for part, index in cartoons._places}
    assert seen
    assert not seen & hidden
    assert data.part_names == HELD_BACK
    sizes = dict(zip(data.part_names, (len(loader.dataset) for loader in data.val_dataloader()), strict=True))  # type: ignore[arg-type]
    assert sizes["cartoons with unseen hair"] == len(split_by_group(names, families, "hair_and_outline_source")[1])
    assert sizes["photos"] == len(CelebA(sample_root / "celeba", "val"))


def test_without_a_table_nothing_is_claimed_of_parts(sample_root: Path) -> None:
    data = module(sample_root)
    data.setup("fit")
    assert data.part_names == ("other cartoons", "photos")
    assert len(data.val_dataloader()) == 2


def test_labels_are_those_of_the_sets(sample_root: Path) -> None:
    data = module(sample_root, batch_size=1)
    data.setup("test")
    photos = CelebA(sample_root / "celeba", "test")
    loaded: list[LabelledFaces] = list(data.test_dataloader()[-1])
    assert [int(batch.glasses) for batch in loaded] == photos.glasses.tolist()
    assert [int(batch.hair) for batch in loaded] == photos.hair.tolist()
    column = photos.attribute_names.index("Eyeglasses")
    assert photos.glasses.tolist() == photos.attributes[:, column].astype(int).tolist()


def test_a_draw_is_a_pure_function_of_its_number(sample_root: Path) -> None:
    first, second = module(sample_root), module(sample_root)
    for data in (first, second):
        data.setup("fit")
    assert first._train is not None
    assert second._train is not None
    for draw in (7, 3, 7):
        assert torch.equal(first._train[draw].image, second._train[draw].image)


def test_sets_that_do_not_say_leave_glasses_unknown(sample_root: Path) -> None:
    faces = AnnotatedFolder(sample_root / "celeba" / "img_align_celeba", "test")
    assert set(faces.glasses.tolist()) == {UNKNOWN_GLASSES}
    assert faces[0].glasses == UNKNOWN_GLASSES


def test_an_epoch_shorter_than_a_batch_is_refused(sample_root: Path) -> None:
    with pytest.raises(DataError, match=r"--data\.epoch_size 2"):
        module(sample_root, epoch_size=2)
