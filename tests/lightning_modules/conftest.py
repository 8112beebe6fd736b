"""Small faces and a small model, so that a training step takes milliseconds."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import pytest
import torch
from lightning import Trainer
from torch.utils.data import DataLoader, Dataset

from datamodules.detector.crops import FACE, NO_FACE, Crops
from datamodules.samples import Attribute, Faces, UnpairedBatch
from lightning_modules.base import BaseCycleGAN
from lightning_modules.mtcnn import MTCNNStage
from lightning_modules.terms import total
from networks.mtcnn import normalise


class RandomFaces(Dataset[UnpairedBatch]):
    """Noise that looks like faces to a network: the same at every run."""

    def __init__(self, length: int = 8, side: int = 16) -> None:
        self.length, self.side = length, side

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> UnpairedBatch:
        generator = torch.Generator().manual_seed(index)

        def faces() -> Faces:
            image = torch.rand(3, self.side, self.side, generator=generator) * 2 - 1
            landmarks = torch.rand(5, 2, generator=generator) * self.side
            return Faces(image, landmarks, torch.tensor(index % 4), torch.tensor([index % 2] * len(Attribute)))

        return UnpairedBatch(faces(), faces())


@pytest.fixture
def make_faces() -> Callable[..., RandomFaces]:
    """``make_faces(length=8, side=16)``: a data set of noise."""
    return RandomFaces


@pytest.fixture
def loader() -> DataLoader[UnpairedBatch]:
    """Four batches of two."""
    return DataLoader(RandomFaces(), batch_size=2)


@pytest.fixture
def make_trainer(tmp_path: Any) -> Callable[..., Trainer]:
    """A trainer that runs on the CPU and leaves nothing behind but what it is asked for."""

    def make(**options: Any) -> Trainer:
        settings = {
            "accelerator": "cpu",
            "logger": False,
            "enable_checkpointing": False,
            "enable_progress_bar": False,
            "enable_model_summary": False,
            "default_root_dir": tmp_path,
            "log_every_n_steps": 1,
        }
        return Trainer(**(settings | options))

    return make


def gradients_of_terms(model: BaseCycleGAN, batch: UnpairedBatch) -> dict[str, float]:
    """Norm of each weighted term's gradient on the generators, by one plain backward pass for each."""
    terms = model.generator_terms(batch, model.translate(model.generators, batch))
    norms = {}
    for name, term in terms.items():
        model.zero_grad()
        if term.value.requires_grad:
            (term.weight * term.value).backward(retain_graph=True)  # type: ignore[no-untyped-call]
        gradients = [p.grad.flatten() for p in model.generators.parameters() if p.grad is not None]
        norms[name] = torch.cat(gradients).norm().item() if gradients else 0.0
    return norms


@pytest.fixture
def assert_terms_act() -> Callable[..., None]:
    """``assert_terms_act(make_model, batch, switches, frozen=())`` proves that each term of a variant acts.

    With ``make_model()`` every term has a gradient on the generators. With ``make_model(option=0)`` those that
    ``switches[option]`` lists have none, and all others still have one. Networks of ``networks_in_loss()`` that
    ``frozen`` names get none ever.
    """

    def check(
        make_model: Callable[..., BaseCycleGAN],
        batch: UnpairedBatch,
        switches: Mapping[str, Collection[str]],
        frozen: Sequence[str] = (),
    ) -> None:
        model = make_model()
        norms = gradients_of_terms(model, batch)
        assert [name for name, norm in norms.items() if not 1e-6 < norm < math.inf] == []
        for option, switched_off in switches.items():
            assert set(switched_off) <= set(norms), option
            without = gradients_of_terms(make_model(**{option: 0}), batch)
            acting = {name for name, norm in without.items() if norm != 0}
            assert acting == set(norms) - set(switched_off), option
        total(model.generator_terms(batch, model.translate(model.generators, batch))).backward()  # type: ignore[no-untyped-call]
        for name in frozen:
            gradients = [parameter.grad for parameter in model.networks_in_loss()[name].parameters()]
            assert gradients, name
            assert all(gradient is None for gradient in gradients), name

    return check


@pytest.fixture
def planted_crops() -> Callable[[int], Crops]:
    """Crops of a side whose faces are bright, and whose boxes and landmarks lie by their shade of red."""

    def plant(side: int, count: int = 64) -> Crops:
        generator = torch.Generator().manual_seed(0)
        is_face = torch.arange(count) % 2 == 0
        red = torch.randint(100, 256, (count,), generator=generator)
        image = torch.zeros(count, 3, side, side, dtype=torch.uint8)
        image[:, 0] = red[:, None, None]
        image[is_face, 1:] = 220
        place = (red.float() / 255)[:, None]
        box = torch.where(is_face[:, None], place.expand(-1, 4) - 0.7, torch.nan)
        landmarks = torch.where(is_face[:, None, None], place[:, None].expand(-1, 5, 2), torch.nan)
        return Crops(image, torch.where(is_face, FACE, NO_FACE), box, landmarks)

    return plant


@pytest.fixture
def assert_stage_learns() -> Callable[[MTCNNStage, Crops], None]:
    """A stage of the detector brings each of its losses down to a fraction."""

    def check(module: MTCNNStage, crops: Crops) -> None:
        optimizer = torch.optim.AdamW(module.net.parameters(), 5e-3)
        history = []
        for _ in range(60):
            losses = module._losses(module.net(normalise(crops.image.float())), crops)
            optimizer.zero_grad()
            torch.autograd.backward(losses["loss"])
            optimizer.step()
            history.append({name: loss.detach() for name, loss in losses.items()})
        for name in ("face", "box", "landmarks"):
            assert history[-1][name] < 0.2 * history[0][name], name

    return check
