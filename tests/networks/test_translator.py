from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from networks.landmarks import landmark_heatmaps
from networks.translator import Translator, TranslatorOptions, load_translator, save_translator, start_from
from networks.weights_file import WeightsError, write_weights

FULL = TranslatorOptions(
    generator="resnet6",
    ngf=4,
    upsampling="resize",
    num_labels=4,
    label_injection="modulation",
    heatmaps=True,
    image_size=32,
    background="head",
)
PLAIN = TranslatorOptions(generator="unet", ngf=4, image_size=64)


def inputs(side: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    photos = torch.rand(2, 3, side, side, generator=generator) * 2 - 1
    return photos, torch.rand(2, 5, 2, generator=generator) * side, torch.tensor([0, 3])


def test_it_gives_the_generator_what_it_was_trained_with() -> None:
    torch.manual_seed(0)
    generator = FULL.build()
    photos, landmarks, labels = inputs(32)
    given = torch.cat([photos, landmark_heatmaps(landmarks, 32, 32)], dim=1)
    expected = generator.eval()(given, torch.eye(4)[labels])
    torch.testing.assert_close(Translator(generator, FULL)(photos, landmarks, labels), expected)


@pytest.mark.parametrize("options", [FULL, PLAIN], ids=["full", "plain"])
def test_a_saved_one_comes_back_within_half_precision(options: TranslatorOptions, tmp_path: Path) -> None:
    torch.manual_seed(0)
    translator, path = Translator(options.build(), options), tmp_path / "cartoons.safetensors"
    save_translator(translator, path, {"step": 3})
    loaded = load_translator(path)
    assert loaded.options == options
    assert next(translator.generator.parameters()).dtype == torch.float32  # the original is left alone
    given = inputs(options.image_size)
    torch.testing.assert_close(loaded(*given), translator(*given), atol=2e-2, rtol=0)


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "odd.safetensors"
    with pytest.raises(WeightsError, match="no such file"):
        load_translator(path)
    write_weights(PLAIN.build(), {"kind": "finisher"}, path)
    with pytest.raises(WeightsError, match="not a translator of format 2"):
        load_translator(path)
    write_weights(PLAIN.build(), {"kind": "translator", "format_version": 1, "options": {"ngf": 4, "x": 1}}, path)
    with pytest.raises(WeightsError, match=r"is not a translator.*cartoongan export"):
        load_translator(path)
    write_weights(PLAIN.build(), {"kind": "translator", "format_version": 1, "options": {"ngf": 8}}, path)
    with pytest.raises(WeightsError, match="does not match these nets"):
        load_translator(path)


def test_files_of_format_1_have_glasses_alone(tmp_path: Path) -> None:
    path, with_glasses = tmp_path / "old.safetensors", replace(PLAIN, num_labels=4, attributes=("glasses",))
    words = {name: value for name, value in asdict(with_glasses).items() if name != "attributes"} | {"glasses": True}
    write_weights(with_glasses.build().half(), {"kind": "translator", "format_version": 1, "options": words}, path)
    assert load_translator(path).options == with_glasses


def test_a_generator_starts_from_saved_weights_and_new_labels_without_effect(tmp_path: Path) -> None:
    torch.manual_seed(0)
    path = tmp_path / "cartoons.safetensors"
    save_translator(Translator(FULL.build(), FULL), path)
    with_glasses = replace(FULL, attributes=("glasses",))
    generator = with_glasses.build()
    start_from(generator, path)
    photos, landmarks, labels = inputs(32)
    expected = load_translator(path)(photos, landmarks, labels)
    started = Translator(generator, with_glasses)
    for attributes in (torch.tensor([[0, 1], [1, 1]]), None):
        assert torch.equal(started(photos, landmarks, labels, attributes), expected)


@pytest.mark.parametrize(
    "other",
    [
        replace(FULL, ngf=8),
        replace(FULL, num_labels=2),
        replace(FULL, generator="resnet9"),
        replace(FULL, heatmaps=False),
    ],
    ids=["wider", "fewer labels", "deeper", "other inputs"],
)
def test_another_architecture_is_no_start(other: TranslatorOptions, tmp_path: Path) -> None:
    path = tmp_path / "cartoons.safetensors"
    save_translator(Translator(FULL.build(), FULL), path)
    with pytest.raises(WeightsError, match="another architecture"):
        start_from(other.build(), path)


@torch.no_grad()
def test_the_coarse_part_of_an_enhanced_generator_starts_from_one_without_enhancer(tmp_path: Path) -> None:
    path = tmp_path / "coarse.safetensors"
    save_translator(Translator(FULL.build(), FULL), path)
    trained, generator = load_translator(path).generator, replace(FULL, generator="resnet6_enhanced").build()
    start_from(generator, path)
    image, labels = torch.rand(2, 8, 32, 32) * 2 - 1, torch.eye(4)[:2]
    coarse = trained.translate(F.avg_pool2d(image, 2), labels)
    expected = F.interpolate(coarse, scale_factor=2, mode="bilinear", align_corners=False).tanh()
    torch.testing.assert_close(generator(image, labels), expected)
