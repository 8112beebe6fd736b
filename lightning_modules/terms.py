"""Terms of a loss: what each is worth, how much it counts and whether it applies."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Term(NamedTuple):
    """One term of a loss.

    Attributes:
        value: Scalar, as the paper defines it.
        weight: Its weight in the sum.
        applies: Scalar bool, whether any face of the batch has what the term needs; None for a term that needs nothing.
    """

    value: Tensor
    weight: float
    applies: Tensor | None = None


Terms = dict[str, Term]


def total(terms: Terms) -> Tensor:
    """Weighted sum of loss terms, one at least."""
    return torch.stack([term.weight * term.value for term in terms.values()]).sum()


def of_kind(terms: Terms, kind: str) -> Terms:
    """The terms whose names begin with a kind, as ``cycle``."""
    return {name: term for name, term in terms.items() if name.startswith(f"{kind}_")}
