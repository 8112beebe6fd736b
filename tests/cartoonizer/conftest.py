"""The runtime with its own model, which is loaded once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from cartoonizer import Cartoonizer
from cartoonizer.cascade import Cascade
from cartoonizer.decode import decode
from cartoonizer.model_file import OWN_MODEL, ModelFile, read_model


@pytest.fixture(scope="session")
def cartoonizer() -> Cartoonizer:
    return Cartoonizer(threads=1)


@pytest.fixture(scope="session")
def own_model() -> ModelFile:
    return read_model(OWN_MODEL)


@pytest.fixture(scope="session")
def portrait(sample_root: Path) -> Path:
    """A drawn photo in which the project's detector finds a face."""
    return sample_root / "celeba" / "img_align_celeba" / "000001.jpg"


@pytest.fixture(scope="session")
def pixels(portrait: Path) -> NDArray[np.uint8]:
    return decode(portrait)


@pytest.fixture(scope="session")
def cascade(own_model: ModelFile) -> Cascade:
    return Cascade(own_model, own_model.manifest.detector, threads=1)
