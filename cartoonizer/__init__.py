"""Photos of people to cartoons, in onnxruntime: no PyTorch needed.

::

    from cartoonizer import Cartoonizer

    for face in Cartoonizer()("party.jpg", hair="blonde"):
        face.cartoon.save("one.png")
"""

from __future__ import annotations

from cartoonizer.cartoonizer import Cartoonizer
from cartoonizer.errors import CartoonizerError, ModelError, PhotoError
from cartoonizer.face import Face

__all__ = ["Cartoonizer", "CartoonizerError", "Face", "ModelError", "PhotoError"]
