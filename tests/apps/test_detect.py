from __future__ import annotations

import json
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from apps.detect import detect
from apps.drawing.contact_sheet import BOX_COLOUR, POINT_COLOUR
from apps.main import main
from lightning_modules import detector
from networks.mtcnn import MTCNN, Card, Cascade, CascadeSettings, Detections, save_weights

FOUND = Detections(
    torch.tensor([[10.5, 12, 40, 41.25], [-3, 2, 20, 25]]),
    torch.tensor([0.875, 0.75]),
    torch.tensor([[[15.0, 20], [30, 20], [22, 28], [17, 34], [29, 34.5]]] * 2),
)
NOTHING = Detections(torch.empty(0, 4), torch.empty(0), torch.empty(0, 5, 2))


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    path = tmp_path / "detector.safetensors"
    save_weights(MTCNN(), Card(source="a test"), path)
    return path


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Bright images, on which `planted` finds faces, and dark ones."""
    folder = tmp_path / "photos"
    (folder / "inner").mkdir(parents=True)
    Image.new("RGB", (60, 50), "white").save(folder / "a.png")
    Image.new("L", (60, 50), 0).save(folder / "a.jpg")
    Image.new("RGBA", (45, 70), (255, 255, 255, 0)).save(folder / "inner" / "b.png")
    return folder


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cascade that finds two faces in each white image."""

    def find(_: Cascade, images: list[torch.Tensor]) -> list[Detections]:
        return [FOUND if image.float().mean() > 250 else NOTHING for image in images]

    monkeypatch.setattr(Cascade, "detect", find)


def read(path: Path) -> dict[str, list[dict[str, Any]]]:
    faces: dict[str, list[dict[str, Any]]] = json.loads(path.read_text())
    return faces


@pytest.mark.usefixtures("planted")
def test_faces_are_written_by_path(photos: Path, weights: Path, tmp_path: Path) -> None:
    out, drawings = tmp_path / "new" / "faces.json", tmp_path / "drawings"
    words = ["detect", str(photos), "--weights", str(weights), "--json", str(out), "--draw", str(drawings)]
    assert main(words) == 0
    faces = read(out)
    assert list(faces) == ["a.jpg", "a.png", "inner/b.png"]
    assert faces["a.jpg"] == []
    assert faces["a.png"] == faces["inner/b.png"]
    assert faces["a.png"][0] == {
        "box": [10.5, 12, 40, 41.25],
        "score": 0.875,
        "landmarks": [[15, 20], [30, 20], [22, 28], [17, 34], [29, 34.5]],
    }
    drawn = np.asarray(Image.open(drawings / "inner" / "b.png.png")).astype(int)
    assert drawn.shape == (70, 45, 3)
    for colour in (BOX_COLOUR, POINT_COLOUR):
        assert (np.abs(drawn - colour).max(axis=2) < 60).sum() > 20
    assert (np.asarray(Image.open(drawings / "a.jpg.png")) == 0).all()


def test_the_command_finds_what_the_cascade_finds(photos: Path, weights: Path, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    Image.fromarray(noise).save(photos / "noise.png")
    out = tmp_path / "faces.json"
    words = [str(photos / "noise.png"), "--weights", str(weights), "--json", str(out)]
    assert (
        main(["detect", *words, "--min-face", "10", "--thresholds", "0.5", "0.5", "0.4", "--pyramid-factor", "0.6"])
        == 0
    )
    nets = detector.load_detector(weights)
    (expected,) = Cascade(nets, CascadeSettings(10, (0.5, 0.5, 0.4), 0.6)).detect([torch.from_numpy(noise)])
    (found,) = read(out).values()
    assert len(found) == len(expected) > 3
    torch.testing.assert_close(torch.tensor([face["box"] for face in found]), expected.boxes)
    torch.testing.assert_close(torch.tensor([face["landmarks"] for face in found]), expected.landmarks)


@pytest.mark.usefixtures("planted")
def test_bad_images_are_reported_and_the_others_done(
    photos: Path, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photos / "broken.jpg").write_bytes(b"no image")
    (photos / "empty.png").touch()
    out, missing = tmp_path / "faces.json", tmp_path / "missing.png"
    assert main(["detect", str(photos), str(missing), "--weights", str(weights), "--json", str(out)]) == 1
    errors = capsys.readouterr().err
    for path in (photos / "broken.jpg", photos / "empty.png", missing):
        assert str(path) in errors
    assert list(read(out)) == ["a.jpg", "a.png", "inner/b.png"]


@pytest.mark.usefixtures("planted")
def test_drawings_stay_in_their_folder(
    photos: Path, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(photos / "inner")
    out, drawings = tmp_path / "faces.json", tmp_path / "drawings"
    given = ["../a.png", str(photos / "a.jpg")]
    assert main(["detect", *given, "--weights", str(weights), "--json", str(out), "--draw", str(drawings)]) == 0
    assert list(read(out)) == given
    assert (drawings / "a.png.png").is_file()
    assert (drawings / photos.relative_to(photos.anchor) / "a.jpg.png").is_file()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--min-face", "5"], "min_face is 5 px"),
        (["--thresholds", "0.6", "0.7", "1.5"], "three scores from 0 to 1"),
        (["--pyramid-factor", "1"], "pyramid_factor is 1"),
        (["--weights", "nowhere.safetensors"], "no such file of weights: nowhere.safetensors"),
    ],
)
def test_wrong_options_are_explained(
    words: list[str], complaint: str, photos: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["detect", str(photos), "--weights", str(weights), *words]) == 2
    assert complaint in capsys.readouterr().err


def test_two_images_of_one_name_are_refused(photos: Path, weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = photos.with_name("other")
    other.mkdir()
    Image.new("RGB", (20, 20)).save(other / "a.png")
    assert main(["detect", str(photos), str(other), "--weights", str(weights)]) == 2
    assert "would both be called a.png" in capsys.readouterr().err


def test_two_images_with_one_drawing_are_refused(
    photos: Path, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("RGB", (20, 20)).save(photos / "inner" / "a.png")
    monkeypatch.chdir(photos / "inner")
    drawings = tmp_path / "drawings"
    assert main(["detect", "a.png", "../a.png", "--weights", str(weights), "--draw", str(drawings)]) == 2
    assert f"a.png and ../a.png would both be drawn to {drawings / 'a.png.png'}" in capsys.readouterr().err
    assert not drawings.exists()


def test_without_weights_it_says_where_to_get_some(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(detector, "default_weights", lambda: tmp_path / "none.safetensors")
    assert main(["detect", str(photos)]) == 2
    assert "make detector" in capsys.readouterr().err


@pytest.mark.usefixtures("planted")
def test_the_project_s_own_weights_are_the_default(
    photos: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detector, "default_weights", lambda: weights)
    assert main(["detect", str(photos)]) == 0


@pytest.mark.usefixtures("planted")
def test_many_images_go_through_in_several_batches(
    photos: Path, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.detect.BATCH_PIXELS", 4000)
    out = tmp_path / "faces.json"
    assert main(["detect", str(photos), "--weights", str(weights), "--json", str(out)]) == 0
    assert {name: len(found) for name, found in read(out).items()} == {"a.jpg": 0, "a.png": 2, "inner/b.png": 2}


def test_onnxruntime_finds_what_pytorch_finds(sample_root: Path, tmp_path: Path) -> None:
    portrait = sample_root / "celeba" / "img_align_celeba" / "000001.jpg"
    found = []
    for backend in ("torch", "onnx"):
        out = tmp_path / f"{backend}.json"
        assert main(["detect", str(portrait), "--backend", backend, "--json", str(out)]) == 0
        (faces,) = read(out).values()
        found.append(torch.tensor([face["box"] for face in faces]))
    assert len(found[0])
    torch.testing.assert_close(*found, atol=0.5, rtol=0)


def test_the_default_thresholds_are_those_of_the_cascade() -> None:
    """The option repeats them, so that its help does not wait for PyTorch."""
    assert signature(detect).parameters["thresholds"].default == CascadeSettings().thresholds
