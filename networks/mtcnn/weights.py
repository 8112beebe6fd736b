"""A detector as one file: the three nets in safetensors form, with a card in the file's metadata.

The form cannot carry code; a file comes into being finished or not at all.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from networks.mtcnn.nets import MTCNN

FORMAT_VERSION = 2
_CARD_KEY = "card"


class WeightsError(Exception):
    """A file of weights is missing, damaged or of another kind. The message names it and is shown as is."""


@dataclass(frozen=True)
class Card:
    """What a file of weights says of itself.

    Attributes:
        source: Where the weights come from.
        untrained_heads: Heads that hold nothing but initial weights, such as "pnet.landmarks".
        details: What each stage was trained on and how, and what the detector reached, for a reader; plain values.
        format_version: Form of the file.
    """

    source: str
    untrained_heads: tuple[str, ...] = ()
    details: dict[str, object] = field(default_factory=dict)
    format_version: int = FORMAT_VERSION


def save_weights(nets: MTCNN, card: Card, path: Path) -> None:
    """Writes the nets and their card beside `path` and renames the finished file to it.

    Raises:
        WeightsError: It cannot be written there.
    """
    description = asdict(card) | {"counts_from_one": nets.counts_from_one}
    tensors = {key: value.detach().cpu().contiguous() for key, value in nets.state_dict().items()}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            save_file(tensors, part, metadata={_CARD_KEY: json.dumps(description)})
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"cannot write {path}: {error}") from error


def load_weights(path: Path) -> tuple[MTCNN, Card]:
    """Reads what `save_weights` wrote.

    Returns:
        The nets on the CPU, in evaluation mode, and their card.

    Raises:
        WeightsError: The file is missing, damaged, or of another kind.
    """
    if not path.is_file():
        raise WeightsError(f"no such file of weights: {path}")
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            card, counts_from_one = _parse_card(path, file.metadata() or {})
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - it is no mapping
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path} is damaged or no file of weights: {error}") from error
    nets = MTCNN(counts_from_one)
    expected = {key: value.shape for key, value in nets.state_dict().items()}
    found = {key: value.shape for key, value in tensors.items()}
    if wrong := sorted(key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key)):
        raise WeightsError(f"{path} does not hold these nets: {', '.join(wrong[:4])} missing, unknown or misshapen")
    if broken := [key for key, value in tensors.items() if not bool(torch.isfinite(value).all())]:
        raise WeightsError(f"{path} holds values that are not finite: {', '.join(broken[:4])}")
    nets.load_state_dict(tensors)
    return nets.eval(), card


def _parse_card(path: Path, metadata: dict[str, str]) -> tuple[Card, bool]:
    """The card, and how the nets count pixels."""
    try:
        values = json.loads(metadata[_CARD_KEY])
        version = values["format_version"]
        if version != FORMAT_VERSION:
            raise WeightsError(f"{path} is of format {version}; this version of the project reads {FORMAT_VERSION}")
        card = Card(str(values["source"]), tuple(map(str, values["untrained_heads"])), dict(values["details"]))
        return card, bool(values["counts_from_one"])
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"{path} is no file of weights of this project: it has no readable card") from error
