from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from lightning import Trainer
from torch.utils.data import DataLoader, Dataset

from datamodules.finisher import CleanCartoons
from lightning_modules.cli import main
from lightning_modules.errors import UsageError
from lightning_modules.finisher import FINISHER_FILE, Finisher, restoration_terms
from networks.finisher import CartoonFinisher, Finished, load_finisher, save_finisher
from networks.weights_file import read_weights

MakeTrainer = Callable[..., Trainer]
SMALL = {"width": 8, "n_blocks": 1, "ema_decay": 0.9}


class Discs(Dataset[CleanCartoons]):
    """Discs of one colour on white."""

    def __init__(self, length: int, seed: int = 0) -> None:
        self.generator = torch.Generator().manual_seed(seed)
        self.colours = torch.rand(length, 3, 1, 1, generator=self.generator) * 1.6 - 1
        self.middles = 10 + 12 * torch.rand(length, 2, generator=self.generator)

    def __len__(self) -> int:
        return len(self.colours)

    def __getitem__(self, index: int) -> CleanCartoons:
        rows, columns = torch.meshgrid(torch.arange(32), torch.arange(32), indexing="ij")
        middle = self.middles[index]
        alpha = ((rows - middle[0]).square() + (columns - middle[1]).square() < 64).float()[None]
        return CleanCartoons(alpha * self.colours[index] + (1 - alpha), alpha, torch.zeros(5, 2))


def test_it_restores_better_than_enlarging_and_writes_what_it_reaches(
    make_trainer: MakeTrainer, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    trainer = make_trainer(max_epochs=8)
    model = Finisher(**SMALL, learning_rate=3e-3)  # type: ignore[arg-type]
    trainer.fit(model, DataLoader(Discs(96), batch_size=8), DataLoader(Discs(16, 1), batch_size=8))
    (figures,) = trainer.validate(model, DataLoader(Discs(16, 2), batch_size=8), verbose=False)
    assert figures["val/image"] < 0.7 * figures["val/enlarged"]
    assert figures["val/alpha"] < 0.1
    assert list((tmp_path / "images").glob("*.png"))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU: its random state")
def test_a_validation_leaves_the_random_state_of_the_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Finisher, "log_dict", lambda *_, **__: None)
    model = Finisher(**SMALL).cuda()  # type: ignore[arg-type]
    batch = CleanCartoons(*(torch.zeros(2, *shape, device="cuda") for shape in ((3, 32, 32), (1, 32, 32), (5, 2))))
    before = torch.cuda.get_rng_state()
    model.validation_step(batch, 0)
    assert torch.equal(torch.cuda.get_rng_state(), before)


def test_terms_are_mean_distances() -> None:
    clean = CleanCartoons(torch.zeros(1, 3, 4, 4), torch.zeros(1, 1, 4, 4), torch.zeros(1, 5, 2))
    ramp = torch.arange(4.0).expand(1, 3, 4, 4) / 10
    terms = restoration_terms(Finished(ramp, torch.full((1, 1, 4, 4), 0.25)), clean)
    assert float(terms["image"]) == pytest.approx(0.15)
    assert float(terms["edges"]) == pytest.approx(0.1)
    assert float(terms["alpha"]) == pytest.approx(0.25)


def test_the_command_leaves_a_finisher_that_predict_and_test_use(sample_root: Path, tmp_path: Path) -> None:
    def lightning(*words: str) -> int:
        own = ("--trainer.default_root_dir", str(tmp_path), "--trainer.accelerator", "cpu")
        return main([*words, *own, "--trainer.enable_progress_bar", "false", "--data.root", str(sample_root)])

    small = ("--data.image_size", "32", "--data.batch_size", "2", "--data.num_workers", "0", "--data.epoch_size", "4")
    options = ("--trainer.max_epochs", "1", "--model.width", "8", "--model.n_blocks", "1")
    assert lightning("fit", "--config", "configs/finisher.yaml", "--run", "a", *small, *options) == 0
    path = tmp_path / "finisher" / "a" / FINISHER_FILE
    finisher, (_, description) = load_finisher(path), read_weights(path)
    assert finisher.input_size == 16
    assert {"image", "edges", "alpha", "enlarged"} <= description["figures"].keys()  # type: ignore[attr-defined]
    assert description["details"]["steps"] == 2  # type: ignore[index]

    cartoons = ("--config", "configs/paper/cyclegan_cond.yaml", "--model.generator", "resnet6")
    few = ("--model.ngf", "4", "--model.ndf", "4", "--data.batch_size", "2", "--data.num_workers", "0")
    brief = ("--data.image_size", "32", "--data.epoch_size", "4", "--trainer.max_epochs", "1")
    assert lightning("fit", *cartoons, *few, *brief, "--trainer.limit_val_batches", "1") == 0
    photos = ("--data.predict_dir", str(sample_root / "celeba" / "img_align_celeba"), "--model.hair", "black")
    finish = ("--finish", "true", "--finisher", str(path))
    from PIL import Image

    for name, words, size, mode in (("with", finish, (64, 64), "RGBA"), ("without", (), (32, 32), "RGB")):
        out = tmp_path / name
        assert lightning("predict", *cartoons, "--ckpt_path", "last", *photos, "--out", str(out), *words) == 0
        with Image.open(out / "000001.png") as image:
            assert (image.size, image.mode) == (size, mode)
    test = ("--ckpt_path", "last", "--trainer.limit_test_batches", "2")
    assert lightning("test", *cartoons, *test, *finish) == 0
    assert lightning("predict", *cartoons, "--ckpt_path", "last", *photos, "--finish", "true", "--finisher", "no") == 2


def test_senseless_options_are_refused() -> None:
    for options, words in (({"scale": 3}, r"--model\.scale is 3"), ({"severity": -1.0}, r"--model\.severity is -1")):
        with pytest.raises(UsageError, match=words):
            Finisher(**options)


def test_it_goes_on_from_a_finisher(tmp_path: Path) -> None:
    torch.manual_seed(3)
    start = CartoonFinisher(width=8, n_blocks=1)
    save_finisher(start, {}, tmp_path / "start.safetensors")
    model = Finisher(**SMALL, weights=str(tmp_path / "start.safetensors"))  # type: ignore[arg-type]
    torch.testing.assert_close(model.net.stem.weight, start.stem.weight, atol=1e-3, rtol=0)
    assert "weights" not in model.hparams
    larger = Finisher(4, width=8, n_blocks=1, weights=str(tmp_path / "start.safetensors"))
    torch.testing.assert_close(larger.net.stem.weight, start.stem.weight, atol=1e-3, rtol=0)
    with pytest.raises(UsageError, match=r"--model\.weights .*no such file"):
        Finisher(**SMALL, weights=str(tmp_path / "none.safetensors"))  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"--model\.weights "):
        Finisher(width=4, n_blocks=1, weights=str(tmp_path / "start.safetensors"))
