"""Mining of hard windows for a detector stage: windows that the earlier stages accept in the training photos."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Literal

import torch
from tqdm import tqdm

from datamodules.detector.mined import MinedWindows, classify_windows
from datamodules.detector.scenes import WiderScenes
from networks.mtcnn import MTCNN, Cascade, CascadeSettings

MINING = CascadeSettings(min_face=12.0, thresholds=(0.3, 0.1, 0.7))
"""Low thresholds and small windows, so that the next stage also sees near misses and what crowds' settings find."""

LaterStage = Literal["rnet", "onet"]
"""A stage that is trained on windows from earlier stages."""

_SCENES_AT_ONCE = 8
_SCENES_OF_PART = 64


def mine(nets: MTCNN, stage: LaterStage, crowds: WiderScenes, path: Path, device: torch.device) -> None:
    """Mine the windows of all photos into ``path``, unless it exists already.

    Intermediate results are stored next to it, so an interrupted run can be resumed.

    Args:
        nets: The trained stages before ``stage``.
        stage: The stage to train on the windows.
        crowds: The training photos.
        path: The ``.npz`` to write.
        device: Device to run on.
    """
    recipe = recipe_of(nets, stage, crowds)
    if path.is_file() and MinedWindows.load(path).recipe == recipe:
        return
    cascade = Cascade(nets, MINING, device)
    parts_folder = path.with_name(f"{path.stem}-{recipe[:16]}.parts")
    parts = []
    with tqdm(total=len(crowds), desc=f"mining for {stage}", unit="photo", disable=None) as bar:
        for first in range(0, len(crowds), _SCENES_OF_PART):
            part_path = parts_folder / f"{first:06d}.npz"
            scenes = range(first, min(first + _SCENES_OF_PART, len(crowds)))
            if not part_path.is_file():
                _mine_part(cascade, stage, crowds, scenes, recipe).save(part_path)
            parts.append(MinedWindows.load(part_path))
            bar.update(len(scenes))
    MinedWindows.joined(parts).save(path)
    shutil.rmtree(parts_folder)


def recipe_of(nets: MTCNN, stage: str, crowds: WiderScenes) -> str:
    """Hash of everything that affects the mined windows."""
    digest = hashlib.sha256(json.dumps([stage, asdict(MINING)]).encode())
    for name, value in sorted(nets.state_dict().items()):
        if name.startswith(("pnet.", "rnet.")[: 1 if stage == "rnet" else 2]):
            digest.update(value.detach().cpu().numpy().tobytes())
    for annotation in crowds.annotations:
        digest.update(annotation.name.encode() + annotation.boxes.tobytes())
    return digest.hexdigest()


def _mine_part(cascade: Cascade, stage: LaterStage, crowds: WiderScenes, scenes: range, recipe: str) -> MinedWindows:
    found = []
    for first in range(scenes.start, scenes.stop, _SCENES_AT_ONCE):
        indices = range(first, min(first + _SCENES_AT_ONCE, scenes.stop))
        photos = [crowds.scene(index) for index in indices]
        windows = cascade.candidates([torch.from_numpy(photo.image) for photo in photos], stage)
        for index, photo, own in zip(indices, photos, windows, strict=True):
            found.append(classify_windows(index, own.cpu().numpy(), photo.boxes, photo.is_target))
    return replace(MinedWindows.joined(found), recipe=recipe)
