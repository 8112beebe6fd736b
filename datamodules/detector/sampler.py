"""Training batches of crops; each is a pure function of the seed and its number."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset

from datamodules.detector.crops import (
    FACE,
    UNLABELED,
    CropList,
    Crops,
    background_crops,
    box_crops,
    join,
    landmark_crops,
    mirror,
    recolour,
    to_batch,
)
from datamodules.detector.mined import MinedWindows
from datamodules.detector.roughen import roughen
from datamodules.detector.scenes import CartoonScenes, FaceScenes, Scene, WiderScenes, boxes_of
from datamodules.detector.windows import (
    PART_FROM,
    POSITIVE_FROM,
    Boxes,
    inside,
    pairwise_iou,
    windows_anywhere,
    windows_around,
    windows_near,
)

NEGATIVES_OF_PHOTO, CROPS_OF_FACE, CROPS_OF_PORTRAIT, CROPS_OF_CARTOON = 16, 4, 4, 8
"""Maximum number of crops in a batch from one crowd photo, one face in it, one portrait, and one cartoon."""

TRIES = 20
"""Windows drawn around a face, of which those with the right overlap are used."""

MINED_SHARE = 0.7
"""Fraction of mined windows among negatives, positives and parts, if there are any."""


@dataclass(frozen=True)
class Mix:
    """Relative frequency of the kinds of crops in a batch.

    Attributes:
        negative: Crops without a face.
        positive: Crops of a face.
        part: Crops of a part of a face.
        landmark: Crops of a face with landmarks.
        cartoons: Fraction of cartoons among the positives, parts and landmark crops.
    """

    negative: float = 3.0
    positive: float = 1.0
    part: float = 1.0
    landmark: float = 1.0
    cartoons: float = 0.2

    def counts(self, batch_size: int) -> tuple[int, int, int, int]:
        """Number of crops of each kind in a batch: negative, positive, part, landmark."""
        total = self.negative + self.positive + self.part + self.landmark
        positive, part, landmark = (
            round(batch_size * share / total) for share in (self.positive, self.part, self.landmark)
        )
        return batch_size - positive - part - landmark, positive, part, landmark


@dataclass(frozen=True)
class Sources:
    """Sources of crops.

    Attributes:
        crowds: Photos with boxes.
        portraits: Photos of one face with landmarks.
        cartoons: Cartoons with boxes and landmarks; None for none.
    """

    crowds: WiderScenes
    portraits: FaceScenes
    cartoons: CartoonScenes | None = None


@dataclass(frozen=True)
class Changes:
    """Augmentation of crops, besides mirroring.

    Attributes:
        recolouring: Strength of the colour change; 0 for none.
        roughness: Fraction of the crops that each degradation applies to; 0 for none.
    """

    recolouring: float = 0.0
    roughness: float = 0.0

    def __call__(self, crops: CropList, rng: np.random.Generator) -> CropList:
        """Augment the crops with random numbers from ``rng``."""
        crops = mirror(crops, rng.integers(2, size=len(crops)).astype(np.bool_))
        if self.recolouring:
            crops = replace(crops, image=recolour(crops.image, self.recolouring, rng))
        if self.roughness:
            crops = replace(crops, image=roughen(crops.image, self.roughness, rng))
        return crops


class CropBatches(Dataset[Crops]):
    """Batch number -> crops.

    Args:
        sources: Sources of the crops.
        side: Side of the crops in pixels.
        batch_size: Crops per batch; there are fewer if a kind finds too few windows.
        mix: Relative frequency of the kinds.
        mined: Windows in the crowd photos that the earlier stages accept as faces.
        least_negative: Minimum side of random negatives in pixels.
        changes: Augmentation of the crops.
        portrait_faces: Whether crops with landmarks are examples of faces, too.
        seed: Random seed.
    """

    def __init__(
        self,
        sources: Sources,
        side: int,
        batch_size: int,
        mix: Mix,
        mined: MinedWindows | None = None,
        least_negative: float = 12.0,
        changes: Changes | None = None,
        portrait_faces: bool = False,
        seed: int = 0,
    ) -> None:
        self._sources, self._side, self._batch_size, self._mix = sources, side, batch_size, mix
        self._least_negative, self._seed = least_negative, seed
        self._changes = changes or Changes()
        self._portrait_label = FACE if portrait_faces else UNLABELED
        self._targets = _targets_of(sources.crowds)
        self._mined = None if mined is None or not len(mined) else _MinedByKind.of(mined, len(sources.crowds))

    def __getitem__(self, number: int) -> Crops:
        rng = np.random.default_rng([self._seed, number])
        return to_batch(self._changes(self._drawn(rng), rng))

    def cut(self, number: int) -> CropList:
        """The crops of a batch, before augmentation."""
        return self._drawn(np.random.default_rng([self._seed, number]))

    def _drawn(self, rng: np.random.Generator) -> CropList:
        negative, positive, part, landmark = self._mix.counts(self._batch_size)
        cartoons = self._mix.cartoons if self._sources.cartoons else 0.0
        drawn_positive, drawn_part, drawn_landmark = (round(cartoons * count) for count in (positive, part, landmark))
        lists = [
            *self._negatives(negative, rng),
            *self._faces(positive - drawn_positive, part - drawn_part, rng),
            *self._portraits(landmark - drawn_landmark, rng),
            *self._cartoons(drawn_positive, drawn_part, drawn_landmark, rng),
        ]
        return join([crops for crops in lists if len(crops)])

    def _negatives(self, count: int, rng: np.random.Generator) -> list[CropList]:
        photos = rng.integers(len(self._sources.crowds), size=math.ceil(count / NEGATIVES_OF_PHOTO))
        lists = []
        for index, share in zip(photos.tolist(), _shares(count, len(photos)), strict=True):
            scene = self._sources.crowds.scene(index)
            hard = self._mined.negatives(index, round(MINED_SHARE * share), rng) if self._mined else None
            windows = self._free_windows(scene, share - (0 if hard is None else len(hard)), rng)
            windows = windows if hard is None else np.concatenate((hard, windows))
            lists.append(background_crops(scene, windows, self._side))
        return lists

    def _free_windows(self, scene: Scene, count: int, rng: np.random.Generator) -> Boxes:
        """Windows without a face, a third of them near faces."""
        near = windows_near(scene.size, scene.boxes, count // 3, self._least_negative, rng)
        anywhere = windows_anywhere(scene.size, scene.boxes, count - len(near), self._least_negative, rng)
        return np.concatenate((near, anywhere))

    def _faces(self, positive: int, part: int, rng: np.random.Generator) -> list[CropList]:
        mined_positive, mined_part = (round(MINED_SHARE * count) if self._mined else 0 for count in (positive, part))
        lists = self._around(positive - mined_positive, part - mined_part, rng)
        if self._mined:
            for label, count in ((FACE, mined_positive), (UNLABELED, mined_part)):
                for index, face, window in self._mined.of_faces(label, count, rng):
                    scene = self._sources.crowds.scene(index)
                    lists.append(box_crops(scene, face, window[None], self._side, label))
        return lists

    def _around(self, positive: int, part: int, rng: np.random.Generator) -> list[CropList]:
        """Crops around faces in the crowds; all faces are equally likely."""
        if not len(self._targets):
            return []
        chosen = rng.integers(len(self._targets), size=math.ceil((positive + part) / CROPS_OF_FACE))
        lists = []
        shares = zip(_shares(positive, len(chosen)), _shares(part, len(chosen)), strict=True)
        for (index, face), (positives, parts) in zip(self._targets[chosen].tolist(), shares, strict=True):
            lists += self._box_crops(self._sources.crowds.scene(index), face, positives, parts, rng)
        return lists

    def _box_crops(self, scene: Scene, face: int, positive: int, part: int, rng: np.random.Generator) -> list[CropList]:
        box = scene.boxes[face]
        windows = windows_around(box, TRIES, rng)
        windows = windows[inside(windows, scene.size)]
        overlap = pairwise_iou(windows, box[None])[:, 0]
        positives = windows[overlap >= POSITIVE_FROM][:positive]
        parts = windows[(overlap >= PART_FROM) & (overlap < POSITIVE_FROM)][:part]
        return [
            box_crops(scene, face, chosen, self._side, label)
            for chosen, label in ((positives, FACE), (parts, UNLABELED))
            if len(chosen)
        ]

    def _portraits(self, count: int, rng: np.random.Generator) -> list[CropList]:
        chosen = rng.integers(len(self._sources.portraits), size=math.ceil(count / CROPS_OF_PORTRAIT))
        lists = []
        for index, share in zip(chosen.tolist(), _shares(count, len(chosen)), strict=True):
            lists.append(self._landmark_crops(self._sources.portraits.scene(index, rng), share, rng))
        return lists

    def _landmark_crops(self, scene: Scene, count: int, rng: np.random.Generator) -> CropList:
        box = scene.boxes[0]
        windows = windows_around(box, TRIES, rng)
        close = windows[pairwise_iou(windows, box[None])[:, 0] >= POSITIVE_FROM][:count]
        return landmark_crops(scene, 0, close, self._side, self._portrait_label)

    def _cartoons(self, positive: int, part: int, landmark: int, rng: np.random.Generator) -> list[CropList]:
        cartoons = self._sources.cartoons
        if cartoons is None:
            return []
        chosen = rng.integers(len(cartoons), size=math.ceil((positive + part + landmark) / CROPS_OF_CARTOON))
        lists = []
        shares = zip(*(_shares(count, len(chosen)) for count in (positive, part, landmark)), strict=True)
        for index, (positives, parts, landmarks) in zip(chosen.tolist(), shares, strict=True):
            scene = cartoons.scene(index, rng)
            lists += self._box_crops(scene, 0, positives, parts, rng)
            lists.append(self._landmark_crops(scene, landmarks, rng))
        return lists


@dataclass(frozen=True)
class _MinedByKind:
    """Mined windows, indexed by kind."""

    mined: MinedWindows
    negatives_of: list[NDArray[np.int64]]
    positives: NDArray[np.int64]
    parts: NDArray[np.int64]

    @classmethod
    def of(cls, mined: MinedWindows, scenes: int) -> _MinedByKind:
        negatives = np.flatnonzero(mined.faces < 0)
        negatives = negatives[np.argsort(mined.scenes[negatives], kind="stable")]
        return cls(
            mined,
            np.split(negatives, np.searchsorted(mined.scenes[negatives], np.arange(1, scenes))),
            np.flatnonzero((mined.faces >= 0) & (mined.overlaps >= POSITIVE_FROM)),
            np.flatnonzero((mined.faces >= 0) & (mined.overlaps < POSITIVE_FROM)),
        )

    def negatives(self, scene: int, count: int, rng: np.random.Generator) -> Boxes:
        own = self.negatives_of[scene]
        return np.asarray(self.mined.windows[rng.permutation(own)[:count]], dtype=np.float32)

    def of_faces(self, label: int, count: int, rng: np.random.Generator) -> list[tuple[int, int, Boxes]]:
        """Scene, face and window of random positives (label FACE) or parts."""
        members = self.positives if label == FACE else self.parts
        chosen = members[rng.integers(len(members), size=count)] if len(members) else members
        return [(int(self.mined.scenes[i]), int(self.mined.faces[i]), self.mined.windows[i]) for i in chosen]


def _targets_of(crowds: WiderScenes) -> NDArray[np.int64]:
    """(F, 2): scene index and face index of every target."""
    found = [
        (index, face)
        for index, annotation in enumerate(crowds.annotations)
        for face in np.flatnonzero(boxes_of(annotation)[1]).tolist()
    ]
    return np.array(found, dtype=np.int64).reshape(-1, 2)


def _shares(count: int, places: int) -> list[int]:
    """Split ``count`` as evenly as possible."""
    return [count // places + (place < count % places) for place in range(places)]
