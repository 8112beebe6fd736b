"""Imports the weights of the facenet-pytorch package: `pnet.pt`, `rnet.pt`, `onet.pt`.

David Sandberg derived them from the authors' weights. Their PNet and RNet have no landmark heads: ours keep their
initial weights, which the card says.
"""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from networks.mtcnn.nets import LANDMARKS, MTCNN, Stage
from networks.mtcnn.weights import Card
from networks.weights_file import WeightsError

FILES = {"pnet": "pnet.pt", "rnet": "rnet.pt", "onet": "onet.pt"}
"""Net -> file name."""

_LAYERS = {
    "pnet": ("conv1", "prelu1", "conv2", "prelu2", "conv3", "prelu3"),
    "rnet": ("conv1", "prelu1", "conv2", "prelu2", "conv3", "prelu3", "dense4", "prelu4"),
    "onet": ("conv1", "prelu1", "conv2", "prelu2", "conv3", "prelu3", "conv4", "prelu4", "dense5", "prelu5"),
}
_HEADS = {
    "pnet": {"face": "conv4_1", "box": "conv4_2"},
    "rnet": {"face": "dense5_1", "box": "dense5_2"},
    "onet": {"face": "dense6_1", "box": "dense6_2", "landmarks": "dense6_3"},
}


def import_facenet(folder: Path) -> tuple[MTCNN, Card]:
    """Reads the three files into our nets.

    Args:
        folder: Folder of the files; `facenet_pytorch/data` in an installed package.

    Raises:
        WeightsError: A file is missing, damaged, or its tensors do not match the nets.
    """
    nets = MTCNN(one_based=True)
    for name, file in FILES.items():
        stage = nets.get_submodule(name)
        assert isinstance(stage, Stage)
        _fill(stage, name, _read(folder / file), folder / file)
        stage.is_half_a_pixel_off = True
    untrained = tuple(f"{name}.landmarks" for name in FILES if "landmarks" not in _HEADS[name])
    return nets, Card(source="facenet-pytorch", untrained_heads=untrained)


def _read(path: Path) -> dict[str, Tensor]:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise WeightsError(f"no {path.name} in {path.parent}; expected {', '.join(FILES.values())}") from error
    except (RuntimeError, pickle.UnpicklingError, zipfile.BadZipFile, EOFError, OSError, KeyError, ValueError) as error:
        raise WeightsError(f"{path} is damaged or not a weights file: {str(error).splitlines()[0]}") from error
    if not isinstance(state, Mapping) or not all(isinstance(value, Tensor) for value in state.values()):
        raise WeightsError(f"{path} does not contain a state dict")
    return dict(state)


@torch.no_grad()
def _fill(stage: Stage, name: str, theirs: dict[str, Tensor], path: Path) -> None:
    """Copies all tensors of one file, which must have exactly the expected ones."""
    parametrised = [layer for layer in stage.features if list(layer.parameters())]
    pairs = [*zip(_LAYERS[name], parametrised, strict=True)]
    pairs += [(layer, stage.get_submodule(head)) for head, layer in _HEADS[name].items()]
    wanted = {f"{layer}.{key}": (module, key) for layer, module in pairs for key in module.state_dict()}
    if odd := sorted(wanted.keys() ^ theirs.keys()):
        raise WeightsError(f"{path} is not the {name} of facenet-pytorch: {', '.join(odd[:4])} missing or unknown")
    for key, (module, parameter) in wanted.items():
        ours = module.get_parameter(parameter)
        if theirs[key].shape != ours.shape:
            shapes = f"{tuple(theirs[key].shape)}, expected {tuple(ours.shape)}"
            raise WeightsError(f"{path} is not the {name} of facenet-pytorch: {key} has the shape {shapes}")
        ours.copy_(theirs[key])
    for head in stage.landmarks.parameters() if "landmarks" in _HEADS[name] else ():  # theirs: all x, then all y
        head.copy_(head.view(2, LANDMARKS, -1).transpose(0, 1).reshape(head.shape))
