from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from apps.main import main
from datamodules.datasets.faces_csv import FaceAnnotation, read_annotations, write_annotations
from lightning_modules import detector
from networks.mtcnn import MTCNN, Detections

POINTS = torch.arange(20.0).view(2, 5, 2)


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Photos that are told apart by their width; a stand-in for the detector finds two faces in all but one."""
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    for name, width in (("a.png", 40), ("none.png", 41), ("sub/b.png", 42)):
        cv2.imwrite(str(folder / name), np.zeros((30, width, 3), dtype=np.uint8))

    def found_in(image: np.ndarray) -> Detections:
        boxes = torch.tensor([[0.0, 0, 9, 9], [5, 5, 25, 25]])
        count = 0 if image.shape[1] == 41 else 2
        return Detections(boxes[:count], torch.tensor([0.99, 0.8])[:count], (POINTS + image.shape[1])[:count])

    monkeypatch.setattr(detector, "load_detector", lambda weights: MTCNN())
    monkeypatch.setattr(
        "apps.data.landmarks.detect_batch", lambda cascade, batch: [found_in(i) for i in batch.values()]
    )
    return folder


def test_the_largest_face_counts_and_what_was_known_stays(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_annotations(photos / "faces.csv", {"sub/b.png": FaceAnnotation(hair=2)})
    assert main(["data", "landmarks", str(photos)]) == 1
    assert "none.png: no face" in capsys.readouterr().out
    rows = read_annotations(photos / "faces.csv")
    assert set(rows) == {"a.png", "sub/b.png"}
    np.testing.assert_array_equal(rows["a.png"].landmarks, (POINTS[1] + 40).numpy())
    np.testing.assert_array_equal(rows["sub/b.png"].landmarks, (POINTS[1] + 42).numpy())
    assert rows["sub/b.png"].hair == 2


@pytest.mark.parametrize("saved_at_once", [1, 1000])
def test_an_interrupted_start_keeps_what_it_found(
    saved_at_once: int, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (photos / "none.png").unlink()
    seen: list[str] = []

    def interrupted(cascade: object, batch: dict[str, np.ndarray]) -> list[Detections]:
        if seen:
            raise KeyboardInterrupt
        seen.extend(batch)
        return [Detections(torch.tensor([[0.0, 0, 9, 9]]), torch.tensor([0.9]), POINTS[:1]) for _ in batch]

    monkeypatch.setattr("apps.detect.BATCH_IMAGES", 1)
    monkeypatch.setattr("apps.data.landmarks._SAVED_AT_ONCE", saved_at_once)
    monkeypatch.setattr("apps.data.landmarks.detect_batch", interrupted)
    assert main(["data", "landmarks", str(photos)]) == 130
    assert list(read_annotations(photos / "faces.csv")) == seen == ["a.png"]


def test_known_landmarks_are_found_again_only_on_demand(photos: Path) -> None:
    (photos / "none.png").unlink()
    own = FaceAnnotation(landmarks=np.ones((5, 2), dtype=np.float32))
    write_annotations(photos / "faces.csv", {"a.png": own})
    assert main(["data", "landmarks", str(photos)]) == 0
    assert read_annotations(photos / "faces.csv")["a.png"].landmarks.tolist() == own.landmarks.tolist()
    assert main(["data", "landmarks", str(photos), "--again"]) == 0
    assert read_annotations(photos / "faces.csv")["a.png"].landmarks.tolist() != own.landmarks.tolist()
