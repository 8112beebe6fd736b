"""A data set that only this test knows: its reader and one entry of the registry are all that every command needs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from apps.main import main
from datamodules.datasets.registry import DataSet, open_faces, recognize, register, unregister
from datamodules.errors import DataError
from datamodules.faces import FacesDataModule
from datamodules.images import read_rgb
from datamodules.samples import RawFace, Split, unknown_attributes
from datamodules.source import fingerprint_of
from lightning_modules.cli import main as lightning

SIDE = 40


class Drawings:
    """``drawings.json`` of files by split, each with landmarks and a label."""

    def __init__(self, folder: Path, split: Split) -> None:
        rows = json.loads((folder / "drawings.json").read_text())[split]
        self.folder = folder
        self.names: list[str] = [row["file"] for row in rows]
        self.labels: NDArray[np.int64] = np.array([row["label"] for row in rows])
        self.attributes = unknown_attributes(len(rows))
        self._landmarks = np.array([row["landmarks"] for row in rows], dtype=np.float32)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> RawFace:
        return RawFace(read_rgb(self.path(index)), self._landmarks[index], int(self.labels[index]), self.path(index))

    def path(self, index: int) -> Path:
        return self.folder / self.names[index]

    def fingerprint(self) -> str:
        return fingerprint_of(self.folder, [*self.names, "drawings.json"])


@pytest.fixture
def drawings(sample_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data root with CelebA and the new set, which the registry knows while the test runs."""
    module = ModuleType("drawings_of_a_test")
    module.Drawings = Drawings  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    data_set = DataSet(
        "drawings", f"{module.__name__}:Drawings", domain="cartoon", marks=("drawings.json",), published={"all": 12}
    )
    (tmp_path / "celeba").symlink_to(sample_root / "celeba")
    write_drawings(tmp_path / "drawings")
    register(data_set)
    yield tmp_path
    unregister(data_set)


def write_drawings(folder: Path) -> None:
    folder.mkdir()
    rng = np.random.default_rng(0)
    points = [[12, 16], [27, 16], [20, 22], [14, 29], [26, 29]]
    rows = []
    for number in range(12):
        Image.fromarray(rng.integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)).save(folder / f"{number}.png")
        rows.append({"file": f"{number}.png", "label": number % 4, "landmarks": points})
    parts = {"train": rows[:8], "val": rows[8:10], "test": rows[10:]}
    (folder / "drawings.json").write_text(json.dumps(parts))


def test_it_is_checked_shown_and_sharded(drawings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "check", "--root", str(drawings), "--set", "drawings"]) == 0
    assert "drawings" in capsys.readouterr().out
    sheet, shards = drawings / "sheet.png", drawings / "shards"
    assert main(["data", "show", "drawings", "--root", str(drawings), "--out", str(sheet)]) == 0
    assert np.asarray(Image.open(sheet)).std() > 10
    assert main(["data", "shard", "--set", "drawings", "--root", str(drawings), "--out", str(shards)]) == 0
    assert recognize(shards / "drawings", "cartoon").name == "drawings"
    assert open_faces(shards / "drawings", "cartoon", "val").names == ["8.png", "9.png"]


def test_a_broken_image_of_it_is_found(drawings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (drawings / "drawings" / "3.png").write_bytes(b"no image")
    assert main(["data", "check", "--root", str(drawings), "--set", "drawings"]) == 1
    assert "3.png" in capsys.readouterr().out


def test_what_cannot_be_downloaded_says_where_it_belongs(drawings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "get", "drawings", "--root", str(drawings)]) == 2
    assert "drawings/ of the data root" in capsys.readouterr().err


def test_it_is_seen_whole_with_a_margin_around_it(drawings: Path) -> None:
    data = FacesDataModule(
        str(drawings), cartoons="drawings", image_size=SIDE, batch_size=2, num_workers=0, augment=False
    )
    data.setup("validate")
    cartoon = next(iter(data.val_dataloader())).cartoon
    np.testing.assert_allclose(cartoon.landmarks[0].numpy(), [[12, 16], [27, 16], [20, 22], [14, 29], [26, 29]])
    original = read_rgb(drawings / "drawings" / "8.png")
    np.testing.assert_array_equal(((cartoon.image[0] + 1) * 127.5).round().permute(1, 2, 0).numpy(), original)


def test_it_trains_with_landmarks_and_labels(drawings: Path) -> None:
    options = ["--data.root", str(drawings), "--data.cartoons", "drawings", "--data.label_policy", "labelled"]
    assert fit("cyclegan_full", *options, "--data.attribute_shares", "null") == 0


def fit(variant: str, *options: str) -> int:
    """One small step of a variant."""
    size = ["--model.generator", "resnet6", *(f"--model.{name}=4" for name in ("ngf", "ngf_photo", "ndf", "ndf_photo"))]
    data = ["--data.image_size", "32", "--data.num_workers", "0", "--data.batch_size", "1"]
    words = ["fit", "--config", f"configs/{variant}.yaml", *size, *data, *options]
    return lightning([*words, "--trainer.fast_dev_run", "true", "--trainer.accelerator", "cpu"])


def test_any_folder_of_images_can_be_the_cartoons(drawings: Path) -> None:
    folder = drawings / "anything"
    write_drawings(folder)
    (folder / "drawings.json").unlink()
    points = "12,16,27,16,20,22,14,29,26,29"
    rows = [f"{number}.png,{points},{'brown' if number % 2 else 'grey'}" for number in range(12)]
    header = ",".join(["file", *(f"{axis}{number}" for number in range(1, 6) for axis in "xy"), "hair"])
    (folder / "faces.csv").write_text("\n".join([header, *rows]) + "\n")
    assert recognize(folder, "cartoon").name == "folder"
    assert fit("cyclegan_full", "--data.root", str(drawings), "--data.cartoons", str(folder)) == 0
    (folder / "faces.csv").unlink()
    assert fit("cyclegan_baseline", "--data.root", str(drawings), "--data.cartoons", str(folder)) == 0
    with pytest.warns(UserWarning, match=r"no training face of --data\.cartoons has a label"):
        assert fit("cyclegan_cond", "--data.root", str(drawings), "--data.cartoons", str(folder)) == 0


def test_two_sets_cannot_share_a_name() -> None:
    with pytest.raises(ValueError, match="celeba"):
        register(DataSet("celeba", "somewhere:Else"))


def test_a_part_that_a_set_does_not_have_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no split 'test'; use train or val"):
        DataSet("scenes", "somewhere:Else", splits=("train", "val")).open(tmp_path, "test")
