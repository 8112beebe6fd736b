from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor, nn

from datamodules.transforms.face_box import MEAN_FACE
from lightning_modules import landmark_detector
from lightning_modules.errors import UsageError
from lightning_modules.landmark_detector import LandmarkDetector, mean_landmarks, or_mean
from networks.mtcnn import CascadeSettings, Detections, load_weights


class PlantedCascade:
    """Finds a small and a large face in bright photos, and none in dark ones."""

    made: ClassVar[list[CascadeSettings]] = []
    seen: list[Tensor]

    def __init__(self, nets: nn.Module, settings: CascadeSettings, device: torch.device) -> None:
        PlantedCascade.made.append(settings)

    def detect(self, images: list[Tensor]) -> list[Detections]:
        PlantedCascade.seen = images
        return [self._faces(is_bright=bool(image.float().mean() > 100)) for image in images]

    def _faces(self, is_bright: bool) -> Detections:
        boxes = torch.tensor([[0.0, 0, 9, 9], [10, 10, 50, 50], [1, 1, 9, 9]])
        landmarks = torch.stack([MEAN_FACE * 30 - 0.5 + number for number in range(3)])
        number = 3 if is_bright else 0
        return Detections(boxes[:number], torch.tensor([0.99, 0.8, 0.9])[:number], landmarks[:number])


@pytest.fixture
def detector(detector_weights: Path) -> LandmarkDetector:
    return LandmarkDetector(load_weights(detector_weights)[0])


def test_the_largest_face_is_taken_and_none_is_unknown(
    detector: LandmarkDetector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(landmark_detector, "Cascade", PlantedCascade)
    photos = torch.stack([torch.full((3, 64, 64), grey) for grey in (0.5, -1.0)])
    photos[0, :, 3, 7] = torch.tensor([1.0, -1.0, 0.0])
    found = detector.find(photos)
    assert found[1].isnan().all()
    square = torch.tensor([[1.0, 1, 31, 31]])  # of the second face
    torch.testing.assert_close(found[:1], detector.regressor(photos[:1], square), atol=1e-3, rtol=0)
    assert PlantedCascade.seen[0][3, 7].tolist() == [255, 0, 128]
    assert PlantedCascade.seen[0].shape == (64, 64, 3)
    assert PlantedCascade.made[-1].min_face == 16


def test_a_cascade_is_built_once_for_each_size(detector: LandmarkDetector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landmark_detector, "Cascade", PlantedCascade)
    PlantedCascade.made.clear()
    for side in (64, 128, 64, 128):
        detector.find(torch.zeros(1, 3, side, side))
    assert [settings.min_face for settings in PlantedCascade.made] == [16, 32]


def test_a_cascade_that_was_used_is_no_part_of_the_module(detector: LandmarkDetector) -> None:
    before = [name for name, _ in detector.named_parameters()]
    detector.find(torch.zeros(1, 3, 32, 32))
    assert [name for name, _ in detector.named_parameters()] == before
    assert not list(detector.parameters())
    assert not detector.state_dict()


def test_the_cascade_itself_is_asked(detector: LandmarkDetector) -> None:
    found = detector.find(torch.rand(2, 3, 32, 32) * 2 - 1)
    assert found.shape == (2, 5, 2)


def test_no_state_dict_holds_it_and_nothing_of_it_learns(detector: LandmarkDetector) -> None:
    owner = nn.ModuleDict({"detector": detector, "other": nn.Linear(2, 2)})
    assert set(owner.state_dict()) == {"other.weight", "other.bias"}
    weights = list(detector.regressor.parameters())
    assert weights
    assert not any(parameter.requires_grad for parameter in weights)
    owner.to("meta")
    assert all(parameter.device.type == "meta" for parameter in detector.regressor.parameters())


def test_unknown_landmarks_become_those_of_an_average_photo() -> None:
    photos = torch.zeros(2, 3, 128, 128)
    landmarks = torch.rand(2, 5, 2) * 100
    landmarks[1, 2] = torch.nan
    known = or_mean(landmarks, photos)
    assert torch.equal(known[0], landmarks[0])
    assert torch.equal(known[1], mean_landmarks(photos))
    eyes_middle = (mean_landmarks(photos)[0] + mean_landmarks(photos)[1]) / 2
    assert eyes_middle.tolist() == pytest.approx([63.5, 0.517 * 128 - 0.5], abs=1)


@pytest.mark.parametrize("is_named", [False, True])
def test_a_missing_detector_is_explained(is_named: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = tmp_path / "none.safetensors"
    monkeypatch.setattr("lightning_modules.detector.default_weights", lambda: missing)
    words: Any = str(missing) if is_named else "make detector"
    with pytest.raises(UsageError, match=words) as caught:
        LandmarkDetector.of_file(missing if is_named else None)
    assert "--model.detector_weights" in str(caught.value)
