from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch

from datamodules.errors import DataError
from datamodules.samples import Faces, RawFace, unknown_attributes
from datamodules.sampling.bad_images import BadImageLog
from datamodules.sampling.samplers import FaceSampler, SequentialSampler, ShuffledSampler
from datamodules.sampling.unpaired import DomainStream, DrawSampler, UnpairedFaces
from datamodules.transforms.augment import FaceTransform, photo_transform


class Numbered:
    """Faces whose hair label is their index."""

    def __init__(self, length: int) -> None:
        self.length = length
        self.names = [str(index) for index in range(length)]
        self.labels, self.attributes = np.arange(length), unknown_attributes(length)
        self.unreadable: set[int] = set()

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> RawFace:
        if index in self.unreadable:
            raise DataError(f"cannot decode {index}.png")
        points = np.full((5, 2), 8, dtype=np.float32)
        return RawFace(np.full((16, 16, 3), index, dtype=np.uint8), points, index, Path(str(index)))

    def fingerprint(self) -> str:
        return str(self.length)


def faces(photos: int, cartoons: int, shuffle: bool = True, seed: int = 0) -> UnpairedFaces:
    def stream(length: int, number: int) -> DomainStream:
        order: FaceSampler = ShuffledSampler(length, seed, number) if shuffle else SequentialSampler(length)
        return DomainStream(Numbered(length), order, photo_transform(8, augment=True))

    return UnpairedFaces(stream(photos, 0), stream(cartoons, 1), seed)


def drawn(data: UnpairedFaces, draws: range) -> tuple[list[int], list[int]]:
    pairs = [data[draw] for draw in draws]
    return [int(pair.photo.label) for pair in pairs], [int(pair.cartoon.label) for pair in pairs]


def test_every_face_comes_up_once_a_pass() -> None:
    photos, cartoons = drawn(faces(10, 4), range(20))
    assert sorted(photos[:10]) == sorted(photos[10:]) == list(range(10))
    for start in range(0, 20, 4):
        assert sorted(cartoons[start : start + 4]) == list(range(4))


def test_passes_differ_and_partners_change() -> None:
    photos, cartoons = drawn(faces(8, 8), range(16))
    assert photos[:8] != photos[8:]
    assert photos[:8] != cartoons[:8]
    assert dict(zip(photos[:8], cartoons[:8], strict=True)) != dict(zip(photos[8:], cartoons[8:], strict=True))


def test_a_draw_depends_on_seed_and_number_alone() -> None:
    first, second = faces(10, 4), faces(10, 4)
    second[3], second[17]  # what was drawn before does not matter
    a, b = first[12], second[12]
    assert torch.equal(a.photo.image, b.photo.image)
    assert torch.equal(a.cartoon.landmarks, b.cartoon.landmarks)
    assert drawn(faces(10, 4, seed=1), range(10)) != drawn(faces(10, 4), range(10))


class Ruled(Numbered):
    """Faces whose pixels say where they are: red is the column, green the row."""

    def __getitem__(self, index: int) -> RawFace:
        face = super().__getitem__(index)
        rows, columns = np.mgrid[:16, :16].astype(np.uint8)
        return replace(face, image=np.stack((columns, rows, columns), axis=2))


def geometry(image: torch.Tensor) -> tuple[int, int, bool]:
    """Left column and upper row of a crop of a ruled face, and whether it is mirrored."""
    columns, rows = (image[channel].add(1).mul(127.5).round().int() for channel in (0, 1))
    return int(columns.min()), int(rows.min()), bool(columns[0, 0] > columns[0, -1])


def test_photo_and_cartoon_of_a_draw_are_cropped_and_mirrored_apart() -> None:
    """Seeds that both domains shared would turn and shift every cartoon with its photo, and teach just that."""
    stream = DomainStream(Ruled(1), SequentialSampler(1), photo_transform(8, augment=True))
    pairs = [UnpairedFaces(stream, stream, seed=3)[draw] for draw in range(60)]
    photos, cartoons = ([geometry(pair[domain].image) for pair in pairs] for domain in range(2))
    assert len(set(photos)) > 40
    assert len(set(cartoons)) > 40
    assert sum(photo == cartoon for photo, cartoon in zip(photos, cartoons, strict=True)) < 5  # of 162 choices
    for shift in (-1, 1):  # nor does a domain repeat what the other has just had
        assert sum(photos[at] == cartoons[(at + shift) % 60] for at in range(60)) < 5
    assert 0.25 < sum(photo[2] == cartoon[2] for photo, cartoon in zip(photos, cartoons, strict=True)) / 60 < 0.75


@pytest.mark.parametrize("seed", [0, 1])
def test_no_seed_of_a_photo_is_one_of_a_cartoon(seed: int) -> None:
    seen: dict[str, list[int]] = {"photo": [], "cartoon": []}

    def spy(domain: str) -> FaceTransform:
        transform = photo_transform(8, augment=False)

        def noted(face: RawFace, seed: int) -> Faces:
            seen[domain].append(seed)
            return transform(face, seed)

        return cast(FaceTransform, noted)

    photos, cartoons = (DomainStream(Numbered(5), SequentialSampler(5), spy(name)) for name in ("photo", "cartoon"))
    faces = UnpairedFaces(photos, cartoons, seed)
    for draw in range(100):
        faces[draw]
    assert len({*seen["photo"], *seen["cartoon"]}) == 200


def test_without_shuffle_the_shorter_domain_starts_over() -> None:
    data = faces(5, 2, shuffle=False)
    assert len(data) == 5
    assert drawn(data, range(5)) == ([0, 1, 2, 3, 4], [0, 1, 0, 1, 0])


@pytest.mark.parametrize("replicas", [1, 2, 3])
def test_the_processes_share_the_draws_of_one_process(replicas: int) -> None:
    samplers = [DrawSampler(12, replicas, rank) for rank in range(replicas)]
    for epoch in (0, 1):
        for sampler in samplers:
            sampler.set_epoch(epoch)
        dealt = [list(sampler) for sampler in samplers]
        assert [draw for turn in zip(*dealt, strict=True) for draw in turn] == list(range(12 * epoch, 12 * epoch + 12))


def test_a_remainder_is_dropped_alike_on_all_processes() -> None:
    assert [len(DrawSampler(5, 2, rank)) for rank in (0, 1)] == [2, 2]
    assert [list(DrawSampler(5, 2, rank)) for rank in (0, 1)] == [[0, 2], [1, 3]]


def with_unreadable(log: BadImageLog | None, unreadable: set[int]) -> UnpairedFaces:
    source = Numbered(5)
    source.unreadable = unreadable
    stream = DomainStream(source, SequentialSampler(5), photo_transform(8, augment=True))
    return UnpairedFaces(stream, stream, bad_images=log)


def test_an_unreadable_image_stops_the_run_by_name() -> None:
    with pytest.raises(DataError, match=r"3\.png"):
        with_unreadable(None, {3})[3]


def test_an_unreadable_image_is_skipped_and_noted_when_asked() -> None:
    log = BadImageLog()
    photos, _ = drawn(with_unreadable(log, {2, 3}), range(5))
    assert photos == [0, 1, 4, 4, 4]
    assert dict(log.take()) == {"cannot decode 2.png": 2, "cannot decode 3.png": 4}  # both domains met them
    log.close()


def test_nothing_readable_at_all_is_an_error() -> None:
    log = BadImageLog()
    with pytest.raises(DataError, match="no image"):
        with_unreadable(log, {0, 1, 2, 3, 4})[0]
    log.close()
