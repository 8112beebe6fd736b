"""The sample data sets, with the folders, file names and annotation files of the published ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from datamodules.datasets.faces_csv import FACES_CSV, FaceAnnotation, write_annotations
from datamodules.datasets.masked_photos import HEAD_MASKS, PERSON_MASKS
from datamodules.sample_data.backdrops import blurred_backdrop, cluttered_backdrop, lay_over, photograph
from datamodules.sample_data.big_ears import CREDIT, draw_big_ears
from datamodules.sample_data.cartoons import draw_cartoon
from datamodules.sample_data.faces import draw_face, tilted
from datamodules.sample_data.geometry import CELEBA_POINTS, Floats
from datamodules.sample_data.people import ATTRIBUTE_NAMES, HAIR_COLOURS, random_person
from datamodules.sample_data.scenes import SceneFace, draw_scene

Bytes = NDArray[np.uint8]
Row = tuple[str, ...]

_STREAMS = {"celeba": 1, "cartoonset10k": 2, "wider_train": 3, "wider_val": 4, "lfw_net": 5, "big_ears": 6}
_EVENTS = ("0--Parade", "1--Handshaking", "12--Group", "20--Family_Group")
_LFW_EYES = (126.0, 112.0)


@dataclass(frozen=True)
class PublishedSet:
    """One data set, or one split of it.

    Attributes:
        folder: Its folder under the sample data.
        amount: Number of its pictures for a given ``count``.
        draw: Draws picture ``index`` of a seed into the folder; returns its row of the annotation files.
        finish: Writes the annotation files from the rows of all pictures, in order.
    """

    folder: str
    amount: Callable[[int], int]
    draw: Callable[[Path, int, int], Row]
    finish: Callable[[Path, Sequence[Row]], None]


def draw_photo(folder: Path, seed: int, index: int) -> Row:
    """Draw CelebA picture ``index`` with its masks; returns its name, partition, attribute row and landmark row."""
    rng = _rng(seed, "celeba", index)
    person = random_person(rng, HAIR_COLOURS[_shuffled(seed, "celeba", index, 4)])
    spread = CELEBA_POINTS.mean(0)
    stand = (CELEBA_POINTS - spread) * np.float32(rng.normal(1, 0.015)) + spread + rng.normal(0, 0.7, 2)
    face = draw_face(rng, (178, 218), tilted(stand.astype(np.float32), float(rng.normal(0, 1.5))), person)
    image = lay_over(blurred_backdrop(rng, (178, 218)), face.image, face.alpha)
    blurry = bool(rng.random() < 0.04)
    name = f"{index + 1:06d}.jpg"
    blur = float(rng.uniform(1.6, 2.2) if blurry else rng.uniform(0.35, 0.8))
    _write_jpeg(folder / "img_align_celeba" / name, photograph(rng, image, blur))
    for kind, mask in ((PERSON_MASKS, face.alpha), (HEAD_MASKS, face.head_mask)):
        _write_mask(folder / kind / f"{index + 1:06d}.png", mask)
    true = {**face.attributes, "Blurry": blurry}
    signs = " ".join(" 1" if true[attribute] else "-1" for attribute in ATTRIBUTE_NAMES)
    points = " ".join(str(int(value)) for value in np.rint(face.landmarks).ravel())
    place = _shuffled(seed, "celeba", index, 10, salt=1)
    return name, str({8: 1, 9: 2}.get(place, 0)), f"{name} {signs}", f"{name} {points}"


def finish_celeba(folder: Path, rows: Sequence[Row]) -> None:
    """Write CelebA's attribute, partition and landmark lists."""
    points = "lefteye_x lefteye_y righteye_x righteye_y nose_x nose_y leftmouth_x leftmouth_y rightmouth_x rightmouth_y"
    names = " ".join(ATTRIBUTE_NAMES) + " "
    _write_lines(folder / "list_attr_celeba.txt", [str(len(rows)), names, *(row[2] for row in rows)])
    _write_lines(folder / "list_eval_partition.txt", [f"{row[0]} {row[1]}" for row in rows])
    _write_lines(folder / "list_landmarks_align_celeba.txt", [str(len(rows)), points, *(row[3] for row in rows)])


def draw_cartoon_files(folder: Path, seed: int, index: int) -> Row:
    """Draw CartoonSet picture ``index`` and its attribute file; returns its name."""
    rng = _rng(seed, "cartoonset10k", index)
    cartoon = draw_cartoon(rng, _shuffled(seed, "cartoonset10k", index, 10))
    name = f"cs{10**17 + index}"
    _write_cartoon(folder, name, cartoon.image, cartoon.attributes)
    return (name,)


def finish_cartoons(folder: Path, rows: Sequence[Row]) -> None:
    """Do nothing: CartoonSet has no annotation files except one per picture."""


def draw_big_ears_files(folder: Path, seed: int, index: int) -> Row:
    """Draw cartoon ``index`` of the second style and its attribute file; returns its file and ten coordinates."""
    head = draw_big_ears(_rng(seed, "big_ears", index), _shuffled(seed, "big_ears", index, 10))
    name = f"cs{2 * 10**17 + index}"
    _write_cartoon(folder, name, head.image, head.attributes)
    return f"{name}.png", *(f"{value:.2f}" for value in head.landmarks.flat)


def finish_big_ears(folder: Path, rows: Sequence[Row]) -> None:
    """Write the landmarks and the artwork's credit."""
    annotations = {
        name: FaceAnnotation(np.array(values, dtype=np.float32).reshape(5, 2)) for name, *values in sorted(rows)
    }
    write_annotations(folder / FACES_CSV, annotations)
    _write_lines(folder / "CREDIT.txt", CREDIT.splitlines())


def draw_train_scene(folder: Path, seed: int, index: int) -> Row:
    """Draw WIDER FACE training picture ``index``; returns its path and the lines of its faces."""
    return _draw_scene_file(folder, seed, index, "train")


def draw_val_scene(folder: Path, seed: int, index: int) -> Row:
    """Draw WIDER FACE validation picture ``index``; returns its path and the lines of its faces."""
    return _draw_scene_file(folder, seed, index, "val")


def finish_train_scenes(folder: Path, rows: Sequence[Row]) -> None:
    """Write WIDER FACE's list of training boxes."""
    _write_boxes(folder, "train", rows)


def finish_val_scenes(folder: Path, rows: Sequence[Row]) -> None:
    """Write WIDER FACE's list of validation boxes."""
    _write_boxes(folder, "val", rows)


def draw_landmark_photo(folder: Path, seed: int, index: int) -> Row:
    """Draw LFW+Net picture ``index``, alternately in the style of LFW and of Net; returns its list and its line."""
    rng = _rng(seed, "lfw_net", index)
    from_lfw = (index + index // 4) % 2 == 0
    side = 250 if from_lfw else int(rng.integers(140, 301))
    face = draw_face(rng, (side, side), _target_landmarks(rng, side))
    backdrop = blurred_backdrop if from_lfw else cluttered_backdrop
    image = lay_over(backdrop(rng, (side, side)), face.image, face.alpha)
    name = f"lfw_5590/Drawn_Person_{index + 1:04d}.jpg" if from_lfw else f"net_7876/{index + 1}_0_0.jpg"
    _write_jpeg(folder / name, photograph(rng, image, float(rng.uniform(0.35, 0.9))))
    left, top, right, bottom = _landmark_box(rng, face.landmarks, side)
    points = " ".join(f"{value:.6f}" for value in face.landmarks.ravel())
    listed = "testImageList.txt" if index % 4 == 3 else "trainImageList.txt"
    return listed, name.replace("/", "\\") + f" {left} {right} {top} {bottom} {points}"


def finish_lfw_net(folder: Path, rows: Sequence[Row]) -> None:
    """Write the training and test lists of LFW+Net, with backslashes and CRLF."""
    for name in ("trainImageList.txt", "testImageList.txt"):
        _write_lines(folder / name, [line for listed, line in rows if listed == name], end="\r\n")


SETS: tuple[PublishedSet, ...] = (
    PublishedSet("celeba", lambda count: count, draw_photo, finish_celeba),
    PublishedSet("cartoonset10k", lambda count: count, draw_cartoon_files, finish_cartoons),
    PublishedSet("wider_face", lambda count: max(8, count // 10), draw_train_scene, finish_train_scenes),
    PublishedSet("wider_face", lambda count: max(4, count // 20), draw_val_scene, finish_val_scenes),
    PublishedSet("lfw_net", lambda count: max(16, count // 4), draw_landmark_photo, finish_lfw_net),
)
"""Everything that sample data consist of."""

BIG_EARS = PublishedSet("big_ears", lambda count: count, draw_big_ears_files, finish_big_ears)
"""Cartoons of a second family in the layout of CartoonSet, with a ``faces.csv`` of their landmarks."""


def _rng(seed: int, stream: str, index: int) -> np.random.Generator:
    return np.random.default_rng([seed, _STREAMS[stream], index])


def _shuffled(seed: int, stream: str, index: int, size: int, salt: int = 0) -> int:
    """Place of an item within its block of ``size``, so that every block holds every place once."""
    block = np.random.default_rng([seed, _STREAMS[stream], index // size, size, salt, 1])
    return int(block.permutation(size)[index % size])


def _draw_scene_file(folder: Path, seed: int, index: int, split: str) -> Row:
    rng = _rng(seed, f"wider_{split}", index)
    event = _EVENTS[index % len(_EVENTS)]
    name = f"{event}/{event.replace('--', '_')}_drawn_{index + 1}.jpg"
    scene = draw_scene(rng, 0 if index == 1 else int(rng.integers(1, 13)))
    _write_jpeg(folder / f"WIDER_{split}" / "images" / name, scene.image)
    faces = [_box_line(face) for face in scene.faces] or [" ".join("0" * 10) + " "]
    return name, str(len(scene.faces)), *faces


def _box_line(face: SceneFace) -> str:
    values = (*face.box, face.blur, 0, 0, 0, 0, int(face.unusual_pose))
    return " ".join(str(value) for value in values) + " "


def _write_boxes(folder: Path, split: str, rows: Sequence[Row]) -> None:
    lines = [line for row in sorted(rows) for line in row]
    _write_lines(folder / "wider_face_split" / f"wider_face_{split}_bbx_gt.txt", lines)


def _target_landmarks(rng: np.random.Generator, side: int) -> Floats:
    scale = side / 250 * rng.uniform(0.9, 1.15)
    moved = (CELEBA_POINTS - np.array([88.75, 111], np.float32)) * np.float32(scale * 40 / 38.5)
    centre = np.array(_LFW_EYES) * side / 250 + rng.normal(0, 0.012 * side, 2)
    return tilted((moved + centre).astype(np.float32), float(rng.normal(0, 7)))


def _landmark_box(rng: np.random.Generator, points: Floats, side: int) -> tuple[int, int, int, int]:
    """A tight square around the landmarks, without forehead and chin, clipped to the picture, as in the set."""
    reach = 0.92 * float(np.linalg.norm(points[3:].mean(0) - points[:2].mean(0))) * rng.uniform(0.95, 1.08)
    centre = points.mean(0) + rng.normal(0, 0.03, 2) * reach
    low, high = np.clip(np.rint(centre - reach), 0, side - 1), np.clip(np.rint(centre + reach), 0, side - 1)
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def _write_jpeg(path: Path, image: Bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    written, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 95])
    if not written:
        raise OSError(f"could not encode {path}")
    path.write_bytes(data.tobytes())


def _write_mask(path: Path, mask: Floats) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.rint(np.clip(mask, 0, 1) * 255).astype(np.uint8)).save(path)


def _write_cartoon(folder: Path, name: str, image: Bytes, attributes: dict[str, tuple[int, int]]) -> None:
    Image.fromarray(image).save(folder / f"{name}.png")
    lines = [f'"{attribute}", {value}, {count}' for attribute, (value, count) in attributes.items()]
    _write_lines(folder / f"{name}.csv", lines)


def _write_lines(path: Path, lines: Sequence[str], end: str = "\n") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(line + end for line in lines).encode("ascii"))
