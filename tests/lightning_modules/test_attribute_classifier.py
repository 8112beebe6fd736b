from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from lightning import Trainer
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from datamodules.attribute_classifier import PHOTOS, UNSEEN, LabelledFaces
from datamodules.samples import NO_HAIR_COLOUR, UNKNOWN
from lightning_modules.attribute_classifier import CLASSIFIER_FILE, AttributeClassifier
from lightning_modules.cli import main
from lightning_modules.errors import UsageError
from networks.attribute_classifier import load_attribute_net
from networks.weights_file import read_weights

PARTS = (*UNSEEN, *PHOTOS.values())
MakeTrainer = Callable[..., Trainer]


class Drawn(Dataset[LabelledFaces]):
    """Faces of one colour, with a bar for glasses, one for a beard and a box for a mouth; some labels are unknown."""

    def __init__(self, length: int, seed: int = 0) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.hair = torch.randint(0, 4, (length,), generator=generator)
        self.glasses = torch.randint(0, 2, (length,), generator=generator)
        self.beard = torch.randint(0, 2, (length,), generator=generator)
        self.mouth = torch.randint(0, 2, (length,), generator=generator)
        self.noise = 0.1 * torch.randn(length, 3, 64, 64, generator=generator)

    def __len__(self) -> int:
        return len(self.hair)

    def __getitem__(self, index: int) -> LabelledFaces:
        colours = torch.tensor([[-1.0, -1, -1], [0, -1, -1], [1, 1, -1], [0, 0, 0]])
        image = colours[self.hair[index]][:, None, None] + self.noise[index]
        if self.glasses[index]:
            image[:, 28:34, 10:54] = 1
        if self.beard[index]:
            image[:, 50:60, 20:44] = torch.tensor([1.0, -1, -1])[:, None, None]
        if self.mouth[index]:
            image[:, 38:46, 24:40] = torch.tensor([-1.0, 1, 1])[:, None, None]
        hair = torch.tensor(NO_HAIR_COLOUR) if index % 7 == 0 else self.hair[index]
        glasses = torch.tensor(UNKNOWN) if index % 5 == 0 else self.glasses[index]
        return LabelledFaces(image, hair, torch.stack([glasses, self.beard[index], self.mouth[index]]))


def loaders(length: int, seed: int) -> list[DataLoader[LabelledFaces]]:
    return [DataLoader(Drawn(length, seed + part), batch_size=16) for part in range(len(PARTS))]


def test_it_learns_what_it_is_told_and_writes_how_well(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    torch.manual_seed(0)
    trainer = make_trainer(max_epochs=4)
    trainer.fit(AttributeClassifier(ema_decay=0.9), DataLoader(Drawn(128), batch_size=8), loaders(48, 1))
    classifier, figures = load_attribute_net(tmp_path / CLASSIFIER_FILE)
    questions = ("hair", "glasses", "beard", "open_mouth")
    assert figures.keys() == {f"{question} of {part}" for part in PARTS for question in questions}
    assert min(figures.values()) > 0.9, figures
    unseen = Drawn(48, 9)
    said = classifier(torch.stack([unseen[index].image for index in range(48)]))
    assert (said.hair.argmax(dim=1) == unseen.hair).float().mean() > 0.9
    truth = torch.stack([unseen.glasses, unseen.beard, unseen.mouth], dim=1)
    assert (said.in_cartoons == truth).float().mean(dim=0).min() > 0.9


def test_figures_are_accuracies_of_the_known_labels(make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch) -> None:
    module, parts = AttributeClassifier(), loaders(40, 3)

    def always_black(images: Tensor) -> object:
        from networks.attribute_classifier import AttributeLogits

        return AttributeLogits(torch.eye(4)[:1].repeat(len(images), 1), torch.ones(len(images), 3))

    monkeypatch.setattr(module, "forward", always_black)
    (*_, last) = make_trainer().test(module, parts, verbose=False)
    assert last[f"test/hair of {PARTS[0]}"] == pytest.approx(0.25)
    assert last[f"test/glasses of {PARTS[2]}"] == pytest.approx(0.5)


def test_senseless_options_are_refused() -> None:
    with pytest.raises(UsageError, match=r"--model\.max_blur is 2"):
        AttributeClassifier(max_blur=2)


def test_the_command_trains_and_tests_it(sample_root: Path, tmp_path: Path) -> None:
    options = [
        *("--config", "configs/attribute_classifier.yaml", "--data.root", str(sample_root), "--data.num_workers", "0"),
        *("--trainer.default_root_dir", str(tmp_path), "--trainer.enable_progress_bar", "false"),
        *("--trainer.accelerator", "cpu", "--data.batch_size", "8", "--data.epoch_size", "16"),
    ]
    assert main(["fit", *options, "--run", "a", "--trainer.max_epochs", "1"]) == 0
    assert (tmp_path / "attribute_classifier" / "a" / CLASSIFIER_FILE).is_file()
    assert main(["test", *options, "--ckpt_path", "last"]) == 0
    figures = load_attribute_net(tmp_path / "attribute_classifier" / "a" / CLASSIFIER_FILE)[1]
    parts = {"other cartoons", "photos", "heads of photos on white"}
    assert {name.partition(" of ")[2] for name in figures} == parts
    description = read_weights(tmp_path / "attribute_classifier" / "a" / CLASSIFIER_FILE)[1]["details"]
    assert description["cartoon_families"] is None  # type: ignore[index]
    assert description["data"]["epoch_size"] == 16  # type: ignore[index]
