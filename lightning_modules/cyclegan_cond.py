"""The hair-conditional variant (paper 4.5)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, ClassVar, Literal, cast

import numpy as np
import torch
from lightning.pytorch.utilities import rank_zero_warn
from torch import Tensor, nn

from datamodules.samples import AttributeName, Domain, Faces, HairColour, UnpairedBatch
from datamodules.sampling.unpaired import UnpairedFaces
from lightning_modules.attribute_classifier import OWN_CLASSIFIER
from lightning_modules.base import BaseCycleGAN, Translation
from lightning_modules.discriminators import Discriminator, LabelDiscriminator
from lightning_modules.errors import UsageError
from lightning_modules.frozen import FrozenNetwork
from lightning_modules.terms import Term, Terms
from networks import LabelInjection
from networks.attribute_classifier import AttributeNet, load_attribute_net
from networks.labels import LabelEncoder
from networks.landmarks import cheek_mask
from networks.losses import masked_l1
from networks.weights_file import WeightsError

HairChoice = Literal["black", "brown", "blonde", "grey", "all", "own"]


class CycleGANCond(BaseCycleGAN):
    """CycleGAN with generators and discriminators conditioned on the hair colour (paper 4.5, Eq. 7).

    The label is fed to every convolution of the generators and to the first one of the discriminators. Fakes and
    reconstructions use the label of their source; pooled fakes keep theirs. In training, an unlabelled photo gets a
    random target label: unlabelled cartoons are red or orange, so without a label its cartoon would learn red hair.
    Otherwise it gets the prediction of the project's classifier (``weights/attribute_classifier.safetensors``), or the
    first class if the labels are not hair colours.

    Other attributes work as well: ``--data.labels`` puts their classes into ``Faces.label``, and ``num_labels`` is
    their number.

    Args:
        num_labels: Number of label classes.
        label_injection: How the label enters the generators' convolutions: "concat" (the paper's; instance norm
            removes most of it), "after_norm" or "modulation" (see ``networks.LabelInjection``).
        attributes: Also condition on these attributes (glasses, beard, open_mouth), so that cartoons have them when
            their photos do. At prediction the project's classifier detects them.
        lambda_leak: Weight of the leak loss, which penalises changes of the cheeks between hair colours. It costs one
            extra translation of the photos.
        wrong_labels: Use real images with wrong labels as additional negatives, so that the discriminators cannot
            ignore the label.
        random_target_share: Fraction of fakes with a random target label instead of their source's. Choosing a colour
            at prediction needs some; the paper uses none.
        hair: Output of ``lightning predict``: one colour, by name or class number; "all" for all colours of each photo
            side by side; "own" for the photo's colour as predicted by the classifier. Names only apply to the four
            hair colours, not to other classes.
        **kwargs: Options shared by all variants, see ``BaseCycleGAN``.
    """

    options_of_a_run: ClassVar[tuple[str, ...]] = (*BaseCycleGAN.options_of_a_run, "hair")

    def __init__(
        self,
        num_labels: int = len(HairColour),
        label_injection: LabelInjection = "concat",
        attributes: Sequence[AttributeName] = (),
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
        """Encodes label and attributes as the condition vector of generators and discriminators."""
        return LabelEncoder(self.hparams["num_labels"], tuple(self.hparams["attributes"]))

    def generator_inputs(self) -> dict[str, Any]:
        """Adds the labels."""
        labels = {"num_labels": self.label_encoder.size, "label_injection": self.hparams["label_injection"]}
        return super().generator_inputs() | labels

    def generate(self, generators: nn.ModuleDict, target: Domain, images: Tensor, condition: Faces) -> Tensor:
        """Translate ``images`` (B, 3, H, W) to ``target``, with the hair of ``condition``."""
        return cast(Tensor, generators[target](images, self.label_encoder(condition.label, condition.attributes)))

    def build_discriminator(self, domain: Domain, downscale: int) -> Discriminator:
        """A label-conditional discriminator."""
        network = self.build_discriminator_network(domain, num_labels=self.label_encoder.size)
        return LabelDiscriminator(network, domain, downscale, self.label_encoder)

    def target_faces(self, target: Domain, batch: UnpairedBatch) -> Faces:
        """The source faces of the ``target`` fakes; in training some get a random label.

        Unlabelled photos always get one.
        """
        source = super().target_faces(target, batch)
        if not self.training:
            return self.fill_labels(source) if target == "cartoon" else source
        if target == "cartoon":
            source = self._with_attributes(source, source.attributes < 0)
        chances, labels = self.random_numbers(source.label, f"target {target}")
        random = (labels * self.label_encoder.num_labels).long()
        is_random = chances < self._random_target_share
        if target == "cartoon":
            is_random |= source.label < 0
        return source._replace(label=torch.where(is_random, random, source.label))

    def extra_generator_terms(self, batch: UnpairedBatch, translation: Translation) -> Terms:
        """Adds the leak loss on the cheeks if ``lambda_leak`` is set."""
        terms = super().extra_generator_terms(batch, translation)
        if self._lambda_leak:
            terms["leak_cartoon"] = self._leak_term(batch.photo, translation)
        return terms

    def extra_negatives(self, discriminator: str, real: Faces, fake: Faces) -> list[Faces]:
        """If ``wrong_labels`` is set, adds real faces with a wrong label or attribute, as far as a discriminator knows.

        Faces of which nothing can be wrong are replaced by fakes.
        """
        negatives = super().extra_negatives(discriminator, real, fake)
        encoder = cast(Discriminator, self.discriminators[discriminator]).encoder
        if self._wrong_labels and encoder:
            wrong = fake
            if encoder.num_labels:
                relabelled = real._replace(label=self._other_labels(real.label, f"wrong {discriminator}"))
                wrong = choose(real.label >= 0, relabelled, fake)
            negatives.append(self._with_wrong_attributes(encoder, real, wrong, f"wrong {{}} {discriminator}"))
        return negatives

    def fill_labels(self, photos: Faces) -> Faces:
        """Fill in missing labels with the classifier's prediction, or with the first class if there is no classifier.

        Attributes always come from the classifier, as at prediction, even if the data set has them.
        """
        photos = self._with_attributes(photos, torch.ones_like(photos.attributes, dtype=torch.bool))
        missing = photos.label < 0
        if not missing.any():
            return photos
        seen = torch.zeros_like(photos.label)
        if self._has_hair_labels and self.classifier is not None:
            seen = self.classifier(photos.image.float()).hair.argmax(dim=1)
        return photos._replace(label=torch.where(missing, seen, photos.label))

    def _with_attributes(self, photos: Faces, where: Tensor) -> Faces:
        """Photos with attributes predicted by the classifier ``where`` (B, A) is true, if it is there.

        It only looks if one of them is a condition.
        """
        if self.classifier is None or not where[:, self.label_encoder.columns].any():
            return photos
        seen = self.classifier(photos.image.float()).in_photos
        return photos._replace(attributes=torch.where(where, seen, photos.attributes))

    def _with_wrong_attributes(self, encoder: LabelEncoder, real: Faces, others: Faces, purpose: str) -> Faces:
        """``others``, some replaced by real faces of which one attribute is wrong.

        There are as many of each attribute as of the others that are left.
        """
        for number, (name, column) in enumerate(zip(encoder.attributes, encoder.columns, strict=True)):
            known = real.attributes[:, column]
            is_chosen = self.random_numbers(known, purpose.format(name))[0] < 1 / (number + 2)
            flipped = real.attributes.clone()
            flipped[:, column] = 1 - known
            others = choose((known >= 0) & is_chosen, real._replace(attributes=flipped), others)
        return others

    def translate_photos(self, photos: Faces) -> Tensor:
        """Cartoons (B, 3, H, W) of photos in their own hair colours."""
        return super().translate_photos(self.fill_labels(photos))

    def forward(self, photos: Tensor) -> Tensor:
        """Cartoons (B, 3, H, W) in [-1, 1] of photos of the same shape and range, in the colour given by ``hair``.

        If that is "own" or "all", each cartoon has the photo's colour as predicted by the classifier.
        """
        known = self.infer_condition(photos)
        return self.cartoons(known) if len(self._labels_to_predict) == 1 else self.translate_photos(known)

    def cartoons(self, photos: Faces) -> Tensor:
        """Cartoons (B, 3, H, W) in [-1, 1] of photos, or with ``hair`` "all" sheets (B, 3, H, num_labels * W)."""
        if not self._labels_to_predict:
            return self.translate_photos(photos)
        return torch.cat(self._coloured(photos, self._labels_to_predict), dim=3)

    def in_all_labels(self, photos: Faces) -> list[Tensor]:
        """Cartoons (B, 3, H, W) of the photos for each label."""
        return self._coloured(photos, range(self.label_encoder.num_labels))

    def grid_rows(self, batch: UnpairedBatch) -> list[Tensor]:
        """Image grid rows: photo, cartoon in every colour, reconstruction; cartoon, photo, reconstruction."""
        photo, _, *others = super().grid_rows(batch)
        return [photo, *self.in_all_labels(batch.photo), *others]

    def setup(self, stage: str) -> None:
        """Load the classifier for unlabelled photos; reject ``hair`` "own" if the labels are not hair colours."""
        data: Any = getattr(self._trainer, "datamodule", None)
        self._has_hair_labels = self.label_encoder.num_labels == len(HairColour) and not getattr(
            data, "hparams", {}
        ).get("labels")
        if (self._has_hair_labels or self.label_encoder.attributes) and self.classifier is None:
            try:
                self.classifier = FrozenNetwork(load_attribute_net(OWN_CLASSIFIER)[0]).to(self.device)
            except WeightsError as error:
                raise UsageError(f"{error}; it predicts hair and attributes of photos without labels") from error
        if stage == "predict" and not self._labels_to_predict and not self._has_hair_labels:
            raise UsageError(
                "--model.hair own: the photos of --data.predict_dir have no labels; "
                f"choose {_choices(self.label_encoder.num_labels)} or all"
            )

    def on_train_start(self) -> None:
        """Check all labels; warn of labels and attributes that cannot be learnt from the cartoons."""
        super().on_train_start()
        draws: object = getattr(self.trainer.train_dataloader, "dataset", None)
        if not isinstance(draws, UnpairedFaces):
            return
        for stream in (draws.photos, draws.cartoons):
            self._check_label(int(stream.faces.labels.max()))
        if not (draws.cartoons.faces.labels >= 0).any():
            rank_zero_warn(
                "no training face of --data.cartoons has a label, so the label will have no effect; "
                "give them in the folder's faces.csv or with --data.labels"
            )
        known = draws.cartoons.faces.attributes
        for name, column in zip(self.label_encoder.attributes, self.label_encoder.columns, strict=True):
            if len(np.unique(known[:, column][known[:, column] >= 0])) < 2:
                rank_zero_warn(
                    f"the training faces of --data.cartoons are all alike in {name}, or nothing is known of it, so it "
                    "cannot be learnt; leave it out of --model.attributes, or see docs/data.md for cartoons that vary"
                )

    def check_batch(self, batch: UnpairedBatch, batch_idx: int) -> None:
        """Also reject labels that the networks do not have; on a GPU only at first, since reading them waits for it."""
        super().check_batch(batch, batch_idx)
        if not batch_idx or not batch.photo.label.is_cuda:
            self._check_label(max(int(faces.label.max()) for faces in batch))

    def _check_label(self, largest: int) -> None:
        if largest >= self.label_encoder.num_labels:
            raise UsageError(
                f"the data have a label {largest}, --model.num_labels {self.label_encoder.num_labels} is too few"
            )

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
        """Mean L1 change of the cheeks between the cartoon and the same one in another colour."""
        wanted, cartoons = translation.targets["cartoon"], translation.fake["cartoon"]
        generators = self.generators if self.training else self.trained_generators
        others = wanted._replace(label=self._other_labels(wanted.label, "leak"))
        recoloured = self.translate_to("cartoon", generators, photos.image, others)
        cheeks = cheek_mask(photos.landmarks, *cartoons.shape[2:])
        return Term(masked_l1(recoloured, cartoons, cheeks), self._lambda_leak, cheeks.any())


def choose(condition: Tensor, first: Faces, second: Faces) -> Faces:
    """Each face from the first batch where the condition (B,) is true, else from the second."""
    return Faces(
        *(
            torch.where(condition.view(-1, *[1] * (one.dim() - 1)), one, other)
            for one, other in zip(first, second, strict=True)
        )
    )


def _labels_of(hair: HairChoice | int, num_labels: int) -> list[int]:
    """The classes that a value of ``hair`` selects; none for "own"."""
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
    """The accepted values of ``hair``, for messages."""
    if num_labels == len(HairColour):
        return ", ".join(colour.name.lower() for colour in HairColour)
    return f"a class from 0 to {num_labels - 1}"
