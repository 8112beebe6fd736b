"""A history of generated samples for the discriminators."""

from __future__ import annotations

from typing import TypedDict

import torch
from torch import Tensor, nn

Sample = dict[str, Tensor]


class PoolState(TypedDict):
    """What a checkpoint holds of a pool.

    Attributes:
        samples: The stored samples, their tensors without the batch axis.
        generator: State of the random generator, uint8.
    """

    samples: list[Sample]
    generator: Tensor


class ImagePool(nn.Module):
    """Mixes earlier samples into what a discriminator sees, as in CycleGAN.

    A sample is an image with whatever belongs to it, such as a label or landmarks; its parts travel together. The
    pool has no parameters; its samples and its random state are part of the state dict.

    Args:
        size: Number of samples kept; 0 switches the pool off.
        probability: Chance that a sample is exchanged for a stored one once the pool is full.
        seed: Seed of the pool's own random generator.

    Raises:
        ValueError: If `size` is negative or `probability` is outside [0, 1].
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
        """Number of samples stored now."""
        return len(self._samples)

    def query(self, sample: Sample) -> Sample:
        """Exchanges each sample of a batch for an earlier one, or not.

        While the pool is not full, a sample is stored and returned. Later it is returned, or with `probability`
        stored in the place of a random earlier one that is returned instead.

        Args:
            sample: Tensors (B, ...) by name, with the same names and shapes after the batch axis at every call.

        Returns:
            Tensors of the same names, shapes, types and devices. Detach the input: what was not exchanged keeps its
            graph.

        Raises:
            ValueError: If batch sizes differ, or names or shapes are not those of the stored samples.
        """
        if self.size == 0:
            return sample
        rows = _split(sample)
        self._check_alike(rows)
        answers = [self._exchange(row) for row in rows]
        return {name: torch.stack([answer[name] for answer in answers]) for name in sample}

    def get_extra_state(self) -> PoolState:
        """What `state_dict` saves: plain containers and tensors, readable with `weights_only=True`."""
        return {"samples": list(self._samples), "generator": self._generator.get_state()}

    def set_extra_state(self, state: PoolState) -> None:
        """Continues from a saved state; of one with more samples than `size` the last ones stay."""
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
            raise ValueError(f"the pool holds samples of {stored}, got {new}")


def _split(sample: Sample) -> list[Sample]:
    sizes = {name: len(tensor) for name, tensor in sample.items()}
    if len(set(sizes.values())) != 1:
        raise ValueError(f"a sample needs tensors of one batch size, got {sizes}")
    return [dict(zip(sample, row, strict=True)) for row in zip(*sample.values(), strict=True)]


def _detached_copy(row: Sample) -> Sample:
    return {name: tensor.detach().clone() for name, tensor in row.items()}


def _shapes(row: Sample) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in sorted(row.items())}
