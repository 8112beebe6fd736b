"""onnxruntime-web, which runs the nets in a browser: fetched once by npm, checked, and kept."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from io import BytesIO
from pathlib import Path

from datamodules.atomic import write_whole
from datamodules.errors import DataError

VERSION = "1.30.0"
PACKAGE = f"onnxruntime-web-{VERSION}.tgz"
"""The file that npm packs."""

INTEGRITY = "sha512-q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
"""Of that file, as npm's lock files write it."""

MEMBERS = {
    "ort.js": "package/dist/ort.wasm.bundle.min.mjs",
    "ort.wasm": "package/dist/ort-wasm-simd-threaded.wasm",
}
"""What the page takes of it: the name there, and here. It is under the MIT licence."""

_PATIENCE = 300
"""Seconds that npm has."""


def runtime_files(package: Path | None = None) -> dict[str, bytes]:
    """The files of onnxruntime-web that the page needs, by name.

    Args:
        package: The file that ``npm pack`` makes of it; None to take it from the cache, or fetch it by npm.

    Raises:
        DataError: npm is missing or cannot fetch it, or the file is not the one that this project was tested with.
    """
    content = _read(package) if package else _cached()
    with tarfile.open(fileobj=BytesIO(content)) as archive:
        members = {name: archive.extractfile(path) for name, path in MEMBERS.items()}
        return {name: member.read() for name, member in members.items() if member is not None}


def cache_folder() -> Path:
    """Where the package is kept between two runs."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "landmark-cartoongan"


def _cached() -> bytes:
    kept = cache_folder() / PACKAGE
    if kept.is_file() and _is_whole(content := kept.read_bytes()):
        return content
    content = _fetched()
    write_whole(kept, content)
    return content


def _fetched() -> bytes:
    """The package from npm's registry, as npm is set up here. No script of it is run."""
    npm = shutil.which("npm")
    if npm is None:
        raise DataError(
            "npm is not installed: `cartoongan page` fetches onnxruntime-web by it, once. "
            f"Install Node.js, or give {PACKAGE} by --runtime"
        )
    with tempfile.TemporaryDirectory() as folder:
        words = [
            npm,
            "pack",
            f"onnxruntime-web@{VERSION}",
            "--ignore-scripts",
            "--silent",
            "--pack-destination",
            folder,
        ]
        try:
            subprocess.run(words, cwd=folder, check=True, capture_output=True, text=True, timeout=_PATIENCE)
        except subprocess.TimeoutExpired as error:
            raise DataError(f"npm did not fetch onnxruntime-web within {_PATIENCE} seconds; try again") from error
        except subprocess.CalledProcessError as error:
            said = (error.stderr or error.stdout or "").strip().splitlines() or ["it said nothing"]
            raise DataError(
                f"npm cannot fetch onnxruntime-web {VERSION}: {said[-1]}; give {PACKAGE} by --runtime"
            ) from error
        return _read(Path(folder) / PACKAGE)


def _read(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"--runtime: cannot read {path}: {error.strerror}") from error
    if not _is_whole(content):
        raise DataError(f"{path} is not onnxruntime-web {VERSION} as this project knows it; get it again")
    return content


def _is_whole(content: bytes) -> bool:
    return f"sha512-{base64.b64encode(hashlib.sha512(content).digest()).decode()}" == INTEGRITY
