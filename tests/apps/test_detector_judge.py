from __future__ import annotations

from pathlib import Path

import pytest
import torch

from apps.main import main
from datamodules.face_box import square_of_landmarks
from lightning_modules.metrics.detector_evaluation import regressor_error
from lightning_modules.metrics.known_faces import photographed_faces
from networks.mtcnn import load_weights


def test_a_judge_carries_its_own_errors(sample_root: Path, detector_weights: Path, tmp_path: Path) -> None:
    out = tmp_path / "judge.safetensors"
    words = ["detector", "judge", "--weights", str(detector_weights), "--root", str(sample_root), "--out", str(out)]
    assert main([*words, "--limit", "3"]) == 0
    nets, card = load_weights(out)
    errors = card.details["judge"]
    assert isinstance(errors, dict)
    assert errors.keys() == {"error on LFW+Net test", "error on cartoons held back"}
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

    summary = regressor_error(off_by_a_tenth, faces)  # type: ignore[arg-type]
    assert float(summary.mean) == pytest.approx(0.1, rel=1e-4)


def test_missing_weights_are_named(sample_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["detector", "judge", "--root", str(sample_root), "--out", str(tmp_path / "out.safetensors")]
    assert main([*words, "--weights", str(tmp_path / "none.safetensors")]) == 2
    assert "none.safetensors" in capsys.readouterr().err
    assert not (tmp_path / "out.safetensors").exists()
