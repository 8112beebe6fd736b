"""DataModule of the portrait network: photos with person and head masks."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from lightning import LightningDataModule
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import ConcatDataset, DataLoader, Dataset

from datamodules.datasets.joined import folder_of
from datamodules.datasets.masked_photos import open_masked
from datamodules.datasets.masks import MaskedPhoto, MaskedPhotos
from datamodules.errors import DataError
from datamodules.samples import Split
from datamodules.sampling.samplers import ShuffledSampler
from datamodules.sampling.unpaired import DrawSampler
from datamodules.sampling.workers import loader_of
from datamodules.transforms.augment import to_tensor
from datamodules.transforms.other_background import with_other_background

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # no version check over the network on import

import albumentations as A


class Portraits(NamedTuple):
    """Photos and their masks: a batch of B, or a single photo without the batch axis.

    Attributes:
        image: ``(B, 3, H, W)`` float32 RGB in [-1, 1].
        masks: ``(B, 2, H, W)`` float32 in [0, 1], person and head.
    """

    image: Tensor
    masks: Tensor


class PortraitDataModule(LightningDataModule):
    """Masked photos, augmented in training to resemble phone photos; batches are ``Portraits``.

    Training samples the photos of all folders uniformly. Validation and test have one loader per folder, see
    ``part_names``, with the CycleGANs' framing and no augmentation.

    Args:
        root: Folder of the data sets.
        photos: Folders below ``root``, or paths: CelebA with a ``masks/`` folder, or CelebAMask-HQ.
        image_size: Side of the square images in pixels, a multiple of 16.
        batch_size: Photos per batch.
        num_workers: Loader processes.
        epoch_size: Photos per epoch.
        augment: Random geometry, light and compression in training.
        other_backgrounds: Fraction of the training photos that get the background of another one, so that the network
            learns what a person is and not what is behind.
        seed: Seed for order and augmentation; follows ``--seed_everything``.
    """

    def __init__(
        self,
        root: str = "data",
        photos: list[str] | None = None,
        image_size: int = 128,
        batch_size: int = 32,
        num_workers: int = 2,
        epoch_size: int = 4096,
        augment: bool = True,
        other_backgrounds: float = 0.5,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if image_size < 16 or image_size % 16:
            raise DataError(f"--data.image_size is {image_size}, must be a multiple of 16")
        if epoch_size < batch_size or batch_size < 1:
            raise DataError(f"--data.epoch_size {epoch_size} is less than --data.batch_size {batch_size}; give more")
        if not 0 <= other_backgrounds <= 1:
            raise DataError(f"--data.other_backgrounds is {other_backgrounds}, must be from 0 to 1")
        self.save_hyperparameters(ignore=["seed"])
        # Absolute paths, as training may be resumed from another folder.
        self.hparams["root"] = str(Path(root).expanduser().absolute())
        self._photos = tuple(photos if photos is not None else ["celeba"])
        if not self._photos:
            raise DataError("--data.photos is empty; name a folder of masked photos")
        self._root = Path(root).expanduser()
        self._image_size, self._batch_size, self._num_workers = image_size, batch_size, num_workers
        self._epoch_size, self._augment, self._seed = epoch_size, augment, seed
        self._other_backgrounds = other_backgrounds
        self._train: _Draws | None = None
        self._held: dict[Split, list[Dataset[Portraits]]] = {}

    @property
    def part_names(self) -> tuple[str, ...]:
        """Names of the evaluation sets in loader order: the folders, or the last two parts of absolute paths."""
        return tuple(name if not Path(name).is_absolute() else "/".join(Path(name).parts[-2:]) for name in self._photos)

    def setup(self, stage: str) -> None:
        """Read the annotations needed by ``stage`` ("fit", "validate" or "test")."""
        if stage == "fit":
            parts = [open_masked(folder_of(self._root, name), "train") for name in self._photos]
            transform = PortraitTransform(self._image_size, self._augment)
            self._train = _Draws(parts, transform, self._seed, self._other_backgrounds)
        split: Split = "test" if stage == "test" else "val"
        plain = PortraitTransform(self._image_size, augment=False)
        self._held[split] = [_InOrder(open_masked(folder_of(self._root, name), split), plain) for name in self._photos]

    def train_dataloader(self) -> DataLoader[Portraits]:
        """Random samples from all folders."""
        assert self._train is not None, "setup('fit') comes first"
        epoch_size = self._epoch_size - self._epoch_size % self._batch_size
        sampler = DrawSampler.of_trainer(epoch_size, self.trainer, self._batch_size)
        return self._loader(self._train, sampler)

    def val_dataloader(self) -> list[DataLoader[Portraits]]:
        """The validation split of each folder, in file order."""
        return [self._loader(part) for part in self._held["val"]]

    def test_dataloader(self) -> list[DataLoader[Portraits]]:
        """The test split of each folder, in file order."""
        return [self._loader(part) for part in self._held["test"]]

    def _loader(self, dataset: Dataset[Portraits], sampler: DrawSampler | None = None) -> DataLoader[Portraits]:
        return loader_of(dataset, self._batch_size, self._num_workers, sampler)


class PortraitTransform:
    """Transforms a ``MaskedPhoto`` to ``Portraits`` without batch axis.

    Args:
        image_size: Side of the result in pixels.
        augment: Flip, rotate, scale and shift photo and masks; change the photo's light and colours, blur and compress
            it. Pixels outside the photo repeat its edge.
    """

    def __init__(self, image_size: int, augment: bool) -> None:
        self._image_size = image_size
        self._pixels = A.Compose(_pixel_steps()) if augment else None

    def __call__(self, photo: MaskedPhoto, seed: int) -> Portraits:
        """Transform one photo; the same ``seed`` gives the same result in any process."""
        if self._pixels is None:
            matrix = self._matrix(photo.image.shape)
        else:
            matrix = self._matrix(photo.image.shape, np.random.default_rng(seed))
        image, masks = (self._warp(plane, matrix) for plane in photo)
        if self._pixels is not None:
            self._pixels.set_random_seed(seed)
            image = np.asarray(self._pixels(image=image)["image"], dtype=np.uint8)
        return Portraits(to_tensor(image), torch.from_numpy(masks).permute(2, 0, 1).contiguous().float().div_(255))

    def _matrix(self, shape: tuple[int, ...], rng: np.random.Generator | None = None) -> NDArray[np.float64]:
        """Affine map (2, 3) from the photo to the result: the largest central square, randomly changed with ``rng``."""
        height, width = shape[:2]
        scale = self._image_size / min(height, width)
        angle, mirror, shift = 0.0, 1.0, np.zeros(2)
        if rng is not None:
            scale *= np.exp(rng.uniform(np.log(0.88), np.log(1.25)))
            angle = np.deg2rad(np.clip(rng.normal(0, 7), -20, 20))
            mirror = rng.choice((-1.0, 1.0))
            shift = rng.uniform(-0.06, 0.06, 2) * self._image_size
        rotation = (
            scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ np.diag([mirror, 1])
        )
        centre = np.array([width - 1, height - 1]) / 2
        output_centre = (self._image_size - 1) / 2
        return np.hstack([rotation, (output_centre + shift - rotation @ centre)[:, None]])

    def _warp(self, plane: NDArray[np.uint8], matrix: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Warp an image or mask, downscaling by area first to avoid aliasing."""
        shrink = 1 / float(np.linalg.norm(matrix[:, 0]))
        if shrink > 1.5:
            size = max(1, round(plane.shape[1] / shrink)), max(1, round(plane.shape[0] / shrink))
            ratio = np.array([plane.shape[1] / size[0], plane.shape[0] / size[1]])
            plane = np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
            offset = matrix[:, :2] @ (ratio / 2 - 0.5)
            matrix = np.hstack([matrix[:, :2] * ratio, (matrix[:, 2] + offset)[:, None]])
        side = self._image_size
        warped = cv2.warpAffine(plane, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(warped, dtype=np.uint8)


def _pixel_steps() -> list[A.BasicTransform]:
    return [
        A.ColorJitter(brightness=(0.7, 1.25), contrast=(0.7, 1.3), saturation=(0.6, 1.4), hue=(-0.04, 0.04), p=0.6),
        A.ToGray(p=0.05),
        A.GaussianBlur(sigma_limit=(0.3, 1.5), blur_limit=0, p=0.2),
        A.ImageCompression(quality_range=(40, 95), p=0.2),
    ]


class _InOrder(Dataset[Portraits]):
    """Masked photos in file order."""

    def __init__(self, photos: MaskedPhotos, transform: PortraitTransform) -> None:
        self._photos, self._transform = photos, transform

    def __len__(self) -> int:
        return len(self._photos)

    def __getitem__(self, index: int) -> Portraits:
        return self._transform(self._photos[index], 0)


class _Draws(Dataset[Portraits]):
    """The photos of all folders, reshuffled every epoch; sample n is a pure function of the seed and n."""

    def __init__(
        self, parts: Sequence[MaskedPhotos], transform: PortraitTransform, seed: int, other_backgrounds: float
    ) -> None:
        self._photos: ConcatDataset[MaskedPhoto] = ConcatDataset([_AsDataset(part) for part in parts])
        self._transform, self._seed, self._other_backgrounds = transform, seed, other_backgrounds
        self._sampler = ShuffledSampler(len(self._photos), seed, 0)

    def __len__(self) -> int:
        return len(self._photos)

    def __getitem__(self, draw: int) -> Portraits:
        seeds = np.random.SeedSequence([self._seed, draw])
        photo = self._photos[self._sampler(draw)]
        rng = np.random.default_rng(seeds.spawn(1)[0])
        if rng.random() < self._other_backgrounds:
            photo = with_other_background(photo, self._photos[int(rng.integers(len(self._photos)))])
        return self._transform(photo, int(seeds.generate_state(1)[0]))


class _AsDataset(Dataset[MaskedPhoto]):
    def __init__(self, photos: MaskedPhotos) -> None:
        self._photos = photos

    def __len__(self) -> int:
        return len(self._photos)

    def __getitem__(self, index: int) -> MaskedPhoto:
        return self._photos[index]
