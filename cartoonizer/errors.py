"""The package's errors, with one-line messages for users."""

from __future__ import annotations

NO_FACE = "no face found; the whole face must be in the photo, and at least 1/16 of its longer side"


class CartoonizerError(Exception):
    """Base class. The message names the file or option, says what to do, and is shown to the user."""


class PhotoError(CartoonizerError):
    """A photo is missing, damaged, too large, or not a photo."""


class ModelError(CartoonizerError):
    """A model file is missing, damaged, of another kind, or newer than this package."""


class ServeError(CartoonizerError):
    """A server cannot be started with the given options."""
