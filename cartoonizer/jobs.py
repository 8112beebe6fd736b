"""Plans the output files of photos."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cartoonizer.decode import SUFFIXES as PHOTO_SUFFIXES
from cartoonizer.decode import find_files
from cartoonizer.errors import CartoonizerError

VIDEO_SUFFIXES = frozenset({".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi"})


@dataclass(frozen=True)
class Job:
    """A photo or video and its cartoon.

    Attributes:
        photo: The photo or video.
        target: The cartoon's PNG or MP4; for several faces, a number is appended to the stem.
    """

    photo: Path
    target: Path

    @property
    def is_video(self) -> bool:
        """Whether it is a video."""
        return self.photo.suffix.lower() in VIDEO_SUFFIXES

    def place(self, number: int | None) -> Path:
        """The file of a face by its number, starting at 1; None for a single cartoon."""
        return self.target if number is None else self.target.with_name(f"{self.target.stem}_{number}.png")

    def first(self, is_numbered: bool) -> Path:
        """Its first file, which is written last; ``is_numbered`` if each face of a photo has its own."""
        return self.place(1 if is_numbered and not self.is_video else None)


def plan(given: Iterable[Path], out: Path) -> list[Job]:
    """A job for each photo and video: a/b.jpg in a given folder becomes OUT/a/b.png.

    Raises:
        CartoonizerError: A folder has no image, or two photos would have the same output file.
    """
    jobs: dict[Path, Job] = {}
    for path in given:
        for photo in find_files(path, PHOTO_SUFFIXES | VIDEO_SUFFIXES) if path.is_dir() else [path]:
            name = photo.relative_to(path) if path.is_dir() else Path(photo.name)
            suffix = ".mp4" if photo.suffix.lower() in VIDEO_SUFFIXES else ".png"
            job = Job(photo, (out / name).with_suffix(suffix))
            _reject_clash(job, jobs.setdefault(job.target, job))
    return list(jobs.values())


def _reject_clash(job: Job, other: Job) -> None:
    if other.photo != job.photo:
        raise CartoonizerError(f"{other.photo} and {job.photo} would both be written to {job.target}; use two runs")
    if job.target.resolve() == job.photo.resolve():
        raise CartoonizerError(f"--out: the cartoon of {job.photo} would overwrite the photo; choose another folder")
