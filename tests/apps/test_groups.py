from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest

from apps.groups import by_skin, read_columns, table
from apps.main import main
from datamodules.datasets.celeba import CelebA

HEAD = (
    "number,file,landmark_error,skin,skin_judged,hair,hair_judged,glasses,glasses_judged,beard,beard_judged,"
    "open_mouth,open_mouth_judged"
)


def run_of(home: Path, *lines: str, head: str = HEAD) -> Path:
    (home / "test").mkdir(parents=True)
    (home / "test" / "faces.csv").write_text("\n".join([head, *lines]) + "\n")
    return home


def test_each_group_has_its_own_means(tmp_path: Path) -> None:
    run = run_of(
        tmp_path / "run",
        "0,celeba/a.jpg,0.05,-0.5,-0.4,black,black,1,1,0,0,1,1",
        "1,celeba/b.jpg,0.07,0.0,0.2,black,grey,0,1,,1,1,0",
        "2,celeba/c.jpg,0.10,0.5,,,brown,0,0,1,1,0,0",
    )
    names, columns = read_columns(run / "test" / "faces.csv")
    assert names == ["a.jpg", "b.jpg", "c.jpg"]
    everyone, first = table(columns, {"all": np.ones(3, bool), "first": np.arange(3) == 0, "none": np.zeros(3, bool)})
    assert everyone == {
        "group": "all",
        "photos": 3,
        "landmarks %": 7.3,
        "hair kept %": 50,
        "skin": 19,
        "glasses kept %": 100,
        "glasses invented %": 50,
        "beard kept %": 100,
        "beard invented %": 0,
        "open mouth kept %": 50,
        "open mouth invented %": 0,
    }
    assert (first["group"], first["photos"], first["landmarks %"]) == ("first", 1, 5.0)
    assert math.isnan(float(str(first["beard kept %"])))


def test_skins_are_thirds_of_the_known_ones() -> None:
    skin = np.array([0.3, -0.9, math.nan, 0.9, -0.3, 0.0, 0.6])
    thirds = by_skin(skin)
    assert [group.sum() for group in thirds.values()] == [2, 2, 2]
    assert skin[thirds["skin, dark third"]].max() < skin[thirds["skin, light third"]].min()
    assert by_skin(skin[:3]) == {}


def test_the_command_groups_the_test_photos(
    sample_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    celeba = CelebA(sample_root / "celeba", "test")
    lines = [f"{n},{name},0.05,0.{n},0.{n},black,black,0,0,0,0,0,0" for n, name in enumerate(celeba.names)]
    run, out = run_of(tmp_path / "run", *lines), tmp_path / "groups.csv"
    words = ["groups", str(run), "--root", str(sample_root)]
    assert main([*words, "--attributes", "Male", "--out", str(out)]) == 0
    assert "landmarks" in capsys.readouterr().out
    rows = {row["group"]: row for row in csv.DictReader(out.open())}
    male = celeba.raw_attributes[:, celeba.attribute_names.index("Male")]
    assert int(rows["all"]["photos"]) == len(celeba)
    assert int(rows.get("Male", {"photos": "0"})["photos"]) == male.sum()
    assert rows["all"]["glasses kept %"] == ""


@pytest.mark.parametrize(
    ("files", "options", "message"),
    [
        ("x.jpg", [], "none of the photos"),
        (None, ["--attributes", "Mael"], "--attributes Mael: CelebA's are 5_o_Clock"),
    ],
)
def test_what_cannot_be_grouped_is_explained(
    files: str | None,
    options: list[str],
    message: str,
    sample_root: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    name = files or CelebA(sample_root / "celeba", "test").names[0]
    run = run_of(tmp_path / "run", f"0,{name},0.05,0,0,black,black,0,0,0,0")
    assert main(["groups", str(run), "--root", str(sample_root), *options]) == 2
    assert message in capsys.readouterr().err


def test_files_of_earlier_versions_and_untested_runs_are_named(
    sample_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = run_of(tmp_path / "old", "0,a.jpg,0.05", head="number,file,landmark_error")
    for run, message in ((old, "has no column 'skin'"), (tmp_path / "no", "test the run first")):
        assert main(["groups", str(run), "--root", str(sample_root)]) == 2
        assert message in capsys.readouterr().err
