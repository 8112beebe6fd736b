"""The one exception of the data code."""

from __future__ import annotations


class DataError(Exception):
    """Data on disk is missing or broken. The message names it and says what to do; it is shown as is."""
