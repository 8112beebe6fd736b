"""Processes photos to files, optionally in parallel."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from cartoonizer.atomic import write_whole
from cartoonizer.cartoonizer import Cartoonizer, Faces
from cartoonizer.decode import decode
from cartoonizer.errors import NO_FACE, CartoonizerError, PhotoError
from cartoonizer.face import Face
from cartoonizer.jobs import Job
from cartoonizer.paste import paste
from cartoonizer.pictures import Style, png
from cartoonizer.records import Outcome, Record, write_records


@dataclass(frozen=True)
class Worker:
    """Writes the output files of a photo.

    Attributes:
        cartoonizer: The cartoonizer.
        faces: The selected faces.
        labels: The requested classes of each label.
        style: Style of the pictures.
        is_pasted: Whether to paste cartoons into the photo.
    """

    cartoonizer: Cartoonizer
    faces: Faces
    labels: Mapping[str, Sequence[str]]
    style: Style
    is_pasted: bool = False

    def __call__(self, job: Job) -> Outcome:
        """Write the cartoons of a photo, and return the written files or the error."""
        try:
            return self._make(job)
        except PhotoError as error:
            return Outcome(job.photo, str(error))
        except CartoonizerError as error:
            return Outcome(job.photo, f"{job.photo}: {error}")

    def _make_video(self, job: Job) -> Outcome:
        from cartoonizer.video import cartoonize_video

        labels = {name: classes[0] for name, classes in self.labels.items()}
        cartoonize_video(self.cartoonizer, job.photo, job.target, self.faces, labels)
        return Outcome(job.photo, None, (), [job.target])

    def _make(self, job: Job) -> Outcome:
        if job.is_video:
            return self._make_video(job)
        photo = decode(job.photo)
        made = self.cartoonizer(photo, self.faces, **self.labels)
        if not made:
            raise PhotoError(f"{job.photo}: {NO_FACE}")
        if self.is_pasted:
            pictures = [Image.fromarray(paste(photo, made))]
        else:
            pictures = [self.style.sheet(row) for row in _by_face(made)]
        is_numbered = self.faces == "all" and not self.is_pasted
        files = [job.place(number if is_numbered else None) for number in range(1, len(pictures) + 1)]
        for picture, path in reversed(list(zip(pictures, files, strict=True))):  # with the first, all are there
            write_whole(path, png(picture))
        return Outcome(job.photo, None, made, files)


def run_recorded(
    worker: Callable[[Job], Outcome], jobs: Sequence[Job], done: Mapping[Job, Record], at_once: int, path: Path | None
) -> list[Outcome]:
    """Run the jobs that are not done, and write the records of all, even if interrupted.

    Args:
        worker: Processes a job.
        jobs: All jobs.
        done: The jobs that are done, and their records.
        at_once: Number of parallel jobs; 0 for one per core.
        path: File of the records; None for none.

    Returns:
        The results of the jobs that were run.

    Raises:
        CartoonizerError: The records cannot be written.
    """
    todo = [job for job in jobs if job not in done]
    outcomes: dict[Job, Outcome] = {}
    try:
        for job, outcome in zip(todo, run_all(worker, todo, at_once), strict=True):
            outcomes[job] = outcome
    finally:
        if path is not None:
            records = {**done, **{job: outcome.as_json() for job, outcome in outcomes.items()}}
            write_records(path, [records[job] for job in jobs if job in records])
    return list(outcomes.values())


def run_all(worker: Callable[[Job], Outcome], jobs: Sequence[Job], at_once: int = 0) -> Iterator[Outcome]:
    """Run jobs in parallel, with a progress display on a terminal.

    Args:
        worker: Processes a job.
        jobs: The jobs.
        at_once: Number of parallel jobs; 0 for one per core.

    Yields:
        Their results, in order.
    """
    with ThreadPoolExecutor(at_once or os.cpu_count() or 1) as pool:
        for outcome in _watched(pool.map(worker, jobs), len(jobs)):
            if outcome.error is not None:
                print(f"cartoonize: error: {outcome.error}", file=sys.stderr)
            yield outcome


def written(outcomes: Sequence[Outcome]) -> list[Path]:
    """All written files."""
    return [path for outcome in outcomes for path in outcome.files]


def _by_face(made: Sequence[Face]) -> list[list[Face]]:
    """Group cartoons by face; those of one face share their detection."""
    rows: list[list[Face]] = []
    for face in made:
        if rows and rows[-1][0].detection is face.detection:
            rows[-1].append(face)
        else:
            rows.append([face])
    return rows


def _watched(outcomes: Iterator[Outcome], count: int) -> Iterator[Outcome]:
    """Pass results through, with a count on a terminal."""
    is_shown = sys.stderr.isatty() and count > 1
    for number, outcome in enumerate(outcomes, start=1):
        yield outcome
        if is_shown:
            print(f"\r{number} of {count} photos", end="" if number < count else "\n", file=sys.stderr, flush=True)
