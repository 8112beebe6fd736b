"""Every face once an epoch, whatever number of processes and workers reads the shards.

Run as a program it is one of two processes: ``test_draws.py ROOT MEETING_FILE RANK`` prints what it drew.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import torch.distributed as dist
from torch import Tensor
from torch.utils.data import DataLoader

from datamodules.datasets.cache import FramedFaces
from datamodules.datasets.registry import open_faces
from datamodules.samples import Domain
from datamodules.sampling.samplers import ShuffledSampler
from datamodules.sampling.unpaired import DomainStream, DrawSampler, UnpairedFaces
from datamodules.source import FaceSource
from datamodules.transforms.augment import cartoon_transform, photo_transform
from datamodules.transforms.framing import framing_for

SIZE = 16
SEED = 5

Drawn = tuple[list[str], list[str]]
"""The images of photos and of cartoons in the order they were drawn, as text."""


def sources(root: Path) -> dict[Domain, FaceSource]:
    folders: dict[Domain, str] = {"photo": "celeba", "cartoon": "cartoonset10k"}
    return {domain: open_faces(root / folder, domain, "train") for domain, folder in folders.items()}


def stream(faces: FaceSource, domain: Domain, size: int = SIZE) -> DomainStream:
    transform = (photo_transform if domain == "photo" else cartoon_transform)(size, augment=False)
    framed = FramedFaces(faces, framing_for(domain, size, augment=False))
    return DomainStream(framed, ShuffledSampler(len(faces), SEED, ["photo", "cartoon"].index(domain)), transform)


def draw_epoch(root: Path, replicas: int, rank: int, workers: int) -> Drawn:
    faces = sources(root)
    data = UnpairedFaces(stream(faces["photo"], "photo"), stream(faces["cartoon"], "cartoon"), SEED)
    data[0]  # a parent process that has read already must not disturb its workers
    sampler = DrawSampler(len(data), replicas, rank)
    batches = list(DataLoader(data, batch_size=3, sampler=sampler, num_workers=workers))
    photos = [as_text(image) for batch in batches for image in batch.photo.image]
    return photos, [as_text(image) for batch in batches for image in batch.cartoon.image]


def as_text(image: Tensor) -> str:
    return image.add(1).mul(127.5).round().byte().numpy().tobytes().hex()


def images(root: Path, domain: Domain, size: int) -> list[str]:
    """All images of a domain, read one by one."""
    side = stream(sources(root)[domain], domain, size)
    return [as_text(side.transform(side.faces[index], 0).image) for index in range(len(side.faces))]


def assert_each_once(ranks: list[Drawn], root: Path, image_size: int = SIZE) -> None:
    """The larger domain comes up once, but for a remainder that does not fill every rank; the smaller one goes on."""
    wanted = images(root, "photo", image_size), images(root, "cartoon", image_size)
    size = max(map(len, wanted))
    for domain in (0, 1):
        counts = Counter(image for drawn in ranks for image in drawn[domain])
        assert len(set(wanted[domain])) == len(wanted[domain])
        assert set(counts) <= set(wanted[domain])
        assert counts.total() == size - size % len(ranks)
        assert max(counts.values()) == -(-size // len(wanted[domain]))


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("replicas", [1, 2, 3])
def test_every_face_once_an_epoch(sample_root: Path, sharded_root: Path, replicas: int, workers: int) -> None:
    assert_each_once([draw_epoch(sharded_root, replicas, rank, workers) for rank in range(replicas)], sample_root)


def test_shards_are_drawn_as_the_files_are(sample_root: Path, sharded_root: Path) -> None:
    assert draw_epoch(sharded_root, 1, 0, workers=0) == draw_epoch(sample_root, 1, 0, workers=0)


def test_two_processes_with_workers_share_the_shards(sample_root: Path, sharded_root: Path, tmp_path: Path) -> None:
    command = [sys.executable, __file__, str(sharded_root), str(tmp_path / "meeting")]
    running = [subprocess.Popen([*command, str(rank)], stdout=subprocess.PIPE, text=True) for rank in range(2)]
    outputs = [process.communicate(timeout=120)[0] for process in running]
    assert [process.returncode for process in running] == [0, 0]
    first, second = (json.loads(output.splitlines()[-1]) for output in outputs)
    assert_each_once([first, second], sample_root)
    photos, cartoons = draw_epoch(sample_root, 1, 0, workers=0)
    for together, alone in zip(zip(first, second, strict=True), (photos, cartoons), strict=True):
        dealt = [image for turn in zip(*together, strict=True) for image in turn]
        assert dealt == alone[: len(dealt)]


def main(root: str, meeting: str, rank: str) -> None:
    dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=int(rank), world_size=2)
    drawn = draw_epoch(Path(root), dist.get_world_size(), dist.get_rank(), workers=2)
    dist.barrier()
    dist.destroy_process_group()
    print(json.dumps(drawn))


if __name__ == "__main__":
    main(*sys.argv[1:])
