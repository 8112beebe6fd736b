"""The official lists of difficulties, in the structure of the evaluation tools."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.io import savemat  # type: ignore[import-untyped]

from datamodules.datasets.wider_face import WiderAnnotation
from datamodules.errors import DataError
from lightning_modules.evaluation.wider_subsets import LARGE, find_subsets

Listed = dict[str, dict[str, list[int]]]
EASY: Listed = {"0--Parade": {"0_Parade_a": [1, 3], "0_Parade_b": []}, "4--Dancing": {"4_Dancing_c": [2]}}


BINS = ["20 to 40 px", "40 to 80 px", "80 px and more"]


def cells(*contents: object) -> NDArray[np.object_]:
    """A column of cells."""
    column = np.empty((len(contents), 1), dtype=object)
    column[:, 0] = contents
    return column


def write_list(path: Path, listed: Listed) -> None:
    """A list as MATLAB writes it: names without suffix, columns of numbers, nothing as an empty matrix."""
    numbers = [
        cells(
            *(
                np.array(faces, dtype=np.uint8).reshape(-1, 1) if faces else np.empty((0, 0))
                for faces in images.values()
            )
        )
        for images in listed.values()
    ]
    path.parent.mkdir(exist_ok=True)
    savemat(
        path,
        {
            "event_list": cells(*listed),
            "file_list": cells(*(cells(*images) for images in listed.values())),
            "gt_list": cells(*numbers),
        },
    )


def annotation(name: str, sizes: list[tuple[int, int]], invalid: int | None = None) -> WiderAnnotation:
    boxes = np.array([[3, 4, *size] for size in sizes], dtype=np.float32).reshape(-1, 4)
    attributes = np.zeros((len(sizes), 6), dtype=np.int64)
    if invalid is not None:
        attributes[invalid, 3] = 1
    return WiderAnnotation(name, 1, boxes, attributes, list(range(len(sizes))))


ANNOTATIONS = [
    annotation("0--Parade/0_Parade_a.jpg", [(20, 20), (19, 60), (60, 19), (40, 40)], invalid=3),
    annotation("0--Parade/0_Parade_b.jpg", []),
    annotation("4--Dancing/4_Dancing_c.jpg", [(30, 30), (10, 10)]),
]


def test_without_lists_large_valid_faces_count(tmp_path: Path) -> None:
    subsets = find_subsets(tmp_path, ANNOTATIONS)
    assert list(subsets) == [LARGE, *BINS]
    expected = [[True, False, False, False], [], [True, False]]
    assert [chosen.tolist() for chosen in subsets[LARGE].values()] == expected
    assert [chosen.tolist() for chosen in subsets[BINS[0]].values()] == expected
    assert not any(chosen.any() for name in BINS[1:] for chosen in subsets[name].values())


@pytest.mark.parametrize("inner", ["ground_truth", "wider_face_split"])
def test_lists_are_read_from_either_folder(tmp_path: Path, inner: str) -> None:
    write_list(tmp_path / inner / "wider_easy_val.mat", EASY)
    write_list(tmp_path / inner / "wider_hard_val.mat", EASY | {"4--Dancing": {"4_Dancing_c": [1, 2]}})
    subsets = find_subsets(tmp_path, ANNOTATIONS)
    assert list(subsets) == [LARGE, *BINS, "easy", "hard"]
    for name, last in (("easy", [False, True]), ("hard", [True, True])):
        assert {image: chosen.tolist() for image, chosen in subsets[name].items()} == {
            "0--Parade/0_Parade_a.jpg": [True, False, True, False],
            "0--Parade/0_Parade_b.jpg": [],
            "4--Dancing/4_Dancing_c.jpg": last,
        }


def test_lists_of_other_annotations_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "ground_truth" / "wider_medium_val.mat"
    write_list(path, EASY | {"0--Parade": {"0_Parade_a": [1, 5], "0_Parade_b": []}})
    with pytest.raises(
        DataError, match=r"wider_medium_val\.mat counts faces 1 to 5 of 0--Parade/0_Parade_a.jpg, which h"
    ):
        find_subsets(tmp_path, ANNOTATIONS)
    write_list(path, {"0--Parade": EASY["0--Parade"]})
    with pytest.raises(DataError, match=r"wider_medium_val\.mat does not list 4--Dancing"):
        find_subsets(tmp_path, ANNOTATIONS)


def test_damaged_lists_are_named(tmp_path: Path) -> None:
    path = tmp_path / "wider_face_split" / "wider_easy_val.mat"
    write_list(path, EASY)
    whole = path.read_bytes()
    for content in (b"no matrix", whole[: len(whole) // 2], b""):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"wider_easy_val\.mat is damaged"):
            find_subsets(tmp_path, ANNOTATIONS)
    savemat(path, {"something": 1})
    with pytest.raises(DataError, match=r"wider_easy_val\.mat is damaged, or not a list"):
        find_subsets(tmp_path, ANNOTATIONS)
