from __future__ import annotations

import pickle
import shutil
from collections import Counter
from pathlib import Path

import pytest
import torch

from datamodules.datasets.celeba import CelebA
from datamodules.datasets.registry import open_faces
from datamodules.errors import DataError
from datamodules.faces import FacesDataModule
from datamodules.samples import NO_HAIR_COLOUR, SPLITS, Domain, Photos, UnpairedBatch
from datamodules.sampling.hair_index import build_hair_index
from datamodules.sampling.samplers import ShuffledSampler
from datamodules.sampling.unpaired import DrawSampler


def module(root: Path, **options: object) -> FacesDataModule:
    settings = {"root": str(root), "image_size": 32, "batch_size": 4, "num_workers": 0} | options
    return FacesDataModule(**settings)  # type: ignore[arg-type]


def test_batches_keep_the_house_line(sample_root: Path) -> None:
    data = module(sample_root)
    data.setup("fit")
    batch = next(iter(data.train_dataloader()))
    assert isinstance(batch, UnpairedBatch)
    for faces in (batch.photo, batch.cartoon):
        assert faces.image.shape == (4, 3, 32, 32)
        assert faces.image.dtype == torch.float32
        assert -1 <= faces.image.min() < faces.image.max() <= 1
        assert faces.landmarks.shape == (4, 5, 2)
        assert faces.landmarks.dtype == torch.float32
        assert faces.label.shape == (4,)
        assert faces.label.dtype == torch.int64


def test_worker_processes_give_the_same_batches(sample_root: Path) -> None:
    batches = []
    for workers in (0, 2):
        data = module(sample_root, num_workers=workers)
        data.setup("fit")
        batches.append(list(data.train_dataloader()))
    assert len(batches[0]) == len(batches[1]) > 1
    for alone, shared in zip(*batches, strict=True):
        assert torch.equal(alone.photo.image, shared.photo.image)
        assert torch.equal(alone.cartoon.landmarks, shared.cartoon.landmarks)


def test_an_epoch_can_be_shortened(sample_root: Path) -> None:
    data = module(sample_root, epoch_size=9)
    data.setup("fit")
    assert len(data.train_dataloader()) == 2


def test_validation_and_test_are_fixed_and_whole(sample_root: Path) -> None:
    for stage in ("validate", "test"):
        data = module(sample_root, batch_size=1)
        data.setup(stage)
        loader = data.val_dataloader if stage == "validate" else data.test_dataloader
        first, second = list(loader()), list(loader())
        assert first
        for a, b in zip(first, second, strict=True):
            assert torch.equal(a.photo.image, b.photo.image)


def test_prediction_takes_a_folder_of_photos(sample_root: Path) -> None:
    data = module(sample_root, predict_dir=str(sample_root / "celeba" / "img_align_celeba"), batch_size=5)
    data.setup("predict")
    batch = next(iter(data.predict_dataloader()))
    assert isinstance(batch, Photos)
    assert batch.image.shape == (5, 3, 32, 32)
    assert batch.name[0] == "000001.jpg"
    with pytest.raises(DataError, match=r"--data\.predict_dir"):
        module(sample_root).setup("predict")


def test_a_missing_folder_is_named_before_anything_starts(sample_root: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere[\s\S]*--data\.root"):
        module(tmp_path / "nowhere").prepare_data()
    shutil.copytree(sample_root / "celeba", tmp_path / "celeba")
    with pytest.raises(DataError, match="cartoonset10k"):
        module(tmp_path).prepare_data()


def test_a_batch_larger_than_the_epoch_is_refused(sample_root: Path) -> None:
    data = module(sample_root, batch_size=64)
    data.setup("fit")
    with pytest.raises(DataError, match=r"--data\.batch_size 64"):
        data.train_dataloader()


@pytest.mark.parametrize("option", ["image_size", "batch_size", "num_workers"])
def test_senseless_numbers_are_refused(sample_root: Path, option: str) -> None:
    with pytest.raises(DataError, match=f"--data.{option} is -1"):
        module(sample_root, **{option: -1})


def test_an_object_store_as_root_is_refused_with_the_way_to_use_it() -> None:
    with pytest.raises(
        DataError, match=r"--data\.root s3://bucket/data is no folder; .* --address s3://bucket/data/SET"
    ):
        FacesDataModule(root="s3://bucket/data")


def test_an_index_trains_on_its_faces_every_colour_as_often(sample_root: Path, tmp_path: Path) -> None:
    photos, cartoons = (
        open_faces(sample_root / "celeba", "photo", "train"),
        open_faces(sample_root / "cartoonset10k", "cartoon", "train"),
    )
    index = build_hair_index({"photo": photos, "cartoon": cartoons}, "train", per_class=2)
    index.save(tmp_path / "index.json")
    data = module(sample_root, index=str(tmp_path / "index.json"), epoch_size=32)
    data.setup("fit")
    batches = list(data.train_dataloader())
    for domain in ("photo", "cartoon"):
        labels = [label for batch in batches for label in getattr(batch, domain).label.tolist()]
        assert Counter(labels) == dict.fromkeys(range(4), 8)
        assert all(sorted(labels[start : start + 4]) == [0, 1, 2, 3] for start in range(0, 32, 4))


def test_an_index_of_another_part_is_refused(sample_root: Path, tmp_path: Path) -> None:
    photos, cartoons = (
        open_faces(sample_root / "celeba", "photo", "train"),
        open_faces(sample_root / "cartoonset10k", "cartoon", "train"),
    )
    build_hair_index({"photo": photos, "cartoon": cartoons}, "test", 1).save(tmp_path / "index.json")
    with pytest.raises(DataError, match="made from the split 'test'"):
        module(sample_root, index=str(tmp_path / "index.json")).setup("fit")


def test_a_cache_changes_speed_alone(sample_root: Path, tmp_path: Path) -> None:
    batches = []
    for options in ({}, {"cache_dir": str(tmp_path / "cache")}):
        data = module(sample_root, **options)
        data.setup("fit")
        batches.append(next(iter(data.train_dataloader())))
    assert torch.equal(batches[0].cartoon.image, batches[1].cartoon.image)
    assert torch.equal(batches[0].cartoon.landmarks, batches[1].cartoon.landmarks)
    caches = sorted(path.name.split("-") for path in (tmp_path / "cache").iterdir() if path.is_dir())
    assert [(parts[0], parts[2], parts[3]) for parts in caches] == [
        ("cartoonset10k", "train", "40px"),
        ("cartoonset10k", "val", "40px"),
    ]


@pytest.mark.parametrize("workers", [0, 2])
def test_bad_images_stop_or_are_skipped_as_asked(sample_root: Path, tmp_path: Path, workers: int) -> None:
    root = Path(shutil.copytree(sample_root, tmp_path / "data"))
    broken = open_faces(root / "celeba", "photo", "train").names[0]
    (root / "celeba" / "img_align_celeba" / broken).write_bytes(b"not a picture")
    data = module(root, num_workers=workers)
    data.setup("fit")
    with pytest.raises(DataError, match=broken):
        list(data.train_dataloader())
    data = module(root, num_workers=workers, on_bad_image="skip")
    data.setup("fit")
    assert len(list(data.train_dataloader())) == 5
    assert data.bad_images is not None
    (complaint,) = data.bad_images.take()
    assert broken in complaint
    data.teardown("fit")


def test_any_folder_of_photos_is_a_domain(sample_root: Path, tmp_path: Path) -> None:
    shutil.copytree(sample_root / "celeba" / "img_align_celeba", tmp_path / "holiday")
    data = module(sample_root, photos=str(tmp_path / "holiday"))
    data.setup("fit")
    batch = next(iter(data.train_dataloader()))
    assert batch.photo.image.shape == (4, 3, 32, 32)
    assert batch.photo.landmarks.isnan().all()
    assert batch.photo.label.tolist() == [-1] * 4


def test_loader_processes_need_no_fork(sample_root: Path) -> None:
    data = module(sample_root, num_workers=1)
    data.setup("fit")
    loader = data.train_dataloader()
    pickle.dumps(loader.dataset)


def test_no_draw_is_left_out_between_epochs(sample_root: Path) -> None:
    data = module(sample_root, batch_size=3, augment=False)
    data.setup("fit")
    loader = data.train_dataloader()
    sampler = loader.sampler
    assert isinstance(sampler, DrawSampler)
    drawn: list[int] = []
    for epoch in range(3):
        sampler.set_epoch(epoch)
        assert len(list(sampler)) == 3 * len(loader)
        drawn += list(sampler)
    assert drawn == list(range(len(drawn)))


def test_photos_may_lie_beside_the_root(sample_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(sample_root / "celeba" / "img_align_celeba", tmp_path / "holiday")
    monkeypatch.chdir(tmp_path)
    data = module(sample_root, photos="holiday")
    data.setup("fit")
    assert len(next(iter(data.train_dataloader())).photo.image) == 4


def test_a_cache_does_not_depend_on_how_the_root_is_spelt(
    sample_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(sample_root.parent)
    for root in (sample_root.name, str(sample_root)):
        module(Path(root), cache_dir=str(tmp_path / "cache")).setup("fit")
    assert len([path for path in (tmp_path / "cache").iterdir() if path.is_dir()]) == 2


def test_the_domains_are_shuffled_apart(sample_root: Path) -> None:
    """The sample data have as many photos as cartoons: one order for both would pair the same ones in every pass."""
    data = module(sample_root, photos="celeba", cartoons="cartoonset10k")
    photos, cartoons = data.stream("photo", "train").sampler, data.stream("cartoon", "train").sampler
    assert [photos(draw) for draw in range(16)] != [cartoons(draw) for draw in range(16)]


def test_cartoons_can_lie_as_the_photos_beside_them_do_in_training_alone(sample_root: Path, tmp_path: Path) -> None:
    batches = []
    for cache in (None, str(tmp_path)):
        data = module(sample_root, align_cartoons=True, cache_dir=cache)
        data.setup("fit")
        batches.append(next(iter(data.train_dataloader())))
    batch = batches[0]
    assert torch.equal(batch.cartoon.image, batches[1].cartoon.image)
    assert batch.cartoon.image.shape == (4, 3, 32, 32)
    assert (batch.cartoon.landmarks - batch.photo.landmarks).norm(dim=2).max() < 2
    plain = next(iter(module_set_up(sample_root).train_dataloader()))
    assert (plain.cartoon.landmarks - plain.photo.landmarks).norm(dim=2).max() > 2
    held, same = (next(iter(each.val_dataloader())) for each in (data, module_set_up(sample_root)))
    assert torch.equal(held.cartoon.image, same.cartoon.image)


def module_set_up(root: Path, **options: object) -> FacesDataModule:
    data = module(root, **options)
    data.setup("fit")
    return data


def test_cartoons_wear_glasses_as_often_as_photos(sample_root: Path) -> None:
    data = module_set_up(sample_root, match_attributes=["glasses"])
    photos, cartoons = data.stream("photo", "train"), data.stream("cartoon", "train")
    share = float((photos.faces.attributes[:, 0] == 1).mean())
    assert 0 < share < 1
    worn = cartoons.faces.attributes[[cartoons.sampler(draw) for draw in range(400)], 0] == 1
    assert abs(float(worn.mean()) - share) < 0.01
    plain = module_set_up(sample_root).stream("cartoon", "train")
    as_they_are = plain.faces.attributes[[plain.sampler(draw) for draw in range(len(plain.faces))], 0] == 1
    assert abs(float(as_they_are.mean()) - share) > 0.01


@pytest.mark.parametrize("domain", ["photo", "cartoon"])
def test_attributes_are_drawn_as_often_as_asked_for(sample_root: Path, domain: Domain) -> None:
    shares = {"glasses": 0.4}
    data = module_set_up(sample_root, attribute_shares=shares)
    stream = data.stream(domain, "train")
    drawn = [stream.sampler(draw) for draw in range(200)]
    assert (stream.faces.attributes[drawn, 0] == 1).mean() == pytest.approx(0.4)
    batch = next(iter(data.train_dataloader()))
    assert set(getattr(batch, domain).attributes[:, 0].tolist()) <= {0, 1}
    as_it_comes = module(sample_root, photos=str(sample_root / "celeba" / "img_align_celeba"), attribute_shares=shares)
    assert isinstance(as_it_comes.stream("photo", "train").sampler, ShuffledSampler)


def test_a_share_is_from_0_to_1(sample_root: Path) -> None:
    with pytest.raises(DataError, match=r"--data\.attribute_shares: beard is 1\.5, must be from 0 to 1"):
        module(sample_root, attribute_shares={"beard": 1.5})


def test_glasses_of_photos_that_nobody_knows_cannot_be_matched(sample_root: Path, tmp_path: Path) -> None:
    photos = tmp_path / "plain"
    shutil.copytree(sample_root / "celeba" / "img_align_celeba", photos)
    data = module(sample_root, photos=str(photos), match_attributes=["glasses"])
    with pytest.raises(DataError, match=r"--data\.match_attributes: glasses is unknown for all photos"):
        data.setup("fit")


def drawn_labels(data: FacesDataModule, domain: Domain, draws: int) -> Counter[int]:
    stream = data.stream(domain, "train")
    return Counter(int(stream.faces[stream.sampler(draw)].label) for draw in range(draws))


@pytest.mark.parametrize("domain", ["photo", "cartoon"])
def test_labelled_faces_alone_are_drawn_when_asked_every_colour_as_often(sample_root: Path, domain: Domain) -> None:
    plain = drawn_labels(module(sample_root), domain, 40)
    assert domain == "photo" or NO_HAIR_COLOUR in plain  # the orange and red cartoons
    drawn = drawn_labels(module(sample_root, label_policy="labelled"), domain, 40)
    assert drawn == dict.fromkeys(range(4), 10)


def test_validation_and_test_stay_whole_whatever_is_drawn_in_training(sample_root: Path) -> None:
    for split in SPLITS[1:]:
        everything, labelled = (
            module(sample_root, label_policy=policy).stream("cartoon", split).faces for policy in ("all", "labelled")
        )
        assert labelled.names == everything.names


def test_labelled_cartoons_keep_the_photos_share_of_glasses(sample_root: Path) -> None:
    data = module(sample_root, label_policy="labelled", match_attributes=["glasses"])
    share = float((CelebA(sample_root / "celeba", "train").attributes[:, 0] == 1).mean())
    stream = data.stream("cartoon", "train")
    glasses = stream.faces.attributes[:, 0]
    drawn = [stream.sampler(draw) for draw in range(400)]
    assert Counter(int(stream.faces.labels[index]) for index in drawn) == dict.fromkeys(range(4), 100)
    expected = [share if (glasses[stream.faces.labels == colour] == 1).any() else 0.0 for colour in range(4)]
    assert sum(glasses[index] == 1 for index in drawn) / 400 == pytest.approx(sum(expected) / 4, abs=0.02)


def test_a_domain_without_labels_has_none_to_draw(sample_root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    shutil.copytree(sample_root / "celeba" / "img_align_celeba", folder)
    data = module(sample_root, photos=str(folder), label_policy="labelled")
    with pytest.raises(
        DataError, match=r"^--data\.label_policy labelled: none of \d+ photos for training has a label$"
    ):
        data.stream("photo", "train")


def test_orders_of_labelled_faces_travel_to_loader_processes(sample_root: Path) -> None:
    stream = module(sample_root, label_policy="labelled", match_attributes=["glasses"]).stream("cartoon", "train")
    copy = pickle.loads(pickle.dumps(stream))
    assert [copy.sampler(draw) for draw in range(20)] == [stream.sampler(draw) for draw in range(20)]


def test_a_misspelled_folder_is_answered_with_the_right_one(sample_root: Path) -> None:
    with pytest.raises(DataError, match=r"cartoonset10 \(.*\); did you mean cartoonset10k\?\n"):
        module(sample_root, cartoons="cartoonset10").prepare_data()
