"""A detector in one file: the three nets, and a card with their origin."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from networks.mtcnn.nets import MTCNN, STAGES, Stage
from networks.weights_file import WeightsError, fill, read_weights, write_weights

FORMAT_VERSION = 3

_WITHOUT_HALF_PIXEL = 2
"""Older version that is still supported; its landmarks lack the half pixel (`Stage.is_half_a_pixel_off`)."""


@dataclass(frozen=True)
class Card:
    """Metadata of a weights file.

    Attributes:
        source: Origin of the weights.
        untrained_heads: Heads with initial weights only, such as "pnet.landmarks".
        details: Human-readable notes on each stage's training and the detector's results; plain values.
        format_version: Format of the file; after loading, that of the loaded file.
    """

    source: str
    untrained_heads: tuple[str, ...] = ()
    details: dict[str, object] = field(default_factory=dict)
    format_version: int = FORMAT_VERSION


def save_weights(nets: MTCNN, card: Card, path: Path) -> None:
    """Writes the nets and their card to a file, atomically.

    Raises:
        WeightsError: The file cannot be written.
    """
    off = [name for name in STAGES if _stage(nets, name).is_half_a_pixel_off]
    conventions = {"counts_from_one": nets.one_based, "half_a_pixel_off": off}
    write_weights(nets, asdict(card) | conventions | {"format_version": FORMAT_VERSION}, path)


def load_weights(path: Path) -> tuple[MTCNN, Card]:
    """Loads a file of `save_weights`.

    Returns:
        The nets on the CPU, in evaluation mode, and their card. Each stage has its landmark convention set, so files of
        format 2 give unchanged results.

    Raises:
        WeightsError: The file is missing, damaged, or of another kind.
    """
    tensors, description = read_weights(path)
    if not any(name.startswith(STAGES) for name in tensors):
        raise WeightsError(f"{path} is not a detector: it has none of {', '.join(STAGES)}")
    card, one_based, off = _parse_card(path, description)
    nets = MTCNN(one_based)
    for name in STAGES:
        _stage(nets, name).is_half_a_pixel_off = name in off
    fill(nets, tensors, path)
    return nets.eval(), card


def _stage(nets: MTCNN, name: str) -> Stage:
    stage = nets.get_submodule(name)
    assert isinstance(stage, Stage)
    return stage


def _parse_card(path: Path, values: dict[str, Any]) -> tuple[Card, bool, tuple[str, ...]]:
    """The card, whether the nets count pixels from one, and the stages whose landmarks lack the half pixel."""
    try:
        version = values["format_version"]
        if version not in (_WITHOUT_HALF_PIXEL, FORMAT_VERSION):
            expected = f"{_WITHOUT_HALF_PIXEL} and {FORMAT_VERSION}"
            raise WeightsError(f"{path} is of format {version}; this version of the project reads {expected}")
        untrained = tuple(map(str, values["untrained_heads"]))
        card = Card(str(values["source"]), untrained, dict(values["details"]), int(version))
        off = STAGES if version == _WITHOUT_HALF_PIXEL else tuple(map(str, values["half_a_pixel_off"]))
        return card, bool(values["counts_from_one"]), off
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"{path} is not a detector of this project: it has no readable card") from error
