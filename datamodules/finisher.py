"""The DataModule of the finisher: clean cartoons with their alpha."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple, cast, get_args

import numpy as np
import torch
from lightning import LightningDataModule
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from cartoonizer.background import composite_on_white
from datamodules.datasets.cache import CachedFaces, FramedFaces
from datamodules.datasets.cartoonset import landmarks_at
from datamodules.datasets.exclusion import read_exclusions, without
from datamodules.datasets.joined import join
from datamodules.errors import DataError
from datamodules.faces import FacesDataModule
from datamodules.images import read_rgba
from datamodules.samples import RawFace, Split
from datamodules.sampling.samplers import FaceSampler, SequentialSampler, ShuffledSampler
from datamodules.sampling.unpaired import DrawSampler
from datamodules.sampling.workers import loader_of
from datamodules.source import FaceFiles, FaceSource
from datamodules.transforms.framing import Framing, framing_for
from datamodules.transforms.landmark_warp import Bend, bent_frame_side, mirrored

FRAME_OF_UNIT = 500


class CleanCartoons(NamedTuple):
    """Clean target cartoons: a batch of B, or a single one without the batch axis.

    Attributes:
        image: ``(B, 3, H, W)`` float32 RGB in [-1, 1] on white.
        alpha: ``(B, 1, H, W)`` float32 in [0, 1].
        landmarks: ``(B, 5, 2)`` float32 pixels; NaN if unknown.
    """

    image: Tensor
    alpha: Tensor
    landmarks: Tensor


class FinisherDataModule(LightningDataModule):
    """Cartoons at the finisher's output size, randomly warped, rotated, scaled and shifted in training.

    Args:
        root: Folder of the data sets.
        cartoons: Folder of the cartoons, see ``FacesDataModule``; files with an alpha channel.
        image_size: Side of the finished images in pixels.
        batch_size: Images per batch.
        num_workers: Loader processes.
        epoch_size: Cartoons per epoch.
        exclude: Csv of cartoons to leave out, see ``FacesDataModule``.
        cache_dir: Folder for decoded cartoons.
        seed: Random seed of order and augmentation; follows ``--seed_everything``.
    """

    def __init__(
        self,
        root: str = "data",
        cartoons: str = "cartoonset10k",
        image_size: int = 128,
        batch_size: int = 4,
        num_workers: int = 2,
        epoch_size: int = 2000,
        exclude: str | None = None,
        cache_dir: str | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        for name, value, minimum in (("image_size", image_size, 16), ("batch_size", batch_size, 1)):
            if value < minimum:
                raise DataError(f"--data.{name} is {value}, must be at least {minimum}")
        if epoch_size < batch_size:
            raise DataError(f"--data.epoch_size {epoch_size} is less than --data.batch_size {batch_size}; increase it")
        self.save_hyperparameters(ignore=["seed"])
        for name, path in (("root", root), ("cache_dir", cache_dir), ("exclude", exclude)):
            self.hparams[name] = str(Path(path).expanduser().absolute()) if path else path
        self._faces = FacesDataModule(root, cartoons=cartoons, image_size=image_size)
        self._image_size, self._batch_size, self._num_workers = image_size, batch_size, num_workers
        self._epoch_size, self._seed = epoch_size, seed
        self._exclude = Path(exclude).expanduser() if exclude else None
        self._cache_dir = Path(cache_dir).expanduser() if cache_dir else None
        self._parts: dict[Split, _Cartoons] = {}

    def setup(self, stage: str) -> None:
        """Find the cartoons that ``stage`` ("fit", "validate" or "test") needs."""
        wanted: dict[str, tuple[Split, ...]] = {"fit": ("train", "val"), "validate": ("val",), "test": ("test",)}
        for split in wanted.get(stage, get_args(Split)):
            parts = self._faces.sources("cartoon", split)
            framed = join({called: self._framed(cast(FaceFiles, part), split) for called, part in parts.items()})
            if self._exclude:
                framed = without(framed, read_exclusions(self._exclude)["cartoon"])
            is_training = split == "train"
            sampler = ShuffledSampler(len(framed), self._seed, 0) if is_training else SequentialSampler(len(framed))
            self._parts[split] = _Cartoons(framed, sampler, self._image_size, is_training, self._seed)

    def _framed(self, part: FaceFiles, split: Split) -> FaceSource:
        faces = _RgbaFaces(part)
        is_bent = split == "train"
        framing = (
            Framing(bent_frame_side(self._image_size)) if is_bent else framing_for("cartoon", self._image_size, False)
        )
        framed = FramedFaces(faces, framing)
        if not self._cache_dir:
            return framed
        place = hashlib.sha256(str(faces.path(0).parent.resolve()).encode()).hexdigest()[:8]
        return CachedFaces(framed, self._cache_dir, f"rgba-{place}-{split}-{self._image_size}px")

    def train_dataloader(self) -> DataLoader[CleanCartoons]:
        """Random cartoons."""
        epoch_size = self._epoch_size - self._epoch_size % self._batch_size
        sampler = DrawSampler.of_trainer(epoch_size, self.trainer, self._batch_size)
        return self._loader("train", sampler)

    def val_dataloader(self) -> DataLoader[CleanCartoons]:
        """The validation split in file order."""
        return self._loader("val")

    def test_dataloader(self) -> DataLoader[CleanCartoons]:
        """The test split in file order."""
        return self._loader("test")

    def _loader(self, split: Split, sampler: DrawSampler | None = None) -> DataLoader[CleanCartoons]:
        return loader_of(self._parts[split], self._batch_size, self._num_workers, sampler)


class _RgbaFaces:
    """The same faces with four channels, RGB on white and alpha, so that both are resized like any image."""

    def __init__(self, faces: FaceFiles) -> None:
        if not hasattr(faces, "path"):
            raise DataError("the finisher needs cartoon files with an alpha channel, which shards do not have")
        self.names, self.labels, self.attributes = faces.names, faces.labels, faces.attributes
        self._faces = faces

    def __len__(self) -> int:
        return len(self._faces)

    def __getitem__(self, index: int) -> RawFace:
        path = self.path(index)
        rgba = read_rgba(path)
        image = np.dstack([composite_on_white(rgba), rgba[..., 3]])
        return RawFace(image, self._faces[index].landmarks, int(self.labels[index]), path, self.attributes[index])

    def path(self, index: int) -> Path:
        return self._faces.path(index)

    def fingerprint(self) -> str:
        return f"rgba {self._faces.fingerprint()}"


class _Cartoons(Dataset[CleanCartoons]):
    """Sample ``n`` is a pure function of ``n`` and the seed."""

    def __init__(self, faces: FaceSource, sampler: FaceSampler, side: int, augment: bool, seed: int) -> None:
        self._faces, self._sampler, self._side, self._augment, self._seed = faces, sampler, side, augment, seed

    def __len__(self) -> int:
        return len(self._faces)

    def __getitem__(self, draw: int) -> CleanCartoons:
        face = self._faces[self._sampler(draw)]
        image, source = face.image, face.landmarks.astype(np.float64)
        if self._augment:
            rng = np.random.default_rng([self._seed, draw])
            if rng.random() < 0.5:
                image, source = mirrored(image, source)
            bend = Bend(source, self._random_target(rng))
            image, landmarks = bend.draw(image, self._side), bend.landmarks
        else:
            margin = (image.shape[0] - self._side) // 2
            image = image[margin : margin + self._side, margin : margin + self._side]
            landmarks = source - margin
        pixels = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1).float()
        points = torch.from_numpy(landmarks.astype(np.float32))
        return CleanCartoons(pixels[:3] / 127.5 - 1, pixels[3:] / 255, points)

    def _random_target(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """Random target landmarks of a cartoon, as varied as those of photos, with smiles and turned heads."""
        points = landmarks_at(FRAME_OF_UNIT).astype(np.float64) - (FRAME_OF_UNIT - 1) / 2
        eyes = np.linalg.norm(points[1] - points[0])
        mouth = points[3:].mean(axis=0)
        points[3:] = mouth + rng.uniform(0.9, 1.8) * (points[3:] - mouth)  # cartoons' mouths are narrow
        points[3:, 1] += rng.uniform(-0.1, 0.35) * eyes
        points[2:, 0] += rng.normal(0, 0.1) * eyes  # a turned head
        points += rng.normal(0, 0.04, points.shape) * eyes
        angle, scale = np.deg2rad(rng.uniform(-20, 20)), rng.uniform(0.9, 1.35) * self._side / (0.8 * FRAME_OF_UNIT)
        rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        shift = rng.uniform(-0.1, 0.1, 2) * self._side + (self._side - 1) / 2
        return np.asarray(scale * points @ rotation.T + shift)
