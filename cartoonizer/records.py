"""Records of photos, for ``--json``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cartoonizer.atomic import write_whole
from cartoonizer.errors import CartoonizerError
from cartoonizer.face import Face
from cartoonizer.jobs import Job

Record = Mapping[str, object]
"""What is known of a photo, as plain values."""


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

    def as_json(self) -> Record:
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


def write_records(path: Path, records: Iterable[Record]) -> None:
    """Write records as JSON.

    Raises:
        CartoonizerError: The file cannot be written.
    """
    write_whole(path, json.dumps(list(records), indent=1).encode())


def done_before(jobs: Iterable[Job], is_numbered: bool, path: Path | None) -> dict[Job, Record]:
    """The jobs that an earlier run has done, with their records.

    Args:
        jobs: All jobs.
        is_numbered: Whether each face of a photo has its own file.
        path: The file of the records, without which a job is not done; None if none are needed.

    Raises:
        CartoonizerError: The file cannot be read, or has no records.
    """
    done = {job: first for job in jobs if (first := job.first(is_numbered)).exists()}
    if path is None:
        return {job: {} for job in done}
    records = _read_records(path)
    return {job: records[first] for job, first in done.items() if first in records}


def _read_records(path: Path) -> dict[Path, Record]:
    """The records of all photos with a cartoon, by their first file; empty if the file does not exist."""
    try:
        records = json.loads(path.read_bytes())
        if not isinstance(records, list):
            raise TypeError(f"a {type(records).__name__}")
        return {Path(record["files"][0]): record for record in records if "error" not in record}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise CartoonizerError(f"cannot read {path}: {error.strerror}; choose another --json") from error
    except (ValueError, LookupError, TypeError) as error:
        raise CartoonizerError(f"{path} is not a file of --json; choose another or remove it") from error
