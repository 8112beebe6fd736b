"""The SQLite file of a study: pictures, items, raters and ratings."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path

from apps.rate.gallery import Gallery
from apps.rate.questions import Mode
from datamodules.atomic import whole_file
from datamodules.errors import DataError

FORMAT = 1

TIME = "%Y-%m-%dT%H:%M:%SZ"
"""Format of times: UTC, to the second, sortable as text."""

_APPLICATION = 0x52415445  # "RATE"
_TABLES = """
CREATE TABLE study (id TEXT NOT NULL, started TEXT NOT NULL);
CREATE TABLE picture (id TEXT PRIMARY KEY, png BLOB NOT NULL);  -- id: random, all that a rater's browser learns
CREATE TABLE variant (
    id INTEGER PRIMARY KEY, title TEXT NOT NULL UNIQUE, home TEXT NOT NULL,
    checkpoint TEXT NOT NULL, digest TEXT NOT NULL  -- SHA-256 of that file
);
CREATE TABLE photo (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, picture TEXT NOT NULL REFERENCES picture (id)
);
CREATE TABLE cartoon (
    photo INTEGER NOT NULL REFERENCES photo (id), variant INTEGER NOT NULL REFERENCES variant (id),
    picture TEXT NOT NULL REFERENCES picture (id), PRIMARY KEY (photo, variant)
);
CREATE TABLE item (
    id INTEGER PRIMARY KEY, mode TEXT NOT NULL, photo INTEGER NOT NULL REFERENCES photo (id),
    first INTEGER NOT NULL REFERENCES variant (id), second INTEGER REFERENCES variant (id)  -- none where scored
);
CREATE TABLE rater (
    id INTEGER PRIMARY KEY, token TEXT NOT NULL UNIQUE, name TEXT, joined TEXT NOT NULL  -- token: SHA-256 of the cookie
);
CREATE TABLE deal (
    id INTEGER PRIMARY KEY, rater INTEGER NOT NULL REFERENCES rater (id), item INTEGER NOT NULL REFERENCES item (id),
    is_swapped INTEGER NOT NULL, dealt TEXT NOT NULL, is_done INTEGER NOT NULL DEFAULT 0, UNIQUE (rater, item)
);
CREATE TABLE rating (  -- value: a score from 1 to 5; or -1 the item's first is better, 1 its second, 0 no difference
    rater INTEGER NOT NULL, item INTEGER NOT NULL, question TEXT NOT NULL, value INTEGER NOT NULL, rated TEXT NOT NULL,
    PRIMARY KEY (rater, item, question), FOREIGN KEY (rater, item) REFERENCES deal (rater, item)
);
"""


def connect(path: Path) -> sqlite3.Connection:
    """Open an existing file of ratings; a commit returns once it is on disk.

    Raises:
        DataError: There is no such file, or it is not a file of ratings.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file; create it with `cartoongan rate --runs RUN --out {path}`")
    connection = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
    try:
        with explained(path):
            _set_up(connection)
            application, version = (_pragma(connection, name) for name in ("application_id", "user_version"))
            if application != _APPLICATION:
                raise DataError(f"{path} is not a file of ratings; choose another")
            if version != FORMAT:
                raise DataError(f"{path} has format {version}, expected {FORMAT}; use the version that wrote it")
    except BaseException:
        connection.close()
        raise
    return connection


def create(path: Path, gallery: Gallery) -> None:
    """Write a new file of ratings with all pictures in it, atomically.

    Raises:
        DataError: The file exists already, or cannot be written.
    """
    if path.exists():
        raise DataError(f"{path} exists; choose another file")
    with whole_file(path) as part, explained(path):
        _fill(part, gallery)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Convert SQLite errors to a ``DataError`` that names the file."""
    try:
        yield
    except sqlite3.Error as error:
        raise DataError(f"{path} cannot be used as a file of ratings: {error}") from error


def now() -> str:
    """The current time as stored in the file."""
    return datetime.now(UTC).strftime(TIME)


def _set_up(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _fill(path: Path, gallery: Gallery) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        _set_up(connection)
        connection.executescript(f"BEGIN; {_TABLES}")
        connection.execute("INSERT INTO study VALUES (?, ?)", (secrets.token_hex(4), now()))
        rows = [
            (variant.title, str(variant.home), str(variant.checkpoint), variant.digest) for variant in gallery.variants
        ]
        connection.executemany("INSERT INTO variant (title, home, checkpoint, digest) VALUES (?, ?, ?, ?)", rows)
        for number, (name, photo) in enumerate(gallery.photos.items(), start=1):
            connection.execute("INSERT INTO photo VALUES (?, ?, ?)", (number, name, _add_picture(connection, photo)))
            for variant, cartoons in enumerate(gallery.cartoons, start=1):
                picture = _add_picture(connection, cartoons[number - 1])
                connection.execute("INSERT INTO cartoon VALUES (?, ?, ?)", (number, variant, picture))
        _add_items(connection, len(gallery.photos), len(gallery.variants))
        connection.execute(f"PRAGMA application_id = {_APPLICATION}")
        connection.execute(f"PRAGMA user_version = {FORMAT}")
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = WAL")  # persistent
    finally:
        connection.close()


def _add_picture(connection: sqlite3.Connection, png: bytes) -> str:
    name = secrets.token_urlsafe(12)
    connection.execute("INSERT INTO picture VALUES (?, ?)", (name, png))
    return name


def _add_items(connection: sqlite3.Connection, photos: int, variants: int) -> None:
    """Add an item per cartoon for scores, and per pair of cartoons of a photo for comparisons."""
    keys = range(1, variants + 1)
    of_a_photo: list[tuple[Mode, int, int | None]] = [(Mode.SCORES, key, None) for key in keys]
    of_a_photo += [(Mode.PAIRS, first, second) for first, second in combinations(keys, 2)]
    rows = [(mode, photo, first, second) for photo in range(1, photos + 1) for mode, first, second in of_a_photo]
    connection.executemany("INSERT INTO item (mode, photo, first, second) VALUES (?, ?, ?, ?)", rows)
