"""Export format of a trained photo-to-cartoon generator, with everything needed for inference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, cast

import torch
from torch import Tensor

from networks.generators import EnhancedGenerator, Generator, GeneratorName, LabelInjection, Upsampling, build_generator
from networks.labels import LabelEncoder
from networks.landmarks import landmark_heatmaps
from networks.warm_start import copy_weights
from networks.weights_file import WeightsError, fill, read_weights, write_weights

_FORMAT_VERSION = 2


@dataclass(frozen=True)
class TranslatorOptions:
    """Architecture and expected inputs of a generator.

    Attributes:
        generator: Backbone.
        ngf: Channels of the first convolution.
        upsampling: Upsampling method.
        num_labels: Number of label classes; 0 for none.
        label_injection: How the label enters the convolutions.
        attributes: Names of the attributes that it is also conditioned on, see ``networks.labels.ATTRIBUTES``.
        heatmaps: Whether it takes the landmarks as heatmaps.
        image_size: Side in pixels of the training photos.
        background: Background of its photos: "keep", "white", or "head" for only the head on white.
    """

    generator: GeneratorName = "resnet9"
    ngf: int = 64
    upsampling: Upsampling = "transposed"
    num_labels: int = 0
    label_injection: LabelInjection = "concat"
    attributes: tuple[str, ...] = ()
    heatmaps: bool = False
    image_size: int = 256
    background: Literal["keep", "white", "head"] = "keep"

    @property
    def encoder(self) -> LabelEncoder:
        """Encodes the labels for the generator."""
        return LabelEncoder(self.num_labels, tuple(self.attributes))

    def build(self) -> Generator:
        """An untrained generator with these options."""
        return build_generator(
            self.generator,
            in_channels=3 + 5 * self.heatmaps,
            ngf=self.ngf,
            upsampling=self.upsampling,
            num_labels=self.encoder.size,
            label_injection=self.label_injection,
        )


class Translator:
    """A frozen photo-to-cartoon generator.

    Example:
        >>> translator = load_translator(Path("cartoons.safetensors")).to("cuda")
        >>> cartoons = translator(photos, landmarks, labels)

    Args:
        generator: The network, built by ``options``.
        options: Its architecture and expected inputs.
    """

    def __init__(self, generator: Generator, options: TranslatorOptions) -> None:
        self.generator = generator.requires_grad_(False).eval()
        self.options = options

    def to(self, device: torch.device | str) -> Translator:
        """Move it to a device; returns itself."""
        self.generator.to(device)
        return self

    @torch.inference_mode()
    def __call__(self, photos: Tensor, landmarks: Tensor, labels: Tensor, attributes: Tensor | None = None) -> Tensor:
        """Cartoons (B, 3, H, W) in [-1, 1].

        Args:
            photos: (B, 3, H, W) RGB in [-1, 1], framed and with the background given in ``options``.
            landmarks: (B, 5, 2) pixels of the photos; NaN where unknown.
            labels: (B,) int64 classes of the label, such as the hair colour.
            attributes: (B, A) int64, a column for each of ``networks.labels.ATTRIBUTES``: 1, 0, or negative if unknown;
                by default unknown. Only those that the generator is conditioned on count.
        """
        given = photos
        if self.options.heatmaps:
            given = torch.cat([photos, landmark_heatmaps(landmarks, *photos.shape[2:])], dim=1)
        told = self.options.encoder(labels, attributes) if self.options.num_labels else None
        cartoons: Tensor = self.generator(given, told)
        return cartoons


def save_translator(translator: Translator, path: Path, details: Mapping[str, object] | None = None) -> None:
    """Writes a translator in half precision, atomically.

    Args:
        translator: The translator.
        path: The file.
        details: Human-readable notes on its training; plain values.

    Raises:
        WeightsError: The file cannot be written.
    """
    half = translator.options.build()
    half.load_state_dict(translator.generator.state_dict())
    description = {"format_version": _FORMAT_VERSION, "kind": "translator", "options": asdict(translator.options)}
    write_weights(half.half(), {**description, "details": dict(details or {})}, path)


def load_translator(path: Path) -> Translator:
    """Loads a file of ``save_translator``, in float32.

    Raises:
        WeightsError: The file is missing, damaged, or of another kind.
    """
    tensors, description = read_weights(path)
    try:
        if description["kind"] != "translator" or description["format_version"] not in (1, _FORMAT_VERSION):
            raise WeightsError(f"{path} is not a translator of format {_FORMAT_VERSION}")
        options = _options_of(dict(description["options"]))  # type: ignore[call-overload]
        generator = options.build()
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"{path} is not a translator; export one with `cartoongan export CHECKPOINT`") from error
    fill(generator, {name: tensor.float() for name, tensor in tensors.items()}, path)
    return Translator(generator, options)


def _options_of(words: dict[str, Any]) -> TranslatorOptions:
    """The options of a file; in format 1, glasses are the only attribute."""
    attributes = ("glasses",) if words.pop("glasses", False) else tuple(words.pop("attributes", ()))
    return TranslatorOptions(**words, attributes=attributes)


def start_from(generator: Generator, path: Path) -> None:
    """Initialises a generator with the weights of a trained translator.

    Both need the same architecture, but the generator may have additional labels, whose weights start at zero, and the
    coarse part of an enhanced generator can start from one without enhancer.

    Args:
        generator: A cartoon generator.
        path: A file of ``save_translator``.

    Raises:
        WeightsError: The file is unusable or has a different architecture.
    """
    trained = load_translator(path)
    new_labels = max(0, generator.num_labels - trained.options.encoder.size)
    own = generator
    if isinstance(generator, EnhancedGenerator) and not isinstance(trained.generator, EnhancedGenerator):
        own = generator.coarse
    if odd := copy_weights(own.state_dict(), trained.generator.state_dict(), new_labels):
        raise WeightsError(f"{path} has another architecture than the generator: {odd} differs")
    if own is not generator:
        cast(EnhancedGenerator, generator).start_from_coarse()
