"""A variant whose cartoons keep the edges of their photos."""

from __future__ import annotations

from typing import Any

from datamodules.samples import UnpairedBatch
from lightning_modules.base import BaseCycleGAN, Translation
from lightning_modules.terms import Term, Terms
from networks.losses.edges import edge_consistency


class CycleGANEdges(BaseCycleGAN):
    """CycleGAN with an edge loss on the generated cartoons.

    Args:
        lambda_edges: Weight of the edge loss.
        **kwargs: Options of every variant, see ``BaseCycleGAN``.
    """

    def __init__(self, lambda_edges: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)  # keeps all options in self.hparams

    def extra_generator_terms(self, batch: UnpairedBatch, translation: Translation) -> Terms:
        """The base class's terms and the edge loss."""
        terms = super().extra_generator_terms(batch, translation)
        value = edge_consistency(translation.fake["cartoon"], batch.photo.image)
        return terms | {"edges_cartoon": Term(value, self.hparams["lambda_edges"])}
