"""The hair-conditional variant (paper 4.5)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any, ClassVar, Literal, cast

import torch
from lightning.pytorch.utilities import rank_zero_warn
from torch import Tensor, nn

from datamodules.samples import Domain, Faces, HairColour, Photos, UnpairedBatch
from datamodules.sampling.unpaired import UnpairedFaces
from lightning_modules.attribute_classifier import OWN_CLASSIFIER
from lightning_modules.base import BaseCycleGAN, Translation
from lightning_modules.discriminators import Discriminator, LabelDiscriminator
from lightning_modules.errors import UsageError
from lightning_modules.frozen import FrozenNetwork
from lightning_modules.terms import Term, Terms
from networks import LabelInjection
from networks.attribute_classifier import PHOTO_GLASSES_LOGIT, AttributeNet, load_attribute_net
from networks.labels import LabelEncoder
from networks.landmarks import cheek_mask
from networks.losses import masked_l1
from networks.weights_file import WeightsError

HairChoice = Literal["black", "brown", "blonde", "grey", "all", "own"]


class CycleGANCond(BaseCycleGAN):
    """CycleGAN whose generators are told the hair colour, and whose discriminators check it (paper 4.5, Eq. 7).

    The label is given to every convolution of the generators and the first of the discriminators. Fakes take their
    source's label, and so does the way back; pooled fakes keep theirs. A photo without label is asked for a random one
    in training: cartoons without label are red or orange, so under none its cartoon would learn red hair. Elsewhere it
    is given the one that the project's classifier sees (``weights/attribute_classifier.safetensors``), or of other
    classes the first.

    Other attributes work as well: ``--data.labels`` puts their classes into ``Faces.label``, ``num_labels`` counts
    them.

    Args:
        num_labels: Number of classes of the label.
        label_injection: How the generators' convolutions are told the label: "concat" (the paper's, most of which the
            norm removes), "after_norm" or "modulation" (see ``networks.LabelInjection``).
        glasses: Tell generators and discriminators, beside the label, whether a face wears glasses. Cartoons then wear
            them where their photos do; at prediction the project's classifier says so.
        lambda_leak: Weight of the leak loss: how much the cheeks of a photo's cartoon change from one hair colour to
            another, which they should not. It costs one more translation of the photos.
        wrong_labels: Show the discriminators real images under wrong labels as fake, so that they cannot overlook them.
        random_target_share: Share of fakes that are asked for a random label instead of their source's. A free choice
            of colour at prediction needs some; the paper has none.
        hair: What ``lightning predict`` makes: cartoons of one colour, by name or by the number of the class, or "all"
            colours of each photo side by side, or "own", the photo's as the classifier sees it. Names are for the four
            hair colours alone: classes of another number are something else.
        **kwargs: Options of every variant, see ``BaseCycleGAN``.
    """

    options_of_a_run: ClassVar[tuple[str, ...]] = (*BaseCycleGAN.options_of_a_run, "hair")

    def __init__(
        self,
        num_labels: int = len(HairColour),
        label_injection: LabelInjection = "concat",
        glasses: bool = False,
        lambda_leak: float = 0.0,
        wrong_labels: bool = False,
        random_target_share: float = 0.0,
        hair: HairChoice | int = "all",
        **kwargs: Any,
    ) -> None:
        for name, value, is_valid, expected in (
            ("num_labels", num_labels, num_labels >= 2, "2 or more"),
            ("lambda_leak", lambda_leak, lambda_leak >= 0, "0 or more"),
            ("random_target_share", random_target_share, 0 <= random_target_share <= 1, "from 0 to 1"),
        ):
            if not is_valid:
                raise UsageError(f"--model.{name} is {value}, must be {expected}")
        super().__init__(**kwargs)
        self._wrong_labels = wrong_labels
        self._lambda_leak = lambda_leak
        self._random_target_share = random_target_share
        self._labels_to_predict = _labels_of(hair, num_labels)
        self._has_hair_labels = num_labels == len(HairColour)
        self.classifier: FrozenNetwork[AttributeNet] | None = None

    @cached_property
    def label_encoder(self) -> LabelEncoder:
        """Makes the vector that generators and discriminators are given of label and glasses."""
        return LabelEncoder(self.hparams["num_labels"], self.hparams["glasses"])

    def generator_inputs(self) -> dict[str, Any]:
        """Labels beside the image."""
        labels = {"num_labels": self.label_encoder.size, "label_injection": self.hparams["label_injection"]}
        return super().generator_inputs() | labels

    def generate(self, generators: nn.ModuleDict, target: Domain, images: Tensor, condition: Faces) -> Tensor:
        """Translate ``images`` (B, 3, H, W) to ``target``, with the hair of ``condition``."""
        return cast(Tensor, generators[target](images, self.label_encoder(condition.label, condition.glasses)))

    def build_discriminator(self, domain: Domain, downscale: int) -> Discriminator:
        """A discriminator that is given labels."""
        network = self.build_discriminator_network(domain, num_labels=self.label_encoder.size)
        return LabelDiscriminator(network, domain, downscale, self.label_encoder)

    def target_faces(self, target: Domain, batch: UnpairedBatch) -> Faces:
        """The sources of the fakes of ``target``, in training some of them with a random label.

        Photos without label are always given one.
        """
        source = super().target_faces(target, batch)
        if not self.training:
            return self.fill_labels(source) if target == "cartoon" else source
        if target == "cartoon":
            source = self._with_glasses(source, source.glasses < 0)
        chances, labels = self.random_numbers(source.label, f"target {target}")
        random = (labels * self.label_encoder.num_labels).long()
        is_random = chances < self._random_target_share
        if target == "cartoon":
            is_random |= source.label < 0
        return source._replace(label=torch.where(is_random, random, source.label))

    def extra_generator_terms(self, batch: UnpairedBatch, translation: Translation) -> Terms:
        """The leak of the label into the cheeks, where that is asked for."""
        terms = super().extra_generator_terms(batch, translation)
        if self._lambda_leak:
            terms["leak_cartoon"] = self._leak_term(batch.photo, translation)
        return terms

    def extra_negatives(self, discriminator: str, real: Faces, fake: Faces) -> list[Faces]:
        """Real faces under wrong labels, where that is asked for; a face without label leaves its place to a fake."""
        negatives = super().extra_negatives(discriminator, real, fake)
        if self._wrong_labels and isinstance(self.discriminators[discriminator], LabelDiscriminator):
            wrong = real._replace(label=self._other_labels(real.label, f"wrong {discriminator}"))
            wrong = choose(real.label >= 0, wrong, fake)
            if self.label_encoder.glasses:
                has_other = self.random_numbers(real.glasses, f"wrong glasses {discriminator}")[0] < 0.5
                wrong = choose((real.glasses >= 0) & has_other, real._replace(glasses=1 - real.glasses), wrong)
            negatives.append(wrong)
        return negatives

    def fill_labels(self, photos: Faces) -> Faces:
        """Photos that all have a label: their own, or what the classifier sees, or without one the first class.

        Whether they wear glasses is what the classifier sees, as at prediction, also where a set says it.
        """
        photos = self._with_glasses(photos, torch.ones_like(photos.glasses, dtype=torch.bool))
        missing = photos.label < 0
        if not missing.any():
            return photos
        seen = torch.zeros_like(photos.label)
        if self._has_hair_labels and self.classifier is not None:
            seen = self.classifier(photos.image.float()).hair.argmax(dim=1)
        return photos._replace(label=torch.where(missing, seen, photos.label))

    def _with_glasses(self, photos: Faces, where: Tensor) -> Faces:
        """Photos whose glasses are what the classifier sees ``where`` (B,) that holds; as they are without one."""
        if not self.label_encoder.glasses or self.classifier is None or not where.any():
            return photos
        seen = (self.classifier(photos.image.float()).glasses > PHOTO_GLASSES_LOGIT).long()
        return photos._replace(glasses=torch.where(where, seen, photos.glasses))

    def translate_photos(self, photos: Faces) -> Tensor:
        """The cartoons (B, 3, H, W) of photos in their own hair colours."""
        return super().translate_photos(self.fill_labels(photos))

    def forward(self, photos: Tensor) -> Tensor:
        """Cartoons (B, 3, H, W) in [-1, 1] of photos of the same shape and range, in the one colour of ``hair``.

        Where that is "own" or "all", each has the photo's own colour, as the classifier sees it.
        """
        known = self.infer_condition(photos)
        return self.cartoons(known) if len(self._labels_to_predict) == 1 else self.translate_photos(known)

    def cartoons(self, photos: Faces) -> Tensor:
        """Cartoons (B, 3, H, W) in [-1, 1] of photos, or with ``hair`` "all" sheets (B, 3, H, num_labels * W)."""
        if not self._labels_to_predict:
            return self.translate_photos(photos)
        return torch.cat(self._coloured(photos, self._labels_to_predict), dim=3)

    def in_all_labels(self, photos: Faces) -> list[Tensor]:
        """The cartoons (B, 3, H, W) of photos for each label."""
        return self._coloured(photos, range(self.label_encoder.num_labels))

    def grid_rows(self, batch: UnpairedBatch) -> list[Tensor]:
        """Rows of a picture: photo, its cartoon in every colour, photo again; cartoon, photo, cartoon again."""
        photo, _, *others = super().grid_rows(batch)
        return [photo, *self.in_all_labels(batch.photo), *others]

    def setup(self, stage: str) -> None:
        """Bring the classifier of photos without label, and refuse to predict classes that nobody knows."""
        data: Any = getattr(self._trainer, "datamodule", None)
        self._has_hair_labels = self.label_encoder.num_labels == len(HairColour) and not getattr(
            data, "hparams", {}
        ).get("labels")
        if (self._has_hair_labels or self.label_encoder.glasses) and self.classifier is None:
            try:
                self.classifier = FrozenNetwork(load_attribute_net(OWN_CLASSIFIER)[0]).to(self.device)
            except WeightsError as error:
                raise UsageError(f"{error}; it tells hair and glasses of photos without labels") from error
        if stage == "predict" and not self._labels_to_predict and not self._has_hair_labels:
            raise UsageError(
                "--model.hair own: the photos of --data.predict_dir have no labels; "
                f"choose {_choices(self.label_encoder.num_labels)} or all"
            )

    def on_train_start(self) -> None:
        """Warn of cartoons without a single label: the discriminators then cannot tell the colours apart."""
        super().on_train_start()
        draws: object = getattr(self.trainer.train_dataloader, "dataset", None)
        if isinstance(draws, UnpairedFaces) and not (draws.cartoons.faces.hair >= 0).any():
            rank_zero_warn(
                "no training face of --data.cartoons has a label, so the label will have no effect; "
                "give them in the folder's faces.csv or with --data.labels"
            )

    def on_before_batch_transfer(self, batch: UnpairedBatch | Photos, dataloader_idx: int) -> UnpairedBatch | Photos:
        """Refuse labels beyond the classes, while a look does not wait for the GPU."""
        if isinstance(batch, UnpairedBatch):
            largest = max(int(faces.label.max()) for faces in batch)
            if largest >= self.label_encoder.num_labels:
                raise UsageError(
                    f"the data have a label {largest}, --model.num_labels {self.label_encoder.num_labels} is too few"
                )
        return batch

    def _coloured(self, photos: Faces, labels: Iterable[int]) -> list[Tensor]:
        """Cartoons (B, 3, H, W) of all photos for each label."""
        photos = self.fill_labels(photos)
        conditions = [photos._replace(label=torch.full_like(photos.label, label)) for label in labels]
        return [
            self.translate_to("cartoon", self.trained_generators, photos.image, condition) for condition in conditions
        ]

    def _other_labels(self, labels: Tensor, purpose: str) -> Tensor:
        """Random labels (B,) that differ from the given ones."""
        steps = 1 + (self.random_numbers(labels, purpose)[0] * (self.label_encoder.num_labels - 1)).long()
        return (labels + steps) % self.label_encoder.num_labels

    def _leak_term(self, photos: Faces, translation: Translation) -> Term:
        """Mean change (L1) of the cheeks between the cartoon and one in another colour."""
        wanted, cartoons = translation.targets["cartoon"], translation.fake["cartoon"]
        generators = self.generators if self.training else self.trained_generators
        others = wanted._replace(label=self._other_labels(wanted.label, "leak"))
        recoloured = self.translate_to("cartoon", generators, photos.image, others)
        cheeks = cheek_mask(photos.landmarks, *cartoons.shape[2:])
        return Term(masked_l1(recoloured, cartoons, cheeks), self._lambda_leak, cheeks.any())


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
