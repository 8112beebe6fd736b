"""What goes wrong, in one line for whoever uses the package."""

from __future__ import annotations


class CartoonizerError(Exception):
    """Base of this package's errors. The message names the file or option and says what to do; it is shown as is."""


class PhotoError(CartoonizerError):
    """A photo is missing, damaged, too large or no photo."""


class ModelError(CartoonizerError):
    """A model file is missing, damaged, foreign or newer than this package."""


class ServeError(CartoonizerError):
    """A server cannot be started as it was asked for."""
