"""Every fault that a data set can have is found, with file and line, and does not hide the others."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from PIL import Image

from datamodules.check import CheckReport, Finding, Severity, check
from datamodules.datasets.registry import CARTOONSET100K, CELEBA, LFW_NET, WIDER_FACE, data_sets
from datamodules.errors import DataError

ATTRIBUTES = "celeba/list_attr_celeba.txt"
BOXES = "celeba/list_bbox_celeba.txt"
PARTITION = "celeba/list_eval_partition.txt"
POINTS = "celeba/list_landmarks_align_celeba.txt"
WIDER = "wider_face/wider_face_split/wider_face_train_bbx_gt.txt"
MAPPING = "celebamask_hq/CelebA-HQ-to-CelebA-mapping.txt"
LFW = "lfw_net/trainImageList.txt"
CSV = "cartoonset10k/cs1.csv"
OTHERS = " 20 20 40 20 30 30 22 40 38 40"


def findings(report: CheckReport, severity: Severity) -> list[Finding]:
    """All findings except the notes on counts and missing sets, which every tiny data root gets."""
    expected = ("the published set has", "the data set is missing")
    everything = [finding for found in report.sets for finding in found.findings if finding.severity is severity]
    return [finding for finding in everything if not any(text in finding.message for text in expected)]


def replace_line(path: Path, line: int, text: str | None) -> None:
    lines = path.read_text().splitlines()
    lines[line - 1 : line] = [] if text is None else [text]
    path.write_text("\n".join(lines) + "\n")


def test_nothing_is_found_where_nothing_is_wrong(root: Path) -> None:
    report = check(root)
    assert not report.is_broken
    assert not findings(report, Severity.ERROR)
    assert not findings(report, Severity.NOTE)


def test_counts_stand_beside_the_published_ones(root: Path) -> None:
    counts = {
        (found.data_set.name, count.split, count.unit): (count.found, count.published)
        for found in check(root).sets
        for count in found.counts
    }
    assert counts == {
        ("celeba", "all", "images"): (3, 202_599),
        ("celeba", "train", "images"): (1, 162_770),
        ("celeba", "val", "images"): (1, 19_867),
        ("celeba", "test", "images"): (1, 19_962),
        ("celebamaskhq", "all", "images"): (2, 30_000),
        ("celebamaskhq", "train", "images"): (1, 24_183),
        ("celebamaskhq", "val", "images"): (0, 2_993),
        ("celebamaskhq", "test", "images"): (1, 2_824),
        ("cartoonset10k", "all", "images"): (2, 10_000),
        ("wider", "train", "images"): (2, 12_880),
        ("wider", "train", "boxes"): (2, 159_424),
        ("wider", "val", "images"): (1, 3_226),
        ("wider", "val", "boxes"): (1, 39_708),
        ("lfwnet", "train", "faces"): (2, 10_000),
        ("lfwnet", "test", "faces"): (1, 3_466),
    }


@pytest.mark.parametrize(
    ("file", "line", "text", "found_line", "message"),
    [
        (PARTITION, 2, "000002.jpg 3", 2, "the part is 3"),
        (PARTITION, 2, "000002.jpg", 2, "0 values, expected 1"),
        (PARTITION, 2, "999999.jpg 1", 2, "no such image: .*999999.jpg"),
        (ATTRIBUTES, 1, "4", 1, "says '4' rows, but 3 follow"),
        (ATTRIBUTES, 2, "Bald", 2, "1 column names, expected 40"),
        (ATTRIBUTES, 4, "000002.jpg" + " -1  1" * 19 + " -1", 4, "39 values, expected 40"),
        (ATTRIBUTES, 4, "000002.jpg" + " -1  1" * 19 + " -1 0", 4, "an attribute is '0'"),
        (ATTRIBUTES, 4, "000001.jpg" + " -1  1" * 20, 4, "has a row in line 3 already"),
        (ATTRIBUTES, 4, None, None, r"1 images of list_eval_partition\.txt have no row, e.g. 000002\.jpg"),
        (POINTS, 5, "000003.jpg 69 109 nan 113 77 142 73 152 108 154", 5, "10 finite numbers"),
        (
            POINTS,
            5,
            "000003.jpg 69 109 106 113 77 142 73 152 108 954",
            5,
            r"landmark 5 \(108, 954\) lies 736 px outside",
        ),
        (BOXES, 5, "000003.jpg 95 71 226 0", 5, "no area"),
        (BOXES, 5, "000003.jpg -95 71 226 313", 5, "starts outside"),
        (BOXES, 5, "000003.jpg 95 x 226 313", 5, "4 finite numbers"),
        ("celeba/list_landmarks_celeba.txt", 3, "000001.jpg 1 2 3", 3, "3 values, expected 10"),
        (MAPPING, 2, "0 119613", 2, "expected two numbers and a file, found '0 119613'"),
        (MAPPING, 3, "0 5 000006.jpg", 3, "photo 0 has a row in line 2 already"),
        (MAPPING, 3, "4000 5 000006.jpg", 3, r"no such image: .*4000\.jpg"),
        (CSV, 1, '"face_color", 11, 11', 1, "face_color is 11, but has only the values 0 to 10"),
        (CSV, 1, '"face_color", 1', 1, 'expected `"name", value index, cardinality`, found'),
        (CSV, 2, None, None, "no valid line for hair_color"),
        (WIDER, 1, "0--Parade/missing.jpg", 1, r"no such image: .*WIDER_train/images/0--Parade/missing\.jpg"),
        (WIDER, 2, "3", 2, "should have 3 boxes, but 2 follow"),
        (WIDER, 3, "10 20 30 40 0 0 0 0 0", 3, "9 values, expected 10"),
        (WIDER, 3, "100 20 30 40 0 0 0 0 0 0", 3, "lies outside the image of 100x80 px"),
        (WIDER, 3, "-20 20 30 40 0 0 0 0 0 0", 3, "20 px outside the image of 100x80 px, 33% of it inside"),
        (WIDER, 3, "10 20 -3 40 0 0 0 0 0 0", 3, "negative size"),
        (LFW, 2, "net_7876\\b.jpg 10 10 12 48" + OTHERS, 2, "no area"),
        (LFW, 2, "net_7876\\b.jpg 10 12 50 48" + OTHERS, 2, r"no area: 2 x -2 px \(the order is x1 x2 y1 y2\)"),
        (LFW, 2, "net_7876\\b.jpg 10 90 12 48" + OTHERS, 2, "30 px outside"),
        (LFW, 2, "net_7876\\b.jpg 10 50 12 48 70 20 40 20 30 30 22 40 38 40", 2, "landmark 1 .* 10 px outside"),
        (LFW, 2, "net_7876\\b.jpg 10 50 12 48 20 20 40 20 30 30 22 40 38", 2, "13 values"),
        (LFW, 2, "net_7876\\x.jpg 10 50 12 48" + OTHERS, 2, r"no such image: .*net_7876/x\.jpg"),
    ],
)
def test_a_broken_line_is_an_error(
    root: Path, file: str, line: int, text: str | None, found_line: int | None, message: str
) -> None:
    replace_line(root / file, line, text)
    report = check(root)
    assert report.is_broken
    found = [f for f in findings(report, Severity.ERROR) if (f.path, f.line) == (root / file, found_line)]
    assert len(found) == 1
    assert re.search(message, found[0].message)


@pytest.mark.parametrize(
    ("file", "line", "text", "message"),
    [
        (BOXES, 5, "000003.jpg 0 0 0 0", "no box is known"),
        (POINTS, 5, "000003.jpg 69 109 106 113 77 142 73 152 108 220", "lies 2 px outside"),
        (WIDER, 3, "10 20 0 40 0 0 0 0 0 0", "no area: 0 x 40 px"),
        (WIDER, 3, "-2 20 5 40 0 0 0 0 0 0", "2 px outside"),
        (WIDER, 3, "70 20 40 40 0 0 0 0 0 0", "10 px outside the image of 100x80 px, 75% of it inside"),
    ],
)
def test_what_official_lists_contain_is_a_note(root: Path, file: str, line: int, text: str, message: str) -> None:
    replace_line(root / file, line, text)
    report = check(root)
    assert not report.is_broken
    (note,) = findings(report, Severity.NOTE)
    assert (note.path, note.line) == (root / file, line)
    assert message in note.message


@pytest.mark.parametrize(
    "image",
    [
        "celeba/img_align_celeba/000002.jpg",
        "celeba/masks/000002.png",
        "celebamask_hq/CelebA-HQ-img/0.jpg",
        "celebamask_hq/CelebAMask-HQ-mask-anno/1/02000_hair.png",
        "cartoonset10k/cs2.png",
        "wider_face/WIDER_val/images/0--Parade/c.jpg",
        "lfw_net/net_7876/b.jpg",
    ],
)
@pytest.mark.parametrize("fault", ["cut off", "empty", "text"])
def test_an_unreadable_image_is_an_error(root: Path, image: str, fault: str) -> None:
    path = root / image
    whole = path.read_bytes()
    path.write_bytes({"cut off": whole[: len(whole) * 2 // 3], "empty": b"", "text": b"not an image\n" * 20}[fault])
    (error,) = findings(check(root), Severity.ERROR)
    assert (error.path, error.line) == (path, None)


@pytest.mark.parametrize(
    "file",
    [
        PARTITION,
        ATTRIBUTES,
        POINTS,
        MAPPING,
        CSV,
        WIDER,
        LFW,
        "wider_face/wider_face_split/wider_face_val_bbx_gt.txt",
        "lfw_net/testImageList.txt",
    ],
)
def test_a_missing_list_is_an_error(root: Path, file: str) -> None:
    (root / file).unlink()
    assert [error.path for error in findings(check(root), Severity.ERROR)] == [root / file]


@pytest.mark.parametrize(
    ("mask", "size"),
    [("celeba/masks/000001.png", "178x218"), ("celebamask_hq/CelebAMask-HQ-mask-anno/0/00000_skin.png", "other masks")],
)
def test_a_mask_of_another_size_is_an_error(root: Path, mask: str, size: str) -> None:
    Image.new("L", (50, 60)).save(root / mask)
    (error,) = findings(check(root), Severity.ERROR)
    assert "50x60" in error.message or "32x32" in error.message
    assert size in error.message


def test_a_photo_without_any_mask_is_an_error_where_it_must_have_one(root: Path) -> None:
    for path in (root / "celebamask_hq" / "CelebAMask-HQ-mask-anno" / "1").iterdir():
        path.unlink()
    (error,) = findings(check(root), Severity.ERROR)
    assert error.message == "photo 2000 has no mask such as 02000_skin.png"
    for path in (root / "celeba" / "masks").iterdir():
        path.rename(path.with_stem(f"x{path.stem}"))
    (note,) = findings(check(root), Severity.NOTE)
    assert note.message == "3 masks have no photo, e.g. x000001.png"


def test_a_csv_without_its_image_is_an_error(root: Path) -> None:
    (root / "cartoonset10k" / "cs2.png").unlink()
    (error,) = findings(check(root), Severity.ERROR)
    assert error.path == root / "cartoonset10k" / "cs2.csv"


def test_one_fault_does_not_hide_another(root: Path) -> None:
    (root / "celeba/img_align_celeba/000001.jpg").write_bytes(b"")
    (root / "cartoonset10k/cs1.png").write_bytes(b"")
    replace_line(root / ATTRIBUTES, 3, "000001.jpg 1")
    replace_line(root / ATTRIBUTES, 4, "000002.jpg 1 1")
    replace_line(root / POINTS, 4, "000002.jpg 1")
    replace_line(root / WIDER, 3, "1 2 3")
    replace_line(root / WIDER, 4, "500 500 10 10 0 0 0 0 0 0")
    replace_line(root / LFW, 1, "lfw_5590\\a.jpg")
    found = {(error.path.name, error.line) for error in findings(check(root), Severity.ERROR)}
    assert found == {
        ("000001.jpg", None),
        ("cs1.png", None),
        ("list_attr_celeba.txt", 3),
        ("list_attr_celeba.txt", 4),
        ("list_landmarks_align_celeba.txt", 4),
        ("wider_face_train_bbx_gt.txt", 3),
        ("wider_face_train_bbx_gt.txt", 4),
        ("trainImageList.txt", 1),
    }


def test_images_that_no_list_names_are_noted(root: Path) -> None:
    for name in ("celeba/img_align_celeba/9.jpg", "wider_face/WIDER_train/images/9.jpg", "lfw_net/net_7876/9.jpg"):
        Image.new("RGB", (20, 20)).save(root / name)
    Image.new("RGB", (20, 20)).save(root / "cartoonset10k" / "preview.jpg")
    report = check(root)
    assert not report.is_broken
    assert len(findings(report, Severity.NOTE)) == 4


def test_a_part_of_wider_that_was_not_got_is_only_fewer(root: Path) -> None:
    shutil.rmtree(root / "wider_face" / "WIDER_val")
    (root / "wider_face" / "wider_face_split" / "wider_face_val_bbx_gt.txt").unlink()
    report = check(root, [WIDER_FACE])
    assert not report.is_broken
    assert [count.found for count in report.sets[0].counts] == [2, 2, 0, 0]


def test_linked_folders_are_followed(root: Path, tmp_path: Path) -> None:
    (root / "lfw_net" / "lfw_5590").rename(tmp_path / "elsewhere")
    (root / "lfw_net" / "lfw_5590").symlink_to(tmp_path / "elsewhere")
    assert not check(root, [LFW_NET]).is_broken


def test_a_missing_set_is_a_note_unless_it_is_named(root: Path) -> None:
    assert not check(root).is_broken
    report = check(root, [CELEBA, CARTOONSET100K])
    assert report.is_broken
    assert [(found.data_set, found.present, bool(found.errors)) for found in report.sets] == [
        (CELEBA, True, False),
        (CARTOONSET100K, False, True),
    ]


def test_an_empty_folder_is_an_error(root: Path) -> None:
    for name in data_sets():
        shutil.rmtree(root / name.folder, ignore_errors=True)
        (root / name.folder).mkdir()
    broken = {found.data_set for found in check(root).sets if found.errors}
    assert broken == set(data_sets())


def test_a_missing_root_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        check(tmp_path / "missing")


def test_the_json_has_everything(root: Path, tmp_path: Path) -> None:
    replace_line(root / WIDER, 3, "1 2 3")
    report = check(root)
    path = tmp_path / "new" / "report.json"
    report.save(path)
    document = json.loads(path.read_text())
    wider = next(entry for entry in document["sets"] if entry["name"] == "wider")
    assert document["ok"] is False
    assert document["root"] == str(root)
    assert {"file": str(root / WIDER), "line": 3, "message": "3 values, expected 10"} in wider["errors"]
    assert {"split": "train", "unit": "images", "found": 2, "published": 12_880} in wider["counts"]
    assert [file.name for file in path.parent.iterdir()] == ["report.json"]


def test_a_json_that_cannot_be_written_leaves_the_old_one(root: Path, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(DataError, match="cannot write"):
        check(root, [CELEBA]).save(tmp_path / "folder")
    assert not list(tmp_path.glob(".*part"))
