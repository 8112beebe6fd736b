"""Schedules of learning rates and loss weights."""

from __future__ import annotations


def decay_factor(epoch: int, epochs: int, start: float) -> float:
    """Learning rate factor: 1 for the first ``start`` fraction of ``epochs``, then linear decay to 0.

    An unlimited run (``epochs`` 0) stays at 1.
    """
    first = start * epochs
    return 1.0 if epoch <= first or not epochs else max(0.0, (epochs - epoch) / (epochs - first))


def ramp_factor(step: int, start: int, length: int) -> float:
    """Weight factor at a training step: 0 before ``start``, then a linear ramp to 1 over ``length`` steps."""
    return min(max((step - start + 1) / (length + 1), 0.0), 1.0)


def fade_factor(step: int, length: int) -> float:
    """Weight factor that decays linearly from 1 to 0 over ``length`` steps; 1 if ``length`` is 0."""
    return max(0.0, 1 - step / length) if length else 1.0
