"""JSON objects with typed access and errors that name the file and key."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import NoReturn

from datamodules.errors import DataError

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


def read_json(path: Path) -> Json:
    """What a JSON file holds.

    Raises:
        DataError: It cannot be read, or is no JSON.
    """
    try:
        content: Json = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is damaged: {error}") from error
    return content


class Section:
    """A JSON object; a missing value, or one of the wrong type, raises a ``DataError`` that names it.

    Args:
        values: The table.
        path: The file, for complaints.
        name: Where in the file it is, for complaints.
    """

    def __init__(self, values: Json, path: Path, name: str = "") -> None:
        self._path, self._name = path, name
        if not isinstance(values, dict):
            self.complain(f"is {values!r:.40}, expected a table")
        self._values = values

    def section(self, key: str) -> Section:
        """The table under a key."""
        return Section(self._values.get(key), self._path, f"{self._name}.{key}".lstrip("."))

    def sections(self) -> dict[str, Section]:
        """All values, which are tables, by key."""
        return {key: self.section(key) for key in self._values}

    def text(self, key: str) -> str:
        """A text."""
        value = self._values.get(key)
        return value if isinstance(value, str) else self.complain(f"has {key}: {value!r:.40}, expected a text")

    def whole(self, key: str) -> int:
        """A whole number."""
        value = self._values.get(key)
        if isinstance(value, bool) or not isinstance(value, int):
            self.complain(f"has {key}: {value!r:.40}, expected a whole number")
        return value

    def maybe_text(self, key: str) -> str | None:
        """A text, or None."""
        return None if self._values.get(key) is None else self.text(key)

    def maybe_whole(self, key: str) -> int | None:
        """A whole number, or None."""
        return None if self._values.get(key) is None else self.whole(key)

    def maybe_number(self, key: str) -> float | None:
        """A finite number, or None."""
        value = self._values.get(key)
        number = _number(value)
        if value is not None and number is None:
            self.complain(f"has {key}: {value!r:.40}, expected a finite number or null")
        return number

    def maybe_interval(self, key: str) -> tuple[float, float] | None:
        """Two finite numbers, the smaller one first; or None."""
        value = self._values.get(key)
        if value is None:
            return None
        low, high = map(_number, value) if isinstance(value, list) and len(value) == 2 else (None, None)
        if low is None or high is None or low > high:
            self.complain(f"has {key}: {value!r:.40}, expected a low and a high end or null")
        return low, high

    def single_values(self) -> dict[str, str | int | float | None]:
        """All values that are no tables or lists."""
        return {key: value for key, value in self._values.items() if not isinstance(value, dict | list)}

    def numbers(self) -> dict[str, float]:
        """All values that are numbers."""
        numbers = {key: _number(value) for key, value in self._values.items()}
        return {key: number for key, number in numbers.items() if number is not None}

    def complain(self, trouble: str) -> NoReturn:
        """Raise that the table has a fault.

        Raises:
            DataError: Always.
        """
        raise DataError(f"{self._path}: {self._name or 'it'} {trouble}")


def _number(value: Json) -> float | None:
    """A finite number, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if math.isfinite(value) else None
