from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from apps.drawing.contact_sheet import BOX_COLOUR, POINT_COLOUR
from apps.main import main


def near(image: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], colour: tuple[int, int, int]) -> int:
    """Pixels of nearly that colour."""
    return int((np.abs(image.astype(int) - colour).max(axis=2) < 12).sum())


@pytest.mark.parametrize(
    ("what", "split", "has_boxes", "has_points"),
    [
        ("celeba", "train", False, True),
        ("cartoonset10k", "train", False, True),
        ("wider", "val", True, False),
        ("lfwnet", "test", True, True),
        ("batch", "train", False, True),
    ],
)
def test_sheets_have_pictures_boxes_and_points(
    what: str, split: str, has_boxes: bool, has_points: bool, sample_root: Path, tmp_path: Path
) -> None:
    out = tmp_path / "new" / "sheet.png"
    words = ["data", "show", what, "--root", str(sample_root), "--split", split, "--count", "4", "--out", str(out)]
    assert main([*words, "--image-size", "64"]) == 0
    sheet = np.asarray(Image.open(out))
    assert sheet.shape == (208, 4 + 4 * 204, 3)
    assert (near(sheet, BOX_COLOUR) > 50) is has_boxes
    assert (near(sheet, POINT_COLOUR) > 100) is has_points


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["wider", "--split", "test"], "train or val"),
        (["lfwnet", "--split", "val"], "train or test"),
        (["celeba", "--split", "dev"], "unknown split 'dev'"),
        (["celebb"], "'celebb'"),
    ],
)
def test_what_is_not_there_is_explained(
    words: list[str], complaint: str, sample_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "sheet.png"
    assert main(["data", "show", *words, "--root", str(sample_root), "--out", str(out)]) == 2
    assert complaint in capsys.readouterr().err
    assert not out.exists()
