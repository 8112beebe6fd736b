from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from datamodules.datasets.photo_folder import PhotoFolder, Share
from datamodules.errors import DataError


def test_photos_are_squared_scaled_and_named(tmp_path: Path) -> None:
    for name, size in (("a.jpg", (178, 218)), ("sub/b.png", (60, 30))):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", size, (255, 0, 0)).save(tmp_path / name)
    folder = PhotoFolder(tmp_path, image_size=32)
    assert [photo.name for photo in (folder[0], folder[1])] == ["a.jpg", "sub/b.png"]
    assert folder[1].image.shape == (3, 32, 32)
    assert folder[1].image[:, 0, 0].tolist() == [1, -1, -1]


def test_photos_of_one_name_are_refused(tmp_path: Path) -> None:
    for name in ("a.bmp", "a.c.jpg", "a.png"):
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    with pytest.raises(DataError, match=r"a\.bmp and .*a\.png"):
        PhotoFolder(tmp_path, image_size=8)


def test_broken_photos_are_named_before_any_is_translated(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    (tmp_path / "b.jpg").write_bytes(b"not a picture")
    with pytest.raises(DataError, match=r"1 of 3 photos cannot be read; the first: .*b\.jpg"):
        PhotoFolder(tmp_path, image_size=8)


def test_a_single_photo_is_taken_by_itself(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        Image.new("RGB", (8, 8), (255, 0, 0)).save(tmp_path / name)
    folder = PhotoFolder(tmp_path / "b.jpg", image_size=8)
    assert [folder[index].name for index in range(len(folder))] == ["b.jpg"]


@pytest.fixture
def group(tmp_path: Path, sample_root: Path) -> Path:
    """A folder with a drawn face in the corner of a large picture, and a picture without a face."""
    face = Image.open(sample_root / "celeba" / "img_align_celeba" / "000001.jpg")
    large = Image.new("RGB", (700, 500), (90, 120, 90))
    large.paste(face, (480, 20))
    folder = tmp_path / "group"
    folder.mkdir()
    large.save(folder / "corner.png")
    Image.new("RGB", (300, 300), (90, 120, 90)).save(folder / "meadow.png")
    return folder


def test_any_photo_is_cut_out_as_training_has_its_faces(group: Path, sample_root: Path) -> None:
    face = sample_root / "celeba" / "img_align_celeba" / "000001.jpg"
    expected = PhotoFolder(face, 64, align=True)[0].image
    assert (expected - PhotoFolder(face, 64)[0].image).abs().mean() < 0.3  # it was framed, if not to the pixel
    with pytest.warns(UserWarning, match=r"1 of 2 photos have no face and are skipped: .*meadow\.png$"):
        folder = PhotoFolder(group, 64, align=True)
    assert [photo.name for photo in (folder[index] for index in range(len(folder)))] == ["corner.png"]
    centre = (slice(None), slice(12, 52), slice(12, 52))
    assert (folder[0].image[centre] - expected[centre]).abs().mean() < 0.05
    assert PhotoFolder(group / "corner.png", 300, align=True)[0].image.shape == (3, 300, 300)


def test_a_folder_without_a_face_cannot_be_aligned(group: Path) -> None:
    with pytest.raises(DataError, match=r"--data\.align true: no face in any of 1 photos"):
        PhotoFolder(group / "meadow.png", 64, align=True)


def test_photos_of_another_framing_are_told_and_those_of_training_are_not(
    group: Path, sample_root: Path, recwarn: pytest.WarningsRecorder
) -> None:
    PhotoFolder(sample_root / "celeba" / "img_align_celeba", 64)
    assert not [one for one in recwarn if "framed" in str(one.message)]
    with pytest.warns(UserWarning, match=r"2 of 2 sampled photos .* not framed as in training.*--data\.align true"):
        PhotoFolder(group, 64)


def test_processes_share_the_photos(tmp_path: Path) -> None:
    for number in range(5):
        Image.new("RGB", (8, 8)).save(tmp_path / f"{number}.png")
    shares = [PhotoFolder(tmp_path, 8, share=Share(rank, 3)) for rank in range(3)]
    assert [[path.stem for path in share.paths] for share in shares] == [["0", "3"], ["1", "4"], ["2"]]
    assert len(PhotoFolder(tmp_path / "0.png", 8, share=Share(1, 2))) == 0
