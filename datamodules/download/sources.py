"""The published archives of every set.

Sizes and checksums are those that public loaders verify (torchvision, TensorFlow Datasets). If the checksum is None,
no published one is known: such a file is verified by the size and MD5 that the server reports, if any, and by its
format (gzip files and zip members have a CRC).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from datamodules.datasets.registry import (
    CARTOONSET10K,
    CARTOONSET100K,
    CELEBA,
    CELEBAMASK_HQ,
    LFW_NET,
    WIDER_FACE,
    DataSet,
)


@dataclass(frozen=True)
class Checksum:
    """A file's hash, in lower-case hexadecimal."""

    algorithm: Literal["sha256", "md5"]
    digest: str


@dataclass(frozen=True)
class Archive:
    """One published file.

    Attributes:
        file_name: Its published name.
        url: Address for a download without a browser, or None.
        members: Files and folders in it that belong to the set. A member with the name of the set's folder is that
            folder; all others are moved into it.
        space: Unpacked size in bytes, estimated generously, to check the disk space beforehand.
        size: Exact size in bytes, or None if not published.
        checksum: Hash, or None if not known for certain.
        rough_size: Approximate size in bytes, used if ``size`` is None.
        is_optional: Whether the set is complete without it.
    """

    file_name: str
    url: str | None
    members: tuple[str, ...]
    space: int
    size: int | None = None
    checksum: Checksum | None = None
    rough_size: int = 0
    is_optional: bool = False


@dataclass(frozen=True)
class Source:
    """The archives of a data set, its terms, and instructions for a manual download.

    Attributes:
        data_set: The set.
        page: Its home page.
        terms: Terms of use.
        manual: Instructions for a manual download from that page.
        archives: All its files.
    """

    data_set: DataSet
    page: str
    terms: str
    manual: str
    archives: tuple[Archive, ...]


def _drive(file_id: str) -> str:
    return f"https://drive.usercontent.google.com/download?id={file_id}&export=download&confirm=t"


def _sha256(digest: str) -> Checksum:
    return Checksum("sha256", digest)


_MB = 1_000_000

CELEBA_SOURCE = Source(
    CELEBA,
    page="https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html",
    terms="CelebA is for non-commercial research only. Its photos come from the web and belong to third parties; they"
    " must not be redistributed. The agreement is on its page.",
    manual="Follow 'Align&Cropped Images' to Google Drive or Baidu and download Img/img_align_celeba.zip,"
    " Anno/list_attr_celeba.txt, Anno/list_landmarks_align_celeba.txt and Eval/list_eval_partition.txt.",
    archives=(
        Archive(
            "img_align_celeba.zip",
            _drive("0B7EVK8r0v71pZjFTYXZWM3FlRnM"),
            ("img_align_celeba",),
            space=1900 * _MB,
            size=1_443_490_838,
            checksum=_sha256("46fb89443c578308acf364d7d379fe1b9efb793042c0af734b6112e4fd3a8c74"),
        ),
        Archive(
            "list_attr_celeba.txt",
            _drive("0B7EVK8r0v71pblRyaVFSWGxPY0U"),
            ("list_attr_celeba.txt",),
            space=27 * _MB,
            size=26_721_026,
            checksum=_sha256("f0e5da289d5ccf75ffe8811132694922b60f2af59256ed362afa03fefba324d0"),
        ),
        Archive(
            "list_landmarks_align_celeba.txt",
            _drive("0B7EVK8r0v71pd0FJY3Blby1HUTQ"),
            ("list_landmarks_align_celeba.txt",),
            space=13 * _MB,
            size=12_156_055,
            checksum=_sha256("6c02a87569907f6db2ba99019085697596730e8129f67a3d61659f198c48d43b"),
        ),
        Archive(
            "list_eval_partition.txt",
            _drive("0B7EVK8r0v71pY0NSMzRuSXJEVkk"),
            ("list_eval_partition.txt",),
            space=3 * _MB,
            size=2_836_386,
            checksum=_sha256("fc955bcb3ef8fbdf7d5640d9a8693a8431b5f2ee291a5c1449a1549e7e073fe7"),
        ),
        Archive(
            "list_bbox_celeba.txt",
            _drive("0B7EVK8r0v71pbThiMVRxWXZ4dU0"),
            ("list_bbox_celeba.txt",),
            space=8 * _MB,
            checksum=Checksum("md5", "00566efa6fedff7a56946cd1c10f1c16"),
            rough_size=7 * _MB,
            is_optional=True,
        ),
        Archive(
            "list_landmarks_celeba.txt",
            _drive("0B7EVK8r0v71pTzJIdlJWdHczRlU"),
            ("list_landmarks_celeba.txt",),
            space=13 * _MB,
            rough_size=12 * _MB,
            is_optional=True,
        ),
    ),
)


CELEBAMASK_HQ_SOURCE = Source(
    CELEBAMASK_HQ,
    page="https://github.com/switchablenorms/CelebAMask-HQ",
    terms="CelebAMask-HQ is for non-commercial research and education only, like the CelebA photos that it contains;"
    " they must not be redistributed. The agreement is on its page.",
    manual="Follow 'Google Drive' or 'Baidu Drive' under 'CelebAMask-HQ Dataset Downloads' and download"
    " CelebAMask-HQ.zip.",
    archives=(
        Archive(
            "CelebAMask-HQ.zip",
            _drive("1badu11NqxGf6qM3PTTooQDJvQbejgbTv"),
            ("CelebA-HQ-img", "CelebAMask-HQ-mask-anno", "CelebA-HQ-to-CelebA-mapping.txt"),
            space=5000 * _MB,
            rough_size=3200 * _MB,
        ),
    ),
)


def _cartoonset(data_set: DataSet, rough_size: int, space: int) -> Source:
    file_name = f"{data_set}.tgz"
    return Source(
        data_set,
        page="https://google.github.io/cartoonset/download.html",
        terms="Cartoon Set by Google LLC is licensed under CC BY 4.0: use it for any purpose, with attribution."
        " https://creativecommons.org/licenses/by/4.0/",
        manual=f"Download {file_name} from that page.",
        archives=(
            Archive(
                file_name,
                f"https://storage.googleapis.com/cartoonset_public_files/{file_name}",
                (data_set.folder,),
                space=space,
                rough_size=rough_size,
            ),
        ),
    )


WIDER_SOURCE = Source(
    WIDER_FACE,
    page="http://shuoyang1213.me/WIDERFACE/",
    terms="WIDER FACE is, as far as we know, licensed under CC BY-NC-ND 4.0: no commercial use, no modified copies. Its"
    " photos come from the web. The terms are on its page.",
    manual="Download 'WIDER Face Training Images', 'WIDER Face Validation Images' and 'Face annotations'.",
    archives=(
        Archive(
            "WIDER_train.zip",
            _drive("15hGDLhsx8bLgLcIRD5DhYt5iBxnjNF1M"),
            ("WIDER_train",),
            space=1550 * _MB,
            size=1_465_602_149,
            checksum=_sha256("e23b76129c825cafae8be944f65310b2e1ba1c76885afe732f179c41e5ed6d59"),
        ),
        Archive(
            "WIDER_val.zip",
            _drive("1GUCogbp16PMGa39thoMMeWxp7Rp5oM8Q"),
            ("WIDER_val",),
            space=390 * _MB,
            size=362_752_168,
            checksum=_sha256("f9efbd09f28c5d2d884be8c0eaef3967158c866a593fc36ab0413e4b2a58a17a"),
        ),
        Archive(
            "wider_face_split.zip",
            "http://shuoyang1213.me/WIDERFACE/support/bbx_annotation/wider_face_split.zip",
            ("wider_face_split",),
            space=30 * _MB,
            size=3_591_642,
            checksum=_sha256("c7561e4f5e7a118c249e0a5c5c902b0de90bbf120d7da9fa28d99041f68a8a5c"),
        ),
    ),
)

LFWNET_SOURCE = Source(
    LFW_NET,
    page="https://mmlab.ie.cuhk.edu.hk/archive/CNN_FacePoint.htm",
    terms="LFW+Net has no terms that we know of: use it for research only. Its photos show real people, come from the"
    " press (LFW) and the web, and belong to third parties. Please do not redistribute them.",
    manual="Download 'Training set' (train.zip) from that page.",
    archives=(
        Archive(
            "train.zip",
            "https://mmlab.ie.cuhk.edu.hk/archive/CNN/data/train.zip",
            ("lfw_5590", "net_7876", "trainImageList.txt", "testImageList.txt"),
            space=400 * _MB,
            rough_size=300 * _MB,
        ),
    ),
)

CARTOONSET10K_SOURCE = _cartoonset(CARTOONSET10K, rough_size=480 * _MB, space=600 * _MB)
CARTOONSET100K_SOURCE = _cartoonset(CARTOONSET100K, rough_size=4800 * _MB, space=6000 * _MB)
