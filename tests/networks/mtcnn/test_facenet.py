"""Import of facenet-pytorch's files: fake ones, and the real ones if the package is installed."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from networks.mtcnn import Cascade, CascadeSettings, ExactCascade, WeightsError, import_facenet
from networks.mtcnn.nets import face_score

needs_facenet = pytest.mark.skipif(
    importlib.util.find_spec("facenet_pytorch") is None,
    reason="facenet-pytorch is not installed (pip install --no-deps facenet-pytorch)",
)

P = [("conv1", (10, 3, 3, 3)), ("conv2", (16, 10, 3, 3)), ("conv3", (32, 16, 3, 3))]
P_HEADS = [("conv4_1", (2, 32, 1, 1)), ("conv4_2", (4, 32, 1, 1))]
R = [("conv1", (28, 3, 3, 3)), ("conv2", (48, 28, 3, 3)), ("conv3", (64, 48, 2, 2)), ("dense4", (128, 576))]
R_HEADS = [("dense5_1", (2, 128)), ("dense5_2", (4, 128))]
O_ = [
    *(("conv1", (32, 3, 3, 3)), ("conv2", (64, 32, 3, 3)), ("conv3", (64, 64, 3, 3)), ("conv4", (128, 64, 2, 2))),
    ("dense5", (256, 1152)),
]
O_HEADS = [("dense6_1", (2, 256)), ("dense6_2", (4, 256)), ("dense6_3", (10, 256))]
Layers = Sequence[tuple[str, tuple[int, ...]]]


def state_of(layers: Layers, heads: Layers) -> dict[str, Tensor]:
    state: dict[str, Tensor] = {}
    for name, shape in [*layers, *heads]:
        state[f"{name}.weight"] = torch.randn(shape) * 0.1
        state[f"{name}.bias"] = torch.randn(shape[0]) * 0.1
    for name, shape in layers:
        state[f"prelu{name[-1]}.weight"] = torch.randn(shape[0]) * 0.1
    return state


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files with the right shapes."""
    torch.manual_seed(0)
    for name, layers, heads in (("pnet", P, P_HEADS), ("rnet", R, R_HEADS), ("onet", O_, O_HEADS)):
        torch.save(state_of(layers, heads), tmp_path / f"{name}.pt")
    return tmp_path


def test_every_tensor_is_imported(folder: Path) -> None:
    nets, card = import_facenet(folder)
    assert card.untrained_heads == ("pnet.landmarks", "rnet.landmarks")
    assert nets.one_based
    assert nets.onet.is_half_a_pixel_off
    theirs = torch.load(folder / "onet.pt", weights_only=True)
    assert torch.equal(nets.get_parameter("onet.face.weight"), theirs["dense6_1.weight"])
    assert torch.equal(nets.get_parameter("onet.box.bias"), theirs["dense6_2.bias"])
    weights = [layer.weight for layer in nets.onet.features if isinstance(layer, (nn.Conv2d, nn.Linear))]
    for ours, name in zip(weights, ("conv1", "conv2", "conv3", "conv4", "dense5"), strict=True):
        assert torch.equal(ours, theirs[f"{name}.weight"])
    points = theirs["dense6_3.bias"]
    assert (
        nets.get_parameter("onet.landmarks.bias").view(5, 2).tolist()
        == torch.stack((points[:5], points[5:]), dim=1).tolist()
    )


@pytest.mark.parametrize("name", ["pnet.pt", "rnet.pt", "onet.pt"])
@pytest.mark.parametrize("fault", ["absent", "garbage", "list", "renamed", "extra", "misshapen"])
def test_other_files_are_refused(name: str, fault: str, folder: Path) -> None:
    path = folder / name
    state = torch.load(path, weights_only=True)
    key = "conv2.weight"
    if fault == "absent":
        path.unlink()
    elif fault == "garbage":
        path.write_bytes(b"no weights at all")
    elif fault == "list":
        torch.save([1, 2], path)
    elif fault == "renamed":
        torch.save({k.replace("conv2", "conv9"): v for k, v in state.items()}, path)
    elif fault == "extra":
        torch.save({**state, "conv9.weight": torch.zeros(1)}, path)
    else:
        torch.save({**state, key: state[key][:, :-1]}, path)
    with pytest.raises(WeightsError, match=key if fault == "misshapen" else name):
        import_facenet(folder)


def test_nothing_in_a_file_is_executed(folder: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str, str]]:
            return Path.write_text, (folder / "sprung", "")  # type: ignore[return-value]

    torch.save({"conv1.weight": Trap()}, folder / "pnet.pt")
    with pytest.raises(WeightsError, match="pnet"):
        import_facenet(folder)
    assert not (folder / "sprung").exists()


def real_folder() -> Path:
    spec = importlib.util.find_spec("facenet_pytorch")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "data"


@needs_facenet
@torch.no_grad()
def test_the_nets_give_the_same_outputs() -> None:
    theirs = importlib.import_module("facenet_pytorch")
    nets, _ = import_facenet(real_folder())
    for ours, their, side in (
        (nets.pnet, theirs.PNet(), 31),
        (nets.rnet, theirs.RNet(), 24),
        (nets.onet, theirs.ONet(), 48),
    ):
        x = torch.rand(3, 3, side, side) * 2 - 1
        seen, expected = ours(x), their(x)
        torch.testing.assert_close(face_score(seen.face), expected[-1][:, 1])
        torch.testing.assert_close(seen.box, expected[0])
        if len(expected) == 3:
            points = torch.stack((expected[1][:, :5], expected[1][:, 5:]), dim=2)
            torch.testing.assert_close(seen.landmarks, points)


def scenes(sample_root: Path) -> list[NDArray[np.uint8]]:
    from datamodules.datasets.wider_face import WiderFace

    drawn = WiderFace(sample_root / "wider_face", "val")
    return [drawn[index].image for index in range(min(3, len(drawn)))]


@needs_facenet
def test_both_cascades_find_the_same_faces(sample_root: Path) -> None:
    """Exact: within 0.01 px and 1e-4 of the score. Fast: within 2 px."""
    min_face, thresholds = 20, (0.6, 0.3, 0.2)
    theirs = importlib.import_module("facenet_pytorch").MTCNN(
        keep_all=True, min_face_size=min_face, thresholds=list(thresholds), select_largest=False
    )
    nets, _ = import_facenet(real_folder())
    settings = CascadeSettings(min_face, thresholds)
    total = 0
    for scene in scenes(sample_root):
        boxes, scores, points = theirs.detect(scene, landmarks=True)
        (exact,) = ExactCascade(nets, settings).detect([torch.from_numpy(scene)])
        (fast,) = Cascade(nets, settings).detect([torch.from_numpy(scene)])
        count = 0 if boxes is None else len(boxes)
        assert len(exact) == len(fast) == count
        total += count
        if count:
            np.testing.assert_allclose(exact.boxes.numpy(), boxes.astype(np.float32), atol=0.01)
            np.testing.assert_allclose(exact.scores.numpy(), scores.astype(np.float32), atol=1e-4)
            np.testing.assert_allclose(exact.landmarks.numpy(), points.astype(np.float32), atol=0.01)
            partner = torch.cdist(exact.boxes, fast.boxes).argmin(dim=1)
            assert len(set(partner.tolist())) == count
            assert (exact.boxes - fast.boxes[partner]).abs().max() < 2
            assert (exact.landmarks - fast.landmarks[partner]).abs().max() < 2
    assert total > 5
