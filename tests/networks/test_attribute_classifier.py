from __future__ import annotations

from pathlib import Path

import pytest
import torch

from networks.attribute_classifier import SIDE, AttributeNet, load_attribute_net, save_attribute_net, to_side
from networks.weights_file import WeightsError, write_weights


@pytest.fixture
def classifier() -> AttributeNet:
    torch.manual_seed(0)
    return AttributeNet().eval()


def test_every_parameter_learns(classifier: AttributeNet) -> None:
    said = classifier.train()(torch.rand(4, 3, 64, 64) * 2 - 1)
    assert said.hair.shape == (4, 4)
    assert said.attributes.shape == (4, 3)
    (said.hair.square().sum() + said.attributes.square().sum()).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in classifier.parameters())


def test_it_judges_images_of_any_size_alike(classifier: AttributeNet) -> None:
    small = torch.nn.functional.avg_pool2d(torch.rand(2, 3, 8, 8), 1).repeat_interleave(8, 2).repeat_interleave(8, 3)
    large = small.repeat_interleave(4, 3).repeat_interleave(4, 3)
    assert small.shape[2] == SIDE
    torch.testing.assert_close(classifier(large).hair, classifier(small).hair, rtol=0, atol=0.05)


def test_an_image_that_has_the_side_is_left_alone() -> None:
    image = torch.rand(1, 3, 16, 16)
    assert to_side(image, 16) is image
    assert to_side(image, 8).shape == (1, 3, 8, 8)


def test_a_saved_classifier_comes_back_frozen_with_its_figures(classifier: AttributeNet, tmp_path: Path) -> None:
    path, images = tmp_path / "attribute_classifier.safetensors", torch.rand(2, 3, 64, 64)
    save_attribute_net(classifier, {"hair of photos": 0.75}, path)
    loaded, figures = load_attribute_net(path)
    assert figures == {"hair of photos": 0.75}
    assert not loaded.training
    assert not any(parameter.requires_grad for parameter in loaded.parameters())
    torch.testing.assert_close(loaded(images).hair, classifier(images).hair)


def test_other_files_are_refused(classifier: AttributeNet, tmp_path: Path) -> None:
    path = tmp_path / "odd.safetensors"
    with pytest.raises(WeightsError, match="no such file"):
        load_attribute_net(path)
    write_weights(classifier, {"something": "else"}, path)
    with pytest.raises(WeightsError, match=r"odd\.safetensors is not a classifier.*configs/attribute_classifier\.yaml"):
        load_attribute_net(path)
    write_weights(classifier, {"format_version": 9}, path)
    with pytest.raises(WeightsError, match="format 9"):
        load_attribute_net(path)
    write_weights(AttributeNet(7), {"format_version": 3, "num_colours": 4, "figures": {}}, path)
    with pytest.raises(WeightsError, match=r"does not match these nets: hair"):
        load_attribute_net(path)
