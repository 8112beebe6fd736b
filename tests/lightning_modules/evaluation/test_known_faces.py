"""Which images are looked at, and which detection is the face in them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from datamodules.datasets.cartoonset import CartoonSet
from datamodules.datasets.lfw_net import LfwNet
from lightning_modules.evaluation.known_faces import (
    CARTOON_DRAWS,
    choose_face,
    drawn_faces,
    held_back,
    photographed_faces,
)
from networks.mtcnn import Detections

KNOWN = torch.tensor([40.0, 40, 80, 80])


@pytest.mark.parametrize(
    ("boxes", "expected"),
    [
        ([], None),
        ([[0.0, 0, 30, 30]], None),  # elsewhere
        ([[0.0, 0, 30, 30], [38, 36, 82, 90]], 1),
        ([[50.0, 50, 70, 70], [38, 36, 82, 90]], 1),  # of two with their centres inside, the better one
        ([[58.0, 42, 118, 80], [55, 55, 65, 65]], 1),  # the first overlaps more, but not enough
        ([[30.0, 20, 90, 110]], 0),  # from hair line to chin, overlap 0.30
        ([[41.0, 76, 121, 156]], None),  # centre outside, little overlap
        ([[58.0, 42, 110, 80]], 0),  # centre outside, overlap 0.3
        ([[20.0, 0, 124, 104]], 0),  # centre inside, overlap 0.15
    ],
)
def test_the_detection_of_the_annotated_face_is_told_from_others(
    boxes: list[list[float]], expected: int | None
) -> None:
    found = Detections(
        torch.tensor(boxes).reshape(-1, 4), torch.linspace(0.9, 0.8, len(boxes)), torch.zeros(len(boxes), 5, 2)
    )
    assert choose_face(found, KNOWN) == expected


def test_photographed_faces_are_those_of_the_test_list(sample_root: Path) -> None:
    people = LfwNet(sample_root / "lfw_net", "test")
    faces = photographed_faces(sample_root / "lfw_net")
    assert faces.count == len(people) > 2
    last, known = people[len(people) - 1], faces.read(faces.count - 1)
    assert np.array_equal(known.image, last.image)
    assert np.array_equal(known.landmarks, last.landmarks)
    assert np.array_equal(known.box, last.box)
    assert known.name == str(last.path)
    assert photographed_faces(sample_root / "lfw_net", limit=2).count == 2


def test_drawn_faces_are_the_same_each_time_and_vary(sample_root: Path) -> None:
    folder = sample_root / "cartoonset10k"
    names = CartoonSet(folder, "train").names[:2]
    faces, again = drawn_faces(folder, names), drawn_faces(folder, names, limit=3)
    assert (faces.count, again.count) == (CARTOON_DRAWS, 3)
    for number in (2, 0, 1):
        face, twin = faces.read(number), again.read(number)
        assert np.array_equal(face.image, twin.image)
        assert np.array_equal(face.landmarks, twin.landmarks)
        assert (face.landmarks >= face.box[:2]).all()
        assert (face.landmarks <= face.box[2:]).all()
    assert names[0] in faces.read(2).name
    assert not np.allclose(faces.read(0).box, faces.read(2).box)


def test_what_is_held_back_is_of_the_families_given(sample_root: Path, tmp_path: Path) -> None:
    folder = sample_root / "cartoonset10k"
    names = sorted(path.name for path in folder.glob("cs*.png"))
    table = tmp_path / "families.tsv"
    rows = [f"{name}\tfamily {number % 4}" for number, name in enumerate(names)]
    table.write_text("\n".join(["derived\teyes_source", *rows]))
    held = held_back(folder, table)
    assert any(held == names[family::4] for family in range(4))
