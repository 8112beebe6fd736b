"""The balanced, hair-sorted subset of the paper (3.2.1), as an index of files without copies."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from datamodules.atomic import write_whole
from datamodules.errors import DataError
from datamodules.samples import Domain, HairColour, RawFace, Split, parse_split
from datamodules.source import FaceSource

_FORMAT = 1
_COLOURS = {colour.name.lower() for colour in HairColour}
_DOMAINS: tuple[Domain, ...] = ("photo", "cartoon")


@dataclass(frozen=True)
class HairIndex:
    """Equally many faces of each of the four hair colours, in both domains.

    Attributes:
        split: The split that the faces come from.
        names: Domain -> colour -> names of the faces in their source.
    """

    split: Split
    names: dict[Domain, dict[str, list[str]]]

    def save(self, path: Path) -> None:
        """Write the index as JSON, atomically."""
        content = {"format": _FORMAT, "split": self.split, "names": self.names}
        write_whole(path, json.dumps(content, indent=1) + "\n")

    @classmethod
    def load(cls, path: Path) -> HairIndex:
        """Read an index.

        Raises:
            DataError: The file is missing or not an index of this format.
        """
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if content["format"] != _FORMAT:
                raise DataError(f"{path} has format {content['format']}, expected {_FORMAT}; make it again")
            names = {domain: dict(content["names"][domain]) for domain in _DOMAINS}
            if any(set(colours) - _COLOURS for colours in names.values()):
                raise ValueError("unknown colour")
            return cls(parse_split(content["split"]), names)
        except FileNotFoundError as error:
            raise DataError(f"no such index: {path}; make it with `cartoongan data hair`") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(f"{path} is not a hair index; make it with `cartoongan data hair`") from error

    def counts(self, domain: Domain) -> dict[str, int]:
        """Number of faces per colour."""
        return {colour: len(names) for colour, names in self.names[domain].items()}

    def select(self, source: FaceSource, domain: Domain) -> ChosenFaces:
        """The faces of the index in ``source``.

        Raises:
            DataError: A face is missing in the source or has a different label there.
        """
        position = {name: index for index, name in enumerate(source.names)}
        chosen = [(name, colour) for colour, names in self.names[domain].items() for name in names]
        for name, colour in chosen:
            if name not in position:
                raise DataError(f"the {domain} {name} of the hair index does not exist; make the index again")
            if source.labels[position[name]] != HairColour[colour.upper()]:
                raise DataError(f"{name} is {colour} in the hair index, but not in the data; make the index again")
        return ChosenFaces(source, [position[name] for name, _ in chosen])


class ChosenFaces:
    """A subset of a source, in the order of ``indices``."""

    def __init__(self, source: FaceSource, indices: list[int]) -> None:
        self.names = [source.names[index] for index in indices]
        self.labels = source.labels[indices]
        self.attributes = source.attributes[indices]
        self._source, self._indices = source, indices

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, index: int) -> RawFace:
        return self._source[self._indices[index]]

    def fingerprint(self) -> str:
        """Changes with the source and with the subset."""
        return f"{self._source.fingerprint()} {self._indices}"


def build_hair_index(
    sources: dict[Domain, FaceSource], split: Split, per_class: int, allow_fewer: bool = False, seed: int = 0
) -> HairIndex:
    """Draw the same number of faces of each colour from both domains.

    Args:
        sources: The labelled faces of each domain.
        split: Their split.
        per_class: Faces per colour and domain.
        allow_fewer: If the rarest colour has fewer faces, use that number for all.
        seed: Random seed; the same seed selects the same faces.

    Raises:
        DataError: A colour has too few faces; the message contains the full table.
    """
    members: dict[Domain, dict[str, list[str]]] = {
        domain: {
            colour.name.lower(): sorted(
                name for name, hair in zip(source.names, source.labels, strict=True) if hair == colour
            )
            for colour in HairColour
        }
        for domain, source in sources.items()
    }
    fewest = min(len(names) for colours in members.values() for names in colours.values())
    if fewest < per_class and not (allow_fewer and fewest):
        table = "; ".join(
            f"{domain}s: " + ", ".join(f"{colour} {len(names)}" for colour, names in colours.items())
            for domain, colours in members.items()
        )
        raise DataError(
            f"too few faces for --per-class {per_class} in the split '{split}'\n{table}\n"
            f"use --per-class {fewest} or --allow-fewer, or more data (5,000 of each need cartoonset100k)"
        )
    rng = np.random.default_rng(seed)
    count = min(per_class, fewest)
    drawn = {
        domain: {colour: sorted(rng.permutation(names)[:count].tolist()) for colour, names in colours.items()}
        for domain, colours in members.items()
    }
    return HairIndex(split, drawn)
