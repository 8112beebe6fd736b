"""Checking a set that has no check of its own: every image is decoded."""

from __future__ import annotations

from datamodules.check.decode import decode_all
from datamodules.check.files import list_images
from datamodules.check.report import SetReport


def check_images(report: SetReport, progress: bool) -> None:
    """Decode every image of a set and fill in its report."""
    images = list_images(report.folder)
    decode_all(report, images, progress)
    if not images:
        report.error(report.folder, "it holds no image")
    report.count("all", "images", len(images), report.data_set.published.get("all", len(images)))
