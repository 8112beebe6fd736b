"""Records of photos for ``--json``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cartoonizer.face import Face


@dataclass(frozen=True)
class Outcome:
    """Result for a photo.

    Attributes:
        photo: The photo.
        error: Why there is no cartoon; None if there is one.
        faces: Its cartoons.
        files: Written files, one per face, or one for all.
    """

    photo: Path
    error: str | None = None
    faces: Sequence[Face] = ()
    files: Sequence[Path] = ()

    def as_json(self) -> dict[str, object]:
        """As plain values."""
        if self.error is not None:
            return {"photo": str(self.photo), "error": self.error}
        files = [str(path) for path in self.files]
        return {"photo": str(self.photo), "files": files, "faces": [described(face) for face in self.faces]}


def described(face: Face) -> dict[str, object]:
    """A face as plain values; coordinates are pixels of the photo."""
    return {
        "box": [round(edge, 2) for edge in face.box],
        "landmarks": [[round(float(value), 2) for value in point] for point in face.landmarks],
        "score": round(face.score, 4),
        "matrix": [[round(float(value), 6) for value in row] for row in face.matrix],
        "labels": dict(face.labels),
        "own": dict(face.own),
    }
