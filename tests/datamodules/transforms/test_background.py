from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from cartoonizer.background import on_white, tidied
from datamodules.datasets.cache import FramedFaces
from datamodules.datasets.celeba import CelebA
from datamodules.datasets.photo_folder import PhotoFolder
from datamodules.errors import DataError
from datamodules.faces import FacesDataModule
from datamodules.transforms.background import Background, CutOut, CutOutFaces
from datamodules.transforms.framing import Framing

ROOT = Path(__file__).parent.parent.parent.parent


@dataclass
class Planted:
    """Says of any photo that the upper three quarters are the person and the upper half is the head."""

    side: int = 16
    of_weights: str = "a"
    seen: list[int] = field(default_factory=list)

    def __call__(self, photos: NDArray[np.uint8]) -> NDArray[np.uint8]:
        assert photos.shape[1:] == (self.side, self.side, 3)
        self.seen.append(len(photos))
        mattes = np.zeros((len(photos), 2, self.side, self.side), dtype=np.uint8)
        mattes[:, 0, : 3 * self.side // 4] = 255
        mattes[:, 1, : self.side // 2] = 255
        return mattes

    def fingerprint(self) -> str:
        return self.of_weights


@pytest.fixture
def photos(sample_root: Path, tmp_path: Path) -> Path:
    """A copy of the sample photos that a test may change."""
    return Path(shutil.copytree(sample_root / "celeba", tmp_path / "celeba"))


def framed(photos: Path, side: int = 16) -> FramedFaces:
    return FramedFaces(CelebA(photos, "train"), Framing(side))


def mattes(photos: Path, matting: Planted, folder: Path | None, background: Background = "head") -> NDArray[np.uint8]:
    faces = framed(photos)
    return CutOut(matting, background, folder).mattes(faces, "set", faces.fingerprint())


def test_a_hard_matte_keeps_the_photo_or_makes_it_white() -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (6, 6, 3)).astype(np.uint8)
    matte = rng.choice(np.array([0, 255], dtype=np.uint8), (6, 6))
    laid = on_white(image, matte)
    for y, x in np.ndindex(6, 6):
        assert laid[y, x].tolist() == (image[y, x].tolist() if matte[y, x] else [255, 255, 255])


@pytest.mark.parametrize("behind", [(0, 0, 0), (20, 90, 250)])
def test_the_background_does_not_shine_through_a_soft_edge(behind: tuple[int, int, int]) -> None:
    person = np.array([200, 60, 40], dtype=np.float32)
    alpha = np.clip((24 - np.hypot(*np.mgrid[-32:32, -32:32])) / 8 + 0.5, 0, 1).astype(np.float32)[..., None]
    photo = np.rint(alpha * person + (1 - alpha) * np.array(behind)).astype(np.uint8)
    laid = on_white(photo, np.rint(255 * alpha[..., 0]).astype(np.uint8)).astype(int)
    expected = alpha * person + (1 - alpha) * 255
    assert np.abs(laid - expected).max() < 6
    plain = alpha * photo + (1 - alpha) * 255
    assert np.abs(plain - expected).max() > 30  # what would shine through
    core = alpha[..., 0] == 1
    np.testing.assert_array_equal(laid[core], photo[core])


def test_a_matte_of_another_size_is_brought_to_the_photo() -> None:
    matte = np.zeros((4, 4), dtype=np.uint8)
    matte[:2] = 255
    for side in (2, 8):
        laid = on_white(np.zeros((side, side, 3), dtype=np.uint8), matte)
        assert (laid[0] == 0).all()
        assert (laid[-1] == 255).all()


def test_only_the_one_in_the_middle_stays() -> None:
    matte = np.zeros((32, 32), dtype=np.uint8)
    matte[8:24, 10:22] = 255
    alone = tidied(matte)
    matte[7, 10:22] = 60  # a smudge
    matte[:, :3] = 255  # a neighbour that is cut off by the photo's edge
    matte[28:, 28:] = 255
    kept = tidied(matte)
    np.testing.assert_array_equal(kept, alone)
    assert (kept[10:22, 12:20] == 255).all()
    assert kept[:, :5].max() == 0


def test_a_faint_edge_moves_the_outline() -> None:
    matte = np.zeros((32, 32), dtype=np.uint8)
    matte[8:24, 10:22] = 255
    outline = tidied(matte)[7, 16]
    matte[7, 10:22] = 150
    assert tidied(matte)[7, 16] > outline


def test_an_outline_is_smooth() -> None:
    """Fringes go, and a large shape stays what it is, up to the photo's border."""
    y, x = np.mgrid[:128, :128]
    disk = np.where(np.hypot(x - 64, y - 90) < 40, 255, 0).astype(np.uint8)
    fringed = disk.copy()
    fringed[20:60, 63:65] = 255  # a hair of 2 px
    fringed[90, 20:26] = 0
    kept = tidied(fringed)
    assert kept[20:44].max() < 64
    assert kept[90, 28] == 255
    is_inner, is_outer = np.hypot(x - 64, y - 90) < 36, np.hypot(x - 64, y - 90) > 44
    assert (tidied(disk)[is_inner] == 255).all()
    assert (tidied(disk)[is_outer] == 0).all()
    assert (tidied(disk)[-1, 52:77] == 255).all()


@pytest.mark.parametrize("level", [0, 20])
def test_a_photo_in_which_nobody_is_found_stays_as_it_is(level: int) -> None:
    matte = np.full((32, 32), 0, dtype=np.uint8)
    matte[0, :5] = level
    assert (tidied(matte) == 255).all()


@pytest.mark.parametrize(("background", "rows"), [("white", 12), ("head", 8)])
def test_the_background_says_what_stays(photos: Path, background: Background, rows: int) -> None:
    found = mattes(photos, Planted(), None, background)
    assert found.shape == (len(framed(photos)), 16, 16)
    assert (found[:, :rows] == 255).all()
    assert (found[:, rows:] == 0).all()
    faces, kept = CutOutFaces(framed(photos, 32), found), framed(photos, 32)
    np.testing.assert_array_equal(faces[1].image[: 2 * rows - 1], kept[1].image[: 2 * rows - 1])
    assert (faces[1].image[2 * rows + 1 :] == 255).all()
    assert faces.names == kept.names
    np.testing.assert_array_equal(faces[1].landmarks, kept[1].landmarks)
    assert faces.fingerprint() != CutOutFaces(kept, found // 2).fingerprint()


def test_mattes_are_made_once_and_read_again(photos: Path, tmp_path: Path) -> None:
    matting, count = Planted(), len(framed(photos))
    first = mattes(photos, matting, tmp_path / "cache")
    assert sum(matting.seen) == count
    again = mattes(photos, matting, tmp_path / "cache")
    assert sum(matting.seen) == count
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("change", ["weights", "photo"])
def test_they_are_made_anew_when_what_they_come_from_changes(photos: Path, tmp_path: Path, change: str) -> None:
    mattes(photos, Planted(), tmp_path / "cache")
    if change == "photo":
        os.utime(photos / "img_align_celeba" / CelebA(photos, "train").names[0], (1, 1))
    matting = Planted(of_weights="b" if change == "weights" else "a")
    mattes(photos, matting, tmp_path / "cache")
    assert sum(matting.seen) == len(framed(photos))
    assert len(list((tmp_path / "cache").glob("set-head-*"))) == 1


def test_those_of_person_and_of_head_lie_beside_each_other(photos: Path, tmp_path: Path) -> None:
    for background in ("white", "head", "white"):
        mattes(photos, matting := Planted(), tmp_path / "cache", background)
    assert matting.seen == []


def test_two_that_want_them_at_once_make_them_once(photos: Path, tmp_path: Path) -> None:
    matting = Planted()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: mattes(photos, matting, tmp_path / "cache"), range(4)))
    assert sum(matting.seen) == len(framed(photos))
    assert all((one == found[0]).all() for one in found)


def test_two_processes_make_them_once(photos: Path, tmp_path: Path) -> None:
    script = """
import sys, time
from pathlib import Path
import numpy as np
from datamodules.transforms.background import CutOut
from datamodules.datasets.cache import FramedFaces
from datamodules.datasets.celeba import CelebA
from datamodules.transforms.framing import Framing

class Slow:
    side = 8
    def __call__(self, photos):
        time.sleep(1)
        return np.full((len(photos), 2, 8, 8), 255, dtype=np.uint8)
    def fingerprint(self):
        return "a"

faces = FramedFaces(CelebA(Path(sys.argv[1]), "test"), Framing(8))
found = CutOut(Slow(), "head", Path(sys.argv[2])).mattes(faces, "set", faces.fingerprint())
print(int(found.min()))
"""
    words = [sys.executable, "-c", script, str(photos), str(tmp_path / "cache")]
    started = [
        subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    ended = [process.communicate(timeout=200) for process in started]
    assert [said for said, _ in ended] == ["255\n", "255\n"], ended
    assert sum("segmenting" in complaints for _, complaints in ended) == 1


def test_a_stopped_attempt_leaves_nothing(photos: Path, tmp_path: Path) -> None:
    class Stopped(Planted):
        def __call__(self, photos: NDArray[np.uint8]) -> NDArray[np.uint8]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mattes(photos, Stopped(), tmp_path / "cache")
    assert [path for path in (tmp_path / "cache").iterdir() if not path.name.endswith(".lock")] == []


def test_a_cache_that_cannot_be_written_is_named(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"cannot write the cache .*file"):
        mattes(photos, Planted(), tmp_path / "file" / "cache")


def test_an_unreadable_photo_is_an_error_only_when_asked_for(photos: Path) -> None:
    name = CelebA(photos, "train").names[2]
    (photos / "img_align_celeba" / name).write_bytes(b"not a picture")
    faces = CutOutFaces(framed(photos), mattes(photos, Planted(), None))
    assert faces[1].image.shape == (16, 16, 3)
    with pytest.raises(DataError, match=name):
        faces[2]


@pytest.mark.parametrize("background", ["keep", "white", "head"])
def test_training_test_and_prediction_see_the_same_background(
    sample_root: Path, tmp_path: Path, background: Background
) -> None:
    faces = sample_root / "celeba" / "img_align_celeba"
    data = FacesDataModule(
        str(sample_root), image_size=32, num_workers=0, augment=False, predict_dir=str(faces), background=background
    )
    assert data.hparams["background"] == background
    data.use_matting(Planted(), tmp_path / "cache")
    predicted = PhotoFolder(faces, 32)
    data.setup("predict")
    by_name = {photo.name[0]: photo.image[0] for photo in data.predict_dataloader()}
    rows = {"keep": 32, "white": 24, "head": 16}[background]
    for split in ("train", "test"):
        stream = data.stream("photo", split)
        for index in range(2):
            name = stream.faces.names[index]
            image = stream.transform(stream.faces[index], 0).image
            np.testing.assert_array_equal(image, by_name[name])
            assert (image[:, rows + 1 :] == 1).all()
            original = next(photo.image for photo in predicted if photo.name == name)  # type: ignore[attr-defined]
            np.testing.assert_array_equal(image[:, : rows - 1], original[:, : rows - 1])
    assert (tmp_path / "cache").exists() == (background != "keep")


def test_cartoons_stay_as_they_are(sample_root: Path) -> None:
    plain, cut = (FacesDataModule(str(sample_root), image_size=32, background=kind) for kind in ("keep", "head"))
    cut.use_matting(Planted(), None)
    for data in (plain, cut):
        data.setup("test")
    images = [data.stream("cartoon", "test").faces[0].image for data in (plain, cut)]
    np.testing.assert_array_equal(images[0], images[1])


def test_cache_dir_beats_the_folder_that_comes_with_the_matting(sample_root: Path, tmp_path: Path) -> None:
    data = FacesDataModule(str(sample_root), image_size=32, background="white", cache_dir=str(tmp_path / "asked"))
    data.use_matting(Planted(), tmp_path / "other")
    data.stream("photo", "test")
    assert list((tmp_path / "asked").glob("celeba-*-test-white-*/mattes.npy"))
    assert not (tmp_path / "other").exists()


def test_without_a_matting_it_says_who_brings_one(sample_root: Path) -> None:
    with pytest.raises(DataError, match=r"--data\.background head .*bring_matting"):
        FacesDataModule(str(sample_root), background="head").stream("photo", "test")


def test_predicted_mattes_belong_to_their_photos(tmp_path: Path) -> None:
    class DarkIsHead(Planted):
        def __call__(self, photos: NDArray[np.uint8]) -> NDArray[np.uint8]:
            dark = np.where(photos.mean(axis=3) < 128, 255, 0).astype(np.uint8)
            return np.stack([dark, dark], axis=1)

    for name, box in (("a.png", (0, 0, 40, 20)), ("b.png", (0, 20, 40, 40))):
        image = Image.new("RGB", (40, 40), (200, 200, 200))
        image.paste((10, 10, 10), box)
        image.save(tmp_path / name)
    folder = PhotoFolder(tmp_path, 40, CutOut(DarkIsHead(20), "head"))
    upper, lower = (folder[index].image for index in range(2))
    assert upper[:, :18].max() < -0.9 < 0.99 < upper[:, 22:].min()
    assert lower[:, 22:].max() < -0.9 < 0.99 < lower[:, :18].min()
