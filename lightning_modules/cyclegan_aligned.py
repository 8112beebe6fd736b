"""The aligned variant (paper 4.6.2)."""

from __future__ import annotations

from typing import Any, Literal, cast

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from datamodules.samples import Domain, Faces, UnpairedBatch
from lightning_modules.base import BaseCycleGAN, Translation
from lightning_modules.discriminators import Discriminator, LandmarkDiscriminator
from lightning_modules.drawing import draw_matches
from lightning_modules.landmark_data import require_landmarks
from networks.landmarks import Alignment, align, can_align, landmark_heatmaps, transform_points, warp

Condition = Literal["photo", "landmarks", "none"]

CHANNELS: dict[Condition, int] = {"photo": 3, "landmarks": 5, "none": 0}
"""Condition channels concatenated to the cartoon for its discriminator."""


class CycleGANAligned(BaseCycleGAN):
    """CycleGAN whose cartoon discriminator sees landmark-aligned pairs (paper 4.6.2, Eq. 8).

    A real cartoon is warped onto the landmarks of a photo, with a white border. The photo and the warped cartoon are
    the real pair; the photo and the generated cartoon are the fake pair. If a cartoon cannot be warped because
    landmarks are unknown or degenerate, both pairs are excluded. They would teach the discriminator that real pairs
    are misaligned, or that cartoons of such photos are always fake.

    Args:
        alignment: Type of the warp.
        condition: What the cartoon discriminator sees of the photo in addition to the cartoon.
        aligned_inputs: Use the warped cartoons as generator inputs in training as well, so that cycle and identity
            losses see the same images as the discriminator. This is one reading of the paper's net that "receives such
            A-B pairs".
        **kwargs: Options shared by all variants, see ``BaseCycleGAN``.
    """

    def __init__(
        self,
        alignment: Alignment = "affine",
        condition: Condition = "photo",
        aligned_inputs: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._alignment = alignment
        self._aligned_inputs = aligned_inputs

    def build_discriminator(self, domain: Domain, downscale: int) -> Discriminator:
        """For cartoons, a discriminator conditioned on the photo or its landmarks."""
        if domain == "photo":
            return super().build_discriminator(domain, downscale)
        network = self.build_discriminator_network(domain, in_channels=3 + CHANNELS[self.hparams["condition"]])
        return LandmarkDiscriminator(network, domain, downscale)

    def training_step(self, batch: UnpairedBatch, batch_idx: int) -> None:
        """The shared step, on warped cartoons if ``aligned_inputs`` is set."""
        if self._aligned_inputs:
            batch = batch._replace(cartoon=aligned_to(batch.photo, batch.cartoon, self._alignment))
        super().training_step(batch, batch_idx)

    def real_faces(self, domain: Domain, batch: UnpairedBatch) -> Faces:
        """For cartoons, the warped ones with the photo condition as additional channels.

        Cartoons that cannot be warped lose their landmarks, which excludes them from the discriminator's loss.
        """
        faces = super().real_faces(domain, batch)
        if domain == "photo":
            return faces
        warped = aligned_to(batch.photo, faces, self._alignment)
        return self._beside(batch.photo, self._where_alike(warped, batch.photo, faces))

    def fake_faces(self, domain: Domain, translation: Translation) -> Faces:
        """For cartoons, with the photo condition as additional channels, so that the pool stores it as well.

        Those whose real pair is excluded lose their landmarks, too.
        """
        faces = super().fake_faces(domain, translation)
        if domain == "photo":
            return faces
        photos, cartoons = translation.targets["cartoon"], translation.targets["photo"]
        return self._beside(photos, self._where_alike(faces, photos, cartoons))

    def on_train_start(self) -> None:
        """Reject data without any landmarks."""
        super().on_train_start()
        require_landmarks(cast(DataLoader[UnpairedBatch], self.trainer.train_dataloader).dataset)

    def grid_rows(self, batch: UnpairedBatch) -> list[Tensor]:
        """Adds four rows: photo and warped cartoon (Fig. 7), photo and its cartoon (Fig. 12), landmarks connected."""
        photo, points = batch.photo.image, batch.photo.landmarks
        warped = aligned_to(batch.photo, batch.cartoon, self._alignment)
        cartoon = self.translate_photos(batch.photo)
        return [
            *super().grid_rows(batch),
            *draw_matches(photo, warped.image, points, warped.landmarks),
            *draw_matches(photo, cartoon, points, points),
        ]

    def _where_alike(self, faces: Faces, photos: Faces, cartoons: Faces) -> Faces:
        """Faces with landmarks removed where the cartoon cannot be warped onto the photo."""
        fits = can_align(cartoons.landmarks, photos.landmarks, self._alignment)
        return faces._replace(landmarks=torch.where(fits[:, None, None], faces.landmarks, torch.nan))

    def _beside(self, photos: Faces, cartoons: Faces) -> Faces:
        return cartoons._replace(image=torch.cat([cartoons.image, self._shown_of(photos)], dim=1))

    def _shown_of(self, photos: Faces) -> Tensor:
        """The photo condition of the discriminator, (B, C, H, W)."""
        if self.hparams["condition"] == "landmarks":
            return landmark_heatmaps(photos.landmarks, *photos.image.shape[2:])
        return photos.image[:, : CHANNELS[self.hparams["condition"]]]


def aligned_to(photos: Faces, cartoons: Faces, alignment: Alignment) -> Faces:
    """Cartoons warped onto the landmarks of photos, on white; unchanged where no warp exists."""
    matrices, _ = align(cartoons.landmarks, photos.landmarks, alignment)
    landmarks = transform_points(cartoons.landmarks, matrices)
    return cartoons._replace(image=warp(cartoons.image, matrices), landmarks=landmarks)
