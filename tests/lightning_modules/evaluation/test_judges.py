from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from datamodules.datasets.cartoonset import LANDMARKS, find_cartoons
from datamodules.faces import FacesDataModule
from datamodules.transforms.augment import to_tensor
from datamodules.transforms.face_box import square_of_landmarks
from lightning_modules.detector import load_detector
from lightning_modules.errors import UsageError
from lightning_modules.evaluation import JudgeFiles, Judges
from lightning_modules.evaluation.judges import OWN_LANDMARKS
from lightning_modules.evaluation.known_faces import drawn_faces
from networks.attribute_classifier import AttributeNet, save_attribute_net
from networks.mtcnn import LandmarkRegressor, load_weights, save_weights

LOCAL = JudgeFiles("efficientnet_lite0")


@pytest.fixture(scope="module")
def own() -> Judges:
    return Judges.of_files(LOCAL)


def test_the_project_s_own_judges_say_who_they_are_and_how_good(own: Judges) -> None:
    assert own.cards["features"]["name"] == "EfficientNet-Lite0"
    assert str(own.cards["classifier"]["name"]).startswith("attribute_classifier.safetensors ")
    assert float(str(own.cards["classifier"]["hair of cartoons with unseen hair"])) >= 0.97
    assert float(str(own.cards["classifier"]["glasses of cartoons with unseen eyes"])) >= 0.95
    assert float(str(own.cards["landmarks"]["error on cartoons held back"])) < 0.1
    assert not any(parameter.requires_grad for parameter in own.parameters())


def test_a_face_shifted_by_five_percent_is_seen_to_be(own: Judges, sample_root: Path) -> None:
    """The judge that is shipped, on drawn cartoons that are shifted by whole pixels."""
    data = FacesDataModule(str(sample_root), image_size=128, augment=False)
    stream = data.stream("cartoon", "train")
    image = torch.stack([stream.transform(stream.faces[index], 0).image for index in range(6)])
    landmarks = torch.stack([stream.transform(stream.faces[index], 0).landmarks for index in range(6)])
    eyes = float((landmarks[:, 1, 0] - landmarks[:, 0, 0]).mean())
    assert eyes == pytest.approx((LANDMARKS[1, 0] - LANDMARKS[0, 0]) / 400 * 128, rel=1e-3)
    boxes = square_of_landmarks(landmarks)
    moved = own.landmarks(image.roll(2, dims=3), boxes) - own.landmarks(image, boxes)
    assert float(moved[..., 0].mean()) / eyes == pytest.approx(2 / eyes, rel=0.25)
    assert abs(float(moved[..., 1].mean())) / eyes < 0.02


@pytest.mark.parametrize("name", ["landmarks", "detector"])
def test_a_nose_that_is_elsewhere_than_in_cartoonset_is_seen(own: Judges, sample_root: Path, name: str) -> None:
    """CartoonSet's landmarks are the same in each image; a net that knows them by heart does not look."""
    regressor = {"landmarks": own.landmarks, "detector": own.detector}[name]
    folder = sample_root / "cartoonset10k"
    asides = np.linspace(-30, 30, 9, dtype=np.float32)
    poses = np.stack([LANDMARKS + np.array([[0, 0], [0, 0], [aside, 0], [0, 0], [0, 0]]) for aside in asides])
    faces = drawn_faces(folder, find_cartoons(folder), limit=40, poses=poses.astype(np.float32))
    true: list[float] = []
    seen: list[float] = []
    for number in range(faces.count):
        face = faces.read(number)
        truth = torch.from_numpy(face.landmarks)[None]
        found = regressor(to_tensor(face.image)[None], square_of_landmarks(truth))
        for turns, landmarks in ((true, truth), (seen, found)):
            eyes = landmarks[0, 1] - landmarks[0, 0]
            turns.append(float((landmarks[0, 2] - landmarks[0, :2].mean(dim=0)) @ eyes / (eyes @ eyes)))
    slope, _ = np.polyfit(true, seen, 1)
    assert np.std(true) > 0.1
    assert 0.4 < slope < 1.3  # 0.1 for a net that knows them


def test_the_detector_in_the_loss_is_no_judge_whatever_its_file(tmp_path: Path) -> None:
    nets, card = load_weights(OWN_LANDMARKS)
    copy = tmp_path / "with_another_card.safetensors"
    save_weights(nets, replace(card, source="somewhere else"), copy)
    judge = JudgeFiles("efficientnet_lite0", landmarks=str(copy))
    with pytest.raises(
        UsageError, match=r"card.safetensors is the detector in this model's loss.*--evaluation.landmarks"
    ):
        Judges.of_files(judge, in_the_loss=LandmarkRegressor(nets.onet))
    Judges.of_files(LOCAL, in_the_loss=LandmarkRegressor(load_detector().onet))


def test_a_classifier_that_was_not_measured_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "attribute_classifier.safetensors"
    save_attribute_net(AttributeNet(), {}, path)
    with pytest.raises(UsageError, match=r"has no accuracies.*\(ValidationFigures: classifier\)"):
        Judges.of_files(JudgeFiles(classifier=str(path)), options="ValidationFigures: ")


def test_missing_files_are_named_with_their_option(tmp_path: Path) -> None:
    missing = str(tmp_path / "none.safetensors")
    with pytest.raises(UsageError, match=r"none\.safetensors \(--evaluation\.classifier\)"):
        Judges.of_files(JudgeFiles(classifier=missing))
    with pytest.raises(UsageError, match=r"none\.safetensors \(--evaluation\.landmarks\)"):
        Judges.of_files(JudgeFiles(landmarks=missing))
    with pytest.raises(UsageError, match=r"none\.safetensors.*\(--evaluation\.inception\)"):
        Judges.of_files(JudgeFiles("inception", inception=missing))


def test_a_classifier_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.safetensors"
    save_attribute_net(AttributeNet(), {"hair of photos": 0.5}, path)
    card = Judges.of_files(JudgeFiles("efficientnet_lite0", classifier=str(path))).cards["classifier"]
    assert str(card["name"]).startswith("mine.safetensors ")
    assert card["hair of photos"] == 0.5
