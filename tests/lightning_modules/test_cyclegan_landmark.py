from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from lightning import Trainer, seed_everything
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, Subset

from datamodules.faces import FacesDataModule
from datamodules.samples import Domain, Faces, Photos, UnpairedBatch
from datamodules.transforms.face_box import square_of_landmarks
from lightning_modules.callbacks import GradientNorms, ImageGrid
from lightning_modules.cli import main
from lightning_modules.cyclegan_landmark import CycleGANLandmark
from lightning_modules.discriminators import LocalDiscriminator
from lightning_modules.errors import UsageError
from lightning_modules.landmark_detector import LandmarkDetector, mean_landmarks
from networks import GeneratorName
from networks.landmarks import PARTS, cheek_mask, cut_patches, landmark_heatmaps
from networks.losses import missing_hair
from networks.mtcnn import LandmarkRegressor, load_weights

MakeTrainer = Callable[..., Trainer]
Loader = DataLoader[UnpairedBatch]
MakeModel = Callable[..., CycleGANLandmark]
LOCAL = {"adversarial_eyes", "adversarial_nose", "adversarial_mouth"}
LANDMARK = {"landmark_photo", "landmark_cartoon"}
SMALL: dict[str, Any] = {"generator": "resnet6", "ngf": 4, "ndf": 4}
FACE = torch.tensor([[10.0, 13.0], [21.0, 12.0], [15.0, 18.0], [11.0, 23.0], [20.0, 22.0]])


@pytest.fixture
def small(detector_weights: Path) -> MakeModel:
    """A model whose networks are the same at every call."""

    def make(**options: Any) -> CycleGANLandmark:
        torch.manual_seed(0)
        return CycleGANLandmark(**(SMALL | {"detector_weights": str(detector_weights)} | options))

    return make


@pytest.fixture
def loader(make_faces: Callable[..., Dataset[UnpairedBatch]]) -> Loader:
    return DataLoader(make_faces(side=32), batch_size=2)


def some_faces(count: int, seed: int, known: tuple[int, ...] = (0, 1, 2, 3)) -> Faces:
    generator = torch.Generator().manual_seed(seed)
    landmarks = FACE + torch.randn(count, 5, 2, generator=generator)
    for face in set(range(count)) - set(known):
        landmarks[face] = math.nan
    images, numbers = torch.rand(count, 3, 32, 32, generator=generator) * 2 - 1, torch.arange(count)
    return Faces(images, landmarks, numbers % 4, (numbers % 2)[:, None].repeat(1, 2))


def terms_of(model: CycleGANLandmark, batch: UnpairedBatch) -> dict[str, Tensor]:
    terms = model.generator_terms(batch, model.translate(model.generators, batch))
    return {name: term.value for name, term in terms.items()}


def test_every_term_acts(assert_terms_act: Callable[..., None], small: MakeModel, loader: Loader) -> None:
    cyclegan = {f"{kind}_{domain}" for kind in ("adversarial", "cycle", "identity") for domain in ("photo", "cartoon")}
    switches = {"lambda_1": cyclegan, "lambda_2": LOCAL, "lambda_3": LANDMARK}
    switches |= {f"lambda_{part}": {f"adversarial_{part}"} for part in PARTS}
    assert_terms_act(small, next(iter(loader)), switches, frozen=("landmarks",))


def test_terms_have_the_paper_s_weights(small: MakeModel, loader: Loader) -> None:
    batch = next(iter(loader))
    model = small(lambda_1=0.5, lambda_2=0.2, lambda_3=3.0, lambda_eyes=2.0, lambda_cycle=8.0, lambda_identity=0.25)
    terms = model.generator_terms(batch, model.translate(model.generators, batch))
    assert {name: term.weight for name, term in terms.items() if not name.endswith("photo")} == pytest.approx(
        {
            **{"adversarial_cartoon": 0.5, "cycle_cartoon": 4.0, "identity_cartoon": 1.0, "landmark_cartoon": 3.0},
            **{"adversarial_eyes": 0.4, "adversarial_nose": 0.2, "adversarial_mouth": 0.2},
        }
    )


def test_it_trains_without_the_losses_of_cyclegan(small: MakeModel, make_trainer: MakeTrainer, loader: Loader) -> None:
    trainer = make_trainer(max_steps=1)
    trainer.fit(small(lambda_1=0.0, local_start=1), loader)
    assert trainer.callback_metrics["train/landmark_cartoon"] > 0
    assert "train/adversarial" not in trainer.callback_metrics


@pytest.mark.parametrize("generator", ["resnet9", "resnet6", "unet", "densenet"])
@torch.no_grad()
def test_every_backbone_follows_the_heatmaps(generator: GeneratorName, small: MakeModel) -> None:
    model = small(generator=generator)
    photos = some_faces(2, seed=0)
    here = model.generate(model.generators, "cartoon", photos.image, photos)
    there = model.generate(model.generators, "cartoon", photos.image, photos._replace(landmarks=photos.landmarks + 4))
    assert here.shape == (2, 3, 32, 32)
    assert (here - there).abs().amax(dim=(1, 2, 3)).min() > 1e-4
    expected = model.generators["cartoon"](
        torch.cat([photos.image, landmark_heatmaps(photos.landmarks, 32, 32)], dim=1)
    )
    assert torch.equal(here, expected)


@torch.no_grad()
def test_heatmaps_are_a_switch(small: MakeModel, loader: Loader) -> None:
    model, photos = small(heatmaps=False), some_faces(1, seed=0)
    assert torch.equal(model(photos.image), model.generators["cartoon"](photos.image))
    assert set(terms_of(model, next(iter(loader)))) >= LANDMARK | LOCAL


class Guided(CycleGANLandmark):
    """Records the landmarks that each generator is given."""

    def generate(self, generators: nn.ModuleDict, target: Domain, images: Tensor, condition: Faces) -> Tensor:
        self.given: list[tuple[Domain, Tensor]]
        self.given.append((target, condition.landmarks))
        return super().generate(generators, target, images, condition)


def test_the_way_back_takes_the_source_s_landmarks(detector_weights: Path) -> None:
    model = Guided(**SMALL, detector_weights=str(detector_weights))
    model.given = []
    batch = UnpairedBatch(some_faces(2, seed=0), some_faces(2, seed=1))
    model.translate(model.generators, batch)
    photo, cartoon = batch.photo.landmarks, batch.cartoon.landmarks
    expected = [
        ("photo", (cartoon, photo)),
        ("cartoon", (photo, cartoon)),
        ("photo", (photo,)),
        ("cartoon", (cartoon,)),
    ]
    for (target, landmarks), (wanted, parts) in zip(model.given, expected, strict=True):
        assert target == wanted
        assert torch.equal(landmarks, torch.cat(parts))


def test_the_landmark_loss_is_the_paper_s_in_both_directions(small: MakeModel, detector_weights: Path) -> None:
    """The source's landmarks are the truth, distances are in eye distances of an average face in their square."""
    model = small()
    batch = UnpairedBatch(some_faces(2, seed=0), some_faces(2, seed=1))
    translation = model.translate(model.generators, batch)
    regressor = LandmarkRegressor(load_weights(detector_weights)[0].onet)
    terms = model.generator_terms(batch, translation)
    for domain, source in (("cartoon", batch.photo), ("photo", batch.cartoon)):
        boxes = square_of_landmarks(source.landmarks)
        found = regressor(translation.fake[cast(Domain, domain)], boxes)
        distances = []
        for face in range(2):
            unit = (0.666 - 0.334) * (boxes[face, 2] - boxes[face, 0]).item()
            for point in range(5):
                distances.append(math.dist(found[face, point].tolist(), source.landmarks[face, point].tolist()) / unit)
        assert terms[f"landmark_{domain}"].value.item() == pytest.approx(sum(distances) / 10, rel=1e-4)


def test_unknown_landmarks_are_left_out(small: MakeModel) -> None:
    model = small(lambda_identity=0.0)
    whole = UnpairedBatch(some_faces(3, seed=0, known=(0, 2)), some_faces(3, seed=1, known=(0, 2)))
    known = UnpairedBatch(*(Faces(*(part[[0, 2]] for part in faces)) for faces in whole))
    with_unknown, without = terms_of(model, whole), terms_of(model, known)
    for name in LANDMARK | LOCAL:
        torch.testing.assert_close(with_unknown[name], without[name])


def test_one_known_face_of_four_teaches_as_if_alone(small: MakeModel) -> None:
    model = small(lambda_identity=0.0)
    whole = UnpairedBatch(some_faces(4, seed=0, known=(2,)), some_faces(4, seed=1, known=(1,)))
    alone = UnpairedBatch(
        Faces(*(part[[2]] for part in whole.photo)),
        Faces(*(part[[1]] for part in whole.cartoon)),
    )
    for part in PARTS:
        gradients = []
        for batch in (whole, alone):
            translation = model.translate(model.generators, batch)
            fakes: dict[Domain, Faces] = {"cartoon": model.fake_faces("cartoon", translation)}
            generator_loss = model.generator_terms(batch, translation)[f"adversarial_{part}"].value
            discriminator_loss = model.discriminator_term(part, batch, fakes).value
            gradients.append(
                (
                    torch.autograd.grad(generator_loss, [next(model.generators["cartoon"].parameters())])[0],
                    torch.autograd.grad(discriminator_loss, [next(model.discriminators[part].parameters())])[0],
                )
            )
        for of_all, of_one in zip(*gradients, strict=True):
            assert of_one.abs().max() > 1e-6
            assert (of_all - of_one).norm() < 0.01 * of_one.norm()


@pytest.mark.parametrize("gan_mode", ["vanilla", "lsgan", "hinge"])
def test_a_batch_of_unknowns_has_no_landmark_gradient_and_no_nan(small: MakeModel, gan_mode: str) -> None:
    model = small(gan_mode=gan_mode)
    batch = UnpairedBatch(some_faces(2, seed=0, known=()), some_faces(2, seed=1, known=()))
    terms = model.generator_terms(batch, model.translate(model.generators, batch))
    for name in LANDMARK | LOCAL:
        gradients = torch.autograd.grad(
            terms[name].value, list(model.generators.parameters()), retain_graph=True, allow_unused=True
        )
        assert all(gradient is None or (gradient == 0).all() for gradient in gradients), name
        assert terms[name].applies is not None
        assert not terms[name].applies
    assert all(terms[name].value == 0 for name in LANDMARK | LOCAL)
    assert all(term.value.isfinite() for term in terms.values())
    fakes = {"cartoon": batch.photo._replace(image=batch.cartoon.image)}
    value = model.discriminator_term("mouth", batch, cast(dict[Domain, Faces], fakes)).value
    gradients = torch.autograd.grad(value, list(model.discriminators["mouth"].parameters()))
    assert all((gradient == 0).all() for gradient in gradients)


class Annotated(Dataset[UnpairedBatch]):
    """Eight draws, of which the first few have landmarks."""

    def __init__(self, known: int) -> None:
        self.known = known

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> UnpairedBatch:
        known = (0,) if index < self.known else ()
        return UnpairedBatch(*(Faces(*(part[0] for part in some_faces(1, index, known))) for _ in range(2)))


def test_batches_without_landmarks_stop_no_run(small: MakeModel, make_trainer: MakeTrainer) -> None:
    trainer = make_trainer(max_steps=4, callbacks=[GradientNorms(every_n_steps=1, patience=1)])
    trainer.fit(small(), DataLoader(Annotated(known=1), batch_size=2))
    assert trainer.global_step == 4
    assert trainer.callback_metrics["gradient/landmark_cartoon"] == 0


def test_data_without_landmarks_are_refused(small: MakeModel, make_trainer: MakeTrainer) -> None:
    endless = Subset(Annotated(known=0), [0] * 64)
    with pytest.raises(UsageError, match=r"--data.cartoons and --data.photos has landmarks.*\n.*faces.csv"):
        make_trainer(max_steps=4).fit(small(), DataLoader(endless, batch_size=2))


def test_local_discriminators_see_real_parts_by_their_own_landmarks_and_fakes_by_the_photo_s(small: MakeModel) -> None:
    model = small(gan_mode="lsgan")
    batch = UnpairedBatch(some_faces(2, seed=0), some_faces(2, seed=1))
    translation = model.translate(model.generators, batch)
    fakes = {"cartoon": model.fake_faces("cartoon", translation)}
    terms = terms_of(model, batch)
    for part, geometry in PARTS.items():
        network = cast(LocalDiscriminator, model.discriminators[part]).network
        real = network(cut_patches(batch.cartoon.image, batch.cartoon.landmarks, geometry, min_size=12))
        fake = network(cut_patches(translation.fake["cartoon"], batch.photo.landmarks, geometry, min_size=12))
        expected = 0.5 * ((real - 1).square().mean() + fake.square().mean())
        value = model.discriminator_term(part, batch, cast(dict[Domain, Faces], fakes)).value
        torch.testing.assert_close(value, expected)
        torch.testing.assert_close(terms[f"adversarial_{part}"], (fake - 1).square().mean())


def test_each_local_discriminator_has_an_optimiser_of_its_own(small: MakeModel, make_trainer: MakeTrainer) -> None:
    model = small()
    model.trainer = make_trainer(max_steps=1)
    optimizers, schedulers = model.configure_optimizers()
    assert len(schedulers) == len(optimizers) == 5
    owners = [
        {
            name.split(".")[1]
            for name, value in model.discriminators.named_parameters(prefix="discriminators")
            if value in parameters
        }
        for optimizer in optimizers[1:]
        for parameters in [{p for group in optimizer.param_groups for p in group["params"]}]
    ]
    assert owners == [{"photo", "cartoon"}, {"eyes"}, {"nose"}, {"mouth"}]


@pytest.mark.parametrize(
    ("start", "ramp", "weights"),
    [
        (0, 0, [0.6, 0.6, 0.6, 0.6, 0.6, 0.6]),
        (2, 0, [0.0, 0.0, 0.6, 0.6, 0.6, 0.6]),
        (1, 3, [0.0, 0.15, 0.3, 0.45, 0.6, 0.6]),
    ],
)
def test_the_local_part_starts_late_and_rises(
    start: int, ramp: int, weights: list[float], small: MakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = small(local_start=start, local_ramp=ramp, lambda_2=0.3, lambda_nose=2.0)
    for step, weight in enumerate(weights):
        monkeypatch.setattr(CycleGANLandmark, "global_step", step)
        assert model.adversarial_weight("nose") == pytest.approx(weight)
        assert model.adversarial_weight("cartoon") == 1.0


def test_outside_a_fit_the_local_part_counts_in_full(
    small: MakeModel, make_trainer: MakeTrainer, loader: Loader
) -> None:
    model = small(local_start=1000, local_ramp=1000, lambda_mouth=0.0)
    expected = {"adversarial_eyes", "adversarial_nose"}
    for evaluate, stage in ((make_trainer().validate, "val"), (make_trainer().test, "test")):
        (metrics,) = evaluate(model, loader, verbose=False)
        assert {name.removeprefix(f"{stage}/") for name in metrics} & LOCAL == expected
    trainer = make_trainer(max_epochs=1, limit_train_batches=1, limit_val_batches=1)
    trainer.fit(model, loader, loader)
    assert "val/adversarial_cartoon" in trainer.callback_metrics
    assert not [name for name in trainer.callback_metrics if name.partition("/")[2] in LOCAL]


@pytest.mark.parametrize(
    ("start", "lambda_2", "length", "is_told"),
    [
        (3, 0.3, {"max_steps": 3}, True),
        (2, 0.3, {"max_steps": 3}, False),
        (9, 0.0, {"max_steps": 3}, False),
        (8, 0.3, {"max_epochs": 2, "limit_train_batches": 2}, True),
    ],
)
def test_a_run_that_ends_before_the_local_part_begins_says_so_once(
    start: int, lambda_2: float, length: dict[str, int], is_told: bool, small: MakeModel, make_trainer: MakeTrainer
) -> None:
    faces = DataLoader(Annotated(known=8), batch_size=2)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        make_trainer(**length).fit(small(local_start=start, lambda_2=lambda_2), faces)
    told = [str(warning.message) for warning in caught if "local" in str(warning.message)]
    assert len(told) == is_told
    if is_told:
        assert f"--model.local_start {start}," in told[0]


def test_local_discriminators_rest_until_their_start(
    small: MakeModel, make_trainer: MakeTrainer, loader: Loader
) -> None:
    model = small(local_start=2, local_ramp=1, lambda_mouth=0.0)
    before = {name: value.clone() for name, value in model.discriminators.named_parameters()}

    def moved() -> set[str]:
        changed = [
            name for name, value in model.discriminators.named_parameters() if not torch.equal(value, before[name])
        ]
        return {name.split(".")[0] for name in changed}

    make_trainer(max_steps=2).fit(model, loader)
    assert moved() == {"photo", "cartoon"}
    make_trainer(max_steps=3).fit(model, loader)
    assert moved() == {"photo", "cartoon", "eyes", "nose"}


def test_a_checkpoint_does_without_the_detector(
    small: MakeModel, make_trainer: MakeTrainer, loader: Loader, tmp_path: Path, detector_weights: Path
) -> None:
    model, trainer = small(), make_trainer(max_steps=1)
    trainer.fit(model, loader)
    path = tmp_path / "last.ckpt"
    trainer.save_checkpoint(path)
    state = torch.load(path, weights_only=True)
    assert not [name for name in state["state_dict"] if "detector" in name]
    assert state["hyper_parameters"]["detector_weights"] == str(detector_weights)
    photo = next(iter(loader)).photo
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("error")
        loaded = CycleGANLandmark.load_from_checkpoint(path, map_location="cpu", weights_only=True)
        assert torch.equal(loaded.cartoons(photo), model.cartoons(photo))
    resumed = make_trainer(max_steps=2)
    resumed.fit(small(), loader, ckpt_path=path)
    assert resumed.global_step == 2
    del state["state_dict"]["discriminators.eyes.network.head.bias"]
    with pytest.raises(RuntimeError, match=r"Missing key\(s\).*discriminators.eyes"):
        small().load_state_dict(state["state_dict"])
    with pytest.raises(UsageError, match=r"nowhere.safetensors.*--model.detector_weights"):
        CycleGANLandmark.load_from_checkpoint(path, weights_only=True, detector_weights="/nowhere.safetensors")


@torch.no_grad()
def test_photos_without_a_face_are_named_and_taken_for_average(
    small: MakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, photos = small(), some_faces(2, seed=0)
    found = torch.stack([photos.landmarks[0], torch.full((5, 2), math.nan)])
    monkeypatch.setattr(LandmarkDetector, "find", lambda self, images: found)
    with pytest.warns(UserWarning, match=r"anna/2.jpg: no face found") as caught:
        cartoons = model.predict_step(Photos(photos.image, ["anna/1.jpg", "anna/2.jpg"]), 0)
    assert len(caught) == 1
    landmarks = torch.stack([photos.landmarks[0], mean_landmarks(photos.image)])
    expected = model.generate(model.generators, "cartoon", photos.image, photos._replace(landmarks=landmarks))
    assert torch.equal(cartoons, expected)
    with pytest.warns(UserWarning, match="photo 1: no face found"):
        assert torch.equal(model(photos.image), cartoons)


def test_the_grid_shows_points_on_photo_cartoon_and_difference(
    small: MakeModel, make_trainer: MakeTrainer, loader: Loader, tmp_path: Path
) -> None:
    model = small()
    batch = UnpairedBatch(some_faces(2, seed=0), some_faces(2, seed=1))
    with torch.no_grad():
        rows = model.grid_rows(batch)
        cartoon = model.cartoons(batch.photo)
    assert len(rows) == 9
    torch.testing.assert_close(rows[1], cartoon)
    for row, plain in zip(rows[6:], (batch.photo.image, cartoon, cartoon), strict=True):
        changed = (row - plain).abs().amax(dim=1) > 1e-3
        assert 0.01 < changed.float().mean() < 0.5
    for x, y in batch.photo.landmarks[1].round().int().tolist():
        green = rows[6][1, :, y, x]
        assert green[1] == green.max()
    make_trainer(callbacks=[ImageGrid(2)]).validate(model, loader, verbose=False)
    (path,) = (tmp_path / "images").iterdir()
    assert Image.open(path).size == (2 + 2 * 34, 2 + 9 * 34)


def test_it_trains_under_bf16(small: MakeModel, make_trainer: MakeTrainer) -> None:
    losses = []
    for precision in ("32-true", "bf16-mixed"):
        seed_everything(0, verbose=False)
        trainer = make_trainer(max_steps=2, precision=precision, callbacks=[GradientNorms(every_n_steps=1)])
        trainer.fit(small(), DataLoader(Annotated(known=8), batch_size=2))
        losses.append({name: value.item() for name, value in trainer.callback_metrics.items()})
    exact, rounded = losses
    assert exact.keys() == rounded.keys() >= {"gradient/landmark_cartoon", "train/discriminator_eyes"}
    for name, value in exact.items():
        assert rounded[name] == pytest.approx(value, rel=0.5 if name.startswith("gradient/") else 0.05), name


def test_landmarks_approach_their_place_after_a_few_steps(
    small: MakeModel, make_trainer: MakeTrainer, sample_root: Path
) -> None:
    data = FacesDataModule(str(sample_root), image_size=32, batch_size=4, num_workers=0, augment=False, epoch_size=100)
    data.setup("fit")
    options: dict[str, Any] = {"gan_mode": "lsgan", "learning_rate": 2e-3, "lambda_cycle": 1.0, "lambda_identity": 0.0}
    model = small(ngf=6, lambda_2=0.0, lambda_3=20.0, **options)

    def misplaced() -> Tensor:
        with torch.no_grad():
            terms = [terms_of(model, batch) for batch in data.val_dataloader()]
        return torch.tensor([[each[name] for name in sorted(LANDMARK)] for each in terms]).mean(dim=0)

    before = misplaced()
    make_trainer(max_epochs=1, limit_val_batches=0).fit(model, datamodule=data)
    assert (misplaced() < 0.6 * before).all()


@pytest.mark.parametrize("option", ["lambda_1", "lambda_2", "lambda_3", "lambda_nose", "local_start", "local_ramp"])
def test_senseless_options_are_refused_by_name(option: str, small: MakeModel) -> None:
    with pytest.raises(UsageError, match=f"--model.{option} is -1, must be 0 or more"):
        small(**{option: -1})
    with pytest.raises(UsageError, match=r"--model\.skin_exposure is 0, must be more than 0"):
        small(skin_exposure=0)


def test_photos_become_cartoons_through_the_command(
    sample_root: Path, detector_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The detector is named relative to where the run starts; the prediction starts elsewhere."""
    monkeypatch.chdir(detector_weights.parent)
    shared = ["--config", "configs/cyclegan_landmark.yaml", "--trainer.default_root_dir", str(tmp_path)]
    shared += ["--data.root", str(sample_root), "--data.num_workers=0", "--trainer.accelerator=cpu"]
    shared += ["--trainer.enable_progress_bar=false"]
    options = ["--data.image_size=32", "--data.batch_size=2", "--trainer.max_steps=1", "--trainer.limit_val_batches=1"]
    options += [f"--model.{name}={value}" for name, value in SMALL.items()]
    assert main(["fit", *shared, *options, "--model.detector_weights", detector_weights.name]) == 0
    monkeypatch.chdir(tmp_path)
    photos = sample_root / "celeba" / "img_align_celeba"
    out = tmp_path / "cartoons"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an untrained detector finds faces where it likes
        options = ["--data.predict_dir", str(photos), "--out", str(out), "--ckpt_path", "last"]
        assert main(["predict", *shared, *options]) == 0
    assert len(list(out.iterdir())) == len(list(photos.iterdir()))


def test_a_missing_detector_is_one_line(
    sample_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("lightning_modules.detector.default_weights", lambda: tmp_path / "none.safetensors")
    words = ["fit", "--config", "configs/cyclegan_landmark.yaml", "--data.root", str(sample_root)]
    assert main([*words, "--trainer.default_root_dir", str(tmp_path)]) == 2
    message = capsys.readouterr().err.partition("lightning: error: ")[2]
    assert "make detector" in message
    assert "--model.detector_weights" in message
    assert len(message.strip().splitlines()) <= 3


def test_the_skin_term_is_the_distance_of_the_mean_colours_of_the_cheeks(small: MakeModel) -> None:
    model = small(lambda_skin=2.0)
    photos = some_faces(3, 0, known=(0, 1))
    mask = cheek_mask(photos.landmarks, 32, 32)
    image = torch.rand(3, 3, 32, 32)
    image = torch.where(mask > 0, torch.tensor([0.2, 0.4, -0.4])[:, None, None], image)
    cartoons = torch.where(mask > 0, torch.tensor([0.5, 0.4, -0.1])[:, None, None], torch.rand(3, 3, 32, 32))
    term = model._skin_term(photos._replace(image=image), cartoons)
    assert term.weight == 2.0
    assert float(term.value) == pytest.approx(0.2, abs=1e-5)  # (0.3 + 0 + 0.3) / 3; the third face has no landmarks
    exposed = small(lambda_skin=2.0, skin_exposure=1.5)._skin_term(photos._replace(image=image), cartoons)
    assert float(exposed.value) == pytest.approx((0.3 + 0.6 + 0) / 3, abs=1e-5)  # 0.8, 1 (clipped), -0.1
    nobody = model._skin_term(some_faces(2, 1, known=()), cartoons[:2])
    assert (float(nobody.value), bool(nobody.applies)) == (0.0, False)


def test_white_where_photos_have_hair_is_a_term(small: MakeModel, loader: Loader) -> None:
    model, batch = small(lambda_hair_length=2.0), next(iter(loader))
    batch.photo.image[..., -8:] = 1.0  # a background
    batch = batch._replace(photo=batch.photo._replace(landmarks=mean_landmarks(batch.photo.image).repeat(2, 1, 1)))
    translation = model.translate(model.generators, batch)
    term = model.generator_terms(batch, translation)["hair_length_cartoon"]
    assert term.weight == 2.0
    expected = missing_hair(translation.fake["cartoon"], batch.photo.image, batch.photo.landmarks)
    torch.testing.assert_close(term.value, expected)
    white = replace(translation, fake=translation.fake | {"cartoon": torch.ones_like(batch.photo.image)})
    assert model.generator_terms(batch, white)["hair_length_cartoon"].value > term.value
    assert "hair_length_cartoon" not in small().generator_terms(batch, translation)


def test_the_window_of_the_loss_moves_in_training_alone(small: MakeModel) -> None:
    model = small(landmark_jitter=0.1)
    boxes = square_of_landmarks(some_faces(40, 0, known=tuple(range(40))).landmarks)
    moved = model._jittered(boxes)
    sides = moved[:, 2:] - moved[:, :2]
    torch.testing.assert_close(sides[:, 0], sides[:, 1])
    growth = sides[:, 0] / (boxes[:, 2] - boxes[:, 0])
    assert 0.9 <= growth.min() < 0.95 < 1.05 < growth.max() <= 1.1
    shift = (moved.view(-1, 2, 2).mean(1) - boxes.view(-1, 2, 2).mean(1)) / (boxes[:, 2:] - boxes[:, :2])
    assert 0.05 < shift.abs().max() <= 0.1001
    assert shift[:, 0].sub(shift[:, 1]).abs().max() > 0.02  # each axis by itself
    fakes, wanted = some_faces(2, 3).image, some_faces(2, 3).landmarks
    plain = small()._landmark_term(fakes, wanted).value
    assert model._landmark_term(fakes, wanted).value != plain
    torch.testing.assert_close(model.eval()._landmark_term(fakes, wanted).value, plain)


def test_what_a_blank_image_gets_stands_beside_the_landmark_loss_outside_training(
    small: MakeModel, loader: Loader
) -> None:
    model, batch = small().eval(), next(iter(loader))
    terms = model.extra_generator_terms(batch, model.translate(model.generators, batch))
    blank = terms["landmark_blank_cartoon"]
    assert blank.weight == 0
    expected = model._landmark_term(torch.ones_like(batch.photo.image), batch.photo.landmarks).value
    torch.testing.assert_close(blank.value, expected)
    assert "landmark_blank_cartoon" not in model.train().extra_generator_terms(
        batch, model.translate(model.generators, batch)
    )
