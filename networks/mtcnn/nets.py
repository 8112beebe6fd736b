"""PNet, RNet and ONet of MTCNN (Zhang et al. 2016), each with a landmark head (paper 3.1, Fig. 3).

The paper's Fig. 3 and its text disagree on the layers; these follow MTCNN, with unpadded convolutions and ceil-mode
pooling.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from networks.mtcnn.prelu import PReLU

FACE_LOGITS = 2
BOX_OFFSETS = 4
LANDMARKS = 5

PNET_SIDE = 12
PNET_STRIDE = 2
RNET_SIDE = 24
ONET_SIDE = 48

StageName = Literal["pnet", "rnet", "onet"]
STAGES: tuple[StageName, ...] = ("pnet", "rnet", "onet")
SIDES: dict[StageName, int] = {"pnet": PNET_SIDE, "rnet": RNET_SIDE, "onet": ONET_SIDE}
"""The stages of the cascade, in order, and the side of their crops in pixels."""


class StageOutput(NamedTuple):
    """Output of a net per window; for PNet, with two trailing axes for the rows and columns of windows.

    Attributes:
        face: (B, 2) logits of no face and face; the score is their softmax[1] (paper Eq. 1).
        box: (B, 4) offsets of the face's x1, y1, x2, y2 from the window's, relative to the window side.
        landmarks: (B, 5, 2) x then y from the window's upper left corner, relative to the window side, image-left
            first; 0 and 1 are the window's edges, except with `Stage.is_half_a_pixel_off`.
    """

    face: Tensor
    box: Tensor
    landmarks: Tensor


class FlattenByColumns(nn.Module):
    """Flattens (B, C, H, W) to (B, W * H * C): columns, rows, channels, the order of the published weights."""

    def forward(self, maps: Tensor) -> Tensor:
        """Flattens feature maps."""
        return maps.permute(0, 3, 2, 1).flatten(1)


class Stage(nn.Module):
    """Base class of the nets: shared features and three heads.

    Attributes:
        features: Shared layers.
        face: Head of the logits.
        box: Head of the box offsets.
        landmarks: Head of the landmarks.
        is_half_a_pixel_off: Whether landmarks were trained as pixel indices relative to the window's edge, half a pixel
            less than the distance to the pixel centre, as in the published weights and files of format 2. Ours are
            distances from the edge to the pixel centre.
    """

    is_half_a_pixel_off: bool

    def __init__(self, features: nn.Sequential, face: nn.Module, box: nn.Module, landmarks: nn.Module) -> None:
        super().__init__()
        self.is_half_a_pixel_off = False
        self.features = features
        self.face = face
        self.box = box
        self.landmarks = landmarks

    def forward(self, windows: Tensor) -> StageOutput:
        """Applies the net to windows.

        Args:
            windows: (B, 3, side, side) RGB in [-1, 1]; for PNet (B, 3, H, W) of at least 12 px, evaluated on windows
                with a stride of 2 px.
        """
        features = self.features(windows)
        landmarks = self.landmarks(features).unflatten(1, (LANDMARKS, 2))
        return StageOutput(self.face(features), self.box(features), landmarks)


class PNet(Stage):
    """Proposal net: 12 px windows, fully convolutional; 6,962 parameters."""

    def __init__(self) -> None:
        features = nn.Sequential(
            *(nn.Conv2d(3, 10, 3), PReLU(10), nn.MaxPool2d(2, 2, ceil_mode=True)),
            *(nn.Conv2d(10, 16, 3), PReLU(16)),
            *(nn.Conv2d(16, 32, 3), PReLU(32)),
        )
        super().__init__(features, *(nn.Conv2d(32, size, 1) for size in (FACE_LOGITS, BOX_OFFSETS, 2 * LANDMARKS)))


class RNet(Stage):
    """Refinement net: 24 px windows; 101,468 parameters."""

    def __init__(self) -> None:
        features = nn.Sequential(
            *(nn.Conv2d(3, 28, 3), PReLU(28), nn.MaxPool2d(3, 2, ceil_mode=True)),
            *(nn.Conv2d(28, 48, 3), PReLU(48), nn.MaxPool2d(3, 2, ceil_mode=True)),
            *(nn.Conv2d(48, 64, 2), PReLU(64), FlattenByColumns()),
            *(nn.Linear(576, 128), PReLU(128)),
        )
        super().__init__(features, *(nn.Linear(128, size) for size in (FACE_LOGITS, BOX_OFFSETS, 2 * LANDMARKS)))


class ONet(Stage):
    """Output net: 48 px windows; 389,040 parameters."""

    def __init__(self) -> None:
        features = nn.Sequential(
            *(nn.Conv2d(3, 32, 3), PReLU(32), nn.MaxPool2d(3, 2, ceil_mode=True)),
            *(nn.Conv2d(32, 64, 3), PReLU(64), nn.MaxPool2d(3, 2, ceil_mode=True)),
            *(nn.Conv2d(64, 64, 3), PReLU(64), nn.MaxPool2d(2, 2, ceil_mode=True)),
            *(nn.Conv2d(64, 128, 2), PReLU(128), FlattenByColumns()),
            *(nn.Linear(1152, 256), PReLU(256)),
        )
        super().__init__(features, *(nn.Linear(256, size) for size in (FACE_LOGITS, BOX_OFFSETS, 2 * LANDMARKS)))


class MTCNN(nn.Module):
    """The three nets of one detector; `Cascade` runs them over images.

    Attributes:
        pnet: Proposals.
        rnet: Refinement.
        onet: Output.
        one_based: Whether the nets were trained with MTCNN's original code, like the published weights. That code
            counts pixels from 1, measures windows one pixel short, and stretches windows clipped at the image border.
    """

    def __init__(self, one_based: bool = False) -> None:
        super().__init__()
        self.one_based = one_based
        self.pnet = PNet()
        self.rnet = RNet()
        self.onet = ONet()


def face_score(logits: Tensor) -> Tensor:
    """Face probability, softmax[1] of the two logits along the second axis, which is removed."""
    return torch.sigmoid(face_margin(logits))


def face_margin(logits: Tensor) -> Tensor:
    """Logit of the face probability: the face logit minus the other."""
    return logits[:, 1] - logits[:, 0]


def normalise(rgb: Tensor) -> Tensor:
    """Pixel values in [0, 255] to the nets' input range: (x - 127.5) / 128, MTCNN's version of [-1, 1]."""
    return (rgb - 127.5) * (1 / 128)
