"""Labels beside images."""

from __future__ import annotations

from typing import get_args

import pytest
import torch

from datamodules.samples import Attribute, AttributeName
from networks import append_labels, one_hot
from networks.labels import ATTRIBUTES, LabelEncoder, check_labels


def test_a_label_is_one_hot_and_none_is_zero() -> None:
    expected = [[0.0, 0.0, 1.0], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0]]
    assert one_hot(torch.tensor([2, -1, 0]), 3).tolist() == expected


def test_a_label_fills_planes_behind_its_own_image() -> None:
    images = torch.rand(2, 3, 4, 5)
    both = append_labels(images, one_hot(torch.tensor([1, 0]), 2))
    assert both.shape == (2, 5, 4, 5)
    assert torch.equal(both[:, :3], images)
    for image, label in ((0, 1), (1, 0)):
        for plane in (0, 1):
            assert (both[image, 3 + plane] == float(plane == label)).all()


@pytest.mark.parametrize(
    ("num_labels", "shape", "message"),
    [
        (4, None, r"shape \(2, 4\), got None"),
        (4, (2, 3), r"shape \(2, 4\), got \(2, 3\)"),
        (4, (1, 4), r"shape \(2, 4\), got \(1, 4\)"),
        (0, (2, 4), r"shape None, got \(2, 4\)"),
    ],
)
def test_labels_are_given_where_they_are_taken(num_labels: int, shape: tuple[int, ...] | None, message: str) -> None:
    labels = None if shape is None else torch.zeros(shape)
    with pytest.raises(ValueError, match=f"Net of {num_labels} labels .*{message}"):
        check_labels("Net", torch.zeros(2, 3, 8, 8), labels, num_labels)


def test_attributes_stand_beside_the_label() -> None:
    labels, attributes = torch.tensor([2, -1, 0]), torch.tensor([[1, 0, 0], [0, 1, 1], [-1, -1, -1]])
    glasses = LabelEncoder(3, ("glasses",))
    assert glasses.size == 5
    assert glasses(labels, attributes).tolist() == [[0, 0, 1, 0, 1], [0, 0, 0, 1, 0], [1, 0, 0, 0, 0]]
    assert glasses(labels).tolist() == [[0, 0, 1, 0, 0], [0, 0, 0, 0, 0], [1, 0, 0, 0, 0]]
    both = LabelEncoder(3, ("beard", "glasses"))(labels, attributes)
    assert both[:, 3:].tolist() == [[1, 0, 0, 1], [0, 1, 1, 0], [0, 0, 0, 0]]
    assert torch.equal(LabelEncoder(3)(labels, attributes), one_hot(labels, 3))


def test_attributes_are_in_the_order_of_the_data() -> None:
    assert list(ATTRIBUTES) == [attribute.name.lower() for attribute in Attribute] == list(get_args(AttributeName))
