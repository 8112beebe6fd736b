from __future__ import annotations

import pytest

from datamodules.datasets.set_name import SetName
from datamodules.errors import DataError


@pytest.mark.parametrize(
    ("text", "name"),
    [("celeba", SetName.CELEBA), ("wider", SetName.WIDER), ("wider_face", SetName.WIDER), ("lfw_net", SetName.LFWNET)],
)
def test_a_set_goes_by_its_name_and_its_folder(text: str, name: SetName) -> None:
    assert SetName.parse(text) is name


def test_an_unknown_set_is_answered_with_the_list() -> None:
    with pytest.raises(
        DataError, match=r"'celebb'.*celeba, celebamaskhq, cartoonset10k, cartoonset100k, wider, lfwnet"
    ):
        SetName.parse("celebb")
