from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from networks.feature_extractors import INCEPTION_FILE, EfficientNetFeatures, InceptionFeatures, cached_inception
from networks.weights_file import WeightsError


@pytest.fixture(scope="module")
def efficientnet() -> EfficientNetFeatures:
    return EfficientNetFeatures()


def blobs(count: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    small = torch.rand(count, 3, 6, 6, generator=generator) * 2 - 1
    return torch.nn.functional.interpolate(small, (48, 48), mode="bicubic").clamp(-1, 1)


def test_features_are_those_of_each_image_alone(efficientnet: EfficientNetFeatures) -> None:
    images = blobs(3, 0)
    features = efficientnet(images)
    assert features.shape == (3, efficientnet.num_features)
    torch.testing.assert_close(features[1:2], efficientnet(images[1:2]), rtol=1e-3, atol=1e-4)
    assert not any(parameter.requires_grad for parameter in efficientnet.parameters())


def test_its_weights_are_trained(efficientnet: EfficientNetFeatures) -> None:
    """A slightly blurred image is nearer to itself than to any other one."""
    images = blobs(6, 1)
    blurred = torch.nn.functional.avg_pool2d(images, 3, stride=1, padding=1, count_include_pad=False)
    distances = torch.cdist(efficientnet(images), efficientnet(blurred))
    assert distances.argmin(dim=1).tolist() == list(range(6))


@pytest.fixture
def inception_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Untrained weights in the form of the published ones."""
    from torch_fidelity import feature_extractor_inceptionv3 as library

    with monkeypatch.context() as patch, torch.random.fork_rng():
        torch.manual_seed(0)
        patch.setattr(library, "load_state_dict_from_url", lambda *_, **__: {})
        patch.setattr(library.FeatureExtractorInceptionV3, "load_state_dict", lambda *_: None)
        untrained = library.FeatureExtractorInceptionV3("inception-v3-compat", ["2048"])
    path = tmp_path / "inception.pth"
    torch.save(untrained.state_dict(), path)
    return path


def test_inception_comes_from_a_file(inception_file: Path) -> None:
    features = InceptionFeatures(inception_file)(blobs(2, 2))
    assert features.shape == (2, 2048)
    assert features.isfinite().all()
    assert not torch.equal(features[0], features[1])


def test_inception_is_found_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path))
    assert cached_inception() is None
    path = tmp_path / "checkpoints" / INCEPTION_FILE
    path.parent.mkdir()
    path.touch()
    assert cached_inception() == path


class Malicious:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.marker,)


def test_files_that_are_no_weights_are_refused_and_not_executed(tmp_path: Path) -> None:
    marker, path = tmp_path / "executed", tmp_path / "inception.pth"
    torch.save({"weight": Malicious(marker)}, path)
    with pytest.raises(WeightsError, match=r"inception\.pth is damaged or contains more than weights"):
        InceptionFeatures(path)
    assert not marker.exists()
    torch.save({"weight": torch.zeros(1)}, path)
    with pytest.raises(WeightsError, match="is it of torch-fidelity"):
        InceptionFeatures(path)
    with pytest.raises(WeightsError, match="no such file"):
        InceptionFeatures(tmp_path / "none.pth")


def test_a_download_that_fails_names_the_file_to_give(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*_: Any, **__: Any) -> None:
        raise OSError("no network")

    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path))
    monkeypatch.setattr("torch_fidelity.feature_extractor_inceptionv3.load_state_dict_from_url", offline)
    with pytest.raises(WeightsError, match=f"no network.*{INCEPTION_FILE}"):
        InceptionFeatures()
