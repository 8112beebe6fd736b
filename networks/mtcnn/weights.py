"""A detector as one file: the three nets, and a card that says where they come from."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from networks.mtcnn.nets import MTCNN
from networks.weights_file import WeightsError, fill, read_weights, write_weights

FORMAT_VERSION = 2


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
    write_weights(nets, asdict(card) | {"counts_from_one": nets.counts_from_one}, path)


def load_weights(path: Path) -> tuple[MTCNN, Card]:
    """Reads what `save_weights` wrote.

    Returns:
        The nets on the CPU, in evaluation mode, and their card.

    Raises:
        WeightsError: The file is missing, damaged, or of another kind.
    """
    tensors, description = read_weights(path)
    card, counts_from_one = _parse_card(path, description)
    nets = MTCNN(counts_from_one)
    fill(nets, tensors, path)
    return nets.eval(), card


def _parse_card(path: Path, values: dict[str, Any]) -> tuple[Card, bool]:
    """The card, and how the nets count pixels."""
    try:
        version = values["format_version"]
        if version != FORMAT_VERSION:
            raise WeightsError(f"{path} is of format {version}; this version of the project reads {FORMAT_VERSION}")
        card = Card(str(values["source"]), tuple(map(str, values["untrained_heads"])), dict(values["details"]))
        return card, bool(values["counts_from_one"])
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"{path} is no file of weights of this project: it has no readable card") from error
