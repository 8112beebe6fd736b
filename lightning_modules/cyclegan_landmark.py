"""The landmark variant (paper 4.6.1)."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, cast

import torch
from lightning.pytorch.trainer.states import TrainerFn
from lightning.pytorch.utilities import rank_zero_warn
from torch import Tensor, nn
from torch.utils.data import DataLoader

from datamodules.samples import Domain, Faces, UnpairedBatch
from datamodules.transforms.face_box import MEAN_FACE, square_of_landmarks
from lightning_modules.base import BaseCycleGAN, Translation
from lightning_modules.discriminators import Discriminator, LocalDiscriminator
from lightning_modules.drawing import RED, draw_lines, draw_points
from lightning_modules.errors import UsageError
from lightning_modules.landmark_data import require_landmarks
from lightning_modules.landmark_detector import LandmarkDetector, or_mean
from lightning_modules.runs import is_dry_run
from lightning_modules.schedules import ramp_factor
from lightning_modules.terms import Term, Terms
from networks.landmarks import PARTS, are_known, cheek_mask, landmark_heatmaps
from networks.losses import landmark_consistency, mean_color_distance, missing_hair

EYE_DISTANCE = float(MEAN_FACE[1, 0] - MEAN_FACE[0, 0])
"""Average eye distance, relative to the side of the face square."""


class CycleGANLandmark(BaseCycleGAN):
    """CycleGAN with landmark consistency and local discriminators (paper 4.6.1).

    The generators take the landmarks as heatmaps. In both directions a frozen landmark regressor locates the landmarks
    of the output, which should match those of the source; the gradient flows through the regressor. Three local
    discriminators classify eyes, nose and mouth of cartoons, each with a separate optimiser. Real patches are cropped
    at the cartoon's landmarks, fake ones at those of the source photo.

    The loss is lambda_1 L_cycleGAN + lambda_2 sum_i lambda_i L_local_i + lambda_3 L_landmark. The landmark loss is the
    distance between found and target landmarks, summed over both directions. Its unit is the eye distance of an average
    face in the square around the source's landmarks, so it is independent of image size and head pose.

    Faces without landmarks are excluded from the landmark and local losses; their heatmaps are empty. At prediction
    the detector finds the landmarks.

    Args:
        heatmaps: Feed the source's landmarks to the generators as five heatmap channels.
        lambda_1: Weight of the CycleGAN losses.
        lambda_2: Weight of the local discriminators.
        lambda_3: Weight of the landmark consistency loss.
        landmark_jitter: In training, randomly shift and scale the regressor's crop by up to this fraction of its side,
            so that the generators cannot exploit the regressor's default output.
        lambda_skin: Weight of the skin loss, the difference in mean cheek colour between a photo and its cartoon.
            Nothing in the paper's losses keeps dark skin dark.
        skin_exposure: Brightness of the cheeks in a cartoon relative to those in its photo, as the skin loss wants it.
            A photo's are partly in shadow, a cartoon's are not.
        lambda_hair_length: Weight of how white cartoons are where their photos have hair, since nothing in the paper's
            losses keeps long hair long. Needs ``--data.background head``.
        lambda_eyes: Relative weight of the local discriminator of the eyes.
        lambda_nose: Relative weight of the local discriminator of the nose.
        lambda_mouth: Relative weight of the local discriminator of the mouth.
        local_start: Training step at which the local discriminators start, once the others have settled. Validation and
            test always use their full weight.
        local_ramp: Training steps over which their weight then rises linearly.
        detector_weights: Detector weights, ``*.safetensors``; by default the project's. Not stored in checkpoints.
        **kwargs: Options shared by all variants, see ``BaseCycleGAN``.
    """

    losses_on_white: ClassVar[tuple[str, ...]] = (*BaseCycleGAN.losses_on_white, "lambda_hair_length")

    def __init__(
        self,
        heatmaps: bool = True,
        lambda_1: float = 1.0,
        lambda_2: float = 0.3,
        lambda_3: float = 1.0,
        landmark_jitter: float = 0.0,
        lambda_skin: float = 0.0,
        skin_exposure: float = 1.0,
        lambda_hair_length: float = 0.0,
        lambda_eyes: float = 1.0,
        lambda_nose: float = 1.0,
        lambda_mouth: float = 1.0,
        local_start: int = 0,
        local_ramp: int = 0,
        detector_weights: str | None = None,
        **kwargs: Any,
    ) -> None:
        for name, value in (
            *(("lambda_1", lambda_1), ("lambda_2", lambda_2), ("lambda_3", lambda_3), ("lambda_eyes", lambda_eyes)),
            *(("lambda_nose", lambda_nose), ("lambda_mouth", lambda_mouth)),
            *(("local_start", local_start), ("local_ramp", local_ramp), ("landmark_jitter", landmark_jitter)),
            *(("lambda_skin", lambda_skin), ("lambda_hair_length", lambda_hair_length)),
        ):
            if value < 0:
                raise UsageError(f"--model.{name} is {value}, must be 0 or more")
        if skin_exposure <= 0:
            raise UsageError(f"--model.skin_exposure is {skin_exposure}, must be more than 0")
        super().__init__(**kwargs)
        weights = Path(detector_weights).expanduser().absolute() if detector_weights else None
        self.hparams["detector_weights"] = str(weights) if weights else None  # absolute: loadable from any folder
        self.detector = LandmarkDetector.of_file(weights)
        self._lambda_cycle *= lambda_1
        self._lambda_identity *= lambda_1
        self._lambda_global, self._lambda_landmark = lambda_1, lambda_3
        self._landmark_jitter = landmark_jitter
        self._lambda_skin, self._skin_exposure = lambda_skin, skin_exposure
        self._lambda_hair_length = lambda_hair_length
        by_part = {"eyes": lambda_eyes, "nose": lambda_nose, "mouth": lambda_mouth}
        self._lambda_local = {part: lambda_2 * weight for part, weight in by_part.items()}
        self._local_start, self._local_ramp = local_start, local_ramp

    def generator_inputs(self) -> dict[str, int]:
        """Adds five heatmap channels."""
        inputs = super().generator_inputs()
        return inputs | {"in_channels": inputs["in_channels"] + 5 * self.hparams["heatmaps"]}

    def generate(self, generators: nn.ModuleDict, target: Domain, images: Tensor, condition: Faces) -> Tensor:
        """Translate ``images`` (B, 3, H, W) to ``target``, with the landmarks of ``condition``."""
        if self.hparams["heatmaps"]:
            images = torch.cat([images, landmark_heatmaps(condition.landmarks, *images.shape[2:])], dim=1)
        return super().generate(generators, target, images, condition)

    def infer_condition(self, photos: Tensor, names: Sequence[str] = ()) -> Faces:
        """Photos (B, 3, H, W) with the landmarks of the largest face detected in each.

        If none is found, it warns and uses the landmarks of an average photo.
        """
        known = super().infer_condition(photos, names)
        if not self.hparams["heatmaps"]:
            return known
        found = self.detector.find(photos)
        for number in (~are_known(found)).nonzero().flatten().tolist():
            name = names[number] if names else f"photo {number}"
            warnings.warn(f"{name}: no face found; it is taken to be where faces are on average", stacklevel=2)
        return known._replace(landmarks=or_mean(found, photos))

    def build_discriminators(self) -> dict[str, Discriminator]:
        """Adds a local discriminator for each part of the cartoon face."""
        return super().build_discriminators() | {part: self.build_local_discriminator(part) for part in PARTS}

    def build_local_discriminator(self, part: str) -> LocalDiscriminator:
        """The discriminator of one of ``PARTS``; a hook for variants."""
        network = self.build_discriminator_network("cartoon", n_layers=2)
        return LocalDiscriminator(network, "cartoon", PARTS[part])

    def discriminator_groups(self) -> list[list[str]]:
        """Adds a separate optimiser for each local discriminator."""
        groups = [[name for name in group if name not in PARTS] for group in super().discriminator_groups()]
        return groups + [[part] for part in PARTS]

    def adversarial_weight(self, discriminator: str) -> float:
        """For local discriminators, lambda_2 times their own weight, ramped up from ``local_start``."""
        if discriminator not in PARTS:
            return self._lambda_global * super().adversarial_weight(discriminator)
        if self._trainer and self.trainer.state.fn not in {None, TrainerFn.FITTING}:  # no schedule there
            return self._lambda_local[discriminator]
        return self._lambda_local[discriminator] * ramp_factor(self.global_step, self._local_start, self._local_ramp)

    def extra_generator_terms(self, batch: UnpairedBatch, translation: Translation) -> Terms:
        """Adds landmark consistency in both directions; outside training also the score of a blank image."""
        terms = super().extra_generator_terms(batch, translation)
        if self._lambda_landmark:
            for domain, wanted in translation.targets.items():
                fakes = translation.fake[domain]
                terms[f"landmark_{domain}"] = self._landmark_term(fakes, wanted.landmarks)
                if not self.training:
                    blank = self._landmark_term(torch.ones_like(fakes), wanted.landmarks)
                    terms[f"landmark_blank_{domain}"] = blank._replace(weight=0.0)
        if self._lambda_skin:
            terms["skin_cartoon"] = self._skin_term(batch.photo, translation.fake["cartoon"])
        if self._lambda_hair_length:
            white = missing_hair(translation.fake["cartoon"], batch.photo.image, batch.photo.landmarks)
            terms["hair_length_cartoon"] = Term(white, self._lambda_hair_length)
        return terms

    def networks_in_loss(self) -> dict[str, nn.Module]:
        """The landmark regressor."""
        return super().networks_in_loss() | {"landmarks": self.detector.regressor}

    def on_train_start(self) -> None:
        """Reject data without any landmarks, and warn if the local discriminators never start."""
        super().on_train_start()
        require_landmarks(cast(DataLoader[UnpairedBatch], self.trainer.train_dataloader).dataset)
        steps = self.trainer.estimated_stepping_batches
        if steps <= self._local_start and any(self._lambda_local.values()) and not is_dry_run(self.trainer):
            rank_zero_warn(
                f"the local discriminators take no part: they begin at --model.local_start {self._local_start}, "
                f"and this run ends at training step {steps:.0f}"
            )

    def grid_rows(self, batch: UnpairedBatch) -> list[Tensor]:
        """Adds three rows, as in Fig. 11: the photo's landmarks, those found in its cartoon, and their displacement."""
        photo, wanted = batch.photo.image, batch.photo.landmarks
        cartoon = self.translate_photos(batch.photo)
        found, _ = self._locate(cartoon, wanted)
        moved = draw_points(draw_lines(cartoon, wanted, found), wanted)
        return [*super().grid_rows(batch), draw_points(photo, wanted), draw_points(cartoon, found, RED), moved]

    def _landmark_term(self, fakes: Tensor, wanted: Tensor) -> Term:
        is_known = are_known(wanted)
        boxes = square_of_landmarks(or_mean(wanted, fakes))
        if self.training and self._landmark_jitter:
            boxes = self._jittered(boxes)
        found = self.detector.regressor(fakes, boxes)
        unit = EYE_DISTANCE * (boxes[:, 2] - boxes[:, 0])
        loss = landmark_consistency(found, or_mean(wanted, fakes), unit, is_known)
        return Term(loss, self._lambda_landmark, is_known.any())

    def _skin_term(self, photos: Faces, cartoons: Tensor) -> Term:
        """L1 distance between the mean cheek colours of cartoons and exposed photos with known landmarks."""
        cheeks = cheek_mask(photos.landmarks, *cartoons.shape[2:])
        wanted = photos.image
        if self._skin_exposure != 1:
            wanted = ((wanted + 1) * self._skin_exposure - 1).clamp(max=1)
        return Term(mean_color_distance(cartoons, wanted, cheeks), self._lambda_skin, cheeks.any())

    def _jittered(self, boxes: Tensor) -> Tensor:
        """Squares (B, 4) with edges shifted by up to ``landmark_jitter`` of their side; they remain squares."""
        side = boxes[:, 2:3] - boxes[:, :1]
        draws = torch.stack([self.random_numbers(boxes, f"window {axis}")[0] for axis in ("x", "y", "side")], dim=1)
        shift, growth = 2 * draws[:, :2] - 1, 2 * draws[:, 2:] - 1
        middle = boxes.view(-1, 2, 2).mean(dim=1) + self._landmark_jitter * side * shift
        half = (1 + self._landmark_jitter * growth) * side / 2
        return torch.cat([middle - half, middle + half], dim=1)

    def _locate(self, fakes: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
        """Landmarks (B, 5, 2) that the regressor finds near the target ones, and the (B, 4) squares that it crops."""
        boxes = square_of_landmarks(or_mean(wanted, fakes))
        return self.detector.regressor(fakes, boxes), boxes
