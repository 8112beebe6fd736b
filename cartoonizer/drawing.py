"""Draws cartoons of framed faces: background removal, labels, translation, finisher."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import cv2
import numpy as np

from cartoonizer.arrays import Floats, Pixels, to_network, to_pixels
from cartoonizer.background import head_region, on_white, tidied
from cartoonizer.geometry import Frame, resized
from cartoonizer.manifest import BackgroundSettings, Manifest, TranslatorInput
from cartoonizer.model_file import ModelFile
from cartoonizer.net import Net

OWN = "own"
"""Requests the class that the classifier finds in the photo."""


class Drawn(NamedTuple):
    """Cartoons.

    Attributes:
        stickers: ``(B, S, S, 4)`` RGBA, transparent around the cartoon.
        plain: ``(B, S, S, 3)`` RGB on white.
    """

    stickers: Pixels
    plain: Pixels


_LEAST_ALPHA = np.float32(1e-3)
_CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], dtype=np.uint8)


class Subject(NamedTuple):
    """A face prepared for the translator.

    Attributes:
        image: ``(S, S, 3)`` RGB, without background if the model requires it.
        landmarks: ``(5, 2)`` pixels of the image.
    """

    image: Pixels
    landmarks: Floats


class Artist:
    """Draws cartoons of framed faces.

    Args:
        model: The model file.
        threads: Threads per network.
        finish: Apply the model's finisher, if it has one.
    """

    def __init__(self, model: ModelFile, threads: int = 0, finish: bool = True) -> None:
        self._manifest: Manifest = model.manifest
        self._translator = Net(model, "translator", threads)
        self._background = Net(model, "background", threads) if model.manifest.background else None
        self._classifier = Net(model, "classifier", threads) if model.manifest.classes else None
        self._finisher = Net(model, "finisher", threads) if model.manifest.has_finisher and finish else None

    def subject(self, frame: Frame, landmarks: Floats) -> Subject:
        """Prepare a face for the translator.

        Args:
            frame: The upright frame of the face.
            landmarks: ``(5, 2)`` pixels of the frame.
        """
        side = self._manifest.side
        image = resized(frame.pixels, side)
        if self._background is not None and self._manifest.background is not None:
            image = on_white(image, _matte(self._background, self._manifest.background, frame))
        points = (landmarks + 0.5) * (side / self._manifest.frame.side) - 0.5
        return Subject(image, points.astype(np.float32))

    def own_classes(self, subjects: Sequence[Subject]) -> list[dict[str, str]]:
        """The predicted class of each label that the classifier supports, for each face."""
        if self._classifier is None:
            return [{} for _ in subjects]
        seen = self._classifier(image=to_network(np.stack([each.image for each in subjects])))
        classes = self._manifest.classes
        best = {name: seen[name].argmax(axis=1) for name in classes}
        return [{name: classes[name][best[name][place]] for name in classes} for place in range(len(subjects))]

    def draw(self, subjects: Sequence[Subject], labels: Sequence[Mapping[str, str]]) -> Drawn:
        """Draw cartoons of faces.

        Args:
            subjects: The faces.
            labels: For each face, the class of each label; missing labels are passed to the network as unknown.
        """
        feeds = {each.name: _feed(each, subjects, labels) for each in self._manifest.inputs}
        (cartoons,) = self._translator(**feeds).values()
        if self._finisher is None:
            return _stickers(cartoons, np.ones_like(cartoons[:, :1]))
        finished = self._finisher(cartoon=cartoons)
        return _stickers(*_without_specks(finished["image"], finished["alpha"]))


def _matte(net: Net, settings: BackgroundSettings, frame: Frame) -> Pixels:
    """Matte of the person or the head in a frame, 255 inside; 0 outside the photo."""
    small = to_network(resized(frame.pixels, settings.side)[None])
    alpha = net(photo=small)["alphas"][0, settings.channel]
    matte = np.rint(alpha * np.float32(255)).astype(np.uint8)
    return tidied(np.minimum(matte, resized(frame.inside, settings.side)))


def _feed(given: TranslatorInput, subjects: Sequence[Subject], labels: Sequence[Mapping[str, str]]) -> Floats:
    """The value of one of the translator's inputs."""
    if given.kind == "photo":
        return to_network(np.stack([each.image for each in subjects]))
    if given.kind == "landmarks":
        return np.stack([each.landmarks for each in subjects])
    requested = [each.get(given.name) for each in labels]
    return np.array([[name == one for name in given.classes] for one in requested], dtype=np.float32)


def _without_specks(images: Floats, alphas: Floats) -> tuple[Floats, Floats]:
    """Remove parts of cartoons ``(B, 3, H, W)`` and alphas ``(B, 1, H, W)`` that are not connected to the head."""
    mattes = np.rint(alphas[:, 0] * np.float32(255)).astype(np.uint8)
    is_head = np.stack([head_region(matte) for matte in mattes])[:, None]
    return np.where(is_head, images, np.float32(1)), np.where(is_head, alphas, np.float32(0))


def _stickers(images: Floats, alphas: Floats) -> Drawn:
    """Cartoons without the white background, and without its one-pixel white fringe.

    Args:
        images: ``(B, 3, H, W)`` in [-1, 1], on white.
        alphas: ``(B, 1, H, W)`` in [0, 1].
    """
    colour = np.clip((images - (1 - alphas)) / np.maximum(alphas, _LEAST_ALPHA), -1, 1)
    shrunk = np.stack([cv2.erode(alpha[0], _CROSS)[None] for alpha in alphas])
    return Drawn(to_pixels(np.concatenate([colour, 2 * shrunk - 1], axis=1)), to_pixels(images))
