"""Stores raters, their items and their answers; safe for multiple threads and processes."""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import SystemRandom
from threading import RLock
from typing import Any, NamedTuple, Self

from apps.rate.assignment import Item, choose_item
from apps.rate.database import TIME, connect, explained, now
from apps.rate.gallery import Variant
from apps.rate.questions import QUESTIONS, Mode

PATIENCE = timedelta(hours=1)
"""Time after which an unanswered item no longer counts as in progress."""


class UnknownItemError(LookupError):
    """The rater was not assigned this item."""


@dataclass(frozen=True)
class AssignedItem:
    """An item as one rater sees it.

    Attributes:
        position: Index among the rater's items, starting at 0.
        photo: Name of the photo's picture.
        cartoons: Names of the cartoons' pictures, from left to right.
        answers: Answers so far by question; for two cartoons, -1 is the left one.
    """

    position: int
    photo: str
    cartoons: tuple[str, ...]
    answers: dict[str, int]


class _Deal(NamedTuple):
    """An item assigned to a rater, with database keys; ``second`` is None for a scored cartoon."""

    item: int
    photo: int
    first: int
    second: int | None
    is_swapped: bool


class Store:
    """An open file of ratings.

    Args:
        path: The file, see ``apps.rate.database``.

    Raises:
        DataError: The file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = RLock()
        self._connection = connect(path)
        self._random = SystemRandom()
        with explained(path):
            self.study: str = self._connection.execute("SELECT id FROM study").fetchone()[0]
            self._items = {mode: self._read_items(mode) for mode in Mode}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and merge its write-ahead log."""
        with self._lock:
            self._connection.close()

    @property
    def variants(self) -> list[Variant]:
        """The runs."""
        rows = self._query("SELECT title, home, checkpoint, digest FROM variant ORDER BY id")
        return [Variant(title, Path(home), Path(checkpoint), digest) for title, home, checkpoint, digest in rows]

    @property
    def photo_names(self) -> list[str]:
        """File names of the photos in their set."""
        return [name for (name,) in self._query("SELECT name FROM photo ORDER BY id")]

    def count(self, mode: Mode) -> int:
        """Number of items."""
        return len(self._items[mode])

    def picture(self, name: str) -> bytes | None:
        """A PNG file, or None if there is no such picture."""
        rows = self._query("SELECT png FROM picture WHERE id = ?", name)
        return rows[0][0] if rows else None

    def join(self, name: str | None) -> str:
        """Add a rater; returns the token for ``find_rater``."""
        token = secrets.token_urlsafe(24)
        with self._writing() as connection:
            row = (_digest(token), name, now())
            connection.execute("INSERT INTO rater (token, name, joined) VALUES (?, ?, ?)", row)
        return token

    def find_rater(self, token: str) -> int | None:
        """Key of the rater with this token, or None."""
        rows = self._query("SELECT id FROM rater WHERE token = ?", _digest(token))
        return rows[0][0] if rows else None

    def answered(self, rater: int, mode: Mode) -> int:
        """Number of items that the rater has completed."""
        return self._count_assignments(rater, mode, "AND is_done")

    def item(self, rater: int, mode: Mode, position: int) -> AssignedItem:
        """An earlier item of a rater.

        Raises:
            UnknownItemError: The rater has no item at that position.
        """
        assigned = self._assignment_at(rater, mode, position)
        pictures = dict(self._query("SELECT variant, picture FROM cartoon WHERE photo = ?", assigned.photo))
        ((photo,),) = self._query("SELECT picture FROM photo WHERE id = ?", assigned.photo)
        answers = self._query("SELECT question, value FROM rating WHERE rater = ? AND item = ?", rater, assigned.item)
        shown = [pictures[variant] for variant in (assigned.first, assigned.second) if variant is not None]
        return AssignedItem(
            position,
            photo,
            tuple(reversed(shown) if assigned.is_swapped else shown),
            {question: -value if assigned.is_swapped else value for question, value in answers},
        )

    def next_item(self, rater: int, mode: Mode) -> AssignedItem | None:
        """The rater's unanswered item, or a new one; None if all are answered."""
        with self._writing() as connection:
            if self._count_assignments(rater, mode, "AND NOT is_done") == 0:
                chosen = self._choose(rater, mode)
                if chosen is None:
                    return None
                is_swapped = len(chosen.variants) == 2 and self._random.random() < 0.5
                connection.execute(
                    "INSERT INTO deal (rater, item, is_swapped, dealt) VALUES (?, ?, ?, ?)",
                    (rater, chosen.key, is_swapped, now()),
                )
            return self.item(rater, mode, self._first_open(rater, mode))

    def rate(self, rater: int, mode: Mode, position: int, question: str, value: int) -> None:
        """Store an answer, replacing an earlier one; it is on disk when this returns.

        Args:
            rater: Key of the rater.
            mode: Scores or comparisons.
            position: Position of the item, as in ``AssignedItem``.
            question: Key of the question.
            value: The answer, in the range of the question; for two cartoons, -1 is the left one.

        Raises:
            UnknownItemError: The rater has no item at that position.
            ValueError: There is no such question, or no such answer.
        """
        asked = {each.key: each for each in QUESTIONS[mode]}.get(question)
        if asked is None or not asked.low <= value <= asked.high:
            raise ValueError(f"{value} is not an answer to '{question}'")
        with self._writing() as connection:
            assigned = self._assignment_at(rater, mode, position)
            kept = -value if assigned.is_swapped else value
            connection.execute(
                "INSERT INTO rating VALUES (?, ?, ?, ?, ?) ON CONFLICT (rater, item, question) "
                "DO UPDATE SET value = excluded.value, rated = excluded.rated",
                (rater, assigned.item, question, kept, now()),
            )
            connection.execute(
                "UPDATE deal SET is_done = "
                "(SELECT count(*) FROM rating WHERE rater = deal.rater AND item = deal.item) = ? "
                "WHERE rater = ? AND item = ?",
                (len(QUESTIONS[mode]), rater, assigned.item),
            )

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that is committed at the end of the block and rolled back after an error."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def _query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    def _read_items(self, mode: Mode) -> dict[int, Item]:
        rows = self._query("SELECT id, photo, first, second FROM item WHERE mode = ?", mode)
        return {
            key: Item(key, photo, tuple(variant for variant in variants if variant is not None))
            for key, photo, *variants in rows
        }

    def _assignment_at(self, rater: int, mode: Mode, position: int) -> _Deal:
        rows = self._query(
            "SELECT item, photo, first, second, is_swapped FROM deal JOIN item ON item.id = item "
            "WHERE rater = ? AND mode = ? ORDER BY deal.id LIMIT 1 OFFSET ?",
            rater,
            mode,
            position,
        )
        if position < 0 or not rows:
            raise UnknownItemError(f"the rater has no item {position}")
        return _Deal(*rows[0])

    def _choose(self, rater: int, mode: Mode) -> Item | None:
        items = self._items[mode]
        recently = (datetime.now(UTC) - PATIENCE).strftime(TIME)
        counts = self._query("SELECT item, count(*) FROM deal WHERE is_done OR dealt > ? GROUP BY item", recently)
        seen = self._query("SELECT item FROM deal WHERE rater = ?", rater)
        return choose_item(
            list(items.values()), dict(counts), [items[key] for (key,) in seen if key in items], self._random
        )

    def _count_assignments(self, rater: int, mode: Mode, condition: str) -> int:
        rows = self._query(
            f"SELECT count(*) FROM deal JOIN item ON item.id = item WHERE rater = ? AND mode = ? {condition}",
            rater,
            mode,
        )
        return int(rows[0][0])

    def _first_open(self, rater: int, mode: Mode) -> int:
        first = (
            "(SELECT min(deal.id) FROM deal JOIN item ON item.id = item WHERE rater = ? AND mode = ? AND NOT is_done)"
        )
        rows = self._query(
            f"SELECT count(*) FROM deal JOIN item ON item.id = item WHERE rater = ? AND mode = ? AND deal.id < {first}",
            *(rater, mode, rater, mode),
        )
        return int(rows[0][0])


def _digest(token: str) -> str:
    """Hash of a token; the file does not contain tokens, so that it cannot be used to impersonate raters."""
    return hashlib.sha256(token.encode()).hexdigest()
