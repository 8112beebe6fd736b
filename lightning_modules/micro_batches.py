"""Divides a batch into parts whose gradients are accumulated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch

from datamodules.samples import Faces, UnpairedBatch
from lightning_modules.terms import Term, Terms


class MicroBatch(NamedTuple):
    """A part of a batch.

    Attributes:
        batch: Its faces.
        start: Number of the faces in each domain before it.
        total: Number of the faces in each domain of the whole batch.
    """

    batch: UnpairedBatch
    start: int
    total: int

    @property
    def share(self) -> float:
        """Fraction of the whole batch, above 0, up to 1."""
        return len(self.batch.photo.image) / self.total

    @property
    def is_last(self) -> bool:
        """Whether it is the last one of its batch."""
        return self.start + len(self.batch.photo.image) == self.total


def micro_batches(batch: UnpairedBatch, size: int | None) -> list[MicroBatch]:
    """Divide a batch into parts of at most ``size`` faces per domain; a single one if ``size`` is None."""
    total = len(batch.photo.image)
    if size is None or size >= total:
        return [MicroBatch(batch, 0, total)]
    return [
        MicroBatch(UnpairedBatch(*(rows(faces, start, size) for faces in batch)), start, total)
        for start in range(0, total, size)
    ]


def rows(faces: Faces, start: int, count: int) -> Faces:
    """``count`` faces of a batch from ``start`` on, or as many as there are."""
    return Faces(*(part[start : start + count] for part in faces))


def mean_terms(terms: Sequence[Terms], parts: Sequence[MicroBatch]) -> Terms:
    """Terms of a whole batch from those of its parts, weighted by their size, for the log."""
    if len(terms) == 1:
        return terms[0]
    return {
        name: Term(
            torch.stack(
                [part.share * each[name].value.detach() for each, part in zip(terms, parts, strict=True)]
            ).sum(),
            term.weight,
        )
        for name, term in terms[0].items()
    }
