"""The exception of the data code."""

from __future__ import annotations


class DataError(Exception):
    """Data on disk is missing or broken. The message names the file, says what to do, and is shown to the user."""
