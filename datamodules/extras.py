"""Optional dependencies: if one is missing, the error names the extra that installs it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from datamodules.errors import DataError

Extra = Literal["rate", "report", "shards"]

MODULES: dict[Extra, frozenset[str]] = {
    "rate": frozenset({"starlette", "uvicorn", "krippendorff", "choix"}),
    "report": frozenset({"jinja2", "markupsafe"}),
    "shards": frozenset({"litdata"}),
}
"""Extra -> the modules that it installs."""


@contextmanager
def needs_extra(extra: Extra) -> Iterator[None]:
    """Wrap imports, so that a missing module of the extra becomes a one-line error.

    Args:
        extra: Name of an extra in ``pyproject.toml``.

    Raises:
        DataError: A module of the extra is not installed. Errors for other modules are re-raised.

    Example:
        >>> with needs_extra("shards"):
        ...     import litdata
    """
    try:
        yield
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in MODULES[extra]:
            raise
        raise DataError(
            f"{missing} is not installed; it belongs to the extra [{extra}]: run `make setup`, "
            f"or pip install 'landmark-cartoongan[{extra}]'"
        ) from error
