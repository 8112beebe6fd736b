"""The frozen detector of a landmark variant, for the loss and for prediction."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from datamodules.errors import DataError
from datamodules.transforms.face_box import square_of_landmarks
from lightning_modules.detector import load_detector
from lightning_modules.errors import UsageError
from lightning_modules.frozen import FrozenNetwork
from networks.landmarks import are_known
from networks.mtcnn import MTCNN, Cascade, CascadeSettings, LandmarkRegressor
from networks.mtcnn.cascade import SMALLEST_MIN_FACE
from networks.pixels import to_bytes

MEAN_PHOTO = torch.tensor([[0.395, 0.517], [0.612, 0.517], [0.500, 0.652], [0.404, 0.752], [0.601, 0.750]])
"""Average landmarks in framed CelebA photos, relative to the frame side (measured)."""

SEARCHED_SIDE = 640
"""Maximum size at which photos are searched for faces; the smallest detectable face is 1/16 of it."""

FRAME_SIDE = 256
"""Side in pixels of the frame cropped from a photo, before it is scaled to the networks' input size."""

MIN_FACE = 0.25
"""Minimum face size in a framed photo, relative to the frame side; the mean is 0.65."""


class LandmarkDetector(nn.Module):
    """A differentiable landmark regressor for losses, and a cascade that detects landmarks in photos.

    It is neither trained nor part of a state dict, so the detector's file is needed in addition to a checkpoint.

    Args:
        nets: The detector; not copied.
    """

    def __init__(self, nets: MTCNN) -> None:
        super().__init__()
        self._nets = FrozenNetwork(nets)
        self._regressor = FrozenNetwork(LandmarkRegressor(nets.onet))
        self._cascades: dict[tuple[int, torch.device], Cascade] = {}  # each holds a copy of the nets

    @property
    def regressor(self) -> LandmarkRegressor:
        """Locates landmarks in given squares."""
        return self._regressor.network

    @classmethod
    def of_file(cls, weights: Path | None) -> LandmarkDetector:
        """Load the detector from a weights file, by default the project's own.

        Raises:
            UsageError: The file is missing or unusable.
        """
        try:
            return cls(load_detector(weights))
        except DataError as error:
            raise UsageError(f"{error} (--model.detector_weights)") from error

    def find(self, photos: Tensor) -> Tensor:
        """The landmarks of the largest face in each photo.

        The regressor refines the cascade's landmarks in the square used in training. On 64-px photos that halves
        the error (0.092 to 0.044 eye distances, median over CelebA with facenet-pytorch's weights).

        Args:
            photos: (B, 3, H, W) in [-1, 1].

        Returns:
            (B, 5, 2) float32 pixels; NaN if no face is found.
        """
        found = self._cascade_landmarks(photos)
        refined = self.regressor(photos, square_of_landmarks(or_mean(found, photos)))
        return torch.where(are_known(found)[:, None, None], refined, torch.nan)

    def _cascade_landmarks(self, photos: Tensor) -> Tensor:
        """The cascade's landmarks (B, 5, 2) of the largest face in each photo; NaN if no face is found."""
        cascade = self._cascade_for(max(photos.shape[2:]), photos.device)
        rgb = to_bytes(photos).permute(0, 2, 3, 1)
        unknown = photos.new_full((5, 2), torch.nan, dtype=torch.float32)
        largest = []
        for faces in cascade.detect(list(rgb)):
            areas = (faces.boxes[:, 2:] - faces.boxes[:, :2]).prod(dim=1)
            largest.append(faces.landmarks[areas.argmax()] if len(faces) else unknown)
        return torch.stack(largest)

    def _cascade_for(self, side: int, device: torch.device) -> Cascade:
        """The cached cascade for photos with a given side in pixels."""
        if (side, device) not in self._cascades:
            settings = CascadeSettings(max(SMALLEST_MIN_FACE, MIN_FACE * side))
            self._cascades[side, device] = Cascade(self._nets.network, settings, device)
        return self._cascades[side, device]


def mean_landmarks(photos: Tensor) -> Tensor:
    """The landmarks (5, 2) in pixels of an average photo of the size of (B, 3, H, W) photos."""
    return MEAN_PHOTO.to(photos.device) * photos.shape[3] - 0.5


def or_mean(landmarks: Tensor, photos: Tensor) -> Tensor:
    """The landmarks (B, 5, 2) where they are known, else those of an average photo."""
    return torch.where(are_known(landmarks)[:, None, None], landmarks, mean_landmarks(photos))
