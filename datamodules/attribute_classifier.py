"""DataModule of the attribute classifier: faces of both domains with hair colour, glasses, beard and open mouth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, get_args

import numpy as np
from lightning import LightningDataModule
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from datamodules.datasets.group_split import split_by_group
from datamodules.errors import DataError
from datamodules.faces import FacesDataModule
from datamodules.samples import Attribute, AttributeName, Split
from datamodules.sampling.samplers import read_shares, shares_sampler
from datamodules.sampling.unpaired import DrawSampler
from datamodules.sampling.workers import loader_of
from datamodules.source import FaceSource
from datamodules.transforms.augment import FaceTransform
from datamodules.transforms.background import Background, Matting

UNSEEN = ("cartoons with unseen hair", "cartoons with unseen eyes")
"""Evaluation sets of cartoons, one loader each, if a table defines the families of cartoons."""

UNSEEN_BY_NAME = ("other cartoons",)
"""The same without a table: held-out cartoons, whose parts may occur in training."""

PHOTOS: dict[Background, str] = {"keep": "photos", "white": "people on white", "head": "heads of photos on white"}
"""Names of the evaluation sets of photos, by background."""

_HAIR_COLUMN, _EYES_COLUMN = "hair_and_outline_source", "eyes_source"


class LabelledFaces(NamedTuple):
    """Faces and their target labels: a batch of B, or a single face without the batch axis.

    Attributes:
        image: ``(B, 3, H, W)`` float32 RGB in [-1, 1].
        hair: ``(B,)`` int64, a ``HairColour`` or ``NO_HAIR_COLOUR``.
        attributes: ``(B, A)`` int64: 1, 0 or ``UNKNOWN`` for each ``Attribute``.
    """

    image: Tensor
    hair: Tensor
    attributes: Tensor


class AttributeDataModule(LightningDataModule):
    """Photos and cartoons in alternation, augmented as for the CycleGANs; batches are ``LabelledFaces``.

    Validation and test have one loader per evaluation set, see ``part_names``: cartoons with unseen hair, cartoons with
    unseen eyes, and the split's photos on each background.

    Args:
        root: Folder of the data sets.
        photos: The photos' folder or folders, see ``FacesDataModule``; photos without attributes train hair only.
        cartoons: The cartoons' folder or folders.
        image_size: Side of the square images in pixels.
        batch_size: Images per batch.
        num_workers: Loader processes.
        epoch_size: Faces per epoch.
        backgrounds: Backgrounds of the photos (see ``FacesDataModule``), equally often. The classifier is used on
            original photos and on the generators' inputs.
        attribute_shares: In training, the fraction of faces with an attribute, see ``FacesDataModule``.
        cartoon_families: Table of the cartoons' parts (see ``split_by_group``), of which whole families of hair and
            eyes are held out. Without it, the test split of the names is held out.
        cache_dir: Cache for decoded cartoons.
        seed: Seed for order and augmentation; follows ``--seed_everything``.
    """

    def __init__(
        self,
        root: str = "data",
        photos: str | list[str] = "celeba",
        cartoons: str | list[str] = "cartoonset10k",
        image_size: int = 64,
        batch_size: int = 64,
        num_workers: int = 2,
        epoch_size: int = 8192,
        backgrounds: Sequence[Background] = ("keep",),
        attribute_shares: dict[AttributeName, float] | None = None,
        cartoon_families: str | None = None,
        cache_dir: str | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if epoch_size < batch_size:
            raise DataError(f"--data.epoch_size {epoch_size} is less than --data.batch_size {batch_size}; give more")
        if not backgrounds:
            raise DataError(f"--data.backgrounds is empty; name at least one of {', '.join(PHOTOS)}")
        self._faces: dict[Background, FacesDataModule] = {
            background: FacesDataModule(
                *(root, photos, cartoons, image_size, batch_size, num_workers),
                cache_dir=cache_dir,
                background=background,
            )
            for background in backgrounds
        }
        self._first = self._faces[backgrounds[0]]  # cartoons have one background
        self.save_hyperparameters(ignore=["seed"])
        paths = {"root": root, "cartoon_families": cartoon_families, "cache_dir": cache_dir}
        # Absolute paths, as training may be resumed from another folder.
        self.hparams.update(
            {name: str(Path(path).expanduser().absolute()) for name, path in paths.items() if path is not None}
        )
        self._batch_size, self._num_workers = batch_size, num_workers
        self._epoch_size, self._seed = epoch_size, seed
        self._shares = read_shares(attribute_shares)
        self._families = Path(cartoon_families).expanduser() if cartoon_families else None
        self._train: _Draws | None = None
        self._held: dict[Split, list[_Chosen]] = {}

    @property
    def part_names(self) -> tuple[str, ...]:
        """Names of the evaluation sets, in the order of the loaders."""
        return *(UNSEEN if self._families else UNSEEN_BY_NAME), *(PHOTOS[each] for each in self._faces)

    def use_matting(self, matting: Matting, folder: Path | None) -> None:
        """Set the matting model, see ``FacesDataModule.use_matting``."""
        for faces in self._faces.values():
            faces.use_matting(matting, folder)

    def prepare_data(self) -> None:
        """Check that the data folders exist, before anything is written."""
        self._first.prepare_data()

    def setup(self, stage: str) -> None:
        """Read the annotations needed by ``stage`` ("fit", "validate" or "test")."""
        cartoons = {split: self._first.stream("cartoon", split) for split in get_args(Split)}
        parts = [stream.faces for stream in cartoons.values()]
        names = sorted(name for part in parts for name in part.names)
        kept_hair, unseen_hair = split_by_group(names, self._families, _HAIR_COLUMN)
        kept_eyes, unseen_eyes = split_by_group(names, self._families, _EYES_COLUMN)
        if stage == "fit":
            kept = set(kept_hair).intersection(kept_eyes)
            photos = [faces.stream("photo", "train") for faces in self._faces.values()]
            shown = _Chosen([each.faces for each in photos], photos[0].transform)
            drawn = _Chosen(parts, cartoons["train"].transform, kept)
            self._train = _Draws(shown, drawn, self._shares, self._seed)
        split: Split = "test" if stage == "test" else "val"
        unseen = (unseen_hair, unseen_eyes) if self._families else (unseen_hair,)  # both are the same without a table
        held = [_Chosen(parts, cartoons[split].transform, set(names)) for names in unseen]
        photos = [faces.stream("photo", split) for faces in self._faces.values()]
        self._held[split] = [*held, *(_Chosen([each.faces], each.transform) for each in photos)]

    def train_dataloader(self) -> DataLoader[LabelledFaces]:
        """Random samples, alternating between the domains."""
        assert self._train is not None, "setup('fit') comes first"
        epoch_size = self._epoch_size - self._epoch_size % self._batch_size
        sampler = DrawSampler.of_trainer(epoch_size, self.trainer, self._batch_size)
        return self._loader(self._train, sampler)

    def val_dataloader(self) -> list[DataLoader[LabelledFaces]]:
        """A loader for each of ``part_names``, with the photos of the validation split."""
        return [self._loader(part) for part in self._held["val"]]

    def test_dataloader(self) -> list[DataLoader[LabelledFaces]]:
        """A loader for each of ``part_names``, with the photos of the test split."""
        return [self._loader(part) for part in self._held["test"]]

    def _loader(self, dataset: Dataset[LabelledFaces], sampler: DrawSampler | None = None) -> DataLoader[LabelledFaces]:
        return loader_of(dataset, self._batch_size, self._num_workers, sampler)


class _Chosen(Dataset[LabelledFaces]):
    """The labelled faces of some sources, optionally only those with given names, in file order."""

    def __init__(self, parts: Sequence[FaceSource], transform: FaceTransform, names: set[str] | None = None) -> None:
        self._parts, self._transform = list(parts), transform
        self._places = [
            (number, index)
            for number, part in enumerate(parts)
            for index, name in enumerate(part.names)
            if (names is None or name in names) and (part.labels[index] >= 0 or (part.attributes[index] >= 0).any())
        ]

    @property
    def attributes(self) -> NDArray[np.int64]:
        """``(N, A)``: 1, 0 or ``UNKNOWN`` for each ``Attribute``."""
        return np.stack([self._parts[part].attributes[place] for part, place in self._places])

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int) -> LabelledFaces:
        return self.augmented(index, 0)

    def augmented(self, index: int, seed: int) -> LabelledFaces:
        """A face, augmented with a seed."""
        part, place = self._places[index]
        faces = self._transform(self._parts[part][place], seed)
        return LabelledFaces(faces.image, faces.label, faces.attributes)


class _Draws(Dataset[LabelledFaces]):
    """Pairs of a photo and a cartoon; sample n is a pure function of the seed and n.

    Which of the two comes first is random: each of several processes takes every n-th sample and gets both.

    Args:
        photos: The photos.
        cartoons: The cartoons.
        shares: Fractions of draws with an attribute, in a domain where it is known.
        seed: Random seed.
    """

    def __init__(self, photos: _Chosen, cartoons: _Chosen, shares: Mapping[Attribute, float], seed: int) -> None:
        self._domains = (photos, cartoons)
        for name, faces in (("photos", photos), ("cartoons", cartoons)):
            if not len(faces):
                raise DataError(f"none of the {name} for training is labelled; the classifier needs labels")
        self._samplers = tuple(
            shares_sampler(faces.attributes, shares, seed, stream) for stream, faces in enumerate(self._domains)
        )
        self._seed = seed

    def __len__(self) -> int:
        return 2 * max(map(len, self._domains))

    def __getitem__(self, draw: int) -> LabelledFaces:
        number, place = divmod(draw, 2)
        swapped = int(np.random.SeedSequence([self._seed, number, 1]).generate_state(1)[0]) & 1
        domain = place ^ swapped
        seed = int(np.random.SeedSequence([self._seed, draw]).generate_state(1)[0])
        return self._domains[domain].augmented(self._samplers[domain](number), seed)
