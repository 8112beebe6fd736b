"""The DataModule of every CycleGAN variant: unpaired photos (CelebA) and cartoons (CartoonSet)."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeVar

import cv2
import torch
from lightning import LightningDataModule
from torch.utils.data import DataLoader, Dataset, Sampler

from datamodules.cartoonset import CartoonSet
from datamodules.celeba import CelebA
from datamodules.errors import DataError
from datamodules.photo_folder import PhotoFolder
from datamodules.samples import Photos, Split, UnpairedBatch
from datamodules.transforms import cartoon_transform, photo_transform
from datamodules.unpaired import DrawSampler, UnpairedFaces

T = TypeVar("T")

CartoonFolder = Literal["cartoonset10k", "cartoonset100k"]


class FacesDataModule(LightningDataModule):
    """Unpaired faces of CelebA and CartoonSet; batches are ``UnpairedBatch``, at prediction ``Photos``.

    Args:
        root: Folder that holds ``celeba/`` and the cartoons.
        cartoons: Which CartoonSet below ``root``.
        image_size: Side of the square images in pixels.
        batch_size: Images of each domain a step and process.
        num_workers: Loader processes of each training process; 0 loads in the training process itself.
        epoch_size: Draws an epoch over all processes; by default the size of the larger domain.
        augment: The random geometry of training (paper 3.2.2).
        shuffle: Random partners in random order at training.
        predict_dir: Folder of photos for ``lightning predict``.
        seed: Decides partners, order and augmentation; follows ``--seed_everything``.
    """

    def __init__(
        self,
        root: str = "data",
        cartoons: CartoonFolder = "cartoonset10k",
        image_size: int = 256,
        batch_size: int = 1,
        num_workers: int = 2,
        epoch_size: int | None = None,
        augment: bool = True,
        shuffle: bool = True,
        predict_dir: str | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        for name, value, least in (
            ("image_size", image_size, 8),
            ("batch_size", batch_size, 1),
            ("num_workers", num_workers, 0),
        ):
            if value < least:
                raise DataError(f"--data.{name} is {value}, must be at least {least}")
        self.save_hyperparameters(ignore=["predict_dir", "seed"])
        self._root = Path(root).expanduser()
        self._cartoons = cartoons
        self._image_size = image_size
        self._batch_size = batch_size
        self._num_workers = num_workers
        self._epoch_size = epoch_size
        self._augment = augment
        self._shuffle = shuffle
        self._predict_dir = predict_dir
        self._seed = seed
        self._faces: dict[Split, UnpairedFaces] = {}
        self._photos: PhotoFolder | None = None

    def prepare_data(self) -> None:
        """Complain about missing folders before anything is written or started."""
        if self.trainer is not None and self.trainer.predicting:
            return
        for folder in (self._root, self._root / "celeba", self._root / self._cartoons):
            if not folder.is_dir():
                raise DataError(
                    f"no such data folder: {folder.absolute()}\n"
                    "give the folder that holds celeba/ and cartoonset10k/ with --data.root DIR,\n"
                    "or make sample data with `cartoongan sample-data --out DIR`"
                )

    def setup(self, stage: str) -> None:
        """Read the annotations of what ``stage`` ("fit", "validate", "test" or "predict") needs."""
        if stage == "fit":
            self._faces["train"] = self._unpaired("train", augment=self._augment, shuffle=self._shuffle)
        if stage in {"fit", "validate"}:
            self._faces["val"] = self._unpaired("val", augment=False, shuffle=False)
        if stage == "test":
            self._faces["test"] = self._unpaired("test", augment=False, shuffle=False)
        if stage == "predict":
            if self._predict_dir is None:
                raise DataError("lightning predict needs a folder of photos: --data.predict_dir DIR")
            self._photos = PhotoFolder(Path(self._predict_dir).expanduser(), self._image_size)

    def train_dataloader(self) -> DataLoader[UnpairedBatch]:
        """Random draws; see ``UnpairedBatch``."""
        faces = self._faces["train"]
        replicas, rank = (self.trainer.world_size, self.trainer.global_rank) if self.trainer else (1, 0)
        epoch_size = self._epoch_size or len(faces)
        if epoch_size < self._batch_size * replicas:
            raise DataError(
                f"--data.batch_size {self._batch_size} on {replicas} process(es) needs more "
                f"than the {epoch_size} draws of an epoch; make it smaller or give --data.epoch_size"
            )
        return self._loader(faces, sampler=DrawSampler(faces, epoch_size, replicas, rank), drop_last=True)

    def val_dataloader(self) -> DataLoader[UnpairedBatch]:
        """The validation part in file order; see ``UnpairedBatch``."""
        return self._loader(self._faces["val"])

    def test_dataloader(self) -> DataLoader[UnpairedBatch]:
        """The test part in file order; see ``UnpairedBatch``."""
        return self._loader(self._faces["test"])

    def predict_dataloader(self) -> DataLoader[Photos]:
        """The photos of ``predict_dir``; see ``Photos``."""
        assert self._photos is not None, "setup('predict') comes first"
        return self._loader(self._photos)

    def _unpaired(self, split: Split, augment: bool, shuffle: bool) -> UnpairedFaces:
        return UnpairedFaces(
            CelebA(self._root / "celeba", split),
            CartoonSet(self._root / self._cartoons, split),
            photo_transform(self._image_size, augment),
            cartoon_transform(self._image_size, augment),
            shuffle,
            self._seed,
        )

    def _loader(
        self, dataset: Dataset[T], sampler: Sampler[int] | None = None, drop_last: bool = False
    ) -> DataLoader[T]:
        return DataLoader(
            dataset,
            batch_size=self._batch_size,
            num_workers=self._num_workers,
            persistent_workers=self._num_workers > 0,
            pin_memory=torch.cuda.is_available(),
            worker_init_fn=_one_thread,
            sampler=sampler,
            drop_last=drop_last,
        )


def _one_thread(worker: int) -> None:
    """Loader processes share the cores between them; OpenCV must not take all of them in each."""
    cv2.setNumThreads(0)
