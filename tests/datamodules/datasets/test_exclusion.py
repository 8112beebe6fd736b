from __future__ import annotations

from pathlib import Path

import pytest

from datamodules.datasets.exclusion import read_exclusions, without, write_exclusions
from datamodules.datasets.registry import open_faces
from datamodules.errors import DataError
from datamodules.faces import FacesDataModule
from datamodules.samples import SPLITS


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "exclude.csv"
    write_exclusions(path, {"photo": ["b.jpg", "a, b.jpg"], "cartoon": ["cs1.png"]})
    assert path.read_text().splitlines()[:2] == ["domain,file", 'photo,"a, b.jpg"']
    assert read_exclusions(path) == {"photo": {"b.jpg", "a, b.jpg"}, "cartoon": {"cs1.png"}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file\na.jpg\n", "line 1: the columns are file, expected domain,file"),
        ("domain,file\nphoto,a.jpg\npainting,b.jpg\n", "line 3: expected photo or cartoon, and a file; found painting"),
    ],
)
def test_a_malformed_file_is_named_with_its_line(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "exclude.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=rf"exclude\.csv, {message}"):
        read_exclusions(path)


def test_other_faces_stay_with_their_labels(sample_root: Path) -> None:
    faces = open_faces(sample_root / "celeba", "photo", "train")
    kept = without(faces, {faces.names[0], "elsewhere.jpg"})
    assert kept.names == faces.names[1:]
    assert kept.labels.tolist() == faces.labels[1:].tolist()
    assert kept.attributes.tolist() == faces.attributes[1:].tolist()
    assert kept[0].path == faces[1].path
    assert without(faces, set()) is faces
    with pytest.raises(DataError, match=r"--data\.exclude leaves none of \d+ faces"):
        without(faces, faces.names)


def test_excluded_faces_are_in_no_split(sample_root: Path, tmp_path: Path) -> None:
    path = tmp_path / "exclude.csv"
    parts = {split: open_faces(sample_root / "cartoonset10k", "cartoon", split).names for split in SPLITS}
    names = [part[0] for part in parts.values() if len(part) > 1]
    write_exclusions(path, {"cartoon": names})
    data = FacesDataModule(str(sample_root), image_size=32, num_workers=0, exclude=str(path))
    assert data.hparams["exclude"] == str(path)
    for split in SPLITS:
        expected = [name for name in parts[split] if name not in names]
        assert data.stream("cartoon", split).faces.names == expected
    with pytest.raises(DataError, match=r"give a csv with --data\.exclude"):
        FacesDataModule(str(sample_root), image_size=32, exclude=str(tmp_path / "no.csv")).stream("photo", "val")
