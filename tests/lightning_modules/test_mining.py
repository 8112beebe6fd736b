from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import lightning_modules.mining as mining
from datamodules.datasets.wider_face import WiderFace
from datamodules.detector.mined import MinedWindows
from datamodules.detector.scenes import Scene, WiderScenes
from networks.mtcnn import MTCNN, Cascade


class CornersOfCrowds(WiderScenes):
    """The upper left corners of photos: quickly looked through."""

    def scene(self, index: int, rng: np.random.Generator | None = None) -> Scene:
        """A corner."""
        scene = super().scene(index, rng)
        return replace(scene, image=np.ascontiguousarray(scene.image[:72, : 80 + 16 * index]))


@pytest.fixture(scope="module")
def crowds(sample_root: Path) -> WiderScenes:
    wider = WiderFace(sample_root / "wider_face", "train")
    return CornersOfCrowds(wider, range(3))


@pytest.fixture(scope="module")
def nets() -> MTCNN:
    """Nets that take anything for a face."""
    torch.manual_seed(0)
    nets = MTCNN()
    for stage in (nets.pnet, nets.rnet):
        bias = stage.face.bias
        assert isinstance(bias, torch.Tensor)
        bias.data.copy_(torch.tensor([0.0, 2.0]))
    return nets


@pytest.mark.parametrize("stage", ["rnet", "onet"])
def test_windows_are_what_the_stage_would_be_shown(
    crowds: WiderScenes, nets: MTCNN, stage: mining.LaterStage, tmp_path: Path
) -> None:
    path = tmp_path / "mined.npz"
    mining.mine(nets, stage, crowds, path, torch.device("cpu"))
    mined = MinedWindows.load(path)
    assert (mined.faces < 0).sum() > 10
    cascade = Cascade(nets, mining.MINING)
    photos = [torch.from_numpy(crowds.scene(index).image) for index in range(len(crowds))]
    for index, shown in enumerate(cascade.candidates(photos, stage)):
        own = mined.windows[mined.scenes == index]
        assert (np.abs(own[:, None] - shown.numpy()[None]).max(axis=2).min(axis=1) < 1e-3).all()
    assert not list(tmp_path.glob("*.parts"))


def test_a_stopped_mining_goes_on(
    crowds: WiderScenes, nets: MTCNN, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mining, "_SCENES_OF_PART", 1)
    looked: list[int] = []
    scene = crowds.scene

    class Counting(WiderScenes):
        def __init__(self, stop: int | None) -> None:
            self.annotations, self.stop = crowds.annotations, stop

        def scene(self, index: int, rng: np.random.Generator | None = None):  # type: ignore[no-untyped-def]
            if index == self.stop:
                raise KeyboardInterrupt
            looked.append(index)
            return scene(index)

    path = tmp_path / "mined.npz"
    with pytest.raises(KeyboardInterrupt):
        mining.mine(nets, "rnet", Counting(stop=2), path, torch.device("cpu"))
    assert not path.exists()
    mining.mine(nets, "rnet", Counting(stop=None), path, torch.device("cpu"))
    assert looked == [0, 1, 2]
    mining.mine(nets, "rnet", Counting(stop=0), path, torch.device("cpu"))  # is there already


def test_other_weights_are_mined_anew(crowds: WiderScenes, nets: MTCNN) -> None:
    recipes = {mining.recipe_of(nets, "rnet", crowds), mining.recipe_of(nets, "onet", crowds)}
    with torch.no_grad():
        nets.rnet.face.bias.add_(1)  # type: ignore[operator]
    recipes |= {mining.recipe_of(nets, "rnet", crowds), mining.recipe_of(nets, "onet", crowds)}
    assert len(recipes) == 3  # what PNet proposes does not hang on RNet
