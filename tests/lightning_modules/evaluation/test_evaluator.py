"""The evaluator against planted answers: judges that read what was written into the images."""

from __future__ import annotations

import math
from itertools import combinations
from typing import cast

import pytest
import torch
from torch import Tensor, nn

from datamodules.samples import Domain, Faces, UnpairedBatch
from lightning_modules.base import BaseCycleGAN, Translation
from lightning_modules.cyclegan_baseline import CycleGANBaseline
from lightning_modules.evaluation import Evaluator, Judges
from networks.attribute_classifier import AttributeLogits, AttributeNet
from networks.feature_extractors import FeatureExtractor
from networks.mtcnn import LandmarkRegressor
from networks.palette import HAIR_PALETTE

SIDE = 16
FACE = torch.tensor([[4.0, 5], [12, 5], [8, 9], [5, 12], [11, 12]])


class ColourFeatures(FeatureExtractor):
    """The middle column of each image."""

    name, num_features = "columns", 3 * SIDE

    def forward(self, images: Tensor) -> Tensor:
        return images[..., SIDE // 2].flatten(1)


class CornerNet(nn.Module):
    """Reads hair colour and glasses from the first two pixels."""

    def forward(self, images: Tensor) -> AttributeLogits:
        label = ((images[:, 0, 0, 0] + 1) * 2).round().long().clamp(max=3)
        glasses = images[:, 0, 0, 1]
        attributes = torch.stack([glasses, -glasses, glasses], dim=1)  # a beard where there are no glasses
        return AttributeLogits(nn.functional.one_hot(label, 4).float(), attributes)


class ShiftReader(nn.Module):
    """Finds the landmarks of a face that is shifted by what the third pixel says."""

    def forward(self, images: Tensor, boxes: Tensor) -> Tensor:
        assert boxes.shape == (len(images), 4)
        found = FACE.repeat(len(images), 1, 1)
        found[..., 0] += images[:, 0, 0, 2, None] * 8  # eye distances
        return found

    def face_scores(self, images: Tensor, boxes: Tensor) -> Tensor:
        return (images[:, 0, 0, 3] > 0).float()


def judges() -> Judges:
    classifier, landmarks = cast(AttributeNet, CornerNet()), cast(LandmarkRegressor, ShiftReader())
    return Judges(ColourFeatures(), classifier, landmarks, landmarks, {"features": {"name": "columns"}})


def marked(hair: list[int], glasses: list[int], shifts: list[float], seed: int = 0) -> Tensor:
    """Images of noise that carry what the judges read."""
    images = torch.rand(len(hair), 3, SIDE, SIDE, generator=torch.Generator().manual_seed(seed)) * 2 - 1
    images[:, 0, 0, 0] = torch.tensor(hair) / 2 - 1
    images[:, 0, 0, 1] = torch.tensor(glasses) * 2.0 - 1
    images[:, 0, 0, 2] = torch.tensor(shifts)
    images[:, 0, 0, 3] = 1.0
    return images


class Painter(CycleGANBaseline):
    """Makes the same cartoons for each label: those of colour 0, 1, 2 and 0."""

    def __init__(self) -> None:
        super().__init__(generator="resnet6", ngf=2, ndf=2)

    def translate_photos(self, photos: Faces) -> Tensor:
        return photos.image

    def in_all_labels(self, photos: Faces) -> list[Tensor]:
        count = len(photos.image)
        return [marked([label] * count, [0] * count, [0.0] * count) for label in (0, 1, 2, 0)]


class Plain(Painter):
    """Knows no labels."""

    def in_all_labels(self, photos: Faces) -> list[Tensor]:
        return []


HAIR, CARTOON_HAIR = [0, 1, 2, 3, -1], [0, 1, 2, 0, 2]  # one of four is recoloured
GLASSES, CARTOON_GLASSES = [0, 0, 0, 1, -1], [1, 0, 0, 1, 1]  # one of three invented, the only one kept
MOUTHS = [1, -1, -1, 1, 0]
ATTRIBUTES = torch.tensor([GLASSES, [1, 1, 1, 0, -1], MOUTHS]).T  # cartoons have beards where they have no glasses
SHIFTS = [0.05, 0.05, 0.05, 0.05, 0.05]


def measured(evaluator: Evaluator, model: BaseCycleGAN | None = None) -> Evaluator:
    photo = marked(HAIR, [0] * 5, [0.0] * 5)
    landmarks = FACE.repeat(5, 1, 1)
    cartoon = marked([0] * 5, [0] * 5, [0.0] * 5, seed=1)
    batch = UnpairedBatch(
        Faces(photo, landmarks, torch.tensor(HAIR), ATTRIBUTES),
        Faces(cartoon, landmarks, torch.zeros(5, dtype=torch.long), torch.zeros(5, 3, dtype=torch.long)),
    )
    fake = {"photo": cartoon + 0.1, "cartoon": marked(CARTOON_HAIR, CARTOON_GLASSES, SHIFTS, seed=2)}
    wanted: dict[Domain, Faces] = {"cartoon": batch.photo, "photo": batch.cartoon}
    translation = Translation(
        cast("dict[Domain, Tensor]", fake), {"photo": photo + 0.25, "cartoon": cartoon - 0.5}, {}, wanted
    )
    numbers: dict[Domain, Tensor] = {"photo": torch.arange(5), "cartoon": torch.tensor([0, 1, 2, 3, -1])}
    for _ in range(2):
        evaluator.update(model or Painter(), batch, translation, numbers, ATTRIBUTES)
        numbers = {domain: torch.full((5,), -1) for domain in numbers}  # all of them seen already
    return evaluator


def test_planted_answers_are_found() -> None:
    figures = measured(Evaluator(judges())).figures()
    value = {key: figure.value for key, figure in figures.items()}
    assert value["hair_accuracy"] == 0.75
    assert value["hair_control"] == 0.75
    assert value["invented_glasses"] == pytest.approx(1 / 3)
    assert value["kept_glasses"] == 1
    assert value["invented_beard"] == 0
    assert value["kept_beard"] == pytest.approx(2 / 3)
    assert value["invented_open_mouth"] == 1
    assert value["kept_open_mouth"] == 1
    assert value["landmark_consistency"] == pytest.approx(0.05, abs=1e-4)
    assert value["landmark_nose"] == pytest.approx(0.05, abs=1e-4)
    assert value["cycle_photo"] == pytest.approx(0.25, abs=1e-5)
    assert value["cycle_cartoon"] == pytest.approx(0.5, abs=1e-5)
    assert value["pose_variety"] is None  # of five faces
    assert value["images_per_second"] is not None
    assert {key: figures[key].samples for key in ("hair_accuracy", "hair_control", "cycle_cartoon", "diversity")} == {
        "hair_accuracy": 4,
        "hair_control": 5,
        "cycle_cartoon": 4,
        "diversity": 5,
    }
    assert figures["kernel_cartoon"].title == "Kernel distance, cartoons (columns)"
    assert figures["frechet_cartoon"].value is None
    assert "2,048" in (figures["frechet_cartoon"].note or "")


def test_chance_is_the_distance_to_the_cartoon_before() -> None:
    """Cartoons that are off by 5 % each time seem as near to any photo: these judges see no more than that."""
    chance = measured(Evaluator(judges())).figures()["landmark_chance"]
    assert chance.samples == 4
    assert chance.value == pytest.approx(0.05, abs=1e-4)


def test_shares_stand_beside_what_chance_gives() -> None:
    figures = measured(Evaluator(judges())).figures()
    assert figures["hair_accuracy"].note == "by chance 25%"
    assert figures["kept_glasses"].note == "by chance 60.0%, the share of all cartoons with glasses"


def test_cartoons_that_are_no_faces_make_figures_unreliable() -> None:
    figures = measured(Evaluator(judges())).figures()
    assert figures["faces_found"].value == 1
    blind = judges()
    blind.detector = cast(LandmarkRegressor, NoFaces())
    warned = measured(Evaluator(blind)).figures()
    assert warned["faces_found"].value == pytest.approx(0.2)
    expected = "not reliable: the detector takes only 20% of these cartoons for faces"
    assert warned["hair_accuracy"].note == f"{expected}; by chance 25%"
    assert warned["landmark_consistency"].note == expected
    assert warned["hair_palette"].note == figures["hair_palette"].note
    assert warned["hair_accuracy"].value == figures["hair_accuracy"].value


def test_a_single_face_has_no_chance_and_no_pose() -> None:
    figures = Evaluator(judges()).figures()
    assert figures["landmark_chance"].as_json()["note"] == "takes two photos"
    assert figures["pose_variety"].value is None
    assert "takes 8 faces" in (figures["pose_correlation"].note or "")
    assert figures["images_per_second"].value is None


def test_rows_tell_each_face_once() -> None:
    rows = measured(Evaluator(judges())).face_rows()
    assert [row.number for row in rows] == list(range(5))
    assert [row.hair for row in rows] == HAIR
    assert [row.hair_judged for row in rows] == CARTOON_HAIR
    assert [row.glasses for row in rows] == GLASSES
    assert [row.glasses_judged for row in rows] == CARTOON_GLASSES
    assert [row.beard for row in rows] == [1, 1, 1, 0, -1]
    assert [row.beard_judged for row in rows] == [1 - worn for worn in CARTOON_GLASSES]
    assert [row.open_mouth for row in rows] == MOUTHS
    assert [row.open_mouth_judged for row in rows] == CARTOON_GLASSES
    assert [row.landmark_error for row in rows] == pytest.approx(SHIFTS, abs=1e-4)


def test_a_variant_without_labels_has_no_control() -> None:
    control = measured(Evaluator(judges()), Plain()).figures()["hair_control"].as_json()
    assert control["value"] is None
    assert control["note"] == "the variant has no hair condition"


def test_labels_that_are_no_hair_colours_are_not_judged_as_such() -> None:
    evaluator = measured(Evaluator(judges(), has_hair_labels=False))
    figures = evaluator.figures()
    assert figures["hair_accuracy"].value is None
    assert figures["hair_control"].value is None
    assert {row.hair for row in evaluator.face_rows()} == {-1}


def test_what_is_not_finite_is_written_as_nothing() -> None:
    figure = measured(Evaluator(judges())).figures()["diversity"]
    broken = type(figure)("x", math.nan, spread=math.inf).as_json()
    assert broken["value"] is None
    assert broken["spread"] is None
    assert broken["note"]


PHOTO_FACE = torch.tensor([[24.0, 32], [40, 32], [32, 42], [27, 48], [37, 48]])
ORANGE, BLACK, BROWN, BLONDE, GREY = (HAIR_PALETTE[index] for index in (2, 7, 6, 0, 8))


class NoFaces(ShiftReader):
    """Takes the first image of a batch for a face."""

    def face_scores(self, images: Tensor, boxes: Tensor) -> Tensor:
        return (torch.arange(len(images)) == 0).float()


class FixedReader(nn.Module):
    """Finds the same landmarks in every image."""

    def forward(self, images: Tensor, boxes: Tensor) -> Tensor:
        return PHOTO_FACE.repeat(len(images), 1, 1)

    def face_scores(self, images: Tensor, boxes: Tensor) -> Tensor:
        return torch.ones(len(images))


class WideFeatures(FeatureExtractor):
    """The middle column of larger images."""

    name, num_features = "columns", 3 * 64

    def forward(self, images: Tensor) -> Tensor:
        return images[..., 32].flatten(1)


def head(hair: tuple[int, ...], darker: float = 0.0) -> Tensor:
    """(3, 64, 64): hair of a colour on a face, whose skin is darker by so much."""
    image = torch.ones(3, 64, 64)
    image[:, 14:58, 14:50] = torch.tensor([0.9, 0.6, 0.3])[:, None, None] - darker
    image[:, 4:22, 12:52] = torch.tensor(hair)[:, None, None] / 127.5 - 1
    return image


class Barber(Painter):
    """Asked for black, brown, blonde and grey it paints black, brown, blonde and orange, on skin that darkens."""

    def in_all_labels(self, photos: Faces) -> list[Tensor]:
        asked = zip((BLACK, BROWN, BLONDE, ORANGE), (0.0, 0.0, 0.0, 0.2), strict=True)
        return [head(hair, darker).repeat(len(photos.image), 1, 1, 1) for hair, darker in asked]


def measured_hair(evaluator: Evaluator, model: BaseCycleGAN) -> dict[str, float | None]:
    """Four photos, of which two have no label; the cartoon of one of these has orange hair, the other's is grey."""
    labels = torch.tensor([0, -1, 2, -1])
    cartoons = torch.stack([head(colour) for colour in (ORANGE, ORANGE, BLONDE, GREY)])
    faces = Faces(torch.zeros(4, 3, 64, 64), PHOTO_FACE.repeat(4, 1, 1), labels, torch.zeros(4, 3, dtype=torch.int64))
    batch = UnpairedBatch(faces, faces)
    images = cast("dict[Domain, Tensor]", {"photo": cartoons, "cartoon": cartoons})
    translation = Translation(images, images, {}, {"cartoon": faces, "photo": faces})
    numbers: dict[Domain, Tensor] = {"photo": torch.arange(4), "cartoon": torch.arange(4)}
    evaluator.update(model, batch, translation, numbers, torch.full((4, 3), -1))
    return {key: figure.value for key, figure in evaluator.figures().items()}


def barbers_judges() -> Judges:
    classifier, landmarks = cast(AttributeNet, CornerNet()), cast(LandmarkRegressor, FixedReader())
    return Judges(WideFeatures(), classifier, landmarks, landmarks, {"features": {"name": "columns"}})


def test_hair_is_judged_by_the_palette_too() -> None:
    evaluator = Evaluator(barbers_judges())
    value = measured_hair(evaluator, Barber())
    assert value["hair_palette"] == 0.75
    assert value["unlabelled_orange"] == 0.5
    figures = evaluator.figures()
    assert figures["hair_palette"].samples == 4
    assert figures["unlabelled_orange"].samples == 2


def test_what_leaks_from_the_hair_is_told() -> None:
    """Half of the six pairs of colours differ in the skin, by 0.2: beside the hair's mean difference."""
    value = measured_hair(Evaluator(barbers_judges()), Barber())
    colours = [torch.tensor(colour) / 127.5 - 1 for colour in (BLACK, BROWN, BLONDE, ORANGE)]
    hair = torch.stack([(a - b).abs().mean() for a, b in combinations(colours, 2)]).mean()
    assert value["hair_leak"] == pytest.approx(0.1 / float(hair), rel=0.05)
    assert value["background_leak"] == 0


def test_without_labels_only_unlabelled_photos_are_judged_by_the_palette() -> None:
    evaluator = Evaluator(barbers_judges())
    value = measured_hair(evaluator, Plain())
    assert value["unlabelled_orange"] == 0.5
    assert value["hair_palette"] is None
    assert value["hair_leak"] is None
    assert "requested hair colour" in (evaluator.figures()["background_leak"].note or "")
    other_labels = measured_hair(Evaluator(barbers_judges(), has_hair_labels=False), Barber())
    assert other_labels["unlabelled_orange"] is None
    assert other_labels["hair_palette"] is None
