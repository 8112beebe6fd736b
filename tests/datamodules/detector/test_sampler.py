from __future__ import annotations

import numpy as np
import torch

from datamodules.detector.crops import FACE, NO_FACE, UNLABELED
from datamodules.detector.mined import MinedWindows
from datamodules.detector.sampler import Changes, CropBatches, Mix, Sources
from datamodules.detector.scenes import WiderScenes


def test_a_batch_has_the_requested_mix(sources: Sources) -> None:
    assert Mix(3, 1, 1, 1).counts(384) == (192, 64, 64, 64)
    batch = CropBatches(sources, 24, 384, Mix(3, 1, 1, 1, cartoons=0.25))[0]
    assert batch.image.shape[1:] == (3, 24, 24)
    has_box = ~torch.isnan(batch.box).any(dim=1)
    has_landmarks = ~torch.isnan(batch.landmarks).flatten(1).any(dim=1)
    for kind, expected in (
        (batch.face == NO_FACE, 192),
        ((batch.face == FACE) & has_box, 64),
        ((batch.face == UNLABELED) & has_box, 64),
        (has_landmarks, 64),
    ):
        assert 0.8 * expected <= int(kind.sum()) <= expected


def test_offsets_fit_the_kinds(sources: Sources) -> None:
    batch = CropBatches(sources, 24, 256, Mix())[1]
    box = batch.box[batch.face == FACE] + torch.tensor([0.0, 0.0, 1.0, 1.0])
    corner, opposite = box[:, :2].clamp(0, 1), box[:, 2:].clamp(0, 1)
    shared = (opposite - corner).prod(dim=1)
    assert (shared / (1 + (box[:, 2:] - box[:, :2]).prod(dim=1) - shared) >= 0.649).all()
    landmarks = batch.landmarks[~torch.isnan(batch.landmarks).flatten(1).any(dim=1)]
    assert (landmarks[:, 0, 0] < landmarks[:, 1, 0]).all()
    assert (landmarks[:, :2, 1].mean(dim=1) < landmarks[:, 3:, 1].mean(dim=1)).all()
    assert ((landmarks > -0.3) & (landmarks < 1.3)).all()


def test_a_batch_is_a_function_of_seed_and_number(sources: Sources) -> None:
    batches = CropBatches(sources, 12, 64, Mix(), changes=Changes(recolouring=0.2), seed=3)
    first, again, other = batches[5], batches[5], batches[6]
    assert all(torch.equal(a.nan_to_num(), b.nan_to_num()) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first.image[:16], other.image[:16])
    assert not torch.equal(first.image[:16], CropBatches(sources, 12, 64, Mix(), seed=4)[5].image[:16])


def test_mined_windows_are_drawn(sources: Sources) -> None:
    """The only mined negative is in a corner of the first photo, which is painted over."""

    class Marked(WiderScenes):
        def __init__(self) -> None:
            self.annotations = sources.crowds.annotations[:1]

        def scene(self, index: int, rng: np.random.Generator | None = None) -> object:  # type: ignore[override]
            scene = sources.crowds.scene(index)
            scene.image[:40, :40] = [255, 0, 255]
            return scene

    count = 30
    windows = np.tile(np.array([[0, 0, 40, 40]], dtype=np.float32), (count, 1))
    zeros = np.zeros(count, dtype=np.int64)
    mined = MinedWindows(zeros, windows, zeros - 1, np.zeros(count, dtype=np.float32))
    marked = Sources(Marked(), sources.portraits, None)
    shares = []
    for given in (None, mined):
        batch = CropBatches(marked, 12, 60, Mix(1, 0, 0, 0, 0), given)[0]
        is_marked = (batch.image == torch.tensor([255, 0, 255])[:, None, None]).all(dim=(1, 2, 3))
        shares.append(float(is_marked.double().mean()))
    assert shares[1] > 0.4 > shares[0]


def test_landmark_crops_can_be_labelled_as_faces(sources: Sources) -> None:
    batch = CropBatches(sources, 24, 128, Mix(), portrait_faces=True)[0]
    has_landmarks = ~torch.isnan(batch.landmarks).flatten(1).any(dim=1)
    assert has_landmarks.any()
    assert (batch.face[has_landmarks] == FACE).all()
    assert torch.isnan(batch.box[has_landmarks]).all()
