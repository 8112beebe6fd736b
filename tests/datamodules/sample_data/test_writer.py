from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datamodules.sample_data import SampleDataSummary, write_sample_data, writer
from datamodules.sample_data.cartoons import CARDINALITY
from datamodules.sample_data.people import ATTRIBUTE_NAMES
from datamodules.sample_data.published_sets import SETS

FOLDERS = ("celeba", "cartoonset10k", "wider_face", "lfw_net")


def test_photographs_and_their_lists_agree(sample_root: Path) -> None:
    celeba = sample_root / "celeba"
    names = [f"{number:06d}.jpg" for number in range(1, 25)]
    assert sorted(path.name for path in (celeba / "img_align_celeba").iterdir()) == names
    attributes = (celeba / "list_attr_celeba.txt").read_text().split("\n")
    assert attributes[0] == "24"
    assert attributes[1] == " ".join(ATTRIBUTE_NAMES) + " "
    assert all(re.fullmatch(r"\d{6}\.jpg( ( 1|-1)){40}", line) for line in attributes[2:-1])
    landmarks = (celeba / "list_landmarks_align_celeba.txt").read_text().split("\n")
    assert landmarks[0] == "24"
    assert len(landmarks[1].split()) == 10
    assert all(re.fullmatch(r"\d{6}\.jpg( \d+){10}", line) for line in landmarks[2:-1])
    for lines in (attributes[2:-1], landmarks[2:-1]):
        assert [line.split()[0] for line in lines] == names
    with Image.open(celeba / "img_align_celeba" / names[0]) as image:
        assert (image.size, image.mode, image.format) == ((178, 218), "RGB", "JPEG")


def test_every_photograph_has_its_masks(sample_root: Path) -> None:
    celeba = sample_root / "celeba"
    for kind in ("masks", "head_masks"):
        assert {path.stem for path in (celeba / kind).iterdir()} == {
            path.stem for path in (celeba / "img_align_celeba").iterdir()
        }
    person, head = (np.asarray(Image.open(celeba / kind / "000001.png")) for kind in ("masks", "head_masks"))
    assert person.shape == head.shape == (218, 178)
    assert 0.1 < (head > 127).mean() < (person > 127).mean() < 0.9


def test_landmarks_stay_near_those_of_celeba_and_vary(sample_root: Path) -> None:
    lines = (sample_root / "celeba" / "list_landmarks_align_celeba.txt").read_text().split("\n")[2:-1]
    points = np.array([line.split()[1:] for line in lines], float).reshape(-1, 5, 2)
    mean = [[69.5, 111], [108, 111], [88, 136], [72.5, 152], [105, 152]]
    assert np.abs(points.mean(0) - mean).max() < 4
    assert np.abs(points - mean).max() < 16
    assert points[:, 2, 0].std() > 1.5


def test_every_part_of_the_partition_is_filled(sample_root: Path) -> None:
    lines = (sample_root / "celeba" / "list_eval_partition.txt").read_text().splitlines()
    assert all(re.fullmatch(r"\d{6}\.jpg [012]", line) for line in lines)
    assert len(lines) == 24
    assert Counter(line[-1] for line in lines[:20]) == {"0": 16, "1": 2, "2": 2}


def test_cartoons_have_their_attribute_files(sample_root: Path) -> None:
    folder = sample_root / "cartoonset10k"
    pictures = sorted(folder.glob("cs*.png"))
    assert len(pictures) == 24
    assert len(list(folder.iterdir())) == 48
    colours: Counter[int] = Counter()
    for picture in pictures:
        lines = picture.with_suffix(".csv").read_text().splitlines()
        parsed = [re.fullmatch(r'"(\w+)", (\d+), (\d+)', line) for line in lines]
        values = [(found[1], int(found[2]), int(found[3])) for found in parsed if found]
        assert [(name, count) for name, _, count in values] == [*CARDINALITY, ("mouth", 2)]
        assert all(value < count for _, value, count in values)
        colours[{name: value for name, value, _ in values}["hair_color"]] += 1
    assert set(colours) == set(range(10))
    assert max(colours.values()) <= 3
    with Image.open(pictures[0]) as image:
        assert (image.size, image.mode) == ((500, 500), "RGBA")


@pytest.mark.parametrize(("split", "pictures"), [("train", 8), ("val", 4)])
def test_boxes_are_listed_as_in_wider_face(sample_root: Path, split: str, pictures: int) -> None:
    root = sample_root / "wider_face"
    lines = (root / "wider_face_split" / f"wider_face_{split}_bbx_gt.txt").read_text().splitlines()
    seen = []
    while lines:
        name, count = lines.pop(0), int(lines.pop(0))
        rows, lines = lines[: max(1, count)], lines[max(1, count) :]
        assert all(re.fullmatch(r"(\d+ ){10}", row) for row in rows)
        boxes = np.array([row.split() for row in rows], int)
        if count == 0:
            assert (boxes == 0).all()
        else:
            with Image.open(root / f"WIDER_{split}" / "images" / name) as image:
                assert (boxes[:, :2] + boxes[:, 2:4] <= image.size).all()
            assert (boxes[:, 2:4] > 0).all()
        seen.append((name, count))
    files = (root / f"WIDER_{split}" / "images").glob("*/*.jpg")
    assert sorted(name for name, _ in seen) == sorted(f"{path.parent.name}/{path.name}" for path in files)
    assert len(seen) == pictures
    assert sum(count == 0 for _, count in seen) == 1


def test_landmark_lists_have_their_backslashes_and_line_ends(sample_root: Path) -> None:
    root = sample_root / "lfw_net"
    form = rb"(lfw_5590|net_7876)\\[\w.]+\.jpg( \d+){4}( \d+\.\d{6}){10}"
    lines = {}
    for name in ("trainImageList.txt", "testImageList.txt"):
        content = (root / name).read_bytes()
        assert content.endswith(b"\r\n")
        lines[name] = content.split(b"\r\n")[:-1]
        assert all(re.fullmatch(form, line) for line in lines[name])
    assert (len(lines["trainImageList.txt"]), len(lines["testImageList.txt"])) == (12, 4)
    for line in [line for each in lines.values() for line in each]:
        words = line.decode().split()
        left, right, top, bottom = (int(word) for word in words[1:5])
        points = np.array(words[5:], float).reshape(5, 2)
        assert (points > [left, top]).all()
        assert (points < [right, bottom]).all()
        with Image.open(root / words[0].replace("\\", "/")) as image:
            assert right < image.width
            assert bottom < image.height
            assert image.size == (250, 250) or words[0].startswith("net")


def test_processes_and_count_do_not_change_a_picture(sample_root: Path, tmp_path: Path) -> None:
    summary = writer._write(tmp_path / "few", count=10, seed=0, progress=False, processes=2)
    assert summary == SampleDataSummary(tmp_path / "few", 10, 10, 8, 4, 16)
    files = [path for path in (tmp_path / "few").rglob("*") if path.suffix in (".jpg", ".png", ".csv")]
    assert len(files) == 3 * 10 + 20 + 8 + 4 + 16
    assert all(path.read_bytes() == (sample_root / path.relative_to(tmp_path / "few")).read_bytes() for path in files)
    for name in ("list_attr_celeba.txt", "list_landmarks_align_celeba.txt", "list_eval_partition.txt"):
        few = (tmp_path / "few" / "celeba" / name).read_text().splitlines()[-10:]
        assert set(few) <= set((sample_root / "celeba" / name).read_text().splitlines())


def test_another_seed_gives_other_pictures(sample_root: Path, tmp_path: Path) -> None:
    row = SETS[0].draw(tmp_path, 1, 0)
    drawn = tmp_path / "img_align_celeba" / row[0]
    assert drawn.read_bytes() != (sample_root / "celeba" / "img_align_celeba" / row[0]).read_bytes()


def test_finished_data_are_left_alone(sample_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("nothing was to be drawn")

    monkeypatch.setattr(writer, "_draw_all", fail)
    assert write_sample_data(sample_root, count=24, seed=0) == SampleDataSummary(sample_root, 24, 24, 8, 4, 16)


@pytest.mark.parametrize(("count", "seed"), [(25, 0), (24, 1)])
def test_other_data_are_not_overwritten(sample_root: Path, count: int, seed: int) -> None:
    with pytest.raises(FileExistsError, match=r"celeba.*delete or move it"):
        write_sample_data(sample_root, count=count, seed=seed)


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_of_someone_else_is_not_overwritten(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(FileExistsError, match=name):
        write_sample_data(tmp_path, count=10)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_failure_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(folder: Path, seed: int, index: int) -> tuple[str, ...]:
        (folder / "half.jpg").touch()
        raise RuntimeError("out of ink")

    monkeypatch.setattr(writer, "SETS", (replace(SETS[0], draw=fail), *SETS[1:]))
    with pytest.raises(RuntimeError, match="out of ink"):
        write_sample_data(tmp_path / "out", count=10, progress=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("count", "seed", "words"), [(9, 0, "at least 10"), (10, -1, "negative")])
def test_senseless_numbers_are_refused(tmp_path: Path, count: int, seed: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        write_sample_data(tmp_path / "out", count=count, seed=seed)
    assert not (tmp_path / "out").exists()


def test_the_manifest_names_what_was_made(sample_root: Path) -> None:
    manifest = json.loads((sample_root / writer.MANIFEST).read_text())
    assert manifest["generator"] == writer.GENERATOR_VERSION
    assert (manifest["count"], manifest["seed"]) == (24, 0)
    assert manifest["pictures"]["celeba"] == 24
