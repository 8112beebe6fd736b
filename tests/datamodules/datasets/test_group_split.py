from __future__ import annotations

import re
from pathlib import Path

import pytest

from datamodules.datasets.group_split import split_by_group
from datamodules.datasets.splits import split_of
from datamodules.errors import DataError

NAMES = [f"cs{number}.png" for number in range(200)]


def write_table(folder: Path) -> Path:
    path = folder / "families.tsv"
    rows = [f"{name}\thair{index % 7}\teyes{index % 10}" for index, name in enumerate(NAMES[:150])]
    path.write_text("\n".join(["derived\thair_source\teyes_source", *rows]) + "\n")
    return path


def test_whole_families_are_held_back(tmp_path: Path) -> None:
    kept, held = split_by_group(NAMES, write_table(tmp_path))
    assert sorted(kept + held) == sorted(NAMES)
    families = [{int(name[2:-4]) % 10 for name in part if int(name[2:-4]) < 150} for part in (kept, held)]
    assert not families[0] & families[1]
    assert len(families[1]) == 2
    assert set(NAMES[150:]) <= set(kept)


def test_another_column_makes_other_families(tmp_path: Path) -> None:
    _, held = split_by_group(NAMES, write_table(tmp_path), "hair_source")
    assert {int(name[2:-4]) % 7 for name in held} == {int(name[2:-4]) % 7 for name in held[:7]}
    assert len({int(name[2:-4]) % 7 for name in held}) == 1


def test_a_listed_source_belongs_to_its_family(tmp_path: Path) -> None:
    table = write_table(tmp_path)
    table.write_text(re.sub(r"eyes(\d)", r"cs_eyes\1", table.read_text()))
    _, held = split_by_group([*NAMES, *(f"cs_eyes{number}" for number in range(10))], table)
    families = {f"cs_eyes{int(name[2:-4]) % 10}" for name in held if not name.startswith("cs_eyes")}
    assert families == {name for name in held if name.startswith("cs_eyes")}


def test_without_a_table_the_test_part_is_held_back() -> None:
    kept, held = split_by_group(NAMES)
    assert held == [name for name in NAMES if split_of(name) == "test"]
    assert len(kept) + len(held) == len(NAMES)


def test_errors_name_the_table(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"families\.tsv has no column 'mouth'; it has hair_source, eyes_source"):
        split_by_group(NAMES, write_table(tmp_path), "mouth")
    with pytest.raises(DataError, match=r"absent\.tsv"):
        split_by_group(NAMES, tmp_path / "absent.tsv")
    with pytest.raises(DataError, match="no cartoons to hold back"):
        split_by_group(["other.png"], write_table(tmp_path))
