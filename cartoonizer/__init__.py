"""Turns photos of people into cartoons with onnxruntime, without PyTorch.

::

    from cartoonizer import Cartoonizer

    for face in Cartoonizer()("party.jpg", hair="blonde"):
        face.cartoon.save("one.png")

Modules that need onnxruntime are imported lazily, so that the rest of the package loads quickly.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from cartoonizer.errors import CartoonizerError, ModelError, PhotoError

if TYPE_CHECKING:
    from cartoonizer.cartoonizer import Cartoonizer
    from cartoonizer.face import Face

__all__ = ["Cartoonizer", "CartoonizerError", "Face", "ModelError", "PhotoError"]

_LATER = {"Cartoonizer": "cartoonizer.cartoonizer", "Face": "cartoonizer.face"}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATER[name]), name)
