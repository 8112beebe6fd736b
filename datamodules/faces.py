"""The DataModule of every CycleGAN variant: unpaired photos and cartoons."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
from lightning import LightningDataModule
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset, DistributedSampler

from datamodules.datasets.cache import CachedFaces, FramedFaces
from datamodules.datasets.exclusion import read_exclusions, without
from datamodules.datasets.joined import SetFolder, join, likely_name, set_folders
from datamodules.datasets.label_override import LabelOverride, read_label_csv
from datamodules.datasets.photo_folder import PhotoFolder, Share
from datamodules.datasets.registry import open_faces, recognize
from datamodules.errors import DataError
from datamodules.samples import NO_HAIR_COLOUR, UNKNOWN, Attribute, AttributeName, Domain, Photos, Split, UnpairedBatch
from datamodules.sampling.bad_images import BadImageLog, OnBadImage
from datamodules.sampling.hair_index import ChosenFaces, HairIndex
from datamodules.sampling.samplers import (
    BalancedSampler,
    FaceSampler,
    SequentialSampler,
    read_shares,
    shares_sampler,
)
from datamodules.sampling.unpaired import DomainStream, DrawSampler, UnpairedFaces
from datamodules.sampling.workers import loader_of
from datamodules.source import FaceSource
from datamodules.transforms.augment import FaceTransform, cartoon_transform, photo_transform
from datamodules.transforms.background import Background, CutOut, CutOutFaces, Matting
from datamodules.transforms.framing import Framing, framing_for
from datamodules.transforms.landmark_warp import LandmarkWarp, bent_frame_side

T = TypeVar("T")

LabelPolicy = Literal["all", "labelled"]
"""Which faces are drawn in training, see ``FacesDataModule``."""

_STREAMS: dict[Domain, int] = {"photo": 0, "cartoon": 1}


class FacesDataModule(LightningDataModule):
    """Unpaired photos and cartoons; batches are ``UnpairedBatch``, at prediction ``Photos``.

    ::

        data = FacesDataModule("data", cartoons="cartoonset100k", batch_size=4)
        Trainer(max_epochs=1).fit(CycleGANBaseline(), datamodule=data)

    Args:
        root: Folder of the data sets.
        photos: The photo folder, below ``root`` or a path: CelebA, shards, or any folder of photos. Several folders
            (comma-separated or a list) are merged into one domain, with every face equally likely. Names are then
            prefixed with the folder (``celeba/000001.jpg``), including in a hair index or label csv.
        cartoons: The cartoon folder or folders, likewise: ``cartoonset10k``, ``cartoonset100k``, ``big_ears`` from
            ``cartoongan sample-data``, shards, or any folder of images, with optional annotations in its ``faces.csv``.
        image_size: Side of the square images in pixels.
        batch_size: Images per domain, step and process.
        num_workers: Loader processes per training process; 0 loads in the training process itself.
        epoch_size: Samples per epoch over all processes, rounded down to whole batches; by default the size of the
            larger domain. The CycleGAN configs use 10,000, so that 200 epochs take equally long on any data set.
        augment: Random geometric augmentation in training (paper 3.2.2).
        align_cartoons: In training, warp each cartoon to the landmarks of the photo in the same sample, instead of the
            paper's augmentation (see ``datamodules.transforms.landmark_warp``).
        shuffle: Random pairs in random order in training.
        match_attributes: In training, sample cartoons with these attributes (glasses, beard, open_mouth) as often as
            they occur in the photos. Half of the heads in CartoonSet wear glasses, but only one in fifteen in CelebA,
            so generators would add glasses.
        attribute_shares: In training, the fraction of faces with an attribute in both domains, from 0 to 1, such as
            ``{glasses: 0.2}``; overrides ``match_attributes``. Gives a conditional generator enough examples. No effect
            on a domain where the attribute is unknown.
        exclude: Csv of faces to exclude from every split (see ``datamodules.datasets.exclusion``).
        label_policy: "all" uses every face in training. "labelled" uses only labelled faces, with balanced colours as
            in the paper (3.2.1). CartoonSet's unlabelled heads are exactly the orange and red ones, so unlabelled
            photos would learn red hair.
        index: Train only on this hair index (see ``cartoongan data hair``), with balanced colours.
        labels: Csv of classes that replace the hair colours (see ``datamodules.datasets.label_override``).
        cache_dir: Cache for decoded cartoons, whose PNGs are slow to decode, and for mattes; reused by later runs.
        background: Photo background: keep it (the paper), make it white, or keep only the head on white as in cartoons.
        portrait_weights: Weights of the portrait network that segments photos; by default the project's own.
        on_bad_image: On an unreadable image in a fit, stop with its name, or skip it and report after the epoch.
        predict_dir: Folder of photos for ``lightning predict``, or a single photo. Several processes share them.
        align: At prediction, find the largest face of each photo and crop it as in training.
        seed: Seed for pairs, order and augmentation; follows ``--seed_everything``.
    """

    def __init__(
        self,
        root: str = "data",
        photos: str | list[str] = "celeba",
        cartoons: str | list[str] = "cartoonset10k",
        image_size: int = 256,
        batch_size: int = 1,
        num_workers: int = 2,
        epoch_size: int | None = None,
        augment: bool = True,
        align_cartoons: bool = False,
        shuffle: bool = True,
        match_attributes: list[AttributeName] | None = None,
        attribute_shares: dict[AttributeName, float] | None = None,
        exclude: str | None = None,
        label_policy: LabelPolicy = "all",
        index: str | None = None,
        labels: str | None = None,
        cache_dir: str | None = None,
        background: Background = "keep",
        portrait_weights: str | None = None,
        on_bad_image: OnBadImage = "stop",
        predict_dir: str | None = None,
        align: bool = False,
        seed: int = 0,
    ) -> None:
        super().__init__()
        for name, value, minimum in (
            ("image_size", image_size, 8),
            ("batch_size", batch_size, 1),
            ("num_workers", num_workers, 0),
            ("epoch_size", epoch_size or (1 if epoch_size is None else 0), 1),
        ):
            if value < minimum:
                raise DataError(f"--data.{name} is {value}, must be at least {minimum}")
        if "://" in root:
            raise DataError(
                f"--data.root {root} is no folder; for sets in an object store, give a folder with their shards.json, "
                f"which `cartoongan data shard --address {root.rstrip('/')}/SET` writes"
            )
        if index and labels:
            raise DataError("--data.index is for hair colours, which --data.labels replaces; give one of them")
        self.save_hyperparameters(ignore=["predict_dir", "align", "seed"])
        # Absolute paths, as training may be resumed from another folder.
        paths = {"root": root, "index": index, "labels": labels, "cache_dir": cache_dir}
        paths |= {"portrait_weights": portrait_weights, "exclude": exclude}
        self.hparams.update({name: _absolute(path) for name, path in paths.items()})
        self._root = Path(root).expanduser()
        self._folders: dict[Domain, list[SetFolder]] = {
            "photo": set_folders(self._root, photos, "--data.photos"),
            "cartoon": set_folders(self._root, cartoons, "--data.cartoons"),
        }
        self._image_size = image_size
        self._batch_size = batch_size
        self._num_workers = num_workers
        self._epoch_size = epoch_size
        self._augment = augment
        self._align_cartoons = align_cartoons
        self._shuffle = shuffle
        self._matched = [Attribute[name.upper()] for name in match_attributes or []]
        self._shares = read_shares(attribute_shares)
        self._exclude = Path(exclude).expanduser() if exclude else None
        self._label_policy = label_policy
        self._index = Path(index).expanduser() if index else None
        self._labels = Path(labels).expanduser() if labels else None
        self._cache_dir = Path(cache_dir).expanduser() if cache_dir else None
        self.background: Background = background
        self._cut_out: CutOut | None = None
        self._predict_dir = Path(predict_dir).expanduser() if predict_dir else None
        self._align = align
        self._seed = seed
        self._skip_bad_images = on_bad_image == "skip"
        self.bad_images: BadImageLog | None = None
        self._faces: dict[Split, UnpairedFaces] = {}
        self._photos: PhotoFolder | None = None

    def use_matting(self, matting: Matting, folder: Path | None) -> None:
        """Set the matting model; required unless ``background`` is "keep". The ``lightning`` command does this.

        Args:
            matting: Segments person and head.
            folder: Where to store mattes if ``cache_dir`` is not set; without either they stay in memory.
        """
        self._cut_out = CutOut(matting, self.background, self._cache_dir or folder)

    def prepare_data(self) -> None:
        """Check that the data folders exist, before anything is written."""
        if self.trainer is not None and self.trainer.predicting:
            return
        for folder in (self._root, *(each.path for folders in self._folders.values() for each in folders)):
            if not folder.is_dir():
                suggestion = likely_name(folder.name, folder.parent)
                raise DataError(
                    f"no such data folder: {folder.absolute()} (--data.root, --data.photos, --data.cartoons)"
                    f"{f'; did you mean {suggestion}?' if suggestion else ''}\n"
                    "give the folder that contains celeba/ and cartoonset10k/ with --data.root DIR,\n"
                    "or make sample data with `cartoongan sample-data --out DIR`"
                )

    def setup(self, stage: str) -> None:
        """Read the annotations needed by ``stage`` ("fit", "validate", "test" or "predict")."""
        if stage == "fit":
            self.bad_images = BadImageLog() if self._skip_bad_images else None
            self._faces["train"] = self._unpaired("train")
        if stage in {"fit", "validate"}:
            self._faces["val"] = self._unpaired("val")
        if stage == "test":
            self._faces["test"] = self._unpaired("test")
        if stage == "predict":
            if self._predict_dir is None:
                raise DataError("lightning predict needs photos: --data.predict_dir PATH, a folder or one photo")
            share = Share(self.trainer.global_rank, self.trainer.world_size) if self.trainer else Share()
            cut_out = self._photo_cut_out()
            self._photos = PhotoFolder(self._predict_dir, self._image_size, cut_out, self._align, share)

    def teardown(self, stage: str) -> None:
        """Remove temporary files."""
        if stage == "fit":
            self._close_log()

    def on_exception(self, exception: BaseException) -> None:
        """Remove temporary files; Lightning does not call ``teardown`` after an error."""
        self._close_log()

    def _close_log(self) -> None:
        if self.bad_images is not None:
            self.bad_images.close()

    def train_dataloader(self) -> DataLoader[UnpairedBatch]:
        """Random training samples; see ``UnpairedBatch``."""
        faces = self._faces["train"]
        replicas = self.trainer.world_size if self.trainer else 1
        epoch_size, global_batch = self._epoch_size or len(faces), self._batch_size * replicas
        if epoch_size < global_batch:
            raise DataError(
                f"--data.batch_size {self._batch_size} on {replicas} process(es) needs more than the {epoch_size} "
                "samples of an epoch; reduce it, or set --data.epoch_size"
            )
        # The remainder carries over to the next epoch, so no sample is dropped.
        epoch_size -= epoch_size % global_batch
        return self._loader(faces, DrawSampler.of_trainer(epoch_size, self.trainer, self._batch_size))

    def val_dataloader(self) -> DataLoader[UnpairedBatch]:
        """The validation split in file order; see ``UnpairedBatch``."""
        return self._loader(self._faces["val"])

    def test_dataloader(self) -> DataLoader[UnpairedBatch]:
        """The test split in file order; see ``UnpairedBatch``."""
        return self._loader(self._faces["test"])

    def predict_dataloader(self) -> DataLoader[Photos]:
        """This process's share of the photos in ``predict_dir``; see ``Photos``."""
        assert self._photos is not None, "setup('predict') comes first"
        # Lightning would replace any other sampler with one that splits the photos between processes again.
        everything: DistributedSampler[int] = DistributedSampler(self._photos, num_replicas=1, rank=0, shuffle=False)
        return loader_of(self._photos, self._batch_size, self._num_workers, everything, drop_last=False)

    def _unpaired(self, split: Split) -> UnpairedFaces:
        photos, cartoons = self.stream("photo", split), self.stream("cartoon", split)
        if split != "train":
            return UnpairedFaces(photos, cartoons, self._seed, self.bad_images)
        warp = LandmarkWarp(self._image_size) if self._align_cartoons else None
        return UnpairedFaces(photos, cartoons, self._seed, self.bad_images, warp)

    def stream(self, domain: Domain, split: Split) -> DomainStream:
        """The faces of one domain, with their sampler and transform.

        Raises:
            DataError: The data in the domain's folder is incomplete or malformed.
        """
        is_training = split == "train"
        augment = is_training and self._augment
        is_bent = domain == "cartoon" and is_training and self._align_cartoons
        faces = self._read(domain, split, augment, is_bent)
        if self._labels:
            faces = LabelOverride(faces, read_label_csv(self._labels)[domain])
        if self._exclude:
            faces = without(faces, read_exclusions(self._exclude)[domain])
        transform = (photo_transform if domain == "photo" else cartoon_transform)(self._image_size, augment)
        stream = _STREAMS[domain]
        if is_training and self._index:
            chosen = self._hair_index(self._index).select(faces, domain)
            return DomainStream(chosen, BalancedSampler(chosen.labels, self._seed, stream), transform)
        if is_training and self._label_policy == "labelled":
            return self._labelled(faces, domain, transform)
        shuffle = is_training and self._shuffle
        sampler: FaceSampler = SequentialSampler(len(faces))
        if shuffle:
            sampler = self._attribute_sampler(domain, faces)(np.arange(len(faces)), stream)
        return DomainStream(faces, sampler, transform)

    def _labelled(self, faces: FaceSource, domain: Domain, transform: FaceTransform) -> DomainStream:
        """The labelled faces, with balanced colours."""
        chosen = ChosenFaces(faces, np.flatnonzero(faces.labels != NO_HAIR_COLOUR).tolist())
        if not len(chosen):
            raise DataError(f"--data.label_policy labelled: none of {len(faces)} {domain}s for training has a label")
        seed, stream = self._seed, _STREAMS[domain]
        sampler = BalancedSampler(chosen.labels, seed, stream, self._attribute_sampler(domain, chosen))
        return DomainStream(chosen, sampler, transform)

    def _attribute_sampler(self, domain: Domain, faces: FaceSource) -> Callable[[NDArray[np.intp], int], FaceSampler]:
        """Builds a shuffling sampler for some of the faces and a random stream, with the attributes' target shares."""
        shares = dict(self._shares)
        if domain == "cartoon":
            shares = {attribute: self._share_in_photos(attribute) for attribute in self._matched} | shares

        def build(indices: NDArray[np.intp], stream: int) -> FaceSampler:
            return shares_sampler(faces.attributes[indices], shares, self._seed, stream)

        return build

    def _share_in_photos(self, attribute: Attribute) -> float:
        """Fraction of training photos with an attribute, among those where it is known."""
        known = np.concatenate([photos.attributes[:, attribute] for photos in self.sources("photo", "train").values()])
        known = known[known != UNKNOWN]
        if not len(known):
            name = attribute.name.lower()
            raise DataError(
                f"--data.match_attributes: {name} is unknown for all photos; "
                "add it to the folder's faces.csv, or remove it from the option"
            )
        return float((known == 1).mean())

    def sources(self, domain: Domain, split: Split) -> dict[str, FaceSource]:
        """The faces of one domain as stored on disk, by folder name.

        Raises:
            DataError: The data in one of the domain's folders is incomplete or malformed.
        """
        return {each.called: open_faces(each.path, domain, split) for each in self._folders[domain]}

    def _read(self, domain: Domain, split: Split, augment: bool, is_bent: bool) -> FaceSource:
        return join(
            {
                each.called: self._read_folder(each.path, domain, split, augment, is_bent)
                for each in self._folders[domain]
            }
        )

    def _read_folder(self, folder: Path, domain: Domain, split: Split, augment: bool, is_bent: bool) -> FaceSource:
        source, data_set = open_faces(folder, domain, split), recognize(folder, domain)
        framing = framing_for(domain, self._image_size, augment, data_set.crop)
        if is_bent:
            framing = replace(framing, side=bent_frame_side(self._image_size))
        faces = FramedFaces(source, framing)
        place = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:8]
        if data_set.is_slow and self._cache_dir:
            return CachedFaces(faces, self._cache_dir, f"{folder.name}-{place}-{split}-{framing.side}px")
        if domain == "photo" and (cut_out := self._photo_cut_out()):
            framed = FramedFaces(source, Framing(cut_out.matting.side))
            mattes = cut_out.mattes(framed, f"{folder.name}-{place}-{split}", framed.fingerprint())
            return CutOutFaces(faces, mattes)
        return faces

    def _photo_cut_out(self) -> CutOut | None:
        """The background removal of photos; None if they keep their background."""
        if self.background == "keep":
            return None
        if self._cut_out is None:
            raise DataError(
                f"--data.background {self.background} needs a matting model: the `lightning` command loads it, "
                "in Python call lightning_modules.matting.bring_matting"
            )
        return self._cut_out

    @staticmethod
    def _hair_index(path: Path) -> HairIndex:
        index = HairIndex.load(path)
        if index.split != "train":
            raise DataError(f"{path} was made from the split '{index.split}', not from 'train'; make another index")
        return index

    def _loader(self, dataset: Dataset[T], sampler: DrawSampler | None = None) -> DataLoader[T]:
        return loader_of(dataset, self._batch_size, self._num_workers, sampler, persistent=True)


def _absolute(path: str | None) -> str | None:
    return str(Path(path).expanduser().absolute()) if path else path
