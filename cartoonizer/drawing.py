"""From framed faces to cartoons: background, label, translation, finish."""

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
"""Asks for the class of a label that the photo itself has, as the classifier sees it."""


class Drawn(NamedTuple):
    """Cartoons.

    Attributes:
        stickers: ``(B, S, S, 4)`` RGBA, transparent around the cartoon.
        plain: ``(B, S, S, 3)`` RGB on white, as the nets made them.
    """

    stickers: Pixels
    plain: Pixels


_LEAST_ALPHA = np.float32(1e-3)
_CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], dtype=np.uint8)


class Subject(NamedTuple):
    """A face as the translator sees it.

    Attributes:
        image: ``(S, S, 3)`` RGB, cut out where the model wants that.
        landmarks: ``(5, 2)`` pixels of it.
    """

    image: Pixels
    landmarks: Floats


class Artist:
    """Draws cartoons of framed faces.

    Args:
        model: The file with the nets.
        threads: Threads of a net's run.
        finish: Finish cartoons where the model has a finisher.
    """

    def __init__(self, model: ModelFile, threads: int = 0, finish: bool = True) -> None:
        self._manifest: Manifest = model.manifest
        self._translator = Net(model, "translator", threads)
        self._background = Net(model, "background", threads) if model.manifest.background else None
        self._classifier = Net(model, "classifier", threads) if model.manifest.classes else None
        self._finisher = Net(model, "finisher", threads) if model.manifest.has_finisher and finish else None

    def subject(self, frame: Frame, landmarks: Floats) -> Subject:
        """A face as the translator wants it.

        Args:
            frame: The face, cut out upright.
            landmarks: ``(5, 2)`` pixels of the frame.
        """
        side = self._manifest.side
        image = resized(frame.pixels, side)
        if self._background is not None and self._manifest.background is not None:
            image = on_white(image, _matte(self._background, self._manifest.background, frame))
        points = (landmarks + 0.5) * (side / self._manifest.frame.side) - 0.5
        return Subject(image, points.astype(np.float32))

    def own_classes(self, subjects: Sequence[Subject]) -> list[dict[str, str]]:
        """The class of each label that each face has itself, where the classifier tells it."""
        if self._classifier is None:
            return [{} for _ in subjects]
        seen = self._classifier(image=to_network(np.stack([each.image for each in subjects])))
        classes = self._manifest.classes
        best = {name: seen[name].argmax(axis=1) for name in classes}
        return [{name: classes[name][best[name][place]] for name in classes} for place in range(len(subjects))]

    def draw(self, subjects: Sequence[Subject], wanted: Sequence[Mapping[str, str]]) -> Drawn:
        """Cartoons of faces.

        Args:
            subjects: The faces.
            wanted: Of each face the class of each label; a label that is left out is unknown to the net.
        """
        feeds = {each.name: _feed(each, subjects, wanted) for each in self._manifest.inputs}
        (cartoons,) = self._translator(**feeds).values()
        if self._finisher is None:
            return _stickers(cartoons, np.ones_like(cartoons[:, :1]))
        finished = self._finisher(cartoon=cartoons)
        return _stickers(*_without_specks(finished["image"], finished["alpha"]))


def _matte(net: Net, settings: BackgroundSettings, frame: Frame) -> Pixels:
    """What of a frame is the person or the head, 255 inside; nothing beyond the photo's edge."""
    small = to_network(resized(frame.pixels, settings.side)[None])
    alpha = net(photo=small)["alphas"][0, settings.channel]
    matte = np.rint(alpha * np.float32(255)).astype(np.uint8)
    return tidied(np.minimum(matte, resized(frame.inside, settings.side)))


def _feed(given: TranslatorInput, subjects: Sequence[Subject], wanted: Sequence[Mapping[str, str]]) -> Floats:
    """What the translator is given as one of its inputs."""
    if given.kind == "photo":
        return to_network(np.stack([each.image for each in subjects]))
    if given.kind == "landmarks":
        return np.stack([each.landmarks for each in subjects])
    asked = [each.get(given.name) for each in wanted]
    return np.array([[name == one for name in given.classes] for one in asked], dtype=np.float32)


def _without_specks(images: Floats, alphas: Floats) -> tuple[Floats, Floats]:
    """Cartoons ``(B, 3, H, W)`` and alphas ``(B, 1, H, W)`` without what does not touch the head."""
    mattes = np.rint(alphas[:, 0] * np.float32(255)).astype(np.uint8)
    is_head = np.stack([head_region(matte) for matte in mattes])[:, None]
    return np.where(is_head, images, np.float32(1)), np.where(is_head, alphas, np.float32(0))


def _stickers(images: Floats, alphas: Floats) -> Drawn:
    """Cartoons without their white background, and without the rim of a pixel where white still shines through.

    Args:
        images: ``(B, 3, H, W)`` in [-1, 1], on white.
        alphas: ``(B, 1, H, W)`` in [0, 1].
    """
    colour = np.clip((images - (1 - alphas)) / np.maximum(alphas, _LEAST_ALPHA), -1, 1)
    shrunk = np.stack([cv2.erode(alpha[0], _CROSS)[None] for alpha in alphas])
    return Drawn(to_pixels(np.concatenate([colour, 2 * shrunk - 1], axis=1)), to_pixels(images))
