"""Checking any folder of images: every image is decoded, every row of its ``faces.csv`` read."""

from __future__ import annotations

from datamodules.check.images import check_images
from datamodules.check.report import Count, SetReport
from datamodules.datasets.annotated_folder import AnnotatedFolder
from datamodules.datasets.faces_csv import FACES_CSV
from datamodules.errors import DataError
from datamodules.samples import SPLITS


def check_folder(report: SetReport, progress: bool) -> None:
    """Fill in the report of a folder. Parts that are too small to be trained or tested on are notes."""
    check_images(report, progress)
    if report.errors:
        return
    for split in SPLITS:
        try:
            faces = AnnotatedFolder(report.folder, split)
        except DataError as error:
            tell = report.error if FACES_CSV in str(error) else report.note
            tell(report.folder, str(error))
            return
        report.counts.append(Count(split, "faces", len(faces), len(faces)))
