"""Cards of exported networks: what they are, their training data, and their terms of use."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from lightning_modules.version import __version__
from networks.weights_file import WeightsError, read_weights

UNKNOWN_TERMS = "as those of the data it was trained on; see its card"


def card_of(weights: Path, what: str, details: Mapping[str, object] | None = None) -> dict[str, object]:
    """Create the card of a weights file.

    Args:
        weights: The file; a Markdown file with the same name in the same folder may have more information.
        what: Short description of the network.
        details: How it was trained, if the file itself does not record it.

    Returns:
        Plain values: what, trained_on, terms, figures, details, version, weights and sha256.
    """
    header, text = front_matter(weights.with_suffix(".md"))
    description = {} if details is not None else _description(weights)
    return {
        "what": what,
        "trained_on": header.get("trained_on", "see details"),
        "terms": header.get("terms", UNKNOWN_TERMS),
        "figures": description.get("figures", {}),
        "details": details if details is not None else description.get("details", {}),
        "text": text,
        "version": __version__,
        "weights": weights.name,
        "sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
    }


def front_matter(path: Path) -> tuple[dict[str, str], str]:
    """Split a Markdown file into its front matter, ``key: value`` lines between two ``---``, and the rest."""
    if not path.is_file():
        return {}, ""
    text = path.read_text(encoding="utf-8")
    found = re.match(r"---\n(.*?)\n---\n+", text, flags=re.DOTALL)
    if found is None:
        return {}, text
    pairs = (line.partition(":") for line in found[1].splitlines())
    return {key.strip(): value.strip() for key, _, value in pairs}, text[found.end() :]


def _description(weights: Path) -> dict[str, object]:
    try:
        return read_weights(weights)[1]
    except WeightsError:
        return {}
