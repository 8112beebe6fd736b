from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from apps.main import main
from datamodules.transforms.face_box import square_of_landmarks
from lightning_modules.evaluation.detector_evaluation import regressor_scores
from lightning_modules.evaluation.known_faces import KnownFace, KnownFaces, framed, photographed_faces
from networks.mtcnn import MTCNN, Card, load_weights, save_weights


def test_a_judge_contains_its_own_errors(sample_root: Path, detector_weights: Path, tmp_path: Path) -> None:
    out = tmp_path / "judge.safetensors"
    words = ["detector", "judge", "--weights", str(detector_weights), "--root", str(sample_root), "--out", str(out)]
    assert main([*words, "--limit", "3"]) == 0
    nets, card = load_weights(out)
    errors = card.details["judge"]
    assert isinstance(errors, dict)
    frames = ("", ", 250 px", ", 64 px", ", 32 px")
    sets = ("LFW+Net test", "cartoons held back", "the same in poses of photos")
    assert errors.keys() == {f"error on {name}{at}" for name in sets for at in frames}
    biases = card.details["judge's bias in pixels"]
    assert isinstance(biases, dict)
    assert biases.keys() == {title for title in errors if title.endswith("px")}
    assert all(len(bias) == 2 for bias in biases.values())
    assert all(0 < error < 2 for error in errors.values())
    torch.testing.assert_close(nets.onet.state_dict(), load_weights(detector_weights)[0].onet.state_dict())


def test_the_error_of_a_regressor_that_is_off_by_a_tenth_is_a_tenth(sample_root: Path) -> None:
    faces = photographed_faces(sample_root / "lfw_net", 4)
    truths = iter([torch.from_numpy(faces.read(number).landmarks)[None] for number in range(faces.count)])

    def off_by_a_tenth(images: torch.Tensor, boxes: torch.Tensor) -> torch.Tensor:
        truth = next(truths)
        assert images.min() >= -1
        assert images.max() <= 1
        torch.testing.assert_close(boxes, square_of_landmarks(truth))
        eyes = (truth[:, 1] - truth[:, 0]).norm(dim=1)
        predicted: torch.Tensor = truth + torch.tensor([0.0, 0.1]) * eyes[:, None, None]
        return predicted

    scores = regressor_scores(off_by_a_tenth, faces)  # type: ignore[arg-type]
    assert float(scores.summary.mean) == pytest.approx(0.1, rel=1e-4)
    assert float(scores.bias[0]) == pytest.approx(0, abs=1e-4)
    distances = [float(np.ptp(faces.read(number).landmarks[:2, 0])) for number in range(faces.count)]
    assert float(scores.bias[1]) == pytest.approx(0.1 * sum(distances) / len(distances), rel=0.05)


@pytest.mark.parametrize("side", [250, 64, 32])
def test_a_framed_face_is_the_face_at_another_size(side: int) -> None:
    """A bright dot at each landmark stays there, and the face's square is 0.65 of the frame, in its middle."""
    landmarks = np.array([[60, 70], [100, 72], [81, 95], [64, 117], [98, 118]], dtype=np.float32)
    image = np.zeros((200, 180, 3), dtype=np.uint8)
    image[70:74, 60:64] = 255  # four pixels of which the landmark is the first
    face = KnownFace(image, np.array([50, 50, 110, 130], dtype=np.float32), landmarks + 0, "planted")
    small = framed(KnownFaces(1, lambda number: face), side).read(0)
    assert small.image.shape == (side, side, 3)
    square = square_of_landmarks(torch.from_numpy(small.landmarks)[None])[0]
    assert float(square[2] - square[0]) == pytest.approx(0.65 * side, rel=0.02)
    assert ((square[:2] + square[2:]) / 2).tolist() == pytest.approx([side / 2, side / 2], abs=0.02 * side)
    light = small.image[..., 0].astype(float)
    rows, columns = np.mgrid[:side, :side]
    seen = np.array([(columns * light).sum(), (rows * light).sum()]) / light.sum()
    scale = (small.landmarks[1, 0] - small.landmarks[0, 0]) / 40
    np.testing.assert_allclose(seen, small.landmarks[0] + 1.5 * scale, atol=0.15)


def test_missing_weights_are_named(sample_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["detector", "judge", "--root", str(sample_root), "--out", str(tmp_path / "out.safetensors")]
    assert main([*words, "--weights", str(tmp_path / "none.safetensors")]) == 2
    assert "none.safetensors" in capsys.readouterr().err
    assert not (tmp_path / "out.safetensors").exists()


def test_without_cartoons_or_a_trained_regressor_nothing_is_written(
    sample_root: Path, detector_weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, out = tmp_path / "data", tmp_path / "out.safetensors"
    (root / "cartoonset10k").mkdir(parents=True)
    (root / "lfw_net").symlink_to(sample_root / "lfw_net")
    words = ["detector", "judge", "--root", str(root), "--out", str(out)]
    assert main([*words, "--weights", str(detector_weights)]) == 2
    assert f"{root / 'cartoonset10k'} has no cartoons that are held back from training" in capsys.readouterr().err
    untrained = tmp_path / "untrained.safetensors"
    save_weights(MTCNN(), Card("a test", ("onet.landmarks",)), untrained)
    assert main([*words, "--weights", str(untrained)]) == 2
    assert "untrained stages (onet)" in capsys.readouterr().err
    assert not out.exists()
