from __future__ import annotations

from pathlib import Path

import pytest

from datamodules.atomic import whole_file, write_whole
from datamodules.errors import DataError


@pytest.mark.parametrize("content", ["größer\n", b"\x00\xff"])
def test_a_file_is_written_into_a_new_folder_and_replaced(tmp_path: Path, content: str | bytes) -> None:
    path = tmp_path / "new" / "file"
    for _ in range(2):
        write_whole(path, content)
    assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)
    assert list(path.parent.iterdir()) == [path]


def test_what_cannot_be_written_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(DataError, match=r"cannot write .*taken"):
        write_whole(tmp_path / "taken", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"cannot write .*file"):
        write_whole(tmp_path / "file" / "below", "text")


def test_a_file_stays_as_it_was_after_an_error(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("before")

    def write() -> None:
        with whole_file(path) as part:
            part.write_text("half")
            raise ValueError("in the middle")

    with pytest.raises(ValueError, match="in the middle"):
        write()
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]
