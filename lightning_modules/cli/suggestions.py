"""Suggestions for misspelled options."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

MAX_SUGGESTIONS = 3
"""Maximum number of suggestions."""


def closest(name: str, known: Iterable[str]) -> list[str]:
    """The known names closest to ``name``.

    A missing section is added: ``batch_size`` finds ``data.batch_size``.

    Args:
        name: The misspelled name, without leading dashes.
        known: All names, such as ``data.batch_size``.

    Returns:
        The closest names, best first; empty if none is close.

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
        return by_end[last][:MAX_SUGGESTIONS]
    if "." in typed and (found := get_close_matches(typed, names, n=1, cutoff=0.8)):
        return found
    return [each for end in get_close_matches(last, by_end, n=1, cutoff=0.6) for each in by_end[end]][:MAX_SUGGESTIONS]
