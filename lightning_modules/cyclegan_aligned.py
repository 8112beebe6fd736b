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
"""What stands beside a cartoon before its discriminator."""


class CycleGANAligned(BaseCycleGAN):
    """CycleGAN whose discriminator of cartoons sees pairs that lie alike (paper 4.6.2, Eq. 8).

    A real cartoon is warped onto the landmarks of a photo, the border filled white; photo and warped cartoon are the
    real pair, photo and generated cartoon the fake one. Where a cartoon cannot be warped onto its photo, because
    landmarks are unknown or degenerate, neither pair counts: it would teach that real pairs lie apart, or that such a
    photo's cartoon is a fake.

    Args:
        alignment: Kind of the warp.
        condition: What the discriminator of cartoons is shown of the photo beside the cartoon.
        aligned_inputs: Translate the warped cartoons in training, too: the generators, the cycle and the identity loss
            then see what the discriminator sees. The paper's net "receives such A-B pairs", which can be read so.
        **kwargs: Options of every variant, see ``BaseCycleGAN``.
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
        """Of cartoons a discriminator that is given the photo or its landmarks."""
        if domain == "photo":
            return super().build_discriminator(domain, downscale)
        network = self.build_discriminator_network(domain, in_channels=3 + CHANNELS[self.hparams["condition"]])
        return LandmarkDiscriminator(network, domain, downscale)

    def training_step(self, batch: UnpairedBatch, batch_idx: int) -> None:
        """The step of all variants, on warped cartoons where that is asked for."""
        if self._aligned_inputs:
            batch = batch._replace(cartoon=aligned_to(batch.photo, batch.cartoon, self._alignment))
        super().training_step(batch, batch_idx)

    def real_faces(self, domain: Domain, batch: UnpairedBatch) -> Faces:
        """Of cartoons the warped ones, with what the discriminator sees of the photo as further channels.

        Those that cannot be warped have no landmarks, so that it does not judge them.
        """
        faces = super().real_faces(domain, batch)
        if domain == "photo":
            return faces
        warped = aligned_to(batch.photo, faces, self._alignment)
        return self._beside(batch.photo, self._where_alike(warped, batch.photo, faces))

    def fake_faces(self, domain: Domain, translation: Translation) -> Faces:
        """Of cartoons with what the discriminator sees of the photo as further channels, so that the pool keeps it.

        Those whose real pair does not count have no landmarks either.
        """
        faces = super().fake_faces(domain, translation)
        if domain == "photo":
            return faces
        photos, cartoons = translation.targets["cartoon"], translation.targets["photo"]
        return self._beside(photos, self._where_alike(faces, photos, cartoons))

    def on_train_start(self) -> None:
        """Refuse data that have no landmarks at all."""
        super().on_train_start()
        require_landmarks(cast(DataLoader[UnpairedBatch], self.trainer.train_dataloader).dataset)

    def grid_rows(self, batch: UnpairedBatch) -> list[Tensor]:
        """Four rows more: photo above warped cartoon (Fig. 7), photo above its cartoon (Fig. 12), points connected."""
        photo, points = batch.photo.image, batch.photo.landmarks
        warped = aligned_to(batch.photo, batch.cartoon, self._alignment)
        cartoon = self.translate_photos(batch.photo)
        return [
            *super().grid_rows(batch),
            *draw_matches(photo, warped.image, points, warped.landmarks),
            *draw_matches(photo, cartoon, points, points),
        ]

    def _where_alike(self, faces: Faces, photos: Faces, cartoons: Faces) -> Faces:
        """Faces that keep their landmarks only where the cartoon can be warped onto the photo."""
        fits = can_align(cartoons.landmarks, photos.landmarks, self._alignment)
        return faces._replace(landmarks=torch.where(fits[:, None, None], faces.landmarks, torch.nan))

    def _beside(self, photos: Faces, cartoons: Faces) -> Faces:
        return cartoons._replace(image=torch.cat([cartoons.image, self._shown_of(photos)], dim=1))

    def _shown_of(self, photos: Faces) -> Tensor:
        """What the discriminator sees of photos, (B, C, H, W)."""
        if self.hparams["condition"] == "landmarks":
            return landmark_heatmaps(photos.landmarks, *photos.image.shape[2:])
        return photos.image[:, : CHANNELS[self.hparams["condition"]]]


def aligned_to(photos: Faces, cartoons: Faces, alignment: Alignment) -> Faces:
    """Cartoons warped onto the landmarks of photos, on white; those that cannot be are returned as they are."""
    matrices, _ = align(cartoons.landmarks, photos.landmarks, alignment)
    landmarks = transform_points(cartoons.landmarks, matrices)
    return cartoons._replace(image=warp(cartoons.image, matrices), landmarks=landmarks)
