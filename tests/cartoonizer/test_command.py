from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cartoonizer.atomic import write_whole
from cartoonizer.command import main
from cartoonizer.jobs import Job
from cartoonizer.records import Outcome
from cartoonizer.work import Worker
from tests.cartoonizer.test_cartoonizer import two_faces

SIDE = 256


@pytest.fixture
def photos(tmp_path: Path, portrait: Path) -> Path:
    folder = tmp_path / "photos" / "sub"
    folder.mkdir(parents=True)
    with Image.open(portrait) as image:
        image.save(folder.parent / "a.jpg")
        turned = image.transpose(Image.Transpose.ROTATE_90)  # a phone that was held upright says so
        exif = Image.Exif()
        exif[0x0112] = 6
        turned.save(folder / "b.jpg", exif=exif)
    return folder.parent


@pytest.fixture
def party(tmp_path: Path, portrait: Path) -> Path:
    with Image.open(portrait) as image:
        Image.fromarray(two_faces(np.asarray(image))).save(tmp_path / "party.png")
    return tmp_path / "party.png"


def run(photo: Path, out: Path, *words: str) -> int:
    return main([str(photo), "--out", str(out), *words])


def test_a_folder_of_photos_becomes_one_of_cartoons(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run(photos, out) == 0
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*.png")) == ["a.png", "sub/b.png"]
    with Image.open(out / "a.png") as first, Image.open(out / "sub" / "b.png") as second:
        assert (first.mode, first.size) == ("RGBA", (SIDE, SIDE))
        pictures = [np.asarray(image.convert("RGB"), float) for image in (first, second)]
    upright, lying = (np.abs(pictures[0] - np.rot90(pictures[1], turns)).mean() for turns in (0, 1))
    assert upright < 0.5 * lying  # the turned file is upright again
    stamp = (out / "a.png").stat().st_mtime_ns
    assert run(photos, out, "--skip-existing") == 0
    assert (out / "a.png").stat().st_mtime_ns == stamp


@pytest.mark.parametrize(
    ("words", "name", "mode", "size"),
    [
        (["--hair", "all", "--side-by-side"], "a.png", "RGB", (5 * SIDE, SIDE)),
        (["--hair", "all"], "a.png", "RGBA", (4 * SIDE, SIDE)),
        (["--size", "100", "--background", "white"], "a.png", "RGB", (100, 100)),
        (["--size", "100", "--background", "keep", "--side-by-side"], "a.png", "RGB", (200, 100)),
        (["--faces", "all"], "a_1.png", "RGBA", (SIDE, SIDE)),
        (["--no-finish"], "a.png", "RGBA", (SIDE // 2, SIDE // 2)),
        (["--paste"], "a.png", "RGB", (178, 218)),
    ],
)
def test_options_say_what_the_picture_is(
    photos: Path, tmp_path: Path, words: list[str], name: str, mode: str, size: tuple[int, int]
) -> None:
    assert run(photos / "a.jpg", tmp_path / "out", *words) == 0
    with Image.open(tmp_path / "out" / name) as image:
        assert (image.mode, image.size) == (mode, size)


def test_every_face_of_a_photo_has_its_file_and_its_record(party: Path, tmp_path: Path) -> None:
    record = tmp_path / "faces.json"
    assert run(party, tmp_path / "out", "--faces", "all", "--hair", "black", "--json", str(record)) == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["party_1.png", "party_2.png"]
    (photo,) = json.loads(record.read_text())
    assert [Path(file).name for file in photo["files"]] == ["party_1.png", "party_2.png"]
    first, second = photo["faces"]
    assert first["box"][0] > 230 > second["box"][0]
    assert first["labels"]["hair"] == "black"
    assert np.array(first["landmarks"]).shape == (5, 2)


def test_a_photo_is_done_only_with_all_of_its_faces(
    party: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, names = tmp_path / "out", ["party_1.png", "party_2.png"]

    def killed(path: Path, content: bytes) -> None:
        if out.is_dir():
            raise KeyboardInterrupt
        write_whole(path, content)

    with monkeypatch.context() as patched:
        patched.setattr("cartoonizer.work.write_whole", killed)
        with pytest.raises(KeyboardInterrupt):
            run(party, out, "--faces", "all")
    assert len(list(out.iterdir())) == 1
    assert run(party, out, "--faces", "all", "--skip-existing") == 0
    assert sorted(path.name for path in out.iterdir()) == names


def test_a_continued_folder_has_the_records_of_all_photos(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, record = tmp_path / "out", tmp_path / "faces.json"
    again = ("--faces", "all", "--json", str(record), "--skip-existing")

    def interrupted(worker: Worker, job: Job) -> Outcome:
        if job.photo.name == "b.jpg":
            raise KeyboardInterrupt
        return make(worker, job)

    make = Worker.__call__
    with monkeypatch.context() as patched:
        patched.setattr(Worker, "__call__", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run(photos, out, *again)
    (first,) = json.loads(record.read_text())
    assert run(photos, out, *again) == 0
    records = json.loads(record.read_text())
    assert [Path(each["photo"]).name for each in records] == ["a.jpg", "b.jpg"]
    assert records[0] == first
    stamp = (out / "a_1.png").stat().st_mtime_ns
    record.write_text(json.dumps([{"photo": str(photos / "a.jpg"), "error": "torn"}, records[1]]))
    assert run(photos, out, *again) == 0
    assert json.loads(record.read_text()) == records
    assert (out / "a_1.png").stat().st_mtime_ns > stamp  # it had no record


@pytest.mark.parametrize("content", ["{", "{}", '{"error": 1}', "[[]]", "[{}]", '[{"files": []}]', "[1]", "7"])
def test_records_are_not_written_over_other_files(
    photos: Path, tmp_path: Path, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    record = tmp_path / "faces.json"
    record.write_text(content)
    assert run(photos, tmp_path / "out", "--json", str(record), "--skip-existing") == 2
    assert "faces.json is not a file of --json" in capsys.readouterr().err
    assert record.read_text() == content


def test_photos_without_face_or_of_no_use_are_named_and_the_others_done(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("RGB", (90, 120)).save(photos / "empty.png")
    (photos / "torn.jpg").write_bytes((photos / "a.jpg").read_bytes()[:700])
    assert run(photos, tmp_path / "out", "--json", str(tmp_path / "faces.json")) == 1
    said = capsys.readouterr()
    assert "empty.png: no face found" in said.err
    assert "torn.jpg" in said.err
    assert "cartoons of 2 photos" in said.out
    assert "2 failed" in said.out
    assert (tmp_path / "out" / "a.png").exists()
    assert not (tmp_path / "out" / "empty.png").exists()
    assert sum("error" in photo for photo in json.loads((tmp_path / "faces.json").read_text())) == 2


def test_nothing_is_overwritten_by_accident(photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.open(photos / "a.jpg").save(photos / "a.png")
    assert run(photos, tmp_path / "out") == 2
    assert "would both be written to" in capsys.readouterr().err
    assert run(photos / "a.png", photos) == 2
    assert "would overwrite the photo" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--hair", "pink"], "invalid choice: 'pink'"),
        (["--size", "3"], "--size: expected a number from 16 to 4096, got '3'"),
        (["--size", "abc"], "--size: expected a number from 16 to 4096, got 'abc'"),
        (["--size", "9" * 5000], "--size: expected a number from 16 to 4096"),
        (["--jobs", "-1"], "--jobs: expected a number from 0 to 1024, got '-1'"),
        (["--paste", "--size", "64"], "--paste keeps size and background; leave out --size"),
        (["--paste", "--background", "keep"], "--paste keeps size and background"),
        (["--paste", "--side-by-side"], "--paste keeps size and background"),
        (["--paste", "--hair", "all"], "--paste needs a single class of each label"),
        (["--model", "none.cartoon"], "no such model file"),
        (["--colour", "grey"], "unrecognized arguments"),
    ],
)
def test_wrong_options_are_refused(
    photos: Path, tmp_path: Path, words: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(photos, tmp_path / "out", *words) == 2
    assert expected in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_it_says_which_model_and_under_which_terms(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(photos, tmp_path / "out")
    assert "model cartoons, for research only: CelebA" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_named(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert run(photos / "a.jpg", tmp_path / "file") == 1
    assert "cannot write" in capsys.readouterr().err
