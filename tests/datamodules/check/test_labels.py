from __future__ import annotations

from pathlib import Path

from datamodules.check import check_labels


def test_a_row_without_a_face_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("domain,file,label\nphoto,a.jpg,2\ncartoon,b.png,0\nphoto,c.jpg,1\n")
    report = check_labels(path, {"photo": {"a.jpg"}, "cartoon": {"b.png"}})
    assert [(error.line, error.message) for error in report.errors] == [(4, "there is no photo c.jpg")]
    assert [(count.split, count.found, count.published) for count in report.counts] == [
        ("photo", 1, 2),
        ("cartoon", 1, 1),
    ]


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    report = check_labels(tmp_path / "none.csv", {"photo": set(), "cartoon": set()})
    assert not report.present
    assert "none.csv" in str(report.errors[0])
