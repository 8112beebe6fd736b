"""Generators by name."""

from __future__ import annotations

from typing import get_args

import pytest

from networks import (
    DenseNetGenerator,
    Generator,
    GeneratorName,
    ResNetGenerator,
    UNetGenerator,
    build_generator,
)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("resnet9", ResNetGenerator),
        ("resnet6", ResNetGenerator),
        ("unet", UNetGenerator),
        ("densenet", DenseNetGenerator),
    ],
)
def test_a_name_builds_its_backbone(name: GeneratorName, kind: type[Generator]) -> None:
    assert type(build_generator(name, ngf=4)) is kind


@pytest.mark.parametrize(("name", "n_blocks"), [("resnet9", 9), ("resnet6", 6)])
def test_the_number_is_that_of_the_blocks(name: GeneratorName, n_blocks: int) -> None:
    generator = build_generator(name, ngf=4)
    assert isinstance(generator, ResNetGenerator)
    assert len(generator.blocks) == n_blocks


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(ValueError, match=r"'vgg'.*" + ", ".join(get_args(GeneratorName))):
        build_generator("vgg")  # type: ignore[arg-type]


def test_an_unknown_upsampling_lists_the_known() -> None:
    with pytest.raises(ValueError, match=r"'bicubic'.*transposed, resize"):
        build_generator("unet", upsampling="bicubic")  # type: ignore[arg-type]
