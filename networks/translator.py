"""A trained photo-to-cartoon generator as a file, with all that it takes to use it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from networks.generators import Generator, GeneratorName, LabelInjection, Upsampling, build_generator
from networks.labels import one_hot
from networks.landmarks import landmark_heatmaps
from networks.weights_file import WeightsError, fill, read_weights, write_weights

_FORMAT_VERSION = 1


@dataclass(frozen=True)
class TranslatorOptions:
    """How a generator was built and what it wants to be given.

    Attributes:
        generator: Backbone.
        ngf: Channels of its first convolution.
        upsampling: How it doubles the sides.
        num_labels: Classes of its label; 0 for none.
        label_injection: How it is told its label.
        heatmaps: Whether it is given the landmarks as heatmaps.
        image_size: Side in pixels of the photos that it was trained on.
        background: What its photos stand on: "keep", "white", or "head" for the head alone on white.
    """

    generator: GeneratorName = "resnet9"
    ngf: int = 64
    upsampling: Upsampling = "transposed"
    num_labels: int = 0
    label_injection: LabelInjection = "concat"
    heatmaps: bool = False
    image_size: int = 256
    background: Literal["keep", "white", "head"] = "keep"

    def build(self) -> Generator:
        """An untrained generator of this kind."""
        return build_generator(
            self.generator,
            in_channels=3 + 5 * self.heatmaps,
            ngf=self.ngf,
            upsampling=self.upsampling,
            num_labels=self.num_labels,
            label_injection=self.label_injection,
        )


class Translator:
    """A frozen generator of cartoons.

    Args:
        generator: The network, built by ``options``.
        options: What it wants to be given.
    """

    def __init__(self, generator: Generator, options: TranslatorOptions) -> None:
        self.generator = generator.requires_grad_(False).eval()
        self.options = options

    def to(self, device: torch.device | str) -> Translator:
        """The same on another device."""
        self.generator.to(device)
        return self

    @torch.inference_mode()
    def __call__(self, photos: Tensor, landmarks: Tensor, labels: Tensor) -> Tensor:
        """Cartoons (B, 3, H, W) in [-1, 1].

        Args:
            photos: (B, 3, H, W) RGB in [-1, 1], framed and with the background that ``options`` name.
            landmarks: (B, 5, 2) pixels of the photos; NaN where they are unknown.
            labels: (B,) int64 classes of the label, such as the hair colour.
        """
        given = photos
        if self.options.heatmaps:
            given = torch.cat([photos, landmark_heatmaps(landmarks, *photos.shape[2:])], dim=1)
        told = one_hot(labels, self.options.num_labels) if self.options.num_labels else None
        cartoons: Tensor = self.generator(given, told)
        return cartoons


def save_translator(translator: Translator, path: Path, details: Mapping[str, object] | None = None) -> None:
    """Writes a translator in half precision, finished or not at all.

    Args:
        translator: It.
        path: The file.
        details: What it was trained on and how, for a reader; plain values.

    Raises:
        WeightsError: It cannot be written there.
    """
    half = translator.options.build()
    half.load_state_dict(translator.generator.state_dict())
    description = {"format_version": _FORMAT_VERSION, "kind": "translator", "options": asdict(translator.options)}
    write_weights(half.half(), {**description, "details": dict(details or {})}, path)


def load_translator(path: Path) -> Translator:
    """Reads what `save_translator` wrote; it computes in float32.

    Raises:
        WeightsError: The file is missing, damaged, or of another kind.
    """
    tensors, description = read_weights(path)
    try:
        if description["kind"] != "translator" or description["format_version"] != _FORMAT_VERSION:
            raise WeightsError(f"{path} is no translator of format {_FORMAT_VERSION}")
        options = TranslatorOptions(**description["options"])  # type: ignore[arg-type]
        generator = options.build()
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"{path} holds no translator; `cartoongan export` makes one of a checkpoint") from error
    fill(generator, {name: tensor.float() for name, tensor in tensors.items()}, path)
    return Translator(generator, options)
