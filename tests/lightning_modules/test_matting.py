from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from datamodules.errors import DataError
from datamodules.faces import FacesDataModule
from datamodules.transforms.background import Background
from lightning_modules.cli import main
from lightning_modules.matting import OWN_PORTRAIT, PortraitMatting, bring_matting
from networks.portrait import PortraitNet, load_portrait, save_portrait

SMALL = [
    *("--data.image_size", "32", "--data.batch_size", "2", "--data.num_workers", "0", "--model.ngf", "4"),
    *("--model.ndf", "4", "--trainer.accelerator", "cpu", "--trainer.enable_progress_bar", "false"),
]


def weights(path: Path, seed: int = 0) -> Path:
    torch.manual_seed(seed)
    save_portrait(PortraitNet(), {}, path)
    return path


def test_mattes_are_what_the_network_says(tmp_path: Path) -> None:
    path = weights(tmp_path / "a.safetensors")
    photos = np.random.default_rng(0).integers(0, 256, (3, 128, 128, 3)).astype(np.uint8)
    mattes = PortraitMatting(path)(photos)
    assert mattes.dtype == np.uint8
    images = torch.from_numpy(photos).permute(0, 3, 1, 2) / 127.5 - 1
    with torch.no_grad():
        expected = load_portrait(path)[0](images) * 255
    assert np.abs(mattes - expected.numpy()).max() <= 0.51


def test_a_fingerprint_is_that_of_the_weights(tmp_path: Path) -> None:
    first, second = (PortraitMatting(weights(tmp_path / f"{seed}.safetensors", seed)) for seed in (0, 1))
    assert first.fingerprint() != second.fingerprint()
    assert first.fingerprint() == PortraitMatting(tmp_path / "0.safetensors").fingerprint()


def test_missing_and_wrong_files_are_named(tmp_path: Path) -> None:
    photos = np.zeros((1, 128, 128, 3), dtype=np.uint8)
    with pytest.raises(DataError, match=r"no such file of weights: .*none.*--data\.portrait_weights"):
        PortraitMatting(tmp_path / "none")(photos)
    with pytest.raises(DataError, match=r"no portrait network: .*none.*--data\.portrait_weights"):
        PortraitMatting(tmp_path / "none").fingerprint()
    with pytest.raises(
        DataError, match=r"attribute_classifier\.safetensors is not a portrait.*--data\.portrait_weights"
    ):
        PortraitMatting(OWN_PORTRAIT.with_name("attribute_classifier.safetensors"))(photos)


def test_a_datamodule_takes_the_weights_that_it_names(sample_root: Path, tmp_path: Path) -> None:
    path = weights(tmp_path / "a.safetensors")
    data = FacesDataModule(str(sample_root), image_size=32, background="white", portrait_weights=str(path))
    assert data.hparams["portrait_weights"] == str(path)
    bring_matting(data)
    assert data._cut_out is not None
    assert data._cut_out.matting.fingerprint() == PortraitMatting(path).fingerprint()
    own = FacesDataModule(str(sample_root), image_size=32, background="white")
    bring_matting(own)
    assert own._cut_out is not None
    assert own._cut_out.matting.fingerprint() == PortraitMatting().fingerprint()


@pytest.mark.parametrize("background", ["white", "head"])
def test_our_own_network_finds_the_sample_faces(sample_root: Path, background: Background) -> None:
    data = FacesDataModule(str(sample_root), image_size=128, background=background)
    bring_matting(data)
    stream = data.stream("photo", "test")
    for index, name in enumerate(stream.faces.names):
        kind = {"white": "masks", "head": "head_masks"}[background]
        with Image.open(sample_root / "celeba" / kind / f"{Path(name).stem}.png") as image:
            truth = np.asarray(image.crop((0, 20, 178, 198)).resize((128, 128), Image.Resampling.BOX)) > 127
        shown = stream.faces[index].image.min(axis=2) < 250
        # Of what is white in the photo itself nothing is known, hence the loose bound.
        assert (shown & truth).sum() / truth.sum() > 0.8
        assert (shown & ~truth).sum() / (~truth).sum() < 0.2


def test_a_run_finds_backgrounds_once_and_its_checkpoint_remembers_them(
    sample_root: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    runs = tmp_path / "runs"
    options = ["--config", "configs/cyclegan_baseline.yaml", "--trainer.default_root_dir", str(runs)]
    fit = [*options, *SMALL, "--data.root", str(sample_root), "--trainer.limit_val_batches", "1"]
    short = ["--trainer.max_steps", "2", "--data.background", "head"]
    assert main(["fit", *fit, *short, "--run", "a"]) == 0
    assert "segmenting" in capfd.readouterr().err
    assert {path.name.split("-")[-3] for path in (runs / ".mattes").glob("celeba-*")} == {"train", "val"}
    assert main(["fit", *fit, *short, "--run", "b"]) == 0
    assert "segmenting" not in capfd.readouterr().err
    checkpoint = torch.load(runs / "cyclegan_baseline" / "a" / "checkpoints" / "last.ckpt", weights_only=True)
    assert checkpoint["datamodule_hyper_parameters"]["background"] == "head"

    photos, outs = tmp_path / "photos", {}
    photos.mkdir()
    name = "000001"
    (photos / f"{name}.jpg").write_bytes((sample_root / "celeba" / "img_align_celeba" / f"{name}.jpg").read_bytes())
    for kind in (None, "keep"):
        outs[kind] = tmp_path / f"out_{kind}"
        asked = ["--data.background", kind] if kind else []
        predict = ["predict", *options, "--ckpt_path", "last", "--run", "a", "--data.predict_dir", str(photos)]
        machine = ["--trainer.accelerator", "cpu", "--data.num_workers", "0"]
        assert main([*predict, *machine, "--out", str(outs[kind]), *asked]) == 0
    images = [np.asarray(Image.open(out / f"{name}.png")) for out in outs.values()]
    assert (images[0] != images[1]).any()  # the checkpoint's background, unless another is asked for


def test_an_unknown_background_is_refused(sample_root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["fit", "--config", "configs/cyclegan_baseline.yaml", "--data.root", str(sample_root)]
    assert main([*words, "--data.background", "black"]) == 2
    error = capsys.readouterr().err
    assert "background" in error
    assert "black" in error
