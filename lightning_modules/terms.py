"""Loss terms with their weights."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Term(NamedTuple):
    """One term of a loss.

    Attributes:
        value: Scalar, as the paper defines it.
        weight: Its weight in the sum.
        applies: Scalar bool: whether any face in the batch has the required annotations; None if none are required.
    """

    value: Tensor
    weight: float
    applies: Tensor | None = None


Terms = dict[str, Term]


def total(terms: Terms) -> Tensor:
    """Weighted sum of at least one loss term."""
    return torch.stack([term.weight * term.value for term in terms.values()]).sum()


def of_kind(terms: Terms, kind: str) -> Terms:
    """The terms whose names start with a kind such as ``cycle``."""
    return {name: term for name, term in terms.items() if name.startswith(f"{kind}_")}
