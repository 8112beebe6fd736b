"""What a user did wrong, as opposed to what we did wrong."""

from __future__ import annotations


class UsageError(Exception):
    """A run cannot start or go on as it was asked for. The message names the option or file and is shown as is."""
