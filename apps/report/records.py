"""Validated reading of a run's JSON files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from datamodules.errors import DataError
from lightning_modules.figure import Figure

T = TypeVar("T")

_TABLES = {"dataclass_type", "dict_type", "model_type"}
_EXPECTED = {
    **{"string_type": "a text", "int_type": "a whole number"},
    **dict.fromkeys(("float_type", "finite_number"), "a finite number or null"),
    "literal_error": "lower, higher or an empty text",
}
_EXPECTED_OF = {
    **dict.fromkeys(("format", "seed", "step"), "a whole number"),
    **dict.fromkeys(("data", "judges", "figures"), "a table"),
}


class Record(BaseModel):
    """A JSON object, strictly typed; other keys are ignored."""

    model_config = ConfigDict(strict=True, frozen=True, allow_inf_nan=False)


class Judge(Record):
    """An evaluation network.

    Attributes:
        name: Its name, including the hash of its weights.
        reached: Its own accuracies and errors by name, as fractions.
    """

    name: str
    reached: Mapping[str, float]

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, values: Any) -> Any:
        """Collect all numeric values of the record."""
        if not isinstance(values, dict):
            return values
        numbers = {key: value for key, value in values.items() if type(value) in {int, float}}
        return {"name": values.get("name"), "reached": numbers}


class Session(Record):
    """A session of a training run.

    Attributes:
        command: The command line.
        revision: Code revision; None if unknown.
        folder: Working directory of the command; None if unknown.
    """

    command: str
    revision: str | None = Field(None, alias="git_revision")
    folder: str | None = None


class Format(Record):
    """The format version of a file."""

    format: int


class Metrics(Record):
    """The output of ``lightning test``; see ``apps.report.runs.MeasuredRun``."""

    variant: str
    seed: int
    checkpoint: str
    epoch: int | None = None
    step: int
    device: str | None = None
    precision: str | None = None
    data: dict[str, Any]
    judges: dict[str, Judge]
    figures: dict[str, Figure]
    command: str
    folder: str | None = None


FORMAT, METRICS, SESSIONS = TypeAdapter(Format), TypeAdapter(Metrics), TypeAdapter(list[Session])


def read_record(path: Path, record: TypeAdapter[T]) -> T:
    """Read a JSON file as a record.

    Raises:
        DataError: It cannot be read, is not JSON, or a value is missing or of the wrong type; the message names it.
    """
    try:
        return record.validate_json(path.read_bytes())
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from error
    except ValidationError as error:
        raise DataError(f"{path}{_explain(dict(error.errors()[0]))}") from error


def _explain(error: Mapping[str, Any]) -> str:
    """Description of a validation error, to follow the file name."""
    kind, value = error["type"], error["input"]
    if kind == "json_invalid":
        return f" is damaged: {error['msg']}"
    *parents, key = map(str, error["loc"] or ("it",))
    if kind == "value_error":
        return f": {'.'.join((*parents, key))} {error['ctx']['error']}"
    if kind in _TABLES:
        return f": {'.'.join((*parents, key))} is {value!r:.40}, expected a table"
    expected = _EXPECTED.get(kind, error["msg"])
    if "interval" in (*parents, key):
        parents, key = parents[: parents.index("interval")] if "interval" in parents else parents, "interval"
        expected = "a lower and an upper bound, or null"
    elif kind == "missing":
        value, expected = None, _EXPECTED_OF.get(key, "a text")
    return f": {'.'.join(parents) or 'it'} has {key}: {value!r:.40}, expected {expected}"
