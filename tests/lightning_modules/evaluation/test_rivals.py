from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from lightning_modules.evaluation import rivals
from lightning_modules.evaluation.rivals import RIVALS, Facenet, LibFaceDetection, installed_rivals
from networks.mtcnn import CascadeSettings

POINTS = [[15.0, 20], [30, 20], [22, 28], [17, 34], [29, 34]]
SETTINGS = CascadeSettings(10, (0.5, 0.4, 0.3), 0.79)


def test_a_missing_rival_prints_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(rivals, "find_spec", lambda name: None if name == "yuface" else object())
    assert [rival.name for rival in installed_rivals()] == ["facenet-pytorch", "CenterFace"]
    assert capsys.readouterr().out == "libfacedetection is not installed (pip install --no-deps yuface)\n"


def test_facenets_boxes_are_converted_to_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """It counts pixels from 1, does not sort faces, and gives None for an image without faces."""
    given: dict[str, object] = {}

    class Net:
        def __init__(self, **options: object) -> None:
            given.update(options)

        def detect(self, images: NDArray[np.uint8], landmarks: bool) -> tuple[list[object], list[object], list[object]]:
            boxes = np.array([[1.0, 1, 20, 20], [11, 12, 40, 41]])
            known = [(None, None, None) if image.max() == 0 else (boxes, [0.7, 0.9], [POINTS] * 2) for image in images]
            first, second, third = (list(values) for values in zip(*known, strict=True))
            return first, second, third

    monkeypatch.setitem(sys.modules, "facenet_pytorch", module("facenet_pytorch", MTCNN=Net))
    images = [torch.full((50, size, 3), value, dtype=torch.uint8) for size, value in ((60, 9), (60, 0), (45, 9))]
    first, nobody, other = Facenet(SETTINGS).detect(images)
    assert given["min_face_size"] == 10
    assert given["thresholds"] == [0.5, 0.4, 0.3]
    assert given["factor"] == 0.79
    assert first.boxes.tolist() == other.boxes.tolist() == [[10, 11, 40, 41], [0, 0, 20, 20]]
    assert first.scores.tolist() == pytest.approx([0.9, 0.7])
    assert first.landmarks.tolist() == [POINTS] * 2
    assert nobody.boxes.shape == (0, 4)
    assert nobody.landmarks.shape == (0, 5, 2)


def test_libfacedetection_takes_bgr_and_returns_widths(monkeypatch: pytest.MonkeyPatch) -> None:
    def detect(image: NDArray[np.uint8], conf: float) -> tuple[NDArray[np.uint16], ...]:
        assert image[0, 0].tolist() == [3, 2, 1]
        assert conf == 0.3
        points = np.array([POINTS], dtype=np.uint16).reshape(1, 10)
        return np.array([80], dtype=np.uint16), np.array([[10, 11, 30, 40]], dtype=np.uint16), points

    monkeypatch.setitem(sys.modules, "yuface", module("yuface", detect=detect))
    (found,) = LibFaceDetection(SETTINGS).detect([torch.tensor([1, 2, 3], dtype=torch.uint8).expand(50, 60, 3)])
    assert found.boxes.tolist() == [[10, 11, 40, 51]]
    assert found.scores.tolist() == pytest.approx([0.8])
    assert found.landmarks.tolist() == [POINTS]


@pytest.mark.parametrize("rival", RIVALS, ids=lambda rival: rival.name)
def test_an_installed_rival_takes_any_image(rival: rivals.Rival) -> None:
    if not rival.is_installed:
        pytest.skip(rival.install_hint)
    noise = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8))
    for found in rival.open(CascadeSettings()).detect([noise, noise[:70]]):
        assert found.boxes.shape == (len(found), 4)
        assert found.landmarks.shape == (len(found), 5, 2)


def module(name: str, **content: object) -> ModuleType:
    made = ModuleType(name)
    vars(made).update(content)
    return made
