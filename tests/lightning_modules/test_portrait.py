from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from lightning import Trainer
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from datamodules.portrait import Portraits
from lightning_modules.cli import main
from lightning_modules.errors import UsageError
from lightning_modules.portrait import PORTRAIT_FILE, Portrait, soft_overlap
from networks.portrait import load_portrait, save_portrait
from networks.weights_file import read_weights

MakeTrainer = Callable[..., Trainer]


class Planted(Dataset[Portraits]):
    """Noise with a bright upright bar, the person, whose upper half is red, the head."""

    def __init__(self, length: int, seed: int = 0) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.left = torch.randint(2, 28, (length,), generator=generator)
        self.noise = 0.2 * torch.randn(length, 3, 48, 48, generator=generator)

    def __len__(self) -> int:
        return len(self.left)

    def __getitem__(self, index: int) -> Portraits:
        masks = torch.zeros(2, 48, 48)
        masks[0, 8:, self.left[index] : self.left[index] + 18] = 1
        masks[1, 8:28, self.left[index] : self.left[index] + 18] = 1
        image = self.noise[index] - 0.5 + masks[0]
        image[0] += masks[1]
        return Portraits(image.clamp(-1, 1), masks)


def test_it_learns_what_it_is_shown_and_writes_how_well(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    torch.manual_seed(0)
    trainer = make_trainer(max_epochs=8)
    module = Portrait(ema_decay=0.9)
    trainer.fit(module, DataLoader(Planted(96), batch_size=8), DataLoader(Planted(16, 1), batch_size=8))
    net, figures = load_portrait(tmp_path / PORTRAIT_FILE)
    assert figures.keys() == {f"{what} of {whom}, photos" for what in ("iou", "error") for whom in ("person", "head")}
    assert figures["iou of person, photos"] > 0.9, figures
    assert figures["iou of head, photos"] > 0.9, figures
    assert figures["error of head, photos"] < 0.1, figures
    unseen = Planted(8, 9)
    batch = torch.utils.data.default_collate([unseen[index] for index in range(8)])
    with torch.no_grad():
        said = torch.nn.functional.interpolate(net.logits(batch.image).sigmoid(), (48, 48))
    assert ((said > 0.5) == batch.masks.bool()).float().mean() > 0.95


def test_figures_are_means_over_photos(make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch) -> None:
    module = Portrait()

    def always_everything(images: Tensor) -> Tensor:
        return torch.ones(len(images), 2, *images.shape[2:])

    monkeypatch.setattr(module, "forward", always_everything)
    (logged,) = make_trainer().test(module, DataLoader(Planted(10), batch_size=4), verbose=False)
    person, head = 40 * 18 / 48**2, 20 * 18 / 48**2  # the same of every photo
    assert logged["test/iou of person, photos"] == pytest.approx(person)
    assert logged["test/iou of head, photos"] == pytest.approx(head)
    assert logged["test/error of person, photos"] == pytest.approx(1 - person)


def test_the_soft_overlap_is_the_overlap_of_hard_masks() -> None:
    masks = (torch.rand(2, 2, 16, 16, generator=torch.Generator().manual_seed(0)) > 0.5).float()
    said = (torch.rand(2, 2, 16, 16, generator=torch.Generator().manual_seed(1)) > 0.5).float()
    both, either = (masks * said).sum(dim=(2, 3)), ((masks + said) > 0).float().sum(dim=(2, 3))
    torch.testing.assert_close(soft_overlap(said, masks), ((both + 1) / (either + 1)).mean())
    assert soft_overlap(masks, masks).item() == 1
    assert soft_overlap(torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 4, 4)).item() == 1


def test_it_goes_on_from_the_weights_of_another(tmp_path: Path) -> None:
    path = tmp_path / "before.safetensors"
    first = Portrait()
    save_portrait(first.net, {}, path)
    second = Portrait(weights=str(path))
    images = Planted(2)[0].image[None]
    torch.testing.assert_close(second.eval()(images), first.eval()(images))
    assert all(parameter.requires_grad for parameter in second.net.parameters())
    assert "weights" not in second.hparams  # a checkpoint does not need the file
    with pytest.raises(UsageError, match=r"no such file of weights: .*none.*--model\.weights"):
        Portrait(weights=str(tmp_path / "none"))


def test_senseless_options_are_refused() -> None:
    with pytest.raises(UsageError, match=r"--model\.ema_decay is 1"):
        Portrait(ema_decay=1)


def test_the_command_trains_and_tests_it(sample_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = [
        *("--config", "configs/portrait.yaml", "--data.root", str(sample_root), "--data.num_workers", "0"),
        *("--trainer.default_root_dir", str(tmp_path), "--trainer.enable_progress_bar", "false"),
        *("--trainer.accelerator", "cpu", "--data.batch_size", "4", "--data.epoch_size", "8"),
        *("--data.image_size", "64"),
    ]
    assert main(["fit", *options, "--run", "a", "--trainer.max_epochs", "1"]) == 0
    path = tmp_path / "portrait" / "a" / PORTRAIT_FILE
    assert {name.partition(", ")[2] for name in load_portrait(path)[1]} == {"celeba"}
    description = read_weights(path)[1]["details"]
    assert description["data"]["photos"] == ["celeba"]  # type: ignore[index]
    assert "root" not in description["data"]  # type: ignore[index]
    assert main(["test", *options, "--ckpt_path", "last"]) == 0
    assert "iou of head, celeba" in capsys.readouterr().out
