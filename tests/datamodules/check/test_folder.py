from __future__ import annotations

from pathlib import Path

from PIL import Image

from datamodules.check.folder import check_folder
from datamodules.check.report import SetReport
from datamodules.datasets.registry import FOLDERS


def report_of(folder: Path) -> SetReport:
    report = SetReport(FOLDERS["photo"], folder, present=True)
    check_folder(report, progress=False)
    return report


def test_its_annotations_are_read(tmp_path: Path) -> None:
    for number in range(6):
        Image.new("RGB", (20, 20)).save(tmp_path / f"{number}.png")
    report = report_of(tmp_path)
    assert report.findings == []
    assert sum(count.found for count in report.counts if count.unit == "faces") == 6
    (tmp_path / "faces.csv").write_text("file,hair\n9.png,black\n")
    (error,) = report_of(tmp_path).errors
    assert "faces.csv" in error.message


def test_too_few_images_are_a_note(tmp_path: Path) -> None:
    Image.new("RGB", (20, 20)).save(tmp_path / "one.png")
    report = report_of(tmp_path)
    assert report.errors == []
    assert "too few" in report.notes[0].message
