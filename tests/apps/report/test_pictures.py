from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from apps.report.pictures import JudgedFace, draw_gallery, open_runs, read_faces, worst_by_hair, worst_by_landmarks
from apps.report.runs import read_run
from datamodules.errors import DataError

HEAD = "number,file,landmark_error,hair,hair_judged,glasses,glasses_judged,beard,beard_judged\n"


def pixels(uri: str) -> NDArray[np.uint8]:
    kind, _, content = uri.partition(",")
    assert kind == "data:image/webp;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(content))).convert("RGB"))


def faces(*lines: tuple[str, float | None, str, str]) -> list[JudgedFace]:
    return [JudgedFace(*line) for line in lines]


def test_what_was_found_of_each_face_is_read(tmp_path: Path) -> None:
    path = tmp_path / "faces.csv"
    path.write_text(HEAD + "0,a.jpg,0.25,black,grey,0,1\n1,b.jpg,nan,,brown,,0\n2,c.jpg,,grey,,1,\n")
    first, second, third = read_faces(path)
    assert (first, first.has_other_hair) == (JudgedFace("a.jpg", 0.25, "black", "grey"), True)
    assert (second.landmark_error, second.has_other_hair) == (None, False)
    assert (third, third.has_other_hair) == (JudgedFace("c.jpg", None, "grey", ""), False)
    assert read_faces(tmp_path / "nowhere.csv") == []


@pytest.mark.parametrize(
    "content", [HEAD + "0,a.jpg,much,black,grey,0,1\n", "number,file\n0,a.jpg\n", HEAD + "0,a.jpg\n"]
)
def test_a_damaged_file_of_faces_is_named(content: str, tmp_path: Path) -> None:
    path = tmp_path / "faces.csv"
    path.write_text(content)
    with pytest.raises(DataError, match=r"faces\.csv is damaged"):
        read_faces(path)


def test_the_worst_are_those_with_the_largest_errors() -> None:
    judged = faces(("a", 0.1, "", ""), ("b", None, "", ""), ("c", 0.9, "", ""), ("d", 0.0, "", ""), ("e", 0.5, "", ""))
    assert [face.file for face in worst_by_landmarks(judged, 2)] == ["c", "e"]
    assert [face.file for face in worst_by_landmarks(judged, 9)] == ["c", "e", "a", "d"]


def test_wrong_hair_is_shown_from_all_over_the_set() -> None:
    judged = faces(*((str(number), None, "black", "grey" if number % 2 else "black") for number in range(20)))
    assert [face.file for face in worst_by_hair(judged, 4)] == ["1", "5", "11", "15"]
    assert worst_by_hair(judged, 0) == []


def test_faces_and_worst_cases_are_the_runs_own(tested_runs: list[Path]) -> None:
    (first, second), warnings = open_runs([read_run(home) for home in tested_runs])
    assert warnings == []
    names = first.photo_names
    wrong = HEAD + "".join(
        f"{i},{name},{0.1 * i},black,{'grey' if i == 1 else 'black'},0,0\n" for i, name in enumerate(names)
    )
    (tested_runs[0] / "test" / "faces.csv").write_text(wrong)

    gallery = draw_gallery([first, second], faces=2, worst=1)

    assert gallery.titles == [first.title, second.title]
    assert [row.name for row in gallery.faces] == [names[0], names[len(names) // 2]]
    for row in gallery.faces:
        photos = first.photos([row.name])
        images = [photos.image, *(run.cartoons(photos) for run in (first, second))]
        for uri, image in zip((row.photo, *row.cartoons), images, strict=True):
            expected = ((image[0].permute(1, 2, 0) + 1) * 127.5).numpy()
            assert np.abs(pixels(uri) - expected).max() < 0.51  # rounded, nothing else
    worst = gallery.worst[first.title]
    (case,) = worst.by_landmarks
    assert case.caption == f"error {10 * (len(names) - 1)}.0 %"
    assert case.photo == draw_gallery([first], faces=len(names), worst=0).faces[-1].photo
    assert [case.caption for case in worst.by_hair] == ["black, judged grey"]
    assert worst.hair_summary == f"1 of {len(names)} have another colour"
    assert not gallery.worst[second.title].by_landmarks
    assert gallery.has_worst


def test_exactly_the_tested_file_is_opened(tested_runs: list[Path]) -> None:
    measured = [read_run(home) for home in tested_runs]
    folder = tested_runs[1] / "checkpoints"
    (folder / "best.ckpt").rename(folder / "last.ckpt")  # of the same steps, and yet not what was tested
    (run,), (warning,) = open_runs(measured)
    assert run.home == tested_runs[0]
    assert warning == f"no pictures of {measured[1].title}: {folder / 'best.ckpt'} does not exist any more"


def test_a_checkpoint_that_was_trained_further_is_not_shown(
    tested_runs: list[Path], save_progress: Callable[..., None]
) -> None:
    path = tested_runs[0] / "checkpoints" / "best.ckpt"
    save_progress(path, step=200)
    (run,), (warning,) = open_runs([read_run(home) for home in tested_runs])
    assert run.home == tested_runs[1]
    assert warning.endswith(f"{path} is from another step than the tested one")


def test_a_test_of_another_file_shows_that_file(tested_runs: list[Path], untrained: list[Path]) -> None:
    metrics = tested_runs[0] / "test" / "metrics.json"
    metrics.write_text(json.dumps(json.loads(metrics.read_text()) | {"checkpoint": str(untrained[1])}))
    (run,), _ = open_runs([read_run(tested_runs[0])])
    assert run.checkpoint == untrained[1]


def test_data_that_moved_after_training_are_found(tested_runs: list[Path], sample_root: Path, tmp_path: Path) -> None:
    metrics = tested_runs[0] / "test" / "metrics.json"
    content = json.loads(metrics.read_text())
    (tmp_path / "moved").symlink_to(sample_root)
    content["data"]["root"] = str(tmp_path / "moved")
    metrics.write_text(json.dumps(content))
    (run,), _ = open_runs([read_run(tested_runs[0])])
    assert run.data.hparams["root"] == str(tmp_path / "moved")
    (run,), _ = open_runs([read_run(tested_runs[0])], sample_root)
    assert run.data.hparams["root"] == str(sample_root)
    content["data"]["root"] = str(tmp_path / "nowhere")
    metrics.write_text(json.dumps(content))
    found, (warning,) = open_runs([read_run(home) for home in tested_runs[:1]])
    assert found == []
    assert f"no such folder: {tmp_path / 'nowhere'}; if the data has moved, give its folder with --root" in warning
