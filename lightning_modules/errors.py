"""User errors, as opposed to bugs."""

from __future__ import annotations


class UsageError(Exception):
    """A run cannot start or continue as requested. The message names the option or file and is shown to the user."""
