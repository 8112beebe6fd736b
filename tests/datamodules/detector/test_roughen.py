from __future__ import annotations

import numpy as np
import pytest

from datamodules.detector import roughen as roughening
from datamodules.detector.roughen import Images, roughen


@pytest.fixture
def crops() -> Images:
    rng = np.random.default_rng(0)
    coarse = rng.integers(256, size=(40, 6, 6, 3), dtype=np.uint8)
    return coarse.repeat(4, axis=1).repeat(4, axis=2)


def test_a_share_of_zero_changes_nothing_and_the_input_is_not_modified(crops: Images) -> None:
    before = crops.copy()
    np.testing.assert_array_equal(roughen(crops, 0.0, np.random.default_rng(1)), before)
    assert (roughen(crops, 1.0, np.random.default_rng(1)) != before).any(axis=(1, 2, 3)).all()
    np.testing.assert_array_equal(crops, before)


def test_it_is_a_function_of_the_random_state(crops: Images) -> None:
    once, again, other = (roughen(crops, 0.5, np.random.default_rng(seed)) for seed in (2, 2, 3))
    np.testing.assert_array_equal(once, again)
    assert (once != other).any()


def test_each_degradation_applies_to_about_its_share(crops: Images, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roughening, "_CHANGES", (lambda images, rng: 255 - images,))
    many = np.concatenate([crops] * 10)
    changed = (roughen(many, 0.25, np.random.default_rng(4)) != many).any(axis=(1, 2, 3))
    assert 0.15 < changed.mean() < 0.35


@pytest.mark.parametrize("change", roughening._CHANGES, ids=lambda change: change.__name__)
def test_a_degraded_crop_still_shows_the_same(crops: Images, change: object) -> None:
    changed = change(crops, np.random.default_rng(5))  # type: ignore[operator]
    assert changed.shape == crops.shape
    assert changed.dtype == np.uint8
    for one, other in zip(crops, changed, strict=True):
        assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.7
