"""The hair-conditional variant (paper 4.5)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, cast

import numpy as np
import torch
from torch import Tensor, nn

from datamodules.samples import Domain, Faces, HairColour, Photos, UnpairedBatch
from lightning_modules.base import OTHER, BaseCycleGAN
from lightning_modules.critic import Critic, LabelCritic
from lightning_modules.errors import UsageError
from networks import PatchDiscriminator, one_hot

HairChoice = Literal["black", "brown", "blonde", "grey", "all", "own"]


class CycleGANCond(BaseCycleGAN):
    """CycleGAN whose generators are told the hair colour, and whose discriminators check it (paper 4.5, Eq. 7).

    The label is given to every convolution of the generators and the first of the discriminators. Fakes take their
    source's label, and so does the way back; pooled fakes keep theirs. A face without label is translated and judged
    under an all-zero one: it trains everything but the colours.

    Other attributes work as well: ``--data.labels`` puts their classes into ``Faces.hair``, ``num_labels`` counts them.

    Args:
        num_labels: Number of classes of the label.
        wrong_labels: Show the discriminators real images under wrong labels as fake, so that they cannot overlook them.
        random_target_share: Share of fakes that are asked for a random label instead of their source's. A free choice
            of colour at prediction needs some; the paper has none.
        hair: What ``lightning predict`` makes: cartoons of one colour, by name or by the number of the class, or "all"
            colours of each photo side by side. "own" is the photo's, which a folder of photos does not tell. Names are
            for the four hair colours alone: classes of another number are something else.
        **kwargs: Options of every variant, see ``BaseCycleGAN``.
    """

    def __init__(
        self,
        num_labels: int = len(HairColour),
        wrong_labels: bool = False,
        random_target_share: float = 0.0,
        hair: HairChoice | int = "all",
        **kwargs: Any,
    ) -> None:
        for name, value, is_valid, expected in (
            ("num_labels", num_labels, num_labels >= 2, "2 or more"),
            ("random_target_share", random_target_share, 0 <= random_target_share <= 1, "from 0 to 1"),
        ):
            if not is_valid:
                raise UsageError(f"--model.{name} is {value}, must be {expected}")
        self._num_labels = num_labels  # the networks are built with it
        super().__init__(**kwargs)
        self.save_hyperparameters(ignore=["hair"])  # a prediction's own
        self._wrong_labels = wrong_labels
        self._random_target_share = random_target_share
        self._labels_to_predict = _labels_of(hair, num_labels)

    def generator_inputs(self) -> dict[str, int]:
        """Labels beside the image."""
        return super().generator_inputs() | {"num_labels": self._num_labels}

    def generate(self, generators: nn.ModuleDict, target: Domain, images: Tensor, guide: Faces) -> Tensor:
        """Translate ``images`` (B, 3, H, W) to ``target``, with the hair of ``guide``."""
        return cast(Tensor, generators[target](images, one_hot(guide.hair, self._num_labels)))

    def build_critics(self) -> dict[str, Critic]:
        """Discriminators that are given labels."""
        return {
            domain: LabelCritic(PatchDiscriminator(ndf=self._ndf, num_labels=self._num_labels), domain)
            for domain in OTHER
        }

    def wanted_faces(self, target: Domain, batch: UnpairedBatch) -> Faces:
        """The sources of the fakes of ``target``, in training some of them with a random label."""
        source = super().wanted_faces(target, batch)
        if not (self.training and self._random_target_share):
            return source
        chances, labels = self._dice(source.hair, f"target {target}")
        random = (labels * self._num_labels).long()
        return source._replace(hair=torch.where(chances < self._random_target_share, random, source.hair))

    def more_negatives(self, critic: str, real: Faces, fake: Faces) -> list[Faces]:
        """Real faces under wrong labels, where that is asked for; a face without label leaves its place to a fake."""
        negatives = super().more_negatives(critic, real, fake)
        if self._wrong_labels and isinstance(self.critics[critic], LabelCritic):
            steps = 1 + (self._dice(real.hair, f"wrong {critic}")[0] * (self._num_labels - 1)).long()
            wrong = real._replace(hair=(real.hair + steps) % self._num_labels)
            negatives.append(choose(real.hair >= 0, wrong, fake))
        return negatives

    def cartoons(self, photos: Faces) -> Tensor:
        """Cartoons (B, 3, H, W) in [-1, 1] of photos, or with ``hair`` "all" sheets (B, 3, H, num_labels * W)."""
        return torch.cat(self._coloured(photos, self._labels_to_predict), dim=3)

    def in_all_labels(self, photos: Faces) -> list[Tensor]:
        """The cartoons (B, 3, H, W) of photos for each label."""
        return self._coloured(photos, range(self._num_labels))

    def grid_rows(self, batch: UnpairedBatch) -> list[Tensor]:
        """Rows of a picture: photo, its cartoon in every colour, photo again; cartoon, photo, cartoon again."""
        photo, _, *others = super().grid_rows(batch)
        return [photo, *self.in_all_labels(batch.photo), *others]

    def setup(self, stage: str) -> None:
        """Refuse to predict colours that nobody knows."""
        if stage == "predict" and not self._labels_to_predict:
            raise UsageError(
                "--model.hair own: the photos of --data.predict_dir have no labels; "
                f"choose {_choices(self._num_labels)} or all"
            )

    def on_before_batch_transfer(self, batch: UnpairedBatch | Photos, dataloader_idx: int) -> UnpairedBatch | Photos:
        """Refuse labels beyond the classes, while a look does not wait for the GPU."""
        if isinstance(batch, UnpairedBatch):
            largest = max(int(faces.hair.max()) for faces in batch)
            if largest >= self._num_labels:
                raise UsageError(f"the data have a label {largest}, --model.num_labels {self._num_labels} is too few")
        return batch

    def _coloured(self, photos: Faces, labels: Iterable[int]) -> list[Tensor]:
        """Cartoons (B, 3, H, W) of all photos for each label."""
        guides = [photos._replace(hair=torch.full_like(photos.hair, label)) for label in labels]
        return [self.generate(self.trained_generators, "cartoon", photos.image, guide) for guide in guides]

    def _dice(self, labels: Tensor, purpose: str) -> Tensor:
        """Random numbers (2, B) in [0, 1), the same after a resume and however many processes share a batch."""
        processes = self.trainer.world_size if self._trainer else 1
        seed = [torch.initial_seed(), self.global_step, *purpose.encode()]
        numbers = np.random.default_rng(seed).random((2, len(labels) * processes), dtype=np.float32)
        return torch.from_numpy(numbers[:, self.global_rank :: processes]).to(labels.device, non_blocking=True)


def choose(condition: Tensor, first: Faces, second: Faces) -> Faces:
    """Each face from the first batch where the condition (B,) holds, else from the second."""
    return Faces(
        *(
            torch.where(condition.view(-1, *[1] * (one.dim() - 1)), one, other)
            for one, other in zip(first, second, strict=True)
        )
    )


def _labels_of(hair: HairChoice | int, num_labels: int) -> list[int]:
    """The classes that a choice stands for; none for "own"."""
    if hair == "all":
        return list(range(num_labels))
    if hair == "own":
        return []
    if not isinstance(hair, int) and num_labels != len(HairColour):
        raise UsageError(
            f"--model.hair {hair}: --model.num_labels {num_labels} classes are no hair colours; "
            f"choose {_choices(num_labels)} or all"
        )
    label = hair if isinstance(hair, int) else int(HairColour[hair.upper()])
    if not 0 <= label < num_labels:
        raise UsageError(f"--model.hair {hair}: there are --model.num_labels {num_labels} classes, counted from 0")
    return [label]


def _choices(num_labels: int) -> str:
    """How the classes can be named."""
    if num_labels == len(HairColour):
        return ", ".join(colour.name.lower() for colour in HairColour)
    return f"a class from 0 to {num_labels - 1}"
