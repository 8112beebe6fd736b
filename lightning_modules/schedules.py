"""How learning rates and weights change over a run."""

from __future__ import annotations


def decay_factor(epoch: int, epochs: int, start: float) -> float:
    """Factor of the learning rate in ``epoch`` of ``epochs``: 1 up to the share ``start``, then linearly to 0.

    An endless run (``epochs`` 0) keeps 1.
    """
    first = start * epochs
    return 1.0 if epoch <= first or not epochs else max(0.0, (epochs - epoch) / (epochs - first))


def ramp_factor(step: int, start: int, length: int) -> float:
    """Factor of a weight at a training step: 0 before ``start``, then rising linearly to 1 over ``length`` steps."""
    return min(max((step - start + 1) / (length + 1), 0.0), 1.0)


def fade_factor(step: int, length: int) -> float:
    """Factor of a weight that falls linearly from 1 to 0 over ``length`` steps; 1 for a length of 0."""
    return max(0.0, 1 - step / length) if length else 1.0
