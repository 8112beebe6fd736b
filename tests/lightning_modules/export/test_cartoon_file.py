from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from apps.cartoonize.chain import Cartoonizer as TorchCartoonizer
from apps.main import main
from cartoonizer import Cartoonizer
from cartoonizer.decode import decode
from cartoonizer.model_file import read_model
from lightning_modules.export.cartoon_file import Source, labels_of, write_cartoon_file
from networks.finisher import CartoonFinisher, save_finisher
from networks.translator import Translator, TranslatorOptions, load_translator, save_translator

SIDE = 96


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained generator that is told all there is, an untrained finisher, and the model file of both."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("model")
    options = TranslatorOptions("resnet6", 4, "resize", 4, "modulation", ("glasses", "beard"), True, SIDE, "white")
    save_translator(Translator(options.build(), options), folder / "one.safetensors")
    save_finisher(CartoonFinisher(2, width=4, n_blocks=1, input_size=SIDE), {}, folder / "finisher.safetensors")
    words = ["--out", str(folder / "one.cartoon"), "--finisher", str(folder / "finisher.safetensors")]
    assert main(["export", str(folder / "one.safetensors"), *words]) == 0
    return folder


def test_a_model_file_draws_what_its_weights_draw(exported: Path, sample_root: Path) -> None:
    """At a size where the classifier has to reduce, and with another background than the project's own."""
    expected_of = TorchCartoonizer(exported / "one.safetensors", exported / "finisher.safetensors", "cpu")
    cartoonizer = Cartoonizer(exported / "one.cartoon", threads=1)
    for path in sorted((sample_root / "celeba" / "img_align_celeba").glob("*.jpg"))[:4]:
        expected, found = expected_of(decode(path)), cartoonizer(path)
        assert [face.hair for face in expected] == [face.hair for face in found]
        for one, other in zip(expected, found, strict=True):
            assert np.abs(one.on_white.astype(int) - other.plain).max() <= 2
            assert other.pixels.shape == (2 * SIDE, 2 * SIDE, 4)


def test_a_generator_without_labels_landmarks_and_finisher_is_exported_too(tmp_path: Path, sample_root: Path) -> None:
    options = TranslatorOptions("unet", 4, image_size=64)
    path = tmp_path / "plain.safetensors"
    save_translator(Translator(options.build(), options), path)
    write_cartoon_file(Source(load_translator(path), path, finisher=None), tmp_path / "plain.cartoon", half=True)
    model = read_model(tmp_path / "plain.cartoon")
    assert set(model.nets) == {"translator", "pnet", "rnet", "onet", "classifier"}
    assert model.manifest.labels == {}
    (face, *_) = Cartoonizer(tmp_path / "plain.cartoon", threads=1)(
        sample_root / "celeba" / "img_align_celeba" / "000001.jpg", hair="own"
    )
    assert face.pixels.shape == (64, 64, 4)
    assert face.hair is None


def test_labels_are_named_where_they_are_known() -> None:
    def names(count: int, *attributes: str) -> list[str]:
        options = TranslatorOptions("resnet6", 4, num_labels=count, attributes=attributes)
        return [label.name for label in labels_of(Translator(options.build(), options))]

    assert (names(0), names(4), names(7), names(4, "glasses")) == ([], ["hair"], ["label"], ["hair", "glasses"])
    assert names(4, "glasses", "beard") == ["hair", "glasses", "beard"]


def test_other_files_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(tmp_path / "no.safetensors"), "--out", str(tmp_path / "x.cartoon")]) == 2
    assert "no such file of weights" in capsys.readouterr().err
    assert main(["export", str(tmp_path / "no.ckpt"), "--out", str(tmp_path / "x.zip")]) == 2
    assert "use one of the suffixes .cartoon" in capsys.readouterr().err
