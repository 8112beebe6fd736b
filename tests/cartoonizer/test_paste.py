from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from cartoonizer.paste import paste
from tests.cartoonizer.test_pictures import RED, disc_face


@pytest.mark.parametrize("scale", [0.25, 1.0, 4.0])
def test_a_cartoon_is_pasted_where_its_face_was(scale: float) -> None:
    """Turned by 90 degrees, `scale` pixels of the cartoon to one of the photo, its middle at (150, 100)."""
    turn = scale * np.array([[0.0, 1.0], [-1.0, 0.0]])
    matrix = np.column_stack([turn, np.array([31.5, 31.5]) - turn @ [150, 100]])
    photo: NDArray[np.uint8] = np.full((200, 300, 3), 90, dtype=np.uint8)
    pasted = paste(photo, [disc_face(matrix)])
    changed = (pasted != photo).any(axis=2)
    rows, columns = np.nonzero(changed)
    assert abs(rows.mean() - 100) < 1
    assert abs(columns.mean() - 150) < 1
    assert changed.sum() == pytest.approx(np.pi * (24 / scale) ** 2, rel=0.4)
    assert tuple(pasted[100, 150]) == RED
    edge = pasted[100, :, 0].astype(int)
    assert len(np.unique(edge)) > 3  # softly
    assert (photo == 90).all()


def test_a_face_beyond_the_edge_is_pasted_in_part() -> None:
    photo: NDArray[np.uint8] = np.full((40, 40, 3), 90, dtype=np.uint8)
    pasted = paste(photo, [disc_face(np.array([[1.0, 0, 31.5], [0, 1.0, 31.5]]))])
    assert tuple(pasted[0, 0]) == RED
    far = paste(photo, [disc_face(np.array([[1.0, 0, 900.0], [0, 1.0, 0]]))])
    np.testing.assert_array_equal(far, photo)
