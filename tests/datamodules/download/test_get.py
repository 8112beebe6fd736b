"""A whole set: finished or absent, whatever happens on the way."""

from __future__ import annotations

import gzip
import hashlib
import io
import shutil
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest
from filelock import FileLock
from PIL import Image

from datamodules.check import check
from datamodules.datasets.cartoonset import CartoonSet
from datamodules.datasets.celeba import CelebA
from datamodules.datasets.celebamask_hq import CelebAMaskHQ
from datamodules.datasets.lfw_net import LfwNet
from datamodules.datasets.registry import (
    CARTOONSET10K,
    CARTOONSET100K,
    CELEBA,
    CELEBAMASK_HQ,
    LFW_NET,
    WIDER_FACE,
    DataSet,
    data_sets,
)
from datamodules.datasets.wider_face import WiderFace
from datamodules.download import Archive, Checksum, Source, get
from datamodules.download.fetch import Retry
from datamodules.errors import DataError

if TYPE_CHECKING:
    from tests.datamodules.download.conftest import Site

AT_ONCE = Retry(attempts=2, pause=0)
NAMES = ["000001.jpg", "000002.jpg", "000003.jpg"]
PAGE = b"<!doctype html><title>Google Drive - Quota exceeded</title>"


class Usage(NamedTuple):
    """Stands in for what the disk says."""

    total: int
    used: int
    free: int


def image(suffix: str, size: tuple[int, int]) -> bytes:
    file = io.BytesIO()
    Image.new("RGBA" if suffix == "png" else "RGB", size, "teal").save(file, suffix)
    return file.getvalue()


def zipped(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def tarred(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return gzip.compress(file.getvalue())


def published(name: DataSet) -> dict[str, bytes]:
    """Small archives in the form of the published ones."""
    photo, line = image("jpeg", (178, 218)), "10 50 12 48 20 20 40 20 30 30 22 40 38 40"
    faces = b"0--Parade/a.jpg\n1\n1 2 30 40 0 0 0 0 0 0\n"
    header, points = " ".join(f"c{n}" for n in range(10)), "69 109 106 113 77 142 73 152 108 154"
    hair = ["Bald", "Wearing_Hat", "Black_Hair", "Brown_Hair", "Blond_Hair", "Gray_Hair"]
    attributes = " ".join([*hair, *(f"a{n}" for n in range(34))])
    if name is CELEBA:
        return {
            "img_align_celeba.zip": zipped({f"img_align_celeba/{file}": photo for file in NAMES}),
            "list_attr_celeba.txt": "\n".join(["3", attributes, *(f"{n}" + " 1" * 40 for n in NAMES)]).encode(),
            "list_landmarks_align_celeba.txt": "\n".join(["3", header, *(f"{n} {points}" for n in NAMES)]).encode(),
            "list_eval_partition.txt": "\n".join(f"{n} {part}" for part, n in enumerate(NAMES)).encode(),
        }
    if name is CELEBAMASK_HQ:
        files = {
            "CelebA-HQ-img/0.jpg": image("jpeg", (64, 64)),
            "CelebAMask-HQ-mask-anno/0/00000_skin.png": image("png", (32, 32)),
            "CelebA-HQ-to-CelebA-mapping.txt": b"idx orig_idx orig_file\n0 119613 119614.jpg\n",
        }
        return {"CelebAMask-HQ.zip": zipped({f"CelebAMask-HQ/{file}": content for file, content in files.items()})}
    if name is WIDER_FACE:
        return {
            "WIDER_train.zip": zipped({"WIDER_train/images/0--Parade/a.jpg": photo}),
            "WIDER_val.zip": zipped({"WIDER_val/images/0--Parade/a.jpg": photo}),
            "wider_face_split.zip": zipped(
                {f"wider_face_split/wider_face_{split}_bbx_gt.txt": faces for split in ("train", "val")}
            ),
        }
    if name is LFW_NET:
        list_line = f"lfw_5590\\a.jpg {line}\r\n".encode()
        lists = {"trainImageList.txt": list_line, "testImageList.txt": list_line}
        return {"train.zip": zipped({"lfw_5590/a.jpg": photo, "net_7876/b.jpg": photo, **lists})}
    inner = "0/" if name is CARTOONSET100K else ""
    cartoons = {f"{name}/{inner}cs{n}.png": image("png", (50, 50)) for n in range(40)}
    csvs = {f"{name}/{inner}cs{n}.csv": b'"hair_color", 7, 10\n' for n in range(40)}
    return {f"{name}.tgz": tarred(cartoons | csvs)}


def at_site(name: DataSet, site: Site, files: dict[str, bytes]) -> Source:
    """The published source, its addresses, sizes and hashes exchanged for those of ``files`` on the test's server."""
    site.files = {f"/{file}": content for file, content in files.items()}
    source = name.find_source()
    return replace(source, archives=tuple(localised(archive, site, files) for archive in source.archives))


def localised(archive: Archive, site: Site, files: dict[str, bytes]) -> Archive:
    content = files.get(archive.file_name, b"")
    checksum = Checksum("sha256", hashlib.sha256(content).hexdigest()) if archive.checksum else None
    size = len(content) if archive.size else None
    url = f"{site.url}/{archive.file_name}"
    return replace(archive, url=url, size=size, checksum=checksum, space=0, rough_size=0)


def everything_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", data_sets())
def test_what_is_got_is_what_the_data_set_reads(site: Site, tmp_path: Path, name: DataSet) -> None:
    root = tmp_path / "new" / "root"
    said: list[str] = []
    folder = get(at_site(name, site, published(name)), root, retry=AT_ONCE, say=said.append)
    assert folder == root / name.folder
    assert [path.name for path in root.iterdir()] == [name.folder]
    first = {
        CELEBA: lambda: CelebA(folder, "train")[0].image,
        CELEBAMASK_HQ: lambda: CelebAMaskHQ(folder, "train")[0].image,
        CARTOONSET10K: lambda: CartoonSet(folder, "train")[0].image,
        CARTOONSET100K: lambda: CartoonSet(folder, "train")[0].image,
        WIDER_FACE: lambda: WiderFace(folder, "train")[0].image,
        LFW_NET: lambda: LfwNet(folder, "train")[0].image,
    }[name]()
    assert np.abs(first[5, 5].astype(int) - [0, 128, 128]).max() < 8
    assert not check(root, [name]).is_broken
    assert sum(name.find_source().terms in line for line in said) == 1


def test_the_second_time_there_is_nothing_to_do(site: Site, tmp_path: Path) -> None:
    source = at_site(WIDER_FACE, site, published(WIDER_FACE))
    get(source, tmp_path, retry=AT_ONCE)
    before, site.files, site.requests[:] = everything_in(tmp_path), {}, []
    said: list[str] = []
    get(source, tmp_path, retry=AT_ONCE, say=said.append)
    assert site.requests == []
    assert everything_in(tmp_path) == before
    assert said == [f"{tmp_path / 'wider_face'} is complete; nothing to do"]


@pytest.mark.parametrize("name", [CELEBA, CARTOONSET10K])
def test_files_got_by_hand_are_taken_and_left_alone(site: Site, tmp_path: Path, name: DataSet) -> None:
    files = published(name)
    source = at_site(name, site, files)
    hand = tmp_path / "hand"
    hand.mkdir()
    for file, content in files.items():
        stem, dot, suffix = file.rpartition(".")
        (hand / f"{stem} (1){dot}{suffix}").write_bytes(content)
    site.files = {}
    before = everything_in(hand)
    by_file, by_folder = tmp_path / "by_file", tmp_path / "by_folder"
    get(source, by_file, sorted(hand.iterdir()), retry=AT_ONCE)
    get(source, by_folder, [hand], retry=AT_ONCE)
    assert everything_in(hand) == before
    assert everything_in(by_file) == everything_in(by_folder)
    assert not check(by_file, [name]).is_broken


def test_a_web_page_is_answered_with_page_and_command(site: Site, tmp_path: Path) -> None:
    files = published(CELEBA)
    source = at_site(CELEBA, site, files)
    site.files["/img_align_celeba.zip"] = PAGE
    source = replace(source, archives=tuple(replace(archive, size=None) for archive in source.archives))
    with pytest.raises(DataError) as caught:
        get(source, tmp_path, retry=AT_ONCE)
    message = str(caught.value)
    assert "img_align_celeba.zip: " in message
    assert "responded with a web page instead of the file" in message
    assert "Open https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html" in message
    assert f"cartoongan data get celeba --root {tmp_path} --from img_align_celeba.zip\n" in message
    assert not (tmp_path / "celeba").exists()
    (tmp_path / "img_align_celeba.zip").write_bytes(files["img_align_celeba.zip"])
    site.files, site.requests[:] = {}, []
    get(source, tmp_path, [tmp_path / "img_align_celeba.zip"], retry=AT_ONCE)
    assert not check(tmp_path, [CELEBA]).is_broken
    assert len(site.requests) == 2, "what was downloaded the first time is kept; the two optional lists are tried again"


def test_wrong_bytes_are_never_unpacked(site: Site, tmp_path: Path) -> None:
    source = at_site(WIDER_FACE, site, published(WIDER_FACE))
    site.files["/WIDER_val.zip"] = site.files["/WIDER_val.zip"][:-1] + b"x"
    with pytest.raises(DataError, match=r"WIDER_val\.zip: .*sha256"):
        get(source, tmp_path, retry=AT_ONCE)
    assert not (tmp_path / "wider_face").exists()
    kept = {Path(name).name for name in everything_in(tmp_path)}
    assert {"WIDER_train.zip", "wider_face_split.zip"} <= kept
    assert not any(name.startswith("WIDER_val") for name in kept)


def test_another_file_by_hand_is_refused_and_kept(site: Site, tmp_path: Path) -> None:
    source = at_site(WIDER_FACE, site, published(WIDER_FACE))
    wrong = tmp_path / "WIDER_val.zip"
    wrong.write_bytes(b"PK\x03\x04 another")
    with pytest.raises(DataError, match="bytes, but the published file has"):
        get(source, tmp_path / "root", [wrong], retry=AT_ONCE)
    assert wrong.read_bytes() == b"PK\x03\x04 another"
    assert not (tmp_path / "root" / "wider_face").exists()


def test_a_hostile_archive_leaves_nothing_and_is_not_used_again(site: Site, tmp_path: Path) -> None:
    root = tmp_path / "root"
    files = {"train.zip": zipped({"lfw_5590/a.jpg": b"x", "../../out.txt": b"out"})}
    source = at_site(LFW_NET, site, files)
    with pytest.raises(DataError, match=r"would be outside the target.*The download was deleted"):
        get(source, root, retry=AT_ONCE)
    assert {Path(name).suffix for name in everything_in(tmp_path)} <= {".lock"}
    site.files["/train.zip"] = published(LFW_NET)["train.zip"]
    get(source, root, retry=AT_ONCE)
    assert not check(root, [LFW_NET]).is_broken


def test_the_archive_of_another_set_is_refused(site: Site, tmp_path: Path) -> None:
    source = at_site(CARTOONSET10K, site, {})
    other = tmp_path / "cartoonset100k.tgz"
    other.write_bytes(published(CARTOONSET100K)["cartoonset100k.tgz"])
    with pytest.raises(DataError, match="does not contain cartoonset10k"):
        get(source, tmp_path, [other], retry=AT_ONCE)
    assert not (tmp_path / "cartoonset10k").exists()
    assert other.is_file()


def test_a_run_killed_while_unpacking_is_cleared_away(site: Site, tmp_path: Path) -> None:
    source = at_site(LFW_NET, site, published(LFW_NET))
    stale = tmp_path / ".lfw_net.unpacking" / "lfw_net" / "lfw_5590" / "half.jpg"
    stale.parent.mkdir(parents=True)
    stale.write_bytes(b"half")
    get(source, tmp_path, retry=AT_ONCE)
    assert [path.name for path in tmp_path.iterdir()] == ["lfw_net"]
    assert not (tmp_path / "lfw_net" / "lfw_5590" / "half.jpg").exists()


def test_what_a_folder_lacks_is_added_and_the_rest_left_alone(site: Site, tmp_path: Path) -> None:
    source = at_site(CELEBA, site, published(CELEBA))
    mine = tmp_path / "celeba" / "img_align_celeba" / "000001.jpg"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")
    get(source, tmp_path, retry=AT_ONCE)
    assert mine.read_bytes() == b"mine"
    assert (tmp_path / "celeba" / "list_attr_celeba.txt").is_file()
    assert [path.name for path in mine.parent.iterdir()] == ["000001.jpg"]


def test_an_optional_list_can_be_added_later(site: Site, tmp_path: Path) -> None:
    source = at_site(CELEBA, site, published(CELEBA))
    said: list[str] = []
    get(source, tmp_path, retry=AT_ONCE, say=said.append)
    assert sum("skipped, since it is optional" in line for line in said) == 2
    boxes = tmp_path / "list_landmarks_celeba.txt"
    boxes.write_bytes(published(CELEBA)["list_landmarks_align_celeba.txt"])
    get(source, tmp_path, [boxes], retry=AT_ONCE)
    assert CelebA(tmp_path / "celeba", "train").wild_landmarks is not None


def test_disk_space_is_asked_for_beforehand(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**10, 7 * 10**9, 3 * 10**9))
    with pytest.raises(DataError, match=r"3\.0 GB free, but about 3\.8 GB are needed"):
        get(WIDER_FACE.find_source(), tmp_path, retry=AT_ONCE)
    assert site.requests == []


def test_two_processes_do_not_get_the_same_set(site: Site, tmp_path: Path) -> None:
    source = at_site(LFW_NET, site, published(LFW_NET))
    (tmp_path / ".downloads").mkdir()
    with FileLock(tmp_path / ".downloads" / "lfwnet.lock"), pytest.raises(DataError, match="another process"):
        get(source, tmp_path, retry=AT_ONCE)


@pytest.mark.parametrize(
    ("name", "message"), [("list.txt", "not one of the files of celeba"), ("no.zip", "no such file")]
)
def test_a_file_that_does_not_belong_is_refused(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "list.txt").write_text("3")
    with pytest.raises(DataError, match=message):
        get(CELEBA.find_source(), tmp_path / "root", [tmp_path / name])
    assert not (tmp_path / "root").exists()


def test_every_set_has_a_source_with_page_terms_and_manual() -> None:
    for data_set in data_sets():
        source = data_set.find_source()
        assert source.data_set is data_set
        assert source.page.startswith(("https://", "http://"))
        assert source.terms
        assert source.manual
        for archive in source.archives:
            assert archive.members
            assert archive.size or archive.rough_size
            digits = {"sha256": 64, "md5": 32}
            assert archive.checksum is None or len(archive.checksum.digest) == digits[archive.checksum.algorithm]
            is_encrypted = archive.url is not None and archive.url.startswith("https://")
            assert is_encrypted or archive.checksum is not None, "an address without encryption needs a checksum"
