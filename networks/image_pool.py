"""Image pool: a history of generated samples for the discriminators."""

from __future__ import annotations

from typing import TypedDict

import torch
from torch import Tensor, nn

Sample = dict[str, Tensor]


class PoolState(TypedDict):
    """State of a pool in a checkpoint.

    Attributes:
        samples: The stored samples, without batch axis.
        generator: State of the random generator, uint8.
    """

    samples: list[Sample]
    generator: Tensor


class ImagePool(nn.Module):
    """Mixes earlier fakes into a discriminator's batches, as in CycleGAN.

    A sample is an image with its labels and landmarks, which are stored together. The pool has no parameters; its
    samples and random state are part of the state dict.

    Args:
        size: Number of samples kept; 0 disables the pool.
        probability: Probability of replacing a sample by a stored one once the pool is full.
        seed: Seed of the pool's random generator.

    Raises:
        ValueError: If ``size`` is negative or ``probability`` is outside [0, 1].
    """

    def __init__(self, size: int = 50, probability: float = 0.5, seed: int = 0) -> None:
        super().__init__()
        if size < 0:
            raise ValueError(f"size must not be negative, got {size}")
        if not 0 <= probability <= 1:
            raise ValueError(f"probability must be in [0, 1], got {probability}")
        self.size = size
        self.probability = probability
        self._samples: list[Sample] = []
        self._generator = torch.Generator().manual_seed(seed)

    def __len__(self) -> int:
        """Current number of stored samples."""
        return len(self._samples)

    def query(self, sample: Sample) -> Sample:
        """Replaces some samples of a batch by earlier ones.

        Until the pool is full, samples are stored and returned. After that each sample is returned, or with
        ``probability`` swapped with a random stored one.

        Args:
            sample: Tensors (B, ...) by name; names and shapes after the batch axis are the same in every call.

        Returns:
            Tensors with the same names, shapes, dtypes and devices. Detach the input, as samples that are not replaced
            keep their graph.

        Raises:
            ValueError: If batch sizes differ, or names or shapes do not match the stored samples.
        """
        if self.size == 0:
            return sample
        rows = _split(sample)
        self._check_alike(rows)
        answers = [self._exchange(row) for row in rows]
        return {name: torch.stack([answer[name] for answer in answers]) for name in sample}

    def get_extra_state(self) -> PoolState:
        """State for ``state_dict``: plain containers and tensors, loadable with ``weights_only=True``."""
        return {"samples": list(self._samples), "generator": self._generator.get_state()}

    def set_extra_state(self, state: PoolState) -> None:
        """Restores a saved state; if it has more than ``size`` samples, only the last ones are kept."""
        surplus = max(0, len(state["samples"]) - self.size)
        self._samples = list(state["samples"][surplus:])
        self._generator.set_state(state["generator"].cpu())

    def _exchange(self, row: Sample) -> Sample:
        if len(self._samples) < self.size:
            self._samples.append(_detached_copy(row))
            return row
        if torch.rand((), generator=self._generator) >= self.probability:
            return row
        index = int(torch.randint(self.size, (), generator=self._generator))
        stored, self._samples[index] = self._samples[index], _detached_copy(row)
        return {name: stored[name].to(tensor) for name, tensor in row.items()}

    def _check_alike(self, rows: list[Sample]) -> None:
        if not self._samples or not rows:
            return
        stored, new = _shapes(self._samples[0]), _shapes(rows[0])
        if stored != new:
            raise ValueError(f"the pool contains samples of {stored}, got {new}")


def _split(sample: Sample) -> list[Sample]:
    sizes = {name: len(tensor) for name, tensor in sample.items()}
    if len(set(sizes.values())) != 1:
        raise ValueError(f"a sample needs tensors of one batch size, got {sizes}")
    return [dict(zip(sample, row, strict=True)) for row in zip(*sample.values(), strict=True)]


def _detached_copy(row: Sample) -> Sample:
    return {name: tensor.detach().clone() for name, tensor in row.items()}


def _shapes(row: Sample) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in sorted(row.items())}
