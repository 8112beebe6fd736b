"""Averages of two weights files: of a network before and after further training, often better than both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from networks.weights_file import WeightsError, fingerprint, read_weights

_FIGURES = "figures"
_DETAILS = "details"
_UNTRAINED = "untrained_heads"
_OF_A_FILE = (_FIGURES, _DETAILS, _UNTRAINED)
"""Entries of a description that may differ between files of the same architecture."""


@dataclass(frozen=True)
class _File:
    path: Path
    tensors: Mapping[str, Tensor]
    description: Mapping[str, object]

    @classmethod
    def read(cls, path: Path) -> _File:
        return cls(path, *read_weights(path))

    def details(self) -> dict[str, object]:
        found = self.description.get(_DETAILS)
        return {key: value for key, value in found.items() if key != _FIGURES} if isinstance(found, dict) else {}

    def untrained(self) -> list[str]:
        found = self.description.get(_UNTRAINED)
        return list(map(str, found)) if isinstance(found, list) else []


def average_files(
    first: Path, second: Path, share: float, only: Sequence[str] = ()
) -> tuple[dict[str, Tensor], dict[str, object]]:
    """The weighted mean of two files' weights, and its description.

    Args:
        first: The file that the others' entries come from.
        second: A file of the same architecture.
        share: Weight of the second file, from 0 to 1; that of the first is 1 - share.
        only: Modules that are averaged, such as "rnet" or "rnet.face"; the others are the first file's. By default all.

    Returns:
        The tensors, and a description without figures: neither file's are those of the mean. ``details`` names both
        files and what their details had of their own.

    Raises:
        WeightsError: A file cannot be read, the architectures differ, a module is unknown or untrained, or has
            statistics of batches.
    """
    one, other = _File.read(first), _File.read(second)
    _check_architecture(one, other)
    for module in only:
        if not any(_belongs(name, [module]) for name in one.tensors):
            known = ", ".join(sorted({name.split(".")[0] for name in one.tensors}))
            raise WeightsError(f"{first} has no module {module!r}; expected one of {known}, or a module of these")
    averaged = [name for name in one.tensors if not only or _belongs(name, only)]
    _check_values(one, other, averaged)
    tensors = dict(one.tensors)
    for name in averaged:
        tensors[name] = average(one.tensors[name], other.tensors[name], share)
    return tensors, _describe(one, other, share, only)


def average(first: Tensor, second: Tensor, share: float) -> Tensor:
    """``(1 - share) * first + share * second``, computed in float64 and exact where both are equal."""
    return torch.lerp(first.double(), second.double(), share).to(first.dtype)


def _check_architecture(one: _File, other: _File) -> None:
    pair = f"{one.path} and {other.path} are of different architectures"
    shapes, others = ({name: (*value.shape,) for name, value in file.tensors.items()} for file in (one, other))
    for name in sorted(shapes.keys() | others.keys()):
        if shapes.get(name) != others.get(name):
            raise WeightsError(f"{pair}: {name} is {_shape(shapes.get(name))} and {_shape(others.get(name))}")
    for key in sorted(one.description.keys() | other.description.keys()):
        if key not in _OF_A_FILE and one.description.get(key) != other.description.get(key):
            raise WeightsError(f"{pair}: {key} is {one.description.get(key)!r} and {other.description.get(key)!r}")


def _check_values(one: _File, other: _File, names: Sequence[str]) -> None:
    for file in (one, other):
        if untrained := [head for head in file.untrained() if any(_belongs(name, [head]) for name in names)]:
            raise WeightsError(f"{file.path}: {', '.join(untrained)} are untrained; name the modules to average")
        for name in names:
            value = file.tensors[name]
            if not value.is_floating_point():
                raise WeightsError(f"{file.path} has statistics of batches, which have no mean ({name})")
            if not bool(torch.isfinite(value).all()):
                raise WeightsError(f"{file.path} has values that are not finite: {name}")


def _describe(one: _File, other: _File, share: float, only: Sequence[str]) -> dict[str, object]:
    """What both files say, and what each says of modules that are not averaged or of itself."""
    details, others = one.details(), other.details()
    modules = {name.split(".")[0] for name in one.tensors}
    kept = {
        key: value
        for key, value in details.items()
        if others.get(key) == value or (only and key in modules and not any(_belongs(each, [key]) for each in only))
    }
    origins = [
        {
            "file": file.path.name,
            "fingerprint": fingerprint(file.path),
            "share": part,
            "details": {key: value for key, value in its.items() if key not in kept},
        }
        for file, its, part in ((one, details, 1 - share), (other, others, share))
    ]
    average_of: dict[str, object] = {"modules": list(only) or "all", "files": origins}
    description = dict(one.description) | {_DETAILS: kept | {"average": average_of}}
    if _FIGURES in description:
        description[_FIGURES] = {}
    return description


def _belongs(name: str, modules: Sequence[str]) -> bool:
    return any(name == module or name.startswith(f"{module}.") for module in modules)


def _shape(shape: tuple[int, ...] | None) -> str:
    return "missing" if shape is None else "x".join(map(str, shape)) or "a number"
