from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from datamodules.detector.mined import NEGATIVES_OF_SCENE, MinedWindows, classify_windows
from datamodules.errors import DataError

FACES = np.array([[0, 0, 100, 100], [300, 0, 310, 10]], dtype=np.float32)
IS_TARGET = np.array([True, False])


def shifted(by: float, face: int = 0) -> list[float]:
    x1, y1, x2, y2 = FACES[face].tolist()
    return [x1 + by, y1, x2 + by, y2]


def test_windows_are_sorted_by_overlap() -> None:
    windows = np.array([shifted(10), shifted(35), shifted(50), shifted(90), shifted(0, face=1)], dtype=np.float32)
    mined = classify_windows(7, windows, FACES, IS_TARGET)
    assert mined.scenes.tolist() == [7, 7, 7]
    assert mined.faces.tolist() == [0, 0, -1]  # the third is between the kinds, the last is not on a target
    np.testing.assert_allclose(mined.overlaps, [90 / 110, 65 / 135, 10 / 190], rtol=1e-5)


def test_only_the_best_negatives_of_a_scene_are_kept() -> None:
    windows = np.array([[200 + i, 200, 260 + i, 260] for i in range(NEGATIVES_OF_SCENE + 30)], dtype=np.float32)
    mined = classify_windows(0, windows, FACES, IS_TARGET)
    np.testing.assert_array_equal(mined.windows, windows[:NEGATIVES_OF_SCENE])


def test_a_scene_without_faces_has_negatives_only() -> None:
    mined = classify_windows(0, np.array([shifted(0)], dtype=np.float32), FACES[:0], IS_TARGET[:0])
    assert mined.faces.tolist() == [-1]


def test_saved_windows_are_loaded_unchanged(tmp_path: Path) -> None:
    windows = np.array([shifted(10), shifted(90)], dtype=np.float32)
    mined = classify_windows(3, windows, FACES, IS_TARGET)
    joined = MinedWindows.joined([mined, mined])
    joined.save(tmp_path / "new" / "mined.npz")
    again = MinedWindows.load(tmp_path / "new" / "mined.npz")
    assert again.faces.tolist() == joined.faces.tolist()
    assert sorted(again.faces < 0) == [False, False, True, True]
    np.testing.assert_array_equal(again.windows, joined.windows)
    np.testing.assert_array_equal(again.overlaps, joined.overlaps)
    np.testing.assert_array_equal(again.scenes, joined.scenes)


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.98])
def test_a_damaged_file_is_named(tmp_path: Path, share: float) -> None:
    path = tmp_path / "mined.npz"
    windows = np.array([shifted(10), shifted(90)], dtype=np.float32)
    classify_windows(3, windows, FACES, IS_TARGET).save(path)
    content = path.read_bytes()
    for damaged in (content[: int(share * len(content))], b"PK no archive"):
        path.write_bytes(damaged)
        with pytest.raises(DataError, match=r"mined\.npz is damaged or contains no mined windows"):
            MinedWindows.load(path)
