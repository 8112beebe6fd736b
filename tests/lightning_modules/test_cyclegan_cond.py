from __future__ import annotations

import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from lightning import Trainer, seed_everything
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from datamodules.faces import FacesDataModule
from datamodules.samples import NO_HAIR_COLOUR, Attribute, Domain, Faces, HairColour, UnpairedBatch
from lightning_modules.callbacks import GradientNorms, ImageGrid
from lightning_modules.cli import main
from lightning_modules.cyclegan_cond import CycleGANCond
from lightning_modules.discriminators import LabelDiscriminator
from lightning_modules.errors import UsageError
from lightning_modules.frozen import FrozenNetwork
from networks import GeneratorName
from networks.attribute_classifier import AttributeLogits, AttributeNet
from networks.translator import Translator, TranslatorOptions, load_translator, save_translator

MakeTrainer = Callable[..., Trainer]
Loader = DataLoader[UnpairedBatch]
NONE = NO_HAIR_COLOUR
SMALL: dict[str, Any] = {"generator": "resnet6", "ngf": 4, "ndf": 4}


def small(**options: Any) -> CycleGANCond:
    torch.manual_seed(0)
    return CycleGANCond(**(SMALL | options))


def some_faces(hair: list[int], seed: int = 0) -> Faces:
    generator = torch.Generator().manual_seed(seed)
    image = torch.rand(len(hair), 3, 32, 32, generator=generator) * 2 - 1
    landmarks, attributes = torch.rand(len(hair), 5, 2, generator=generator) * 32, torch.arange(len(hair))[:, None] % 2
    return Faces(image, landmarks, torch.tensor(hair), attributes.expand(-1, len(Attribute)))


@pytest.fixture
def loader(make_faces: Callable[..., Dataset[UnpairedBatch]]) -> Loader:
    return DataLoader(make_faces(side=32), batch_size=2)


def test_the_paper_s_networks_have_the_paper_s_size() -> None:
    with torch.device("meta"):
        model = CycleGANCond()
    counts = {name: sum(p.numel() for p in module.parameters()) for name, module in model.named_children()}
    assert counts["generators"] == 2 * 11_577_935
    assert counts["discriminators"] == 2 * 2_768_833


@pytest.mark.parametrize("generator", ["resnet9", "resnet6", "unet", "densenet"])
@torch.no_grad()
def test_every_backbone_follows_the_label(generator: GeneratorName) -> None:
    model = small(generator=generator)
    sheet = model.cartoons(model.infer_condition(some_faces([NONE]).image))
    assert sheet.shape == (1, 3, 32, 4 * 32)
    assert len({cartoon.mean().item() for cartoon in sheet.chunk(4, dim=3)}) == 4


@pytest.mark.parametrize("hair", ["all", "own", "grey", 1])
@torch.no_grad()
def test_one_photo_gives_one_cartoon_whatever_the_hair(hair: Any) -> None:
    model = small(hair=hair)
    photos = some_faces([NONE, NONE]).image
    cartoons = model(photos)
    assert cartoons.shape == photos.shape
    labels = {"grey": 3, 1: 1}.get(hair)
    if labels is not None:
        assert torch.equal(cartoons, model.in_all_labels(model.infer_condition(photos))[labels])


def test_every_term_acts(assert_terms_act: Callable[..., None], loader: Loader) -> None:
    identity = {"identity_photo", "identity_cartoon"}
    switches = {"lambda_cycle": {"cycle_photo", "cycle_cartoon", *identity}, "lambda_identity": identity}
    assert_terms_act(small, next(iter(loader)), switches)


class Watched(CycleGANCond):
    """Records the labels that each generator is given."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**(SMALL | options))
        self.given: list[tuple[Domain, list[int]]] = []

    def generate(self, generators: nn.ModuleDict, target: Domain, images: Tensor, condition: Faces) -> Tensor:
        self.given.append((target, condition.label.tolist()))
        return super().generate(generators, target, images, condition)


def test_the_cycle_takes_the_source_s_label() -> None:
    model = Watched()
    batch = UnpairedBatch(some_faces([1, NONE]), some_faces([3, 0], seed=1))
    translation = model.translate(model.generators, batch)
    asked = model.fake_faces("cartoon", translation).label.tolist()
    assert asked[0] == 1
    assert asked[1] in range(4)  # a photo without label is asked for a random one
    assert sorted(model.given) == sorted(
        [("cartoon", [*asked, 3, 0]), ("photo", [3, 0, 1, NONE]), ("photo", [1, NONE]), ("cartoon", [3, 0])]
    )


def test_photos_without_label_are_asked_for_all_colours_and_cartoons_without_keep_none() -> None:
    model = small()
    batch = UnpairedBatch(some_faces([NONE] * 60), some_faces([NONE] * 60, seed=1))
    assert set(model.target_faces("cartoon", batch).label.tolist()) == {0, 1, 2, 3}
    assert set(model.target_faces("photo", batch).label.tolist()) == {NONE}


class Painted(CycleGANCond):
    """Paints the lower half of an image by its label, and another part by it where it leaks."""

    leaks = True

    def generate(self, generators: nn.ModuleDict, target: Domain, images: Tensor, condition: Faces) -> Tensor:
        tint = condition.label.float()[:, None, None, None] / 8
        rows = torch.arange(images.shape[2])[:, None]
        is_painted = (rows >= 0) if self.leaks else (rows < 4)
        return torch.where(is_painted, tint, torch.zeros_like(images))


def test_the_leak_term_is_the_change_of_the_cheeks_between_colours() -> None:
    face = torch.tensor([[10.0, 10.0], [22.0, 10.0], [16.0, 17.0], [12.0, 21.0], [20.0, 21.0]])
    photos = some_faces([0, 3])._replace(landmarks=face.repeat(2, 1, 1))
    batch = UnpairedBatch(photos, some_faces([1, 1], seed=1))
    model = Painted(**SMALL, lambda_leak=2.0, lambda_identity=0.0)
    translation = model.translate(model.generators, batch)
    term = model.extra_generator_terms(batch, translation)["leak_cartoon"]
    others = model._other_labels(photos.label, "leak")
    assert term.weight == 2.0
    assert bool(term.applies)
    torch.testing.assert_close(term.value, ((others - photos.label).abs().float() / 8).mean())
    model.leaks = False
    assert model.extra_generator_terms(batch, model.translate(model.generators, batch))["leak_cartoon"].value == 0
    unknown = batch._replace(photo=photos._replace(landmarks=torch.full((2, 5, 2), float("nan"))))
    term = model.extra_generator_terms(unknown, translation)["leak_cartoon"]
    assert (float(term.value), bool(term.applies)) == (0.0, False)


def test_random_targets_are_asked_for_and_judged_and_the_way_back_is_the_source_s() -> None:
    model = Watched(random_target_share=1.0, lambda_identity=0.0)
    batch = UnpairedBatch(some_faces([1] * 40), some_faces([NONE] * 40, seed=1))
    translation = model.translate(model.generators, batch)
    wanted = dict(model.given[:2])
    assert model.given[2:] == [("photo", [1] * 40), ("cartoon", [NONE] * 40)]
    for target in ("photo", "cartoon"):
        assert set(wanted[target]) == {0, 1, 2, 3}
        assert model.fake_faces(target, translation).label.tolist() == wanted[target]
    assert wanted["photo"] != wanted["cartoon"]


def test_only_the_share_of_targets_is_random_and_only_in_training() -> None:
    model = small(random_target_share=0.25)
    batch = UnpairedBatch(some_faces([1] * 400), some_faces([2] * 400, seed=1))
    hair = model.target_faces("cartoon", batch).label
    assert 50 < (hair != 1).sum() < 100  # three of four random labels are other ones: 75 expected
    torch.rand(7)
    assert torch.equal(hair, model.target_faces("cartoon", batch).label)  # a step's dice are its own
    assert model.eval().target_faces("cartoon", batch).label.tolist() == [1] * 400


def test_wrong_labels_are_wrong_and_unlabelled_faces_have_none() -> None:
    model = small(wrong_labels=True)
    real, fake = some_faces([0, 1, 2, 3] * 30 + [NONE] * 10), some_faces([3] * 130, seed=1)
    (wrong,) = model.extra_negatives("cartoon", real, fake)
    assert torch.equal(wrong.image[:120], real.image[:120])
    assert (wrong.label[:120] != real.label[:120]).all()
    for label in range(4):
        assert set(wrong.label[:120][real.label[:120] == label].tolist()) == {0, 1, 2, 3} - {label}
    for part, of_fakes in zip(wrong, fake, strict=True):
        assert torch.equal(part[120:], of_fakes[120:])
    assert small().extra_negatives("cartoon", real, fake) == []


def test_discriminators_are_to_tell_wrong_labels_from_right_ones() -> None:
    model = small(wrong_labels=True, gan_mode="lsgan")
    batch = UnpairedBatch(some_faces([0, 1]), some_faces([2, 3], seed=1))
    fakes: dict[Domain, Faces] = {"cartoon": some_faces([2, 3], seed=2)}
    (wrong,) = model.extra_negatives("cartoon", batch.cartoon, fakes["cartoon"])
    judge = cast(LabelDiscriminator, model.discriminators["cartoon"]).network
    shown = (batch.cartoon, fakes["cartoon"], wrong)
    judged: list[Tensor] = [judge(faces.image, torch.eye(4)[faces.label]) for faces in shown]
    fake_loss = torch.stack([logits.square().mean() for logits in judged[1:]]).mean()
    expected = 0.5 * ((judged[0] - 1).square().mean() + fake_loss)
    torch.testing.assert_close(model.discriminator_term("cartoon", batch, fakes).value, expected)


def test_fakes_wait_in_the_pool_with_the_label_they_were_made_for(make_trainer: MakeTrainer, loader: Loader) -> None:
    model = Watched(random_target_share=1.0, pool_size=8, lambda_identity=0.0)
    make_trainer(max_steps=4).fit(model, loader)
    pooled = [int(sample["label"]) for sample in model.pools["cartoon"].get_extra_state()["samples"]]
    cartoons_first = [labels for target, labels in model.given if target == "cartoon"][::2]  # then the way back
    assert pooled == [label for labels in cartoons_first for label in labels]
    assert pooled != [index % 4 for index in range(8)]  # the sources'


def test_an_unlabelled_face_is_translated_under_no_label() -> None:
    model, photos = small(), some_faces([NONE, 2])
    with torch.no_grad():
        cartoons = model.generate(model.generators, "cartoon", photos.image, photos)
        expected = model.generators["cartoon"](photos.image, torch.tensor([[0.0] * 4, [0.0, 0.0, 1.0, 0.0]]))
    assert torch.equal(cartoons, expected)


def test_other_labels_in_other_numbers_work(make_trainer: MakeTrainer, loader: Loader) -> None:
    with pytest.raises(UsageError, match=r"a label 3, --model.num_labels 3 is too few"):
        make_trainer(max_steps=4).fit(small(num_labels=3), loader)
    model = small(num_labels=6, hair=5, wrong_labels=True, random_target_share=0.5)
    make_trainer(max_steps=2).fit(model, loader)
    image = some_faces([NONE]).image
    expected = model.generators["cartoon"](image, torch.eye(6)[5:])
    torch.testing.assert_close(model(image), expected)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"num_labels": 1}, "num_labels is 1, must be 2 or more"),
        ({"random_target_share": 1.5}, "random_target_share is 1.5"),
        ({"hair": 4}, "--model.hair 4: .*num_labels 4"),
        ({"hair": -1}, "--model.hair -1"),
        ({"hair": "grey", "num_labels": 3}, "--model.hair grey: .*num_labels 3 .*from 0 to 2"),
        ({"hair": "brown", "num_labels": 6}, "--model.hair brown: .*num_labels 6 .*from 0 to 5"),
        ({"lambda_cycle": -1.0}, "lambda_cycle is -1.0"),
    ],
)
def test_senseless_options_are_refused_by_name(options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        small(**options)


def test_own_labels_that_are_no_colours_are_asked_for_by_number() -> None:
    with pytest.raises(UsageError, match=r"--model.hair own: .*choose a class from 0 to 5 or all") as caught:
        small(num_labels=6, hair="own").setup("predict")
    assert "black" not in str(caught.value)


def test_a_choice_of_colour_is_no_matter_of_the_checkpoint() -> None:
    hyper_parameters = small(hair="grey", random_target_share=0.5).hparams
    assert "hair" not in hyper_parameters
    assert hyper_parameters["random_target_share"] == 0.5
    assert hyper_parameters["ngf"] == 4


def test_the_grid_shows_every_colour_of_each_photo(make_trainer: MakeTrainer, loader: Loader, tmp_path: Path) -> None:
    model, batch = small(), next(iter(loader))
    with torch.no_grad():
        rows = model.grid_rows(batch)
        colours = [model.generators["cartoon"](batch.photo.image, torch.eye(4)[[label] * 2]) for label in range(4)]
        translation = model.translate(model.generators, batch)
    assert len(rows) == 9
    assert torch.equal(rows[0], batch.photo.image)
    for row, expected in zip(rows[1:5], colours, strict=True):
        torch.testing.assert_close(row, expected)
    torch.testing.assert_close(rows[5], translation.reconstruction["photo"])
    assert torch.equal(rows[6], batch.cartoon.image)
    make_trainer(callbacks=[ImageGrid(2)]).validate(model, loader, verbose=False)
    (path,) = (tmp_path / "images").iterdir()
    assert Image.open(path).size == (2 + 2 * 34, 2 + 9 * 34)


def test_it_trains_under_bf16(make_trainer: MakeTrainer, loader: Loader) -> None:
    options: dict[str, Any] = {"wrong_labels": True, "random_target_share": 0.5}
    losses = []
    for precision in ("32-true", "bf16-mixed"):
        seed_everything(0, verbose=False)
        trainer = make_trainer(max_steps=2, precision=precision, callbacks=[GradientNorms(every_n_steps=1)])
        trainer.fit(small(**options), loader)
        losses.append({name: value.item() for name, value in trainer.callback_metrics.items()})
    exact, rounded = losses
    assert exact.keys() == rounded.keys() >= {"gradient/adversarial_cartoon", "train/discriminator_photo"}
    for name, value in exact.items():
        assert rounded[name] == pytest.approx(value, rel=0.3 if name.startswith("gradient/") else 0.05), name


def test_the_colour_follows_the_label_after_a_few_steps(make_trainer: MakeTrainer, sample_root: Path) -> None:
    """Black is the darkest and blonde the brightest cartoon of every photo, as among the real cartoons."""
    seed_everything(0, verbose=False)
    data = FacesDataModule(str(sample_root), image_size=32, batch_size=4, num_workers=0, augment=False, epoch_size=160)
    options: dict[str, Any] = {"gan_mode": "lsgan", "learning_rate": 2e-3, "lambda_cycle": 1.0, "wrong_labels": True}
    model = CycleGANCond(generator="resnet6", ngf=8, ndf=8, random_target_share=1.0, **options)
    make_trainer(max_epochs=1, limit_val_batches=0).fit(model, datamodule=data)
    batches = list(data.val_dataloader()) + list(data.train_dataloader())[:3]
    with torch.no_grad():
        photos = model.eval().infer_condition(torch.cat([batch.photo.image for batch in batches]))
        sheets = model.cartoons(photos)
    lightness = torch.stack([cartoons.mean(dim=(1, 2, 3)) for cartoons in sheets.chunk(4, dim=3)])
    assert (lightness.argmin(dim=0) == HairColour.BLACK).all()
    assert (lightness.argmax(dim=0) == HairColour.BLONDE).all()
    assert (lightness[HairColour.BLONDE] - lightness[HairColour.BLACK]).min() > 0.1


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the runs of this module lie."""
    return tmp_path_factory.mktemp("cond")


@pytest.fixture(scope="module")
def lightning(runs: Path, sample_root: Path) -> Callable[..., int]:
    """``lightning(subcommand, *options)`` with the checkpoint of a run of one step."""
    shared = ["--config", "configs/cyclegan_cond.yaml", "--trainer.default_root_dir", str(runs)]
    shared += ["--data.root", str(sample_root), "--data.num_workers=0", "--trainer.accelerator=cpu"]
    shared += ["--trainer.enable_progress_bar=false"]
    options = ["--data.image_size=32", "--data.batch_size=2", "--trainer.max_steps=1", "--trainer.limit_val_batches=1"]
    options += [f"--model.{name}={value}" for name, value in SMALL.items()]
    assert main(["fit", *shared, *options]) == 0
    return lambda subcommand, *words: main([subcommand, *shared, "--ckpt_path", "last", *words])


@pytest.mark.usefixtures("lightning")
def test_the_config_watches_the_gradients(runs: Path) -> None:
    (metrics,) = runs.glob("cyclegan_cond/*/metrics.csv")
    assert "gradient/adversarial_cartoon" in metrics.read_text().splitlines()[0].split(",")


def test_one_checkpoint_predicts_the_colour_that_is_asked_for(
    lightning: Callable[..., int], sample_root: Path, tmp_path: Path
) -> None:
    photos = sample_root / "celeba" / "img_align_celeba"
    pictures = {}
    for hair in ("black", "grey", "3", "all", "own"):
        out = tmp_path / hair
        options = ["--data.predict_dir", str(photos), "--out", str(out), "--model.hair", hair]
        assert lightning("predict", *options) == 0
        assert len(list(out.iterdir())) == len(list(photos.iterdir()))
        pictures[hair] = torch.from_numpy(np.array(Image.open(out / "000001.png"))).float()
    assert pictures["black"].shape == (32, 32, 3)
    assert (pictures["black"] - pictures["grey"]).abs().mean() > 0.5
    assert torch.equal(pictures["grey"], pictures["3"])
    assert pictures["all"].shape == (32, 128, 3)
    assert min((pictures["own"] - tile).abs().max() for tile in pictures["all"].chunk(4, dim=1)) <= 1
    assert (pictures["all"][:, :32] - pictures["black"]).abs().max() <= 1
    assert (pictures["all"][:, 96:] - pictures["grey"]).abs().max() <= 1


class Seeing(nn.Module):
    """Takes an image for the colour that is the number of eighths in its first pixel."""

    def forward(self, images: Tensor) -> AttributeLogits:
        return AttributeLogits(torch.eye(4)[(images[:, 0, 0, 0] * 8).round().long()], torch.zeros(len(images), 2))


def test_photos_without_label_are_given_the_one_that_the_classifier_sees() -> None:
    model = Watched().eval()
    photos = some_faces([NONE, 2, NONE])
    photos.image[:, 0, 0, 0] = torch.tensor([3 / 8, 1 / 8, 1 / 8])
    assert model.fill_labels(photos).label.tolist() == [0, 2, 0]
    model.classifier = FrozenNetwork(cast(AttributeNet, Seeing()))
    assert model.fill_labels(photos).label.tolist() == [3, 2, 1]
    batch = UnpairedBatch(photos, some_faces([NONE] * 3))
    assert model.target_faces("cartoon", batch).label.tolist() == [3, 2, 1]
    assert model.target_faces("photo", batch).label.tolist() == [NONE] * 3
    model.translate_photos(photos)
    assert model.given[-1] == ("cartoon", [3, 2, 1])


class SeeingGlasses(nn.Module):
    """Says that a face wears glasses where the first pixel is bright."""

    def forward(self, images: Tensor) -> AttributeLogits:
        return AttributeLogits(torch.zeros(len(images), 4), 4 * images[:, 0, 0, :1].expand(-1, len(Attribute)))


def faces_with_glasses(glasses: list[int], first_pixels: list[float]) -> Faces:
    faces = some_faces([0] * len(glasses))
    faces.image[:, 0, 0, 0] = torch.tensor(first_pixels)
    return faces._replace(attributes=torch.tensor(glasses)[:, None].repeat(1, len(Attribute)))


def test_glasses_are_the_photo_s_in_training_and_what_the_classifier_sees_elsewhere() -> None:
    model = small(attributes=["glasses"])
    model.classifier = FrozenNetwork(cast(AttributeNet, SeeingGlasses()))
    batch = UnpairedBatch(faces_with_glasses([1, 0, -1, -1], [-1.0, 1.0, 1.0, -1.0]), some_faces([0] * 4))
    assert model.target_faces("cartoon", batch).attributes[:, 0].tolist() == [1, 0, 1, 0]
    model.eval()
    assert model.target_faces("cartoon", batch).attributes[:, 0].tolist() == [0, 1, 1, 0]
    assert small().eval().target_faces("cartoon", batch).attributes[:, 0].tolist() == [1, 0, -1, -1]


def test_generators_and_discriminators_follow_glasses() -> None:
    model = small(attributes=["glasses"], label_injection="modulation")
    bare, worn = (faces_with_glasses([value], [0.0]) for value in (0, 1))
    with torch.no_grad():
        assert not torch.equal(*(model.generate(model.generators, "cartoon", f.image, f) for f in (bare, worn)))
        for discriminator in model.discriminators.values():
            assert not torch.equal(discriminator(bare), discriminator(worn))


def test_real_faces_are_shown_with_wrong_glasses_as_fakes() -> None:
    model = small(attributes=["glasses"], wrong_labels=True)
    real, fake = faces_with_glasses([1, 0] * 32, [0.0] * 64), faces_with_glasses([-1] * 64, [0.0] * 64)
    (negatives,) = model.extra_negatives("cartoon", real, fake)
    is_other, has_other_hair = negatives.attributes[:, 0] == 1 - real.attributes[:, 0], negatives.label != real.label
    assert torch.equal(is_other, ~has_other_hair)
    assert 16 < int(is_other.sum()) < 48
    assert torch.equal(negatives.attributes[:, 1], real.attributes[:, 1])
    assert torch.equal(negatives.image, real.image)


def test_label_and_attributes_are_wrong_one_at_a_time_equally_often() -> None:
    model = small(attributes=["glasses", "beard"], wrong_labels=True)
    real, fake = faces_with_glasses([1, 0] * 150, [0.0] * 300), faces_with_glasses([-1] * 300, [0.0] * 300)
    (negatives,) = model.extra_negatives("cartoon", real, fake)
    is_other = negatives.attributes != real.attributes
    is_wrong = torch.cat([(negatives.label != real.label)[:, None], is_other[:, :2]], dim=1)
    assert not is_other[:, 2].any(), "mouths are no condition"
    assert (is_wrong.sum(dim=1) == 1).all()
    assert is_wrong.sum(dim=0).tolist() == pytest.approx([100] * 3, abs=30)


def test_a_generator_starts_from_exported_weights(tmp_path: Path) -> None:
    options = TranslatorOptions("resnet6", 4, num_labels=4, label_injection="modulation", image_size=32)
    path = tmp_path / "cartoons.safetensors"
    save_translator(Translator(options.build(), options), path)
    model = small(label_injection="modulation", attributes=["glasses"], pretrained=str(path), ema_decay=0.9)
    faces = some_faces([1, 2])
    with torch.no_grad():
        given = load_translator(path)(faces.image, faces.landmarks, faces.label)
        torch.testing.assert_close(model.translate_photos(faces), given)
    assert "pretrained" not in model.hparams
    with pytest.raises(UsageError, match=r"--model\.pretrained: .*another architecture"):
        small(pretrained=str(path))
    with pytest.raises(UsageError, match=r"--model\.pretrained: no such file"):
        small(pretrained=str(tmp_path / "none.safetensors"))


def test_checkpoints_do_not_hold_the_classifier(make_trainer: MakeTrainer, loader: Loader) -> None:
    model = small()
    make_trainer(max_steps=1).fit(model, loader)
    assert model.classifier is not None
    assert not [name for name in model.state_dict() if "classifier" in name]
    small().load_state_dict(model.state_dict())  # strictly


@pytest.mark.parametrize(("hair", "words"), [("pink", ["model.hair", "blonde", "own"])])
def test_a_colour_that_cannot_be_is_explained(
    hair: str,
    words: list[str],
    lightning: Callable[..., int],
    sample_root: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    options = ["--data.predict_dir", str(sample_root / "celeba" / "img_align_celeba"), "--model.hair", hair]
    assert lightning("predict", *options, "--out", str(tmp_path / "out")) == 2
    message = capsys.readouterr().err.partition("lightning: error: ")[2]
    assert len(message.strip().splitlines()) <= 3
    for word in words:
        assert word in message
    assert not (tmp_path / "out").exists()


def test_attributes_in_which_all_cartoons_are_alike_are_warned_of(
    make_trainer: MakeTrainer, sample_root: Path, tmp_path: Path
) -> None:
    def warned(cartoons: Path) -> bool:
        data = FacesDataModule(str(sample_root), cartoons=str(cartoons), image_size=32, num_workers=0, epoch_size=2)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            make_trainer(max_steps=1).fit(small(attributes=["open_mouth"]), datamodule=data)
        return any("are all alike in open_mouth" in str(warning.message) for warning in caught)

    alike = tmp_path / "alike"
    shutil.copytree(sample_root / "cartoonset10k", alike)
    for table in alike.glob("*.csv"):
        lines = table.read_text().splitlines(keepends=True)
        table.write_text("".join(line for line in lines if not line.startswith('"mouth"')))
    assert warned(alike)
    assert not warned(sample_root / "cartoonset10k")
