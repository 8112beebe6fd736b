"""Checks that the data has landmarks, which some variants require."""

from __future__ import annotations

from torch.utils.data import Dataset

from datamodules.samples import UnpairedBatch
from lightning_modules.base import OPPOSITE, faces_of
from lightning_modules.errors import UsageError
from networks.landmarks import are_known

DRAWS = 64
"""Maximum number of samples to check for landmarks."""


def require_landmarks(draws: Dataset[UnpairedBatch]) -> None:
    """Check samples until landmarks are found in both domains, usually in the first one.

    Args:
        draws: The training data.

    Raises:
        UsageError: None of the first samples has landmarks in one of the domains.
    """
    missing = set(OPPOSITE)
    for number in range(DRAWS):
        draw = draws[number]
        missing -= {domain for domain in missing if are_known(faces_of(draw, domain).landmarks[None]).item()}
        if not missing:
            return
    names = " and ".join(f"--data.{domain}s" for domain in sorted(missing))
    raise UsageError(
        f"none of {DRAWS} samples of {names} has landmarks, which this model needs for training\n"
        "for a folder of images, `cartoongan data landmarks DIR` detects them and writes its faces.csv"
    )
