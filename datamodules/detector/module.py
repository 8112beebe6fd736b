"""The DataModule of the detector's stages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from lightning import LightningDataModule
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset, Subset

from datamodules.datasets.cartoonset import find_cartoons
from datamodules.datasets.celeba import CelebA
from datamodules.datasets.group_split import split_by_group
from datamodules.datasets.lfw_net import LfwNet
from datamodules.datasets.registry import CARTOONSET10K, CELEBA, LFW_NET, WIDER_FACE, DataSet
from datamodules.datasets.splits import deal_splits
from datamodules.datasets.wider_face import WiderFace
from datamodules.detector.crops import Crops
from datamodules.detector.kept import KeptCrops
from datamodules.detector.memory import ImageMemory
from datamodules.detector.mined import MINED_FILE, MinedWindows
from datamodules.detector.sampler import Changes, CropBatches, Mix, Sources
from datamodules.detector.scenes import CartoonScenes, FaceScenes, WiderScenes
from datamodules.errors import DataError
from datamodules.images import read_rgb, read_rgba
from datamodules.samples import Split
from datamodules.sampling.unpaired import DrawSampler
from datamodules.sampling.workers import loader_of
from datamodules.transforms.face_box import square_of_landmarks

LEAST_LANDMARK_FACE = 40.0
"""Minimum face size in pixels for landmarks."""

_MEMORY_SHARES = {"crowds": 0.5, "portraits": 0.3, "cartoons": 0.2}


class DetectorDataModule(LightningDataModule):
    """Crops of WIDER FACE, LFW+Net and cartoons for one stage of the detector.

    Training and validation use the train lists: validation takes a twentieth of each, by the hash of the names. Tests
    use WIDER's val list, LFW+Net's test list, and cartoons that are never trained on.

    Args:
        root: Folder that holds ``wider_face/``, ``lfw_net/`` and, for cartoons, ``cartoonset10k/``.
        side: Side of the crops in pixels: 12 for PNet, 24 for RNet, 48 for ONet.
        batch_size: Crops per batch.
        epoch_size: Crops per epoch; this times the epochs is the length of a training.
        val_size: Crops per validation or test.
        negatives: Weight of crops without a face in the mix of crops, relative to the next three.
        positives: Weight of crops of faces.
        parts: Weight of crops of parts of faces.
        landmarks: Weight of crops with landmarks.
        cartoons: Fraction of cartoons among the last three; 0 trains on photos alone.
        cartoon_families: Table of the cartoons' parts (see ``split_by_group``), to hold out whole families.
        cartoon_poses: Fraction of the cartoons whose eyes, nose and mouth are moved to where those of a portrait are.
            CartoonSet draws them at fixed places, which a net learns instead of the drawing.
        celeba: Use the landmarks of CelebA, too; they must be real ones.
        rotation: Maximum rotation of portraits in degrees.
        recolouring: Maximum relative change of contrast, brightness and colour balance.
        roughness: Fraction of the crops that each degradation applies to: low resolution, blur or sharpening, gamma,
            JPEG.
        portrait_faces: Use crops with landmarks as examples of faces, too.
        kept: Number of crops that are cut once and reused, which is faster; 0 cuts all crops anew.
        least_negative: Minimum side of random negatives in pixels.
        memory: Cache size for decoded images in megabytes, per loader process.
        num_workers: Loader processes.
        seed: Random seed.
    """

    def __init__(
        self,
        root: str = "data",
        side: int = 12,
        batch_size: int = 384,
        epoch_size: int = 1_000_000,
        val_size: int = 8192,
        negatives: float = 3.0,
        positives: float = 1.0,
        parts: float = 1.0,
        landmarks: float = 1.0,
        cartoons: float = 0.2,
        cartoon_families: str | None = None,
        cartoon_poses: float = 0.0,
        celeba: bool = False,
        rotation: float = 5.0,
        recolouring: float = 0.0,
        roughness: float = 0.0,
        portrait_faces: bool = False,
        kept: int = 0,
        least_negative: float = 12.0,
        memory: float = 2000.0,
        num_workers: int = 2,
        seed: int = 0,
    ) -> None:
        super().__init__()
        for name, value, minimum in (
            ("side", side, 12),
            ("batch_size", batch_size, 8),
            ("epoch_size", epoch_size, batch_size),
            ("val_size", val_size, batch_size),
            ("num_workers", num_workers, 0),
            ("negatives", negatives, 0),
            ("positives", positives, 0),
            ("parts", parts, 0),
            ("landmarks", landmarks, 0),
            ("kept", kept, 0),
            ("rotation", rotation, 0),
            ("recolouring", recolouring, 0),
            ("least_negative", least_negative, 1),
            ("memory", memory, 0),
        ):
            if value < minimum:
                raise DataError(f"--data.{name} is {value}, must be at least {minimum}")
        if not negatives + positives + parts + landmarks:
            raise DataError("--data.negatives, positives, parts and landmarks are all 0; at least one must be above")
        for name, share in (("cartoons", cartoons), ("cartoon_poses", cartoon_poses), ("roughness", roughness)):
            if not 0 <= share <= 1:
                raise DataError(f"--data.{name} is {share}, must be from 0 to 1")
        self.save_hyperparameters(ignore=["seed"])
        # Absolute paths, since a training may be resumed from another folder.
        self.hparams["root"] = str(Path(root).expanduser().absolute())
        if cartoon_families:
            self.hparams["cartoon_families"] = str(Path(cartoon_families).expanduser().absolute())
        self._root = Path(root).expanduser()
        self._side, self._batch_size = side, batch_size
        self._epoch_size, self._val_size = epoch_size, val_size
        self._mix = Mix(negatives, positives, parts, landmarks, cartoons)
        self._cartoon_poses = cartoon_poses
        self._families = Path(cartoon_families).expanduser() if cartoon_families else None
        self._celeba, self._rotation, self._changes = celeba, rotation, Changes(recolouring, roughness)
        self._portrait_faces, self._kept = portrait_faces, kept
        self._least_negative, self._num_workers, self._seed = least_negative, num_workers, seed
        reads = {"crowds": read_rgb, "portraits": read_rgb, "cartoons": read_rgba}
        self._read = {name: ImageMemory(reads[name], share * memory) for name, share in _MEMORY_SHARES.items()}
        self._batches: dict[str, CropBatches | KeptCrops] = {}

    def prepare_data(self) -> None:
        """Check that the data folders exist, before anything is written or started."""
        for name in (WIDER_FACE, LFW_NET):
            self._folder(name)

    def setup(self, stage: str) -> None:
        """Read the annotations that ``stage`` ("fit", "validate" or "test") needs."""
        if stage == "fit":
            self._batches["train"] = self._training_crops()
        if stage in {"fit", "validate"}:
            self._batches["val"] = self._crops(self._sources("val", None))
        if stage == "test":
            self._batches["test"] = self._crops(self._sources("test", None))

    def train_dataloader(self) -> DataLoader[Crops]:
        """New crops each epoch; see ``Crops``."""
        batches = self._batches["train"]
        replicas = self.trainer.world_size if self.trainer else 1
        if not (count := self.batches_per_epoch(replicas) * replicas):
            size = self._epoch_size
            raise DataError(f"--data.epoch_size {size} is less than one batch for each of {replicas} processes")
        return self._loader(batches, DrawSampler.of_trainer(count, self.trainer))

    def val_dataloader(self) -> DataLoader[Crops]:
        """The same crops each time; see ``Crops``."""
        return self._loader(self._first_draws("val"))

    def test_dataloader(self) -> DataLoader[Crops]:
        """The same crops each time; see ``Crops``."""
        return self._loader(self._first_draws("test"))

    def batches_per_epoch(self, processes: int = 1) -> int:
        """Training batches per epoch and process."""
        return self._epoch_size // (self._batch_size * processes)

    def crowds(self, split: Split) -> WiderScenes:
        """WIDER's photos of a split."""
        wider = WiderFace(self._folder(WIDER_FACE), "val" if split == "test" else "train")
        names = [Path(annotation.name).name for annotation in wider.annotations]
        return WiderScenes(wider, _members(names, split), self._read["crowds"])

    def _sources(self, split: Split, rotation: float | None) -> Sources:
        crowds = self.crowds(split)
        portraits = self._portraits(split, rotation)
        return Sources(crowds, portraits, self._cartoon_scenes(split, crowds, portraits.landmarks))

    def _portraits(self, split: Split, rotation: float | None) -> FaceScenes:
        lfw = LfwNet(self._folder(LFW_NET), "test" if split == "test" else "train")
        paths = [lfw.folder / annotation.name for annotation in lfw.annotations]
        landmarks = np.stack([annotation.landmarks for annotation in lfw.annotations])
        chosen = _members([path.name for path in paths], split)
        paths, landmarks = [paths[index] for index in chosen], landmarks[chosen]
        if self._celeba:
            celeba = CelebA(self._folder(CELEBA), split)
            paths += [celeba.path(index) for index in range(len(celeba))]
            landmarks = np.concatenate((landmarks, celeba.landmarks))
        squares = square_of_landmarks(torch.from_numpy(landmarks))
        large = np.flatnonzero((squares[:, 2] - squares[:, 0] >= LEAST_LANDMARK_FACE).numpy())
        return FaceScenes([paths[index] for index in large], landmarks[large], rotation, self._read["portraits"])

    def _cartoon_scenes(self, split: Split, crowds: WiderScenes, poses: NDArray[np.float32]) -> CartoonScenes | None:
        if not self._mix.cartoons:
            return None
        folder = self._folder(CARTOONSET10K)
        kept, held = split_by_group(find_cartoons(folder), self._families)
        chosen = held if split == "test" else [kept[index] for index in _members(kept, split)]
        if not chosen:
            raise DataError(f"{folder} has no cartoons for the split '{split}'; use --data.cartoons 0 to omit them")
        return CartoonScenes(folder, chosen, crowds, self._read["cartoons"], poses, self._cartoon_poses)

    def _crops(self, sources: Sources) -> CropBatches:
        """Crops for evaluation."""
        mix = (self._side, self._batch_size, self._mix)
        return CropBatches(sources, *mix, least_negative=self._least_negative, seed=self._seed)

    def _training_crops(self) -> CropBatches | KeptCrops:
        batches = CropBatches(
            self._sources("train", self._rotation),
            self._side,
            self._batch_size,
            self._mix,
            self._mined(),
            self._least_negative,
            self._changes,
            self._portrait_faces,
            self._seed,
        )
        if not self._kept:
            return batches
        count = max(1, self._kept // self._batch_size)
        return KeptCrops(batches, count, self._batch_size, self._changes, self._seed)

    def _mined(self) -> MinedWindows | None:
        """Windows that the stage's module mined into the run folder, if any."""
        path = Path(self.trainer.default_root_dir) / MINED_FILE if self.trainer else None
        return MinedWindows.load(path) if path and path.is_file() else None

    def _first_draws(self, name: str) -> Dataset[Crops]:
        return Subset(self._batches[name], range(self._val_size // self._batch_size))

    def _loader(self, dataset: Dataset[Crops], sampler: DrawSampler | None = None) -> DataLoader[Crops]:
        return loader_of(dataset, None, self._num_workers if sampler else 0, sampler)

    def _folder(self, name: DataSet) -> Path:
        folder = self._root / name.folder
        if not folder.is_dir():
            raise DataError(
                f"no such data folder: {folder.absolute()} (--data.root)\n"
                f"get it with `cartoongan data get {name} --root {self._root}`, "
                "or make sample data with `cartoongan sample-data --out DIR`"
            )
        return folder


def _members(names: Sequence[str], split: Split) -> list[int]:
    """Indices of a split's names: validation takes those of ``deal_splits``, training the others, tests take all."""
    if split == "test":
        return list(range(len(names)))
    chosen = set(deal_splits(names)["val"])
    return [index for index, name in enumerate(names) if (name in chosen) == (split == "val")]
