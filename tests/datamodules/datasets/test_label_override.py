from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from datamodules.datasets.label_override import LabelOverride, read_label_csv
from datamodules.datasets.registry import open_faces
from datamodules.errors import DataError
from datamodules.faces import FacesDataModule
from datamodules.samples import NO_HAIR_COLOUR


def written(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(["domain,file,label", *rows]) + "\n", encoding="utf-8")
    return path


def test_faces_carry_the_labels_of_the_csv(sample_root: Path, tmp_path: Path) -> None:
    faces = open_faces(sample_root / "celeba", "photo", "train")
    first, second, *_ = faces.names
    path = written(tmp_path / "labels.csv", f"photo,{second},7", f"cartoon,{first},3", f"photo,{first},0")
    relabelled = LabelOverride(faces, read_label_csv(path)["photo"])
    assert relabelled.labels.tolist() == [0, 7] + [NO_HAIR_COLOUR] * (len(faces) - 2)
    assert [relabelled[index].label for index in range(3)] == [0, 7, NO_HAIR_COLOUR]
    assert np.array_equal(relabelled[1].image, faces[1].image)
    assert relabelled.names == faces.names
    assert relabelled.fingerprint() != faces.fingerprint()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["photo,a.jpg,1", "painting,a.jpg,1"], "line 3: expected photo or cartoon"),
        (["photo,a.jpg,-1"], "line 2: .* a number; found photo,a.jpg,-1"),
        (["photo,a.jpg"], "line 2"),
        (["photo,a.jpg,1", "photo,a.jpg,2"], "line 3: a.jpg has a row already"),
    ],
)
def test_a_malformed_row_is_named(rows: list[str], message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=rf"labels.csv, {message}"):
        read_label_csv(written(tmp_path / "labels.csv", *rows))


@pytest.mark.parametrize("content", ["", "file,label\na.jpg,1\n"])
def test_another_header_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=r"line 1: .* expected domain,file,label"):
        read_label_csv(path)


def test_a_data_module_takes_them_for_both_domains(sample_root: Path, tmp_path: Path) -> None:
    photos = [path.name for path in (sample_root / "celeba" / "img_align_celeba").iterdir()]
    cartoons = [path.name for path in (sample_root / "cartoonset10k").glob("*.png")]
    rows = [*(f"photo,{name},5" for name in photos), *(f"cartoon,{name},6" for name in cartoons)]
    path = written(tmp_path / "labels.csv", *rows)
    data = FacesDataModule(str(sample_root), image_size=32, num_workers=0, labels=str(path))
    data.setup("fit")
    batch = next(iter(data.train_dataloader()))
    assert torch.equal(batch.photo.label, torch.tensor([5]))
    assert torch.equal(batch.cartoon.label, torch.tensor([6]))


def test_what_cannot_be_is_explained(sample_root: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"--data.index .* --data.labels"):
        FacesDataModule(index="index.json", labels="labels.csv")
    data = FacesDataModule(str(sample_root), num_workers=0, labels=str(written(tmp_path / "a.csv", "photo,none.jpg,1")))
    with pytest.raises(DataError, match=r"--data.labels labels none of"):
        data.setup("fit")
    with pytest.raises(DataError, match=r"no such file: .*missing.csv"):
        FacesDataModule(str(sample_root), labels=str(tmp_path / "missing.csv")).setup("fit")
