"""The ``cartoonize`` command."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from cartoonizer.drawing import OWN
from cartoonizer.errors import CartoonizerError
from cartoonizer.jobs import plan
from cartoonizer.manifest import Manifest
from cartoonizer.model_file import OWN_MODEL, read_model
from cartoonizer.parser import SuggestingParser, between

ALL = "all"

_ABOUT = """\
Turn the faces of photos and videos into cartoons.

The cartoon of a/b.jpg in a given folder is OUT/a/b.png; with --faces all, b_1.png, b_2.png, ..., largest face first.
The exit code is 1 if a photo or video could not be read or shows no face; all others are processed."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: The command line without the program's name; by default that of this process.

    Returns:
        Exit code: 0; 1 if a photo failed; 2 after an error, explained on standard error.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        return _run(_parser(_manifest(words)).parse_args(words))
    except SystemExit as stop:  # argparse exits this way
        return stop.code if isinstance(stop.code, int) else 0
    except CartoonizerError as error:
        print(f"cartoonize: error: {error}", file=sys.stderr)
        return 2


def _manifest(words: Sequence[str]) -> Manifest:
    """The manifest of the chosen model, whose labels become options."""
    first = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    first.add_argument("--model", type=Path, default=OWN_MODEL)
    chosen: Path = first.parse_known_args(words)[0].model
    return read_model(chosen).manifest


def _parser(manifest: Manifest) -> argparse.ArgumentParser:
    parser = SuggestingParser("cartoonize", _ABOUT)
    add = parser.add_argument
    add("photos", nargs="+", type=Path, metavar="PHOTO|FOLDER|VIDEO", help="photos, videos, and folders of them")
    add("--out", type=Path, default=Path("cartoons"), metavar="DIR", help="folder of the cartoons (default: cartoons)")
    add("--model", type=Path, default=OWN_MODEL, metavar="FILE", help="file of `cartoongan export` (default: bundled)")
    for name, classes in manifest.labels.items():
        text = f"{OWN} for the photo's (default), {ALL} for a sheet of all"
        add(f"--{name.replace('_', '-')}", choices=[OWN, *classes, ALL], default=OWN, help=text)
    add("--faces", choices=["largest", ALL], default="largest", help="faces of a photo (default: largest)")
    add("--size", type=between(16, 4096), metavar="N", help="side of a cartoon in pixels (default: the model's)")
    backgrounds = ["transparent", "white", "keep"]
    add("--background", choices=backgrounds, default=backgrounds[0], help="keep: the photo's (default: transparent)")
    add("--paste", action="store_true", help="paste the cartoons into the photo, which keeps its size")
    add("--side-by-side", action="store_true", help="show the photo's face to the left of its cartoon")
    add("--no-finish", dest="finish", action="store_false", help="do not apply the finisher")
    add("--json", type=Path, metavar="FILE", help="write boxes, landmarks and labels of all faces as JSON")
    add("--skip-existing", action="store_true", help="skip photos whose cartoon (and record in --json) exists")
    add("--jobs", type=between(0, 1024), default=0, metavar="N", help="photos processed in parallel (0: one per core)")
    parser.set_defaults(labels=manifest.labels, about=f"model {manifest.name}, {manifest.terms}")
    return parser


def _run(options: argparse.Namespace) -> int:
    from cartoonizer.cartoonizer import Cartoonizer
    from cartoonizer.pictures import Style
    from cartoonizer.records import done_before
    from cartoonizer.work import Worker, run_recorded, written

    labels = {name: _asked(getattr(options, name), classes) for name, classes in options.labels.items()}
    if options.paste:
        _check_pasted("--paste", options, labels)
    jobs = plan(options.photos, options.out)
    if any(job.is_video for job in jobs):
        _check_pasted("a video", options, labels)
    is_numbered = options.faces == ALL and not options.paste
    done = done_before(jobs, is_numbered, options.json) if options.skip_existing else {}
    at_once = min(options.jobs or os.cpu_count() or 1, max(1, len(jobs) - len(done)))
    cartoonizer = Cartoonizer(options.model, threads=1 if at_once > 1 else 0, finish=options.finish)
    print(options.about, file=sys.stderr)
    style = Style(options.size, options.background, options.side_by_side)
    worker = Worker(cartoonizer, options.faces, labels, style, options.paste)
    outcomes = run_recorded(worker, jobs, done, at_once, options.json)
    failures = sum(outcome.error is not None for outcome in outcomes)
    drawn = f"{_counted(len(written(outcomes)), 'cartoon')} of {_counted(len(outcomes) - failures, 'photo')}"
    print(f"{drawn}: {options.out}" + _told(failures))
    return 1 if failures else 0


def _check_pasted(name: str, options: argparse.Namespace, labels: Mapping[str, Sequence[str]]) -> None:
    """Reject options that have no effect on cartoons that are pasted into a photo or video.

    Args:
        name: What pastes them, for messages.
        options: All options.
        labels: The requested classes of each label.

    Raises:
        CartoonizerError: There is such an option.
    """
    if any(len(classes) > 1 for classes in labels.values()):
        raise CartoonizerError(f"{name} needs a single class of each label, not {ALL}")
    if options.side_by_side or options.size or options.background != "transparent":
        raise CartoonizerError(f"{name} keeps size and background; leave out --size, --background and --side-by-side")


def _asked(given: str, classes: Sequence[str]) -> list[str]:
    return list(classes) if given == ALL else [given]


def _told(failures: int) -> str:
    return f"; {failures} failed" if failures else ""


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
