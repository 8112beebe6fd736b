"""The inference chain in PyTorch, from a photo to a cartoon of each face: detect, align, cut out, translate, finish."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from cartoonizer.background import head_region, on_white, tidied
from cartoonizer.detector import TURNS
from cartoonizer.geometry import cut_out, fit_similarity, in_eighths, inverse, reduced_to, resized, scaled, turn
from datamodules.errors import DataError
from datamodules.samples import HairColour
from datamodules.transforms.augment import to_tensor
from datamodules.transforms.face_box import square_of_landmarks
from lightning_modules.attribute_classifier import OWN_CLASSIFIER
from lightning_modules.detector import load_detector
from lightning_modules.finisher import own_finisher
from lightning_modules.landmark_detector import FRAME_SIDE, MEAN_PHOTO, SEARCHED_SIDE
from lightning_modules.matting import OWN_PORTRAIT
from lightning_modules.runs import project_root
from networks.attribute_classifier import load_attribute_net
from networks.finisher import Finished, load_finisher, sticker
from networks.mtcnn import Cascade, CascadeSettings, LandmarkRegressor
from networks.pixels import to_bytes
from networks.portrait import HEAD, PERSON, load_portrait
from networks.portrait import SIDE as PORTRAIT_SIDE
from networks.translator import load_translator
from networks.weights_file import WeightsError

Image = NDArray[np.uint8]
Hair = Literal["own", "black", "brown", "blonde", "grey"]

OWN_TRANSLATOR = project_root() / "weights" / "cartoons.safetensors"

_MEAN = MEAN_PHOTO.numpy() * np.float32(FRAME_SIDE) - np.float32(0.5)


@dataclass(frozen=True)
class CartoonFace:
    """A face and its cartoon.

    Attributes:
        cartoon: ``(S, S, 4)`` uint8 RGBA; transparent around the cartoon.
        on_white: ``(S, S, 3)`` uint8 RGB, the same on white.
        photo: ``(256, 256, 3)`` uint8 RGB, the aligned face from the photo.
        box: x1, y1, x2, y2 of the face in pixels of the photo.
        landmarks: ``(5, 2)`` pixels of the photo: eyes, nose, mouth corners, image-left first.
        score: Probability in [0, 1] that it is a face.
        matrix: ``(2, 3)`` affine map from pixels of the photo to pixels of the cartoon.
        hair: The requested hair colour.
    """

    cartoon: Image
    on_white: Image
    photo: Image
    box: tuple[float, float, float, float]
    landmarks: NDArray[np.float32]
    score: float
    matrix: NDArray[np.float64]
    hair: str


class Cartoonizer:
    """Turns photos into cartoons, with the project's own or other weights.

    ::

        cartoonizer = Cartoonizer()
        for face in cartoonizer(photo, hair="blonde"):     # (H, W, 3) uint8 RGB
            PIL.Image.fromarray(face.cartoon).save("one.png")

    Args:
        weights: File of ``cartoongan export``; by default the project's own.
        finisher: File of a finisher; by default the project's own, "none" for none.
        device: Device; by default a GPU if available.

    Raises:
        DataError: A weights file is missing or cannot be used.
    """

    def __init__(
        self, weights: Path | None = None, finisher: Path | Literal["none"] | None = None, device: str | None = None
    ) -> None:
        self._device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        try:
            self._translator = load_translator(weights or OWN_TRANSLATOR).to(self._device)
            self._finisher = None
            side = self._translator.options.image_size
            if finisher != "none":
                self._finisher = load_finisher(finisher or own_finisher(side, for_products=True)).to(self._device)
            self._portrait = load_portrait(OWN_PORTRAIT)[0].to(self._device)
            self._classifier = load_attribute_net(OWN_CLASSIFIER)[0].to(self._device)
        except WeightsError as error:
            raise DataError(str(error)) from error
        self._detector = load_detector()
        self._regressor = LandmarkRegressor(self._detector.onet).to(self._device)
        self._cascade = Cascade(self._detector, CascadeSettings(min_face=SEARCHED_SIDE / 16), str(self._device))

    @property
    def colors(self) -> list[str]:
        """Available hair colours; empty for a model without labels."""
        has_hair = self._translator.options.num_labels == len(HairColour)
        return [color.name.lower() for color in HairColour] if has_hair else []

    def __call__(
        self, photo: Image, hair: Hair | Sequence[Hair] = "own", faces: Literal["largest", "all"] = "largest"
    ) -> list[CartoonFace]:
        """Turn the faces of a photo into cartoons.

        Args:
            photo: ``(H, W, 3)`` uint8 RGB, upright.
            hair: Hair colour, "own" for the photo's, or several colours for one cartoon each per face.
            faces: Only the largest face, or all faces, largest first.

        Returns:
            Cartoons, face by face; empty if no face is found.

        Raises:
            ValueError: The photo has a wrong shape or dtype, or the model does not support the colour.
        """
        if photo.ndim != 3 or photo.shape[2] != 3 or photo.dtype != np.uint8:
            raise ValueError(f"expected a photo (H, W, 3) of uint8, got {photo.shape} of {photo.dtype}")
        wanted = [hair] if isinstance(hair, str) else list(hair)
        if self.colors and (unknown := [one for one in wanted if one not in ("own", *self.colors)]):
            raise ValueError(f"unknown hair colour {unknown[0]!r}, expected own, {', '.join(self.colors)}")
        boxes, landmarks, scores = self._find(photo)
        order = np.argsort(-(boxes[:, 2:] - boxes[:, :2]).prod(axis=1))
        found = []
        for index in order[: 1 if faces == "largest" else None]:
            found += self._draw(photo, boxes[index], landmarks[index], float(scores[index]), wanted)
        return found

    def _find(self, photo: Image) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Boxes (N, 4), landmarks (N, 5, 2) and scores (N,) in pixels of the photo."""
        small, scale = reduced_to(photo, SEARCHED_SIDE)
        boxes, landmarks, scores = self._search(small)
        boxes = boxes.reshape(-1, 2, 2) * scale
        return boxes.reshape(-1, 4), (in_eighths(landmarks) + 0.5) * scale - 0.5, scores

    def _search(self, image: Image) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Boxes, landmarks and scores in an image; if no upright face is found, rotated images are searched."""
        for degrees in TURNS:
            matrix, size = turn((image.shape[0], image.shape[1]), degrees)
            turned = image
            if degrees:
                turned = np.asarray(cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR), np.uint8)
            (found,) = self._cascade.detect([torch.from_numpy(np.ascontiguousarray(turned))])
            if len(found):
                break
        back = inverse(matrix).astype(np.float32)
        boxes, points = found.boxes.cpu().numpy(), found.landmarks.cpu().numpy()
        corners = boxes[:, [[0, 1], [2, 1], [2, 3], [0, 3]]] @ back[:, :2].T + back[:, 2]
        upright = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)
        return upright, points @ back[:, :2].T + back[:, 2], found.scores.cpu().numpy()

    def _draw(
        self, photo: Image, box: NDArray[np.float32], landmarks: NDArray[np.float32], score: float, hair: Sequence[str]
    ) -> list[CartoonFace]:
        options = self._translator.options
        landmarks = self._refined(photo, landmarks)
        matrix = fit_similarity(landmarks, _MEAN)
        frame, inside = cut_out(photo, matrix, FRAME_SIDE)
        image = resized(frame, options.image_size)
        if options.background != "keep":
            image = on_white(image, self._matte(frame, inside))
        photos = to_tensor(image)[None].to(self._device)
        points = landmarks @ matrix[:, :2].T.astype(np.float32) + matrix[:, 2].astype(np.float32)
        places = (
            torch.from_numpy((points + 0.5) * (options.image_size / FRAME_SIDE) - 0.5).float()[None].to(self._device)
        )
        names = [self._own_color(photos) if one == "own" else one for one in hair]
        labels = torch.tensor([HairColour[name.upper()] if self.colors else 0 for name in names], device=self._device)
        count = len(names)
        given = photos.expand(count, -1, -1, -1), places.expand(count, -1, -1)
        cartoons = self._translator(*given, labels, self._attributes(photos).expand(count, -1))
        finished = self._finish(cartoons)
        side = finished.image.shape[3]
        rgba = sticker(finished)
        rgba[:, 3:] = 2 * rgba[:, 3:] - 1
        pixels, plain = (to_bytes(each).permute(0, 2, 3, 1).cpu().numpy() for each in (rgba, finished.image))
        to_cartoon = scaled(matrix, side / FRAME_SIDE)
        corners = tuple(float(edge) for edge in box)
        return [
            CartoonFace(pixels[n], plain[n], frame, corners, landmarks, score, to_cartoon, names[n])  # type: ignore[arg-type]
            for n in range(count)
        ]

    @torch.inference_mode()
    def _refined(self, photo: Image, landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
        """Landmarks (5, 2), refined in the upright frame, since those of tilted faces are inaccurate."""
        matrix = fit_similarity(landmarks, _MEAN)
        frame, _ = cut_out(photo, matrix, FRAME_SIDE)
        window = square_of_landmarks(torch.from_numpy(_MEAN)[None]).to(self._device)
        found = self._regressor(to_tensor(frame)[None].to(self._device), window)[0].cpu().numpy()
        back = inverse(matrix)
        return np.asarray(in_eighths(found) @ back[:, :2].T + back[:, 2], dtype=np.float32)

    def _own_color(self, photos: torch.Tensor) -> str:
        if not self.colors:
            return "own"
        with torch.inference_mode():
            return self.colors[int(self._classifier(photos).hair.argmax())]

    @torch.inference_mode()
    def _attributes(self, photos: torch.Tensor) -> torch.Tensor:
        """Attributes of photos predicted by the classifier: (B, A), 1 or 0."""
        attributes: torch.Tensor = self._classifier(photos).in_photos
        return attributes

    @torch.inference_mode()
    def _matte(self, frame: Image, inside: Image) -> Image:
        """Matte of the person or the head in a frame, 255 inside; 0 outside the photo."""
        small = to_tensor(resized(frame, PORTRAIT_SIDE))[None].to(self._device)
        channel = HEAD if self._translator.options.background == "head" else PERSON
        alpha = self._portrait(small)[0, channel].mul(255).round().byte().cpu().numpy()
        return tidied(np.minimum(alpha, resized(inside, PORTRAIT_SIDE)))

    @torch.inference_mode()
    def _finish(self, cartoons: torch.Tensor) -> Finished:
        """Finished cartoons, without specks that are not connected to the head."""
        if self._finisher is None:
            return Finished(cartoons, torch.ones_like(cartoons[:, :1]))
        image, alpha = self._finisher(cartoons)
        mattes = alpha[:, 0].mul(255).round().byte().cpu().numpy()
        is_head = torch.from_numpy(np.stack([head_region(matte) for matte in mattes]))[:, None].to(alpha.device)
        return Finished(torch.where(is_head, image, 1.0), torch.where(is_head, alpha, 0.0))
