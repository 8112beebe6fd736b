"""A detector as one file: the three nets, and a card that says where they come from."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from networks.mtcnn.nets import MTCNN, Stage
from networks.weights_file import WeightsError, fill, read_weights, write_weights

FORMAT_VERSION = 3

_WITHOUT_HALF_PIXEL = 2
"""Files of this version are read, too: all landmarks of theirs lack the half pixel (`Stage.is_half_a_pixel_off`)."""

_STAGES = ("pnet", "rnet", "onet")


@dataclass(frozen=True)
class Card:
    """What a file of weights says of itself.

    Attributes:
        source: Where the weights come from.
        untrained_heads: Heads that hold nothing but initial weights, such as "pnet.landmarks".
        details: What each stage was trained on and how, and what the detector reached, for a reader; plain values.
        format_version: Form of the file; a card that was read has that of its file.
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
    off = [name for name in _STAGES if _stage(nets, name).is_half_a_pixel_off]
    conventions = {"counts_from_one": nets.one_based, "half_a_pixel_off": off}
    write_weights(nets, asdict(card) | conventions | {"format_version": FORMAT_VERSION}, path)


def load_weights(path: Path) -> tuple[MTCNN, Card]:
    """Reads what `save_weights` wrote.

    Returns:
        The nets on the CPU, in evaluation mode, and their card. Each stage knows how its landmarks are counted, so that
        those of files of format 2 come out as they always did.

    Raises:
        WeightsError: The file is missing, damaged, or of another kind.
    """
    tensors, description = read_weights(path)
    card, one_based, off = _parse_card(path, description)
    nets = MTCNN(one_based)
    for name in _STAGES:
        _stage(nets, name).is_half_a_pixel_off = name in off
    fill(nets, tensors, path)
    return nets.eval(), card


def _stage(nets: MTCNN, name: str) -> Stage:
    stage = nets.get_submodule(name)
    assert isinstance(stage, Stage)
    return stage


def _parse_card(path: Path, values: dict[str, Any]) -> tuple[Card, bool, tuple[str, ...]]:
    """The card, how the nets count pixels, and whose landmarks lack the half pixel."""
    try:
        version = values["format_version"]
        if version not in (_WITHOUT_HALF_PIXEL, FORMAT_VERSION):
            expected = f"{_WITHOUT_HALF_PIXEL} and {FORMAT_VERSION}"
            raise WeightsError(f"{path} is of format {version}; this version of the project reads {expected}")
        untrained = tuple(map(str, values["untrained_heads"]))
        card = Card(str(values["source"]), untrained, dict(values["details"]), int(version))
        off = _STAGES if version == _WITHOUT_HALF_PIXEL else tuple(map(str, values["half_a_pixel_off"]))
        return card, bool(values["counts_from_one"]), off
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"{path} is no file of weights of this project: it has no readable card") from error
