from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from apps.rate import database as database_module
from apps.rate.database import connect, create
from apps.rate.gallery import Gallery
from datamodules.errors import DataError


def test_a_file_holds_all_pictures_and_stands_alone(database: Path, gallery: Gallery) -> None:
    assert [path.name for path in database.parent.iterdir()] == [database.name]
    connection = connect(database)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
    photos = connection.execute("SELECT name, png FROM photo JOIN picture ON picture.id = picture ORDER BY photo.id")
    assert dict(photos.fetchall()) == gallery.photos
    rows = connection.execute(
        "SELECT png FROM cartoon JOIN picture ON picture.id = picture ORDER BY variant, photo"
    ).fetchall()
    assert [png for (png,) in rows] == [cartoon for cartoons in gallery.cartoons for cartoon in cartoons]
    counts = dict(connection.execute("SELECT mode, count(*) FROM item GROUP BY mode").fetchall())
    assert counts == {"scores": 3 * 4, "pairs": 3 * 4}
    connection.close()


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path, gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(database_module, "_add_items", fail)
    with pytest.raises(DataError, match=r"new\.sqlite .*disk is full"):
        create(tmp_path / "new.sqlite", gallery)
    assert not list(tmp_path.iterdir())


def test_no_file_is_overwritten(database: Path, gallery: Gallery) -> None:
    before = database.read_bytes()
    with pytest.raises(DataError, match="exists"):
        create(database, gallery)
    assert database.read_bytes() == before


def test_other_files_are_refused_by_name(tmp_path: Path, database: Path) -> None:
    text, other = tmp_path / "text.sqlite", tmp_path / "other.sqlite"
    text.write_text("rater,score\n" * 100)
    foreign = sqlite3.connect(other)
    foreign.execute("CREATE TABLE rating (value)")
    foreign.close()
    newer = sqlite3.connect(database)
    newer.execute("PRAGMA user_version = 2")
    newer.close()
    for path, reason in ((text, "not a database"), (other, "not a file of ratings"), (database, "format 2")):
        with pytest.raises(DataError, match=reason) as caught:
            connect(path)
        assert str(path) in str(caught.value)
    with pytest.raises(DataError, match="cartoongan rate --runs"):
        connect(tmp_path / "lost.sqlite")
    assert not (tmp_path / "lost.sqlite").exists()
