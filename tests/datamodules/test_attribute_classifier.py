from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from datamodules.attribute_classifier import UNSEEN, AttributeDataModule, LabelledFaces
from datamodules.datasets.annotated_folder import AnnotatedFolder
from datamodules.datasets.cartoonset import find_cartoons
from datamodules.datasets.celeba import CelebA
from datamodules.datasets.group_split import split_by_group
from datamodules.errors import DataError
from datamodules.samples import UNKNOWN, Attribute


def module(root: Path, **options: object) -> AttributeDataModule:
    settings = {"image_size": 32, "batch_size": 4, "num_workers": 0, "epoch_size": 10} | options
    return AttributeDataModule(str(root), **settings)  # type: ignore[arg-type]


class UpperHalf:
    """Finds person and head in the upper half of each photo."""

    side = 16

    def __call__(self, photos: NDArray[np.uint8]) -> NDArray[np.uint8]:
        mattes = np.zeros((len(photos), 2, self.side, self.side), dtype=np.uint8)
        mattes[:, :, : self.side // 2] = 255
        return mattes

    def fingerprint(self) -> str:
        return "upper half"


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
        assert ((batch.hair >= 0) | (batch.attributes >= 0).any(dim=1)).all()
        assert set(batch.attributes.flatten().tolist()) <= {0, 1, UNKNOWN}


@pytest.mark.parametrize("processes", [1, 2, 4])
def test_every_process_gets_both_domains(processes: int, sample_root: Path) -> None:
    data = module(sample_root)
    data.setup("fit")
    assert data._train is not None
    draws, domains = data._train, data._train._domains
    asked: list[int] = []

    class Recorded:
        def __init__(self, domain: int) -> None:
            self.domain, self.faces = domain, domains[domain]

        def augmented(self, index: int, seed: int) -> LabelledFaces:
            asked.append(self.domain)
            return self.faces.augmented(index, seed)

    draws._domains = (Recorded(0), Recorded(1))  # type: ignore[assignment]
    for rank in range(processes):
        asked.clear()
        for draw in range(rank, 32 * processes, processes):
            draws[draw]
        assert 8 <= sum(asked) <= 24
    asked.clear()
    for draw in range(20):
        draws[draw]
    assert [sum(asked[pair : pair + 2]) for pair in range(0, 20, 2)] == [1] * 10


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
    assert data.part_names == (*UNSEEN, "photos")
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
    assert [batch.attributes[0].tolist() for batch in loaded] == photos.attributes.tolist()
    assert [int(batch.hair) for batch in loaded] == photos.labels.tolist()
    column = photos.attribute_names.index("Eyeglasses")
    assert photos.attributes[:, Attribute.GLASSES].tolist() == photos.raw_attributes[:, column].astype(int).tolist()


def test_a_draw_is_a_pure_function_of_its_number(sample_root: Path) -> None:
    first, second = module(sample_root), module(sample_root)
    for data in (first, second):
        data.setup("fit")
    assert first._train is not None
    assert second._train is not None
    for draw in (7, 3, 7):
        assert torch.equal(first._train[draw].image, second._train[draw].image)


def test_sets_that_do_not_say_leave_attributes_unknown(sample_root: Path) -> None:
    faces = AnnotatedFolder(sample_root / "celeba" / "img_align_celeba", "test")
    assert set(faces.attributes.flatten().tolist()) == {UNKNOWN}
    assert faces[0].attributes.tolist() == [UNKNOWN] * len(Attribute)


def test_photos_are_seen_on_each_background(sample_root: Path) -> None:
    data = module(sample_root, backgrounds=["keep", "head"], cartoons="cartoonset10k")
    with pytest.raises(DataError, match=r"--data\.background head needs"):
        data.setup("fit")
    data.use_matting(UpperHalf(), None)
    data.setup("fit")
    assert data.part_names == ("other cartoons", "photos", "heads of photos on white")
    kept, cut = (list(loader) for loader in data.val_dataloader()[1:])
    assert [batch.hair.tolist() for batch in kept] == [batch.hair.tolist() for batch in cut]
    assert all((batch.image[:, :, -8:] == 1).all() for batch in cut)  # nobody is there in the lower part
    assert data._train is not None
    assert len(data._train._domains[0]) == 2 * len(CelebA(sample_root / "celeba", "train"))
    with pytest.raises(DataError, match=r"--data\.backgrounds is empty"):
        module(sample_root, backgrounds=[])


def test_rare_attributes_are_drawn_as_often_as_asked_for(sample_root: Path) -> None:
    data = module(sample_root, attribute_shares={"glasses": 0.4})
    data.setup("fit")
    assert data._train is not None
    known = [data._train[draw].attributes[Attribute.GLASSES].item() for draw in range(100)]
    assert known.count(1) == 40


def test_an_epoch_shorter_than_a_batch_is_refused(sample_root: Path) -> None:
    with pytest.raises(DataError, match=r"--data\.epoch_size 2"):
        module(sample_root, epoch_size=2)
