"""The training step shared by all CycleGAN variants, and the hooks that a variant overrides."""

from __future__ import annotations

import math
from abc import ABC
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
import torch
import torch.nn.functional as F
from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.core.optimizer import LightningOptimizer
from lightning.pytorch.strategies import ParallelStrategy
from lightning.pytorch.utilities import rank_zero_warn
from torch import Tensor, nn
from torch.optim import Adam, Optimizer
from torch.optim.lr_scheduler import LambdaLR

from datamodules.samples import NO_HAIR_COLOUR, UNKNOWN, Attribute, Domain, Faces, Photos, UnpairedBatch
from lightning_modules.compiling import compile_networks
from lightning_modules.discriminators import SCALES, Discriminator, join
from lightning_modules.errors import UsageError
from lightning_modules.frozen import FrozenNetwork
from lightning_modules.micro_batches import MicroBatch, mean_terms, micro_batches, rows
from lightning_modules.old_checkpoints import update_pools
from lightning_modules.one_step import one_training_step
from lightning_modules.pretrained import start_from_checkpoint
from lightning_modules.schedules import decay_factor, fade_factor
from lightning_modules.terms import Term, Terms, of_kind, total
from networks import (
    AdversarialLoss,
    DiscriminatorNorm,
    GanMode,
    Generator,
    GeneratorName,
    ImagePool,
    PatchDiscriminator,
    Upsampling,
    build_generator,
    ema_of,
    init_weights,
    l1_consistency,
    r1_penalty,
)
from networks.finisher import CartoonFinisher
from networks.losses import background_whiteness
from networks.translator import start_from
from networks.weights_file import WeightsError

OPPOSITE: dict[Domain, Domain] = {"photo": "cartoon", "cartoon": "photo"}
"""The opposite domain; iterating it gives both."""


@dataclass(frozen=True)
class Translation:
    """Generator outputs for one batch, keyed by target domain.

    Attributes:
        fake: ``fake["cartoon"]`` is G(photo), images (B, 3, H, W).
        reconstruction: ``reconstruction["photo"]`` is the fake cartoon translated back to a photo.
        identity: ``identity["cartoon"]`` is a real cartoon passed through the cartoon generator; empty if unused.
        targets: ``targets["cartoon"]`` are the source photos with the labels and landmarks that G was conditioned on.
    """

    fake: dict[Domain, Tensor]
    reconstruction: dict[Domain, Tensor]
    identity: dict[Domain, Tensor]
    targets: dict[Domain, Faces]


class TermsCallback(Callback):
    """A callback that receives the generator loss terms at each training step."""

    def on_generator_terms(self, trainer: Trainer, pl_module: BaseCycleGAN, terms: Terms) -> None:
        """Called before the backward pass, while the autograd graphs are still alive."""


class TranslationCallback(Callback):
    """A callback that receives the generator outputs for each validation or test batch."""

    def on_translation(
        self, trainer: Trainer, pl_module: BaseCycleGAN, batch: UnpairedBatch, translation: Translation, batch_idx: int
    ) -> None:
        """Called after the batch has been translated."""


class BaseCycleGAN(LightningModule, ABC):
    """Unpaired translation between photos and cartoons with cycle consistency (paper 4.3, Eq. 4-6).

    All variants share one training step: translate the batch once, update both generators, then update each group of
    discriminators. A variant overrides hooks, which read their options from ``self.hparams`` (set before the calls):

    - networks: ``build_generator``, ``generator_inputs``, ``build_discriminator`` (one domain),
      ``build_discriminators`` (all), ``discriminator_groups`` (which share an optimiser);
    - inputs: ``generate`` (conditions passed to a generator), ``target_faces`` (labels and landmarks of fakes),
      ``infer_condition`` (the same for unlabelled photos at prediction), ``cartoons`` (what prediction returns);
    - discriminator inputs: ``Discriminator.inputs``, ``real_faces``, ``extra_negatives``;
    - losses: ``adversarial_weight`` (can change over time), ``extra_generator_terms``, ``networks_in_loss``;
    - ``grid_rows``: the image grid of a batch.

    Args:
        generator: Backbone of both generators.
        ngf: Channels of the generators' first convolution.
        ngf_photo: The same for the photo generator; ``ngf`` by default. The backward generator is only needed in
            training, so a smaller one saves time.
        ndf: Channels of the discriminators' first convolution.
        ndf_photo: The same for the photo discriminators; ``ndf`` by default.
        discriminator_norm: "instance" (CycleGAN), "spectral" or "none".
        discriminator_scales: Number of full-image discriminators per domain; each sees images at half the size of the
            previous one.
        r1_weight: Weight of the R1 gradient penalty of every discriminator on real images; 0 for none.
        r1_interval: Compute the penalty every n-th training step, scaled by n.
        upsampling: Transposed convolution (paper) or resize and convolution (no checkerboard artefacts).
        gan_mode: "vanilla" (paper Eq. 4), "lsgan" or "hinge".
        lambda_cycle: Weight of each cycle consistency (Eq. 5).
        cycle_noise: Standard deviation of Gaussian noise added to a generated cartoon, in [-1, 1], before it is
            translated back in training. Without it the generators hide the photo in the cartoon, which shows as
            mottling (Chu et al. 2017, "CycleGAN, a Master of Steganography"; Bashkirova et al. 2019).
        lambda_identity: Weight of each identity loss (Eq. 6), relative to ``lambda_cycle``; 0 skips its computation.
        identity_steps: Training steps over which the identity losses fade linearly to zero; 0 keeps them.
        lambda_background: Weight of what cartoons draw in the white background of their photos, away from the head.
            Nothing in the paper's losses keeps it empty. Needs ``--data.background white`` or ``head``.
        pool_size: Number of earlier fakes per domain kept in the discriminators' image pool; 0 for none.
        learning_rate: Adam's learning rate.
        beta1: Adam's beta1.
        decay_start: Fraction of the epochs after which the learning rate decays linearly to zero.
        clip_grad_norm: Maximum gradient norm for each optimiser; no clipping by default.
        ema_decay: Decay of the generators' exponential moving average, used for validation and prediction; 0 for none.
        pretrained: File that a training starts from: one written by ``cartoongan export``, for the cartoon generator
            alone, or a checkpoint, for all generators and discriminators, at the moving average of the generators. They
            must have the same architecture, but there may be more labels than before, and generators of half the image
            size become the coarse part of enhanced ones. Later checkpoints do not depend on the file.
        micro_batch_size: Gradient accumulation: pass at most this many images per domain through the networks at a
            time, and update them once per batch. The gradients are those of the whole batch, unless a loss only applies
            to some faces, whose mean is then taken in each part. Less memory, more time. By default the whole batch.
        gradient_checkpointing: Do not keep the activations of the generators, but compute them again in the backward
            pass. The gradients are the same. Less memory, one more forward pass.
        compile: Compile generators and discriminators with ``torch.compile`` in training. Needs a C++ compiler.
            Checkpoints are the same.
    """

    options_of_a_run: ClassVar[tuple[str, ...]] = (
        "pretrained",
        "micro_batch_size",
        "gradient_checkpointing",
        "compile",
    )
    """Options of a single run, which checkpoints do not store."""

    losses_on_white: ClassVar[tuple[str, ...]] = ("lambda_background",)
    """Weights of losses that need photos on white."""

    def __init__(
        self,
        generator: GeneratorName = "resnet9",
        ngf: int = 64,
        ngf_photo: int | None = None,
        ndf: int = 64,
        ndf_photo: int | None = None,
        discriminator_norm: DiscriminatorNorm = "instance",
        discriminator_scales: int = 1,
        r1_weight: float = 0.0,
        r1_interval: int = 1,
        upsampling: Upsampling = "transposed",
        gan_mode: GanMode = "vanilla",
        lambda_cycle: float = 10.0,
        cycle_noise: float = 0.0,
        lambda_identity: float = 0.5,
        identity_steps: int = 0,
        lambda_background: float = 0.0,
        pool_size: int = 50,
        learning_rate: float = 2e-4,
        beta1: float = 0.5,
        decay_start: float = 0.5,
        clip_grad_norm: float | None = None,
        ema_decay: float = 0.0,
        pretrained: str | None = None,
        micro_batch_size: int | None = None,
        gradient_checkpointing: bool = False,
        compile: bool = False,
    ) -> None:
        super().__init__()
        for name, value, is_valid, expected in (
            ("ngf", ngf, ngf >= 1, "1 or more"),
            ("ngf_photo", ngf_photo, ngf_photo is None or ngf_photo >= 1, "1 or more"),
            ("ndf", ndf, ndf >= 1, "1 or more"),
            ("ndf_photo", ndf_photo, ndf_photo is None or ndf_photo >= 1, "1 or more"),
            ("discriminator_scales", discriminator_scales, 1 <= discriminator_scales <= 3, "from 1 to 3"),
            ("r1_weight", r1_weight, r1_weight >= 0, "0 or more"),
            ("r1_interval", r1_interval, r1_interval >= 1, "1 or more"),
            ("lambda_cycle", lambda_cycle, lambda_cycle >= 0, "0 or more"),
            ("cycle_noise", cycle_noise, cycle_noise >= 0, "0 or more"),
            ("lambda_identity", lambda_identity, lambda_identity >= 0, "0 or more"),
            ("identity_steps", identity_steps, identity_steps >= 0, "0 or more"),
            ("lambda_background", lambda_background, lambda_background >= 0, "0 or more"),
            ("pool_size", pool_size, pool_size >= 0, "0 or more"),
            ("learning_rate", learning_rate, learning_rate > 0, "more than 0"),
            ("beta1", beta1, 0 <= beta1 < 1, "from 0 to below 1"),
            ("decay_start", decay_start, 0 <= decay_start <= 1, "from 0 to 1"),
            ("clip_grad_norm", clip_grad_norm, clip_grad_norm is None or clip_grad_norm > 0, "more than 0"),
            ("ema_decay", ema_decay, 0 <= ema_decay < 1, "from 0 to below 1"),
            ("micro_batch_size", micro_batch_size, micro_batch_size is None or micro_batch_size >= 1, "1 or more"),
        ):
            if not is_valid:
                raise UsageError(f"--model.{name} is {value}, must be {expected}")
        self.save_hyperparameters(ignore=list(self.options_of_a_run))
        self.automatic_optimization = False
        self._generator_name, self._upsampling = generator, upsampling
        self._ngf, self._ngf_photo = ngf, ngf_photo or ngf
        self._ndf, self._ndf_photo = ndf, ndf_photo or ndf
        self._discriminator_norm, self._discriminator_scales = discriminator_norm, discriminator_scales
        self._r1_weight, self._r1_interval = r1_weight, r1_interval
        self._lambda_cycle = lambda_cycle
        self._cycle_noise = cycle_noise
        self._lambda_identity = lambda_identity * lambda_cycle
        self._identity_steps = identity_steps
        self._lambda_background = lambda_background
        self._learning_rate, self._beta1 = learning_rate, beta1
        self._decay_start = decay_start
        self._clip_grad_norm = clip_grad_norm
        self._micro_batch_size = micro_batch_size
        self._is_compiled = compile
        self._part: MicroBatch | None = None
        self.adversarial_loss = AdversarialLoss(gan_mode)
        self.generators = nn.ModuleDict({domain: init_weights(self.build_generator(domain)) for domain in OPPOSITE})
        self.discriminators = nn.ModuleDict(
            {name: init_weights(discriminator) for name, discriminator in self.build_discriminators().items()}
        )
        if pretrained:
            self._start_from(Path(pretrained).expanduser())
        self.pools = nn.ModuleDict({domain: ImagePool(pool_size) for domain in OPPOSITE})
        self.average = ema_of(self.generators, ema_decay) if ema_decay else None
        for network in self.generators.modules():  # an enhanced generator contains another
            if isinstance(network, Generator):
                network.gradient_checkpointing = gradient_checkpointing
        self.finisher: FrozenNetwork[CartoonFinisher] | None = None

    def attach_finisher(self, finisher: CartoonFinisher) -> None:
        """Post-process all cartoons with a finisher, which enlarges them by ``finisher.scale``.

        For inference only; checkpoints do not store it.
        """
        self.finisher = FrozenNetwork(finisher).to(self.device)

    # Hooks of the variants

    def build_generator(self, target: Domain) -> Generator:
        """A generator for the ``target`` domain."""
        inputs = self.generator_inputs()
        ngf = self._ngf if target == "cartoon" else self._ngf_photo
        return build_generator(self._generator_name, ngf=ngf, upsampling=self._upsampling, **inputs)

    def generator_inputs(self) -> dict[str, Any]:
        """Keyword arguments for ``build_generator``: ``in_channels``, ``num_labels``, and how labels are injected."""
        return {"in_channels": 3, "num_labels": 0}

    def generate(self, generators: nn.ModuleDict, target: Domain, images: Tensor, condition: Faces) -> Tensor:
        """Translate ``images`` (B, 3, H, W) to ``target``, conditioned on the labels and landmarks of ``condition``."""
        return cast(Tensor, generators[target](images))

    def infer_condition(self, photos: Tensor, names: Sequence[str] = ()) -> Faces:
        """Photos (B, 3, H, W) with inferred labels and landmarks; none by default.

        Args:
            photos: The photos.
            names: Their file names, if any, for warnings.
        """
        landmarks = photos.new_full((len(photos), 5, 2), math.nan)
        unknown = torch.full((len(photos),), NO_HAIR_COLOUR, device=photos.device)
        attributes = torch.full((len(photos), len(Attribute)), UNKNOWN, device=photos.device)
        return Faces(photos, landmarks, unknown, attributes)

    def cartoons(self, photos: Faces) -> Tensor:
        """Cartoons (B, 3, H, W) of photos with their labels and landmarks; what prediction returns."""
        return self.translate_photos(photos)

    def translate_photos(self, photos: Faces) -> Tensor:
        """Cartoons (B, 3, H, W) of photos, conditioned on their own labels and landmarks as in training."""
        return self.translate_to("cartoon", self.trained_generators, photos.image, photos)

    def networks_in_loss(self) -> dict[str, nn.Module]:
        """Frozen networks used in a loss, by role. Evaluation must not use the same ones."""
        return {}

    def in_all_labels(self, photos: Faces) -> list[Tensor]:
        """Cartoons (B, 3, H, W) of the photos for each label; empty in a variant without labels."""
        return []

    def target_faces(self, target: Domain, batch: UnpairedBatch) -> Faces:
        """The source faces of the ``target`` fakes, with the labels and landmarks that the fakes should have."""
        return faces_of(batch, OPPOSITE[target])

    def build_discriminators(self) -> dict[str, Discriminator]:
        """The discriminators by name: one per domain and scale."""
        return {
            f"{domain}{suffix}": self.build_discriminator(domain, downscale)
            for domain in OPPOSITE
            for suffix, downscale in SCALES[: self._discriminator_scales]
        }

    def build_discriminator(self, domain: Domain, downscale: int) -> Discriminator:
        """The full-image discriminator of a domain at one scale."""
        return Discriminator(self.build_discriminator_network(domain), domain, downscale)

    def build_discriminator_network(self, domain: Domain, **options: int) -> PatchDiscriminator:
        """The network of a domain's discriminator; ``options`` are passed to ``PatchDiscriminator``."""
        ndf = self._ndf if domain == "cartoon" else self._ndf_photo
        return PatchDiscriminator(ndf=ndf, norm=self._discriminator_norm, **options)

    def discriminator_groups(self) -> list[list[str]]:
        """Names of the discriminators that share an optimiser."""
        return [list(self.discriminators)]

    def adversarial_weight(self, discriminator: str) -> float:
        """Weight of a discriminator in the generator loss at this step; at 0 it is not trained either."""
        return 1.0 / self._discriminator_scales

    def real_faces(self, domain: Domain, batch: UnpairedBatch) -> Faces:
        """The real faces for the discriminators of ``domain``."""
        return faces_of(batch, domain)

    def extra_negatives(self, discriminator: str, real: Faces, fake: Faces) -> list[Faces]:
        """Additional negative batches for a discriminator besides the fakes, all with equal weight."""
        return []

    def extra_generator_terms(self, batch: UnpairedBatch, translation: Translation) -> Terms:
        """Generator losses other than adversarial, cycle and identity."""
        if not self._lambda_background:
            return {}
        whiteness = background_whiteness(translation.fake["cartoon"], batch.photo.image)
        return {"background_cartoon": Term(whiteness, self._lambda_background)}

    # The step

    def training_step(self, batch: UnpairedBatch, batch_idx: int) -> None:
        """Update the generators with frozen discriminators, then each group of discriminators."""
        optimizers = self.optimizers()
        assert isinstance(optimizers, list), "configure_optimizers makes one for the generators and at least one more"
        with one_training_step(optimizers):
            terms = self._update_generators_and_discriminators(batch, *optimizers)
        self._log_terms("train", terms, len(batch.photo.image))

    def _update_generators_and_discriminators(
        self,
        batch: UnpairedBatch,
        generator_optimizer: LightningOptimizer,
        *discriminator_optimizers: LightningOptimizer,
    ) -> Terms:
        parts = micro_batches(batch, self._micro_batch_size)
        terms, fakes = self._update_generators(parts, generator_optimizer)
        if self.average is not None:
            self.average.update_parameters(self.generators)
        pooled = {domain: self._pooled(domain, [fake[domain] for fake in fakes]) for domain in OPPOSITE}
        for names, optimizer in zip(self.discriminator_groups(), discriminator_optimizers, strict=True):
            if active := [name for name in names if self.adversarial_weight(name)]:
                terms |= self._update_discriminators(active, parts, pooled, optimizer)
        return terms

    def _update_generators(
        self, parts: list[MicroBatch], optimizer: LightningOptimizer
    ) -> tuple[Terms, list[dict[Domain, Faces]]]:
        """The generators' terms, and the detached fakes of each part."""
        terms, fakes = list[Terms](), list[dict[Domain, Faces]]()
        with self.toggled_optimizer(optimizer):
            optimizer.zero_grad()
            for part in parts:
                with self._computing(part):
                    translation = self.translate(self.generators, part.batch)
                    terms.append(self.generator_terms(part.batch, translation))
                    if not part.start:
                        self._show(terms[0])
                    self._backward(terms[-1], part)
                fakes.append({domain: _detached(self.fake_faces(domain, translation)) for domain in OPPOSITE})
            optimizer.step()
        return mean_terms(terms, parts), fakes

    def _update_discriminators(
        self,
        names: list[str],
        parts: list[MicroBatch],
        fakes: Mapping[Domain, Faces],
        optimizer: LightningOptimizer,
    ) -> Terms:
        """The terms of discriminators that share an optimiser."""
        terms = list[Terms]()
        with self.toggled_optimizer(optimizer):
            optimizer.zero_grad()
            for part in parts:
                count = len(part.batch.photo.image)
                part_fakes = {domain: rows(faces, part.start, count) for domain, faces in fakes.items()}
                with self._computing(part):
                    terms.append(
                        {
                            f"discriminator_{name}": self.discriminator_term(name, part.batch, part_fakes)
                            for name in names
                        }
                    )
                    if self._r1_weight and self.global_step % self._r1_interval == 0:
                        terms[-1] |= {f"r1_{name}": self.penalty_term(name, part.batch) for name in names}
                    self._backward(terms[-1], part)
            optimizer.step()
        return mean_terms(terms, parts)

    def translate(self, generators: nn.ModuleDict, batch: UnpairedBatch) -> Translation:
        """Run both generators on a batch, each image once.

        Translation and identity inputs share one forward pass. Instance norm works per image, so the result is the
        same as with separate passes.
        """
        fake: dict[Domain, Tensor] = {}
        identity: dict[Domain, Tensor] = {}
        targets = {target: self.target_faces(target, batch) for target in OPPOSITE}
        for target, given in targets.items():
            if self.identity_weight():
                both = join(given, faces_of(batch, target))
                fake[target], identity[target] = self.translate_to(target, generators, both.image, both).chunk(2)
            else:
                fake[target] = self.translate_to(target, generators, given.image, given)
        way_back = {"cartoon": self._with_noise(fake["cartoon"]), "photo": fake["photo"]}
        reconstruction = {
            domain: self.translate_to(domain, generators, way_back[OPPOSITE[domain]], faces_of(batch, domain))
            for domain in OPPOSITE
        }
        return Translation(fake, reconstruction, identity, targets)

    def translate_to(self, target: Domain, generators: nn.ModuleDict, images: Tensor, condition: Faces) -> Tensor:
        """Translate ``images`` (B, 3, H, W) to ``target``, through the finisher if attached; the size is kept."""
        if self.finisher is None:
            return self.generate(generators, target, images, condition)
        scale = self.finisher.network.scale
        small = F.avg_pool2d(images, scale)
        # Pixel centres are offset by half a pixel at both resolutions.
        condition = condition._replace(image=small, landmarks=(condition.landmarks + 0.5) / scale - 0.5)
        translated = self.generate(generators, target, small, condition)
        if target == "cartoon":
            return cast(Tensor, self.finisher(translated).image)
        return F.interpolate(translated, scale_factor=scale, mode="bilinear", align_corners=False)

    def generator_terms(self, batch: UnpairedBatch, translation: Translation) -> Terms:
        """All generator losses: adversarial (Eq. 4), cycle (Eq. 5), identity (Eq. 6) and those of the variant."""
        terms: Terms = {}
        for name, discriminator in self._discriminators():
            if weight := self.adversarial_weight(name):
                fakes = self.fake_faces(discriminator.domain, translation)
                counts = discriminator.valid_mask(fakes)
                loss = self.adversarial_loss.generator(discriminator(fakes), counts)
                terms[f"adversarial_{name}"] = Term(loss, weight, None if counts is None else counts.any())
        for domain in OPPOSITE:
            image = faces_of(batch, domain).image
            cycle = l1_consistency(translation.reconstruction[domain], image)
            terms[f"cycle_{domain}"] = Term(cycle, self._lambda_cycle)
            if domain in translation.identity:
                identity = l1_consistency(translation.identity[domain], image)
                terms[f"identity_{domain}"] = Term(identity, self.identity_weight())
        return terms | self.extra_generator_terms(batch, translation)

    def discriminator_term(self, name: str, batch: UnpairedBatch, fakes: Mapping[Domain, Faces]) -> Term:
        """Loss of one discriminator (Eq. 4, halved) on real faces and pooled fakes."""
        discriminator = cast(Discriminator, self.discriminators[name])
        real, fake = self.real_faces(discriminator.domain, batch), fakes[discriminator.domain]
        negatives = [fake, *self.extra_negatives(name, real, fake)]
        real_logits, *negative_logits = discriminator.forward_batches(real, *negatives)
        real_counts = discriminator.valid_mask(real)
        losses = [
            self.adversarial_loss.discriminator(real_logits, logits, real_counts, discriminator.valid_mask(faces))
            for faces, logits in zip(negatives, negative_logits, strict=True)
        ]
        return Term(torch.stack(losses).mean(), 1.0)

    def penalty_term(self, name: str, batch: UnpairedBatch) -> Term:
        """R1 penalty of one discriminator on real faces, in float32 even under autocast (it squares a gradient)."""
        discriminator = cast(Discriminator, self.discriminators[name])
        real = self.real_faces(discriminator.domain, batch)
        real = real._replace(image=real.image.detach().requires_grad_())
        # Compiled networks have no second derivatives.
        eager = torch.compiler.set_stance("force_eager") if self._is_compiled else nullcontext()
        with eager, torch.autocast(real.image.device.type, enabled=False):
            penalty = r1_penalty(discriminator(real), real.image, discriminator.valid_mask(real))
        return Term(penalty, self._r1_weight * self._r1_interval)

    def identity_weight(self) -> float:
        """Weight of each identity loss at this step; in training it decays over ``identity_steps``."""
        return self._lambda_identity * (fade_factor(self.global_step, self._identity_steps) if self.training else 1.0)

    def fake_faces(self, domain: Domain, translation: Translation) -> Faces:
        """Generated faces of ``domain`` with the labels and landmarks they should have."""
        return translation.targets[domain]._replace(image=translation.fake[domain])

    # Validation, test, prediction

    @property
    def trained_generators(self) -> nn.ModuleDict:
        """The generators for inference: their moving average if there is one."""
        return self.generators if self.average is None else cast(nn.ModuleDict, self.average.module)

    def validation_step(self, batch: UnpairedBatch, batch_idx: int) -> None:
        """Log every generator loss under ``val/``."""
        self._evaluate("val", batch, batch_idx)

    def test_step(self, batch: UnpairedBatch, batch_idx: int) -> None:
        """Log every generator loss under ``test/``."""
        self._evaluate("test", batch, batch_idx)

    def predict_step(self, batch: Photos, batch_idx: int) -> Tensor:
        """Cartoons (B, 3, H, W) in [-1, 1] of the photos."""
        return self.cartoons(self.infer_condition(batch.image, batch.name))

    def forward(self, photos: Tensor) -> Tensor:
        """Cartoons (B, 3, H, W) in [-1, 1] of photos of the same shape and range, one per photo.

        Example:
            >>> model = load_model(Path("last.ckpt"))
            >>> with torch.no_grad():
            ...     cartoons = model(photos)
        """
        return self.translate_photos(self.infer_condition(photos))

    def grid_rows(self, batch: UnpairedBatch) -> list[Tensor]:
        """Image grid rows, each (B, 3, H, W): photo, cartoon, reconstruction; cartoon, photo, reconstruction."""
        translation = self.translate(self.trained_generators, batch)
        return [
            *(batch.photo.image, translation.fake["cartoon"], translation.reconstruction["photo"]),
            *(batch.cartoon.image, translation.fake["photo"], translation.reconstruction["cartoon"]),
        ]

    # Optimisation

    def prepare_data(self) -> None:
        """Reject an image size that the networks do not support, before anything is written."""
        data = getattr(self.trainer.datamodule, "hparams", {})  # type: ignore[attr-defined]
        for name in self.losses_on_white:
            if self.hparams[name] and data.get("background") == "keep":
                rank_zero_warn(f"--model.{name} takes no part with --data.background keep: it needs photos on white")
        side = data.get("image_size")
        if side is not None and (problem := self.size_error(side)):
            raise UsageError(f"--data.image_size {side}: {problem}")

    def on_train_batch_start(self, batch: UnpairedBatch, batch_idx: int) -> None:
        """Check the batch."""
        self.check_batch(batch, batch_idx)

    def on_validation_batch_start(self, batch: UnpairedBatch, batch_idx: int, dataloader_idx: int = 0) -> None:
        """Check the batch."""
        self.check_batch(batch, batch_idx)

    def on_test_batch_start(self, batch: UnpairedBatch, batch_idx: int, dataloader_idx: int = 0) -> None:
        """Check the batch."""
        self.check_batch(batch, batch_idx)

    def check_batch(self, batch: UnpairedBatch, batch_idx: int) -> None:
        """Reject images whose size the networks do not support, whatever loader they are from; a hook for variants.

        Raises:
            UsageError: The batch does not fit the model.
        """
        if not batch_idx:
            self._check_sizes(batch)

    def _check_sizes(self, batch: UnpairedBatch) -> None:
        for domain, faces in zip(("photos", "cartoons"), batch, strict=True):
            height, width = faces.image.shape[2:]
            if height != width:
                raise UsageError(f"the {domain} are {height} x {width} px; they must be square")
            if problem := self.size_error(height):
                raise UsageError(f"the {domain} are {height} px: {problem}")

    def size_error(self, side: int) -> str | None:
        """Why the networks do not support an image size in pixels; None if they do. A finisher's scale counts."""
        side //= self.finisher.network.scale if self.finisher else 1
        needs: list[tuple[nn.Module, int, int]] = [
            (network, network.divisor, network.smallest_side)
            for network in self.modules()
            if isinstance(network, Generator)
        ]
        needs += [
            (discriminator.network, 1, discriminator.downscale * discriminator.network.smallest_side)
            for discriminator in self.modules()
            if isinstance(discriminator, Discriminator) and isinstance(discriminator.network, PatchDiscriminator)
        ]
        for network, divisor, smallest in needs:
            if side % divisor or side < smallest:
                return f"{type(network).__name__} needs a multiple of {divisor}, at least {smallest}"
        return None

    def configure_optimizers(self) -> tuple[list[Optimizer], list[LambdaLR]]:
        """One Adam for both generators and one per group of discriminators, all on the same schedule."""
        groups: list[list[nn.Module]] = [[self.generators]]
        groups += [[self.discriminators[name] for name in names] for names in self.discriminator_groups()]
        optimizers: list[Optimizer] = [
            Adam(
                [parameter for module in group for parameter in module.parameters()],
                lr=self._learning_rate,
                betas=(self._beta1, 0.999),
                # The fused kernel unscales gradients internally, which is too late for clipping.
                fused=self._clip_grad_norm is None,
            )
            for group in groups
        ]
        return optimizers, [LambdaLR(optimizer, self._rate_factor) for optimizer in optimizers]

    def on_fit_start(self) -> None:
        """Compile the networks if requested.

        Raises:
            UsageError: They cannot be compiled here.
        """
        if self._is_compiled:
            networks = [*self.generators.values(), *(each.network for _, each in self._discriminators())]
            callbacks: list[Callback] = self.trainer.callbacks  # type: ignore[attr-defined]
            are_graphs_kept = any(isinstance(callback, TermsCallback) for callback in callbacks)
            compile_networks(networks, self.device, are_graphs_kept)

    def on_train_start(self) -> None:
        """Apply the current options to the optimisers, overriding those of a resumed checkpoint."""
        schedulers = cast(list[LambdaLR], self.lr_schedulers())
        for optimizer, scheduler in zip(self.trainer.optimizers, schedulers, strict=True):
            scheduler.base_lrs = [self._learning_rate] * len(optimizer.param_groups)
            rate = self._learning_rate * self._rate_factor(scheduler.last_epoch)
            for group in optimizer.param_groups:
                group |= {"lr": rate, "initial_lr": self._learning_rate, "betas": (self._beta1, 0.999)}
                group["fused"] = self._clip_grad_norm is None
            for parameter, state in optimizer.state.items():  # fused Adam keeps its step count on the device
                state["step"] = state["step"].to(parameter.device if self._clip_grad_norm is None else "cpu")
        trainer: Any = self.trainer
        steps = [trainer.num_training_batches, *([trainer.max_steps] if trainer.max_steps > 0 else [])]
        trainer.log_every_n_steps = max(1, min(trainer.log_every_n_steps, *steps))  # log short runs, too

    def on_train_batch_end(self, outputs: object, batch: UnpairedBatch, batch_idx: int) -> None:
        """Stop the run if a loss is no longer finite."""
        interval: int = self.trainer.log_every_n_steps  # type: ignore[attr-defined]  # Lightning sets it from a connector
        if self.trainer.global_step % interval == 0:  # not every step: the check synchronises the GPU
            self._check_finite()

    def on_train_epoch_end(self) -> None:
        """Step the learning rate schedulers, which Lightning leaves to us under manual optimisation."""
        self._check_finite()  # keeps NaN out of checkpoints
        schedulers = cast(list[LambdaLR], self.lr_schedulers())
        self.log("learning_rate", self.trainer.optimizers[0].param_groups[0]["lr"])
        for scheduler in schedulers:
            scheduler.step()

    def on_before_optimizer_step(self, optimizer: Optimizer) -> None:
        """Clip the unscaled gradients."""
        if self._clip_grad_norm is not None:
            parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
            nn.utils.clip_grad_norm_(parameters, self._clip_grad_norm)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Update an old checkpoint, and reject weights of a different architecture, naming the options that differ."""
        update_pools(checkpoint["state_dict"])
        expected = {name: value.shape for name, value in self.state_dict().items() if isinstance(value, Tensor)}
        found = {name: value.shape for name, value in checkpoint["state_dict"].items() if isinstance(value, Tensor)}
        if expected == found:
            return
        theirs: Mapping[str, object] = checkpoint.get("hyper_parameters", {})
        differing = [
            f"{name}: {theirs[name]} in it, {value} here"
            for name, value in self.hparams.items()
            if name in theirs and theirs[name] != value
        ]
        raise UsageError(f"the checkpoint does not fit this model ({'; '.join(differing) or 'other networks'})")

    def _start_from(self, path: Path) -> None:
        try:
            if path.suffix == ".ckpt":
                start_from_checkpoint({"generators": self.generators, "discriminators": self.discriminators}, path)
            else:
                start_from(cast(Generator, self.generators["cartoon"]), path)
        except WeightsError as error:
            raise UsageError(f"--model.pretrained: {error}") from error

    def _show(self, terms: Terms) -> None:
        callbacks: list[Callback] = self.trainer.callbacks  # type: ignore[attr-defined]
        for callback in callbacks:
            if isinstance(callback, TermsCallback):
                callback.on_generator_terms(self.trainer, self, terms)

    @contextmanager
    def _computing(self, part: MicroBatch) -> Iterator[None]:
        """Compute a part of the batch: its random numbers, and gradients that processes only add up after the last."""
        is_alone = part.is_last or not isinstance(self.trainer.strategy, ParallelStrategy)
        self._part = part
        try:
            with nullcontext() if is_alone else cast(ParallelStrategy, self.trainer.strategy).block_backward_sync():
                yield
        finally:
            self._part = None

    def _backward(self, terms: Terms, part: MicroBatch) -> None:
        loss = total(terms)
        self.manual_backward(loss if part.share == 1 else part.share * loss)

    @torch.no_grad()
    def _pooled(self, domain: Domain, fakes: list[Faces]) -> Faces:
        """Fakes for the discriminators: the current ones, some replaced by older ones from the pool."""
        current = fakes[0] if len(fakes) == 1 else join(*fakes)
        return Faces(**cast(ImagePool, self.pools[domain]).query(current._asdict()))

    def _check_finite(self) -> None:
        losses = {name: value for name, value in self.trainer.callback_metrics.items() if name.startswith("train/")}
        broken = [name for name, value in losses.items() if not value.isfinite()]
        if broken:
            raise UsageError(
                f"training diverged before step {self.trainer.global_step}: {', '.join(broken)} not finite\n"
                "no checkpoint was made of it; try a smaller --model.learning_rate, --model.clip_grad_norm 1, "
                "or --trainer.precision bf16-mixed"
            )

    def _evaluate(self, stage: str, batch: UnpairedBatch, batch_idx: int) -> None:
        translation = self.translate(self.trained_generators, batch)
        self._log_terms(stage, self.generator_terms(batch, translation), len(batch.photo.image))
        callbacks: list[Callback] = self.trainer.callbacks  # type: ignore[attr-defined]
        for callback in callbacks:
            if isinstance(callback, TranslationCallback):
                callback.on_translation(self.trainer, self, batch, translation, batch_idx)

    def _log_terms(self, stage: str, terms: Terms, batch_size: int) -> None:
        """Log each unweighted term, and the weighted sum of each kind in the progress bar."""
        each = {f"{stage}/{name}": term.value.detach() for name, term in terms.items()}
        kinds = ("cycle", "adversarial", "discriminator") if stage == "train" else ("cycle",)
        by_kind = {kind: of_kind(terms, kind) for kind in kinds}
        sums = {f"{stage}/{kind}": total(of_kind).detach() for kind, of_kind in by_kind.items() if of_kind}
        values = self._mean_over_processes(each | sums)
        self.log_dict({name: values[name] for name in each}, batch_size=batch_size)
        self.log_dict({name: values[name] for name in sums}, batch_size=batch_size, prog_bar=True)

    def _mean_over_processes(self, values: dict[str, Tensor]) -> dict[str, Tensor]:
        """Average the losses over all processes in a single reduce; Lightning would do one per loss."""
        if self.trainer.world_size == 1:
            return values
        means = cast(Tensor, self.trainer.strategy.reduce(torch.stack(list(values.values())), reduce_op="mean"))
        return dict(zip(values, means.unbind(), strict=True))

    def _with_noise(self, cartoons: Tensor) -> Tensor:
        """Generated cartoons, in training with the noise for the backward translation."""
        if not (self.training and self._cycle_noise):
            return cartoons
        return cartoons + self._cycle_noise * self.step_noise(cartoons, "cycle")

    def random_numbers(self, faces: Tensor, purpose: str) -> Tensor:
        """Random numbers (2, B) in [0, 1) for B faces, reproducible after a resume and for any number of processes."""
        processes = self.trainer.world_size if self._trainer else 1
        seed = [torch.initial_seed(), self.global_step, *purpose.encode()]
        start, count = (self._part.start, self._part.total) if self._part else (0, len(faces))
        numbers = np.random.default_rng(seed).random((2, count * processes), dtype=np.float32)
        own = numbers[:, self.global_rank :: processes][:, start : start + len(faces)]
        return torch.from_numpy(own).to(faces.device, non_blocking=True)

    def step_noise(self, images: Tensor, purpose: str) -> Tensor:
        """Gaussian noise like ``images`` (B, ...), reproducible after a resume and for any number of processes."""
        noise = []
        start = self._part.start if self._part else 0
        for number in range(start, start + len(images)):
            face = number * self.trainer.world_size + self.global_rank if self._trainer else number
            seed = np.random.SeedSequence([torch.initial_seed(), self.global_step, face, *purpose.encode()])
            generator = torch.Generator(images.device).manual_seed(int(seed.generate_state(1, np.uint64)[0] >> 1))
            noise.append(torch.randn(images.shape[1:], generator=generator, device=images.device))
        return torch.stack(noise)

    def _discriminators(self) -> list[tuple[str, Discriminator]]:
        return [(name, cast(Discriminator, discriminator)) for name, discriminator in self.discriminators.items()]

    def _rate_factor(self, epoch: int) -> float:
        return decay_factor(epoch, self._epochs(), self._decay_start)

    def _epochs(self) -> int:
        """Total epochs of the run, from ``max_epochs`` and ``max_steps``; 0 if unlimited."""
        trainer = self.trainer
        told = [trainer.max_epochs] if trainer.max_epochs is not None and trainer.max_epochs > 0 else []
        if trainer.max_steps > 0:
            # num_training_batches is infinite until the loaders exist.
            told.append(max(1, math.ceil(trainer.max_steps / trainer.num_training_batches)))
        return min(told, default=0)


def faces_of(batch: UnpairedBatch, domain: Domain) -> Faces:
    """The faces of one domain of a batch."""
    return batch.photo if domain == "photo" else batch.cartoon


def _detached(faces: Faces) -> Faces:
    return faces._replace(image=faces.image.detach())
