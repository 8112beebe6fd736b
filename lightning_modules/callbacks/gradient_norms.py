"""Gradient norms of the individual generator loss terms."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from lightning import Trainer
from torch import Tensor, nn

from lightning_modules.base import BaseCycleGAN, TermsCallback
from lightning_modules.errors import UsageError
from lightning_modules.terms import Term, Terms


class GradientNorms(TermsCallback):
    """Logs the gradient norm of each weighted term w.r.t. the generators' parameters, as ``gradient/<term>``.

    If a term with non-zero weight has zero gradient in ``patience`` consecutive measurements, the run is stopped: the
    loss is computed and logged but has no effect. Batches without the annotations required by a term are not counted.

    With fp16, each term is scaled like the total loss in its backward pass, which avoids fp16 underflow, and the norm
    is unscaled. A step that overflows, and is skipped by the scaler, is logged as non-finite. With several processes,
    the mean of their norms is used.

    Args:
        every_n_steps: Training steps between measurements, each of which takes one backward pass per term. Values are
            logged at the trainer's next logging step (see ``log_every_n_steps``).
        patience: Number of measurements without gradient that stop the run.
    """

    def __init__(self, every_n_steps: int = 500, patience: int = 3) -> None:
        for name, value in (("every_n_steps", every_n_steps), ("patience", patience)):
            if value < 1:
                raise UsageError(f"{name} of GradientNorms is {value}, must be 1 or more")
        self._every_n_steps = every_n_steps
        self._patience = patience
        self._times_without: dict[str, int] = {}

    def on_generator_terms(self, trainer: Trainer, pl_module: BaseCycleGAN, terms: Terms) -> None:
        """Measure, log and check the norms."""
        weighted = {name: term for name, term in terms.items() if term.weight}
        if trainer.global_step % self._every_n_steps or not weighted:
            return
        by_name = gradient_norms(weighted, pl_module.generators.parameters(), _loss_scale(trainer))
        measured = torch.stack([torch.stack([by_name[name], _applies(term)]) for name, term in weighted.items()])
        means = trainer.strategy.reduce(measured, reduce_op="mean")
        assert isinstance(means, Tensor)
        pl_module.log_dict(
            {f"gradient/{name}": norm for name, (norm, _) in zip(by_name, means, strict=True)}, batch_size=1
        )
        for name, (norm, applying) in zip(by_name, means.tolist(), strict=True):
            if applying:
                self._times_without[name] = self._times_without.get(name, 0) + 1 if norm == 0 else 0
        self._stop_if_stuck(trainer)

    def _stop_if_stuck(self, trainer: Trainer) -> None:
        stuck = [name for name, times in self._times_without.items() if times >= self._patience]
        if stuck:
            raise UsageError(
                f"the weighted loss {', '.join(stuck)} has had no gradient w.r.t. the generators until step "
                f"{trainer.global_step}\nits graph is detached or constant; fix that, or set its weight to 0"
            )


def gradient_norms(terms: Terms, parameters: Iterable[nn.Parameter], scale: float = 1.0) -> dict[str, Tensor]:
    """Norm of the gradient of each weighted term; the graphs are kept.

    Args:
        terms: Float32 terms.
        parameters: Parameters of the gradient, treated as one vector.
        scale: Loss scale for the backward pass; the gradient is divided by it.

    Returns:
        Float32 scalars by term name; zero if there is no gradient.
    """
    receivers = [parameter for parameter in parameters if parameter.requires_grad]
    return {name: _norm(term.weight * scale * term.value, receivers) / scale for name, term in terms.items()}


def _norm(value: Tensor, receivers: list[nn.Parameter]) -> Tensor:
    if not value.requires_grad:
        return value.new_zeros(())
    gradients = torch.autograd.grad(value, receivers, retain_graph=True, allow_unused=True)
    norms = [gradient.float().norm() for gradient in gradients if gradient is not None]
    return torch.stack(norms).norm() if norms else value.new_zeros(())


def _applies(term: Term) -> Tensor:
    """1 if any face in the batch has the annotations required by the term, else 0."""
    return term.value.new_ones(()) if term.applies is None else term.applies.float()


def _loss_scale(trainer: Trainer) -> float:
    """Loss scale of ``16-mixed`` precision."""
    scaler: Any = getattr(trainer.precision_plugin, "scaler", None)
    return float(scaler.get_scale()) if scaler is not None else 1.0
