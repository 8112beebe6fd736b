"""Finding the option that a misspelled one was meant to be."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

MOST = 3
"""Suggestions at most."""


def closest(name: str, known: Iterable[str]) -> list[str]:
    """The known names that ``name`` was probably meant to be.

    An option of another section counts as meant: ``batch_size`` finds ``data.batch_size``.

    Args:
        name: As it was typed, without leading dashes.
        known: All names, such as ``data.batch_size``.

    Returns:
        The best first; empty if nothing is close.

    Example:
        >>> closest("batch-size", ["data.batch_size", "data.root", "trainer.max_epochs"])
        ['data.batch_size']
    """
    typed = name.replace("-", "_")
    by_end: dict[str, list[str]] = {}
    for each in known:
        by_end.setdefault(each.rpartition(".")[2], []).append(each)
    names = [each for group in by_end.values() for each in group]
    last = typed.rpartition(".")[2]
    if last in by_end:
        return by_end[last][:MOST]
    if "." in typed and (found := get_close_matches(typed, names, n=1, cutoff=0.8)):
        return found
    return [each for end in get_close_matches(last, by_end, n=1, cutoff=0.6) for each in by_end[end]][:MOST]
