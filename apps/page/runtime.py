"""onnxruntime-web, which runs the networks in a browser: fetched once with npm, verified and cached."""

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
"""The package file of npm."""

INTEGRITY = "sha512-q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
"""Hash of that file, in the format of npm's lock files."""

MEMBERS = {
    "ort.js": "package/dist/ort.wasm.bundle.min.mjs",
    "ort.wasm": "package/dist/ort-wasm-simd-threaded.wasm",
}
"""Files that the page needs: path in the package -> our name. The package is under the MIT licence."""

_PATIENCE = 300
"""Timeout for npm in seconds."""


def runtime_files(package: Path | None = None) -> dict[str, bytes]:
    """The files of onnxruntime-web that the page needs, by name.

    Args:
        package: The package file from ``npm pack``; None to use the cache, or fetch it with npm.

    Raises:
        DataError: npm is missing or cannot fetch it, or the file is not the tested version.
    """
    content = _read(package) if package else _cached()
    with tarfile.open(fileobj=BytesIO(content)) as archive:
        members = {name: archive.extractfile(path) for name, path in MEMBERS.items()}
        return {name: member.read() for name, member in members.items() if member is not None}


def cache_folder() -> Path:
    """Folder in which the package is cached."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "landmark-cartoongan"


def _cached() -> bytes:
    kept = cache_folder() / PACKAGE
    if kept.is_file() and _is_whole(content := kept.read_bytes()):
        return content
    content = _fetched()
    write_whole(kept, content)
    return content


def _fetched() -> bytes:
    """Fetch the package with npm and its local configuration, without running scripts."""
    npm = shutil.which("npm")
    if npm is None:
        raise DataError(
            "npm is not installed; `cartoongan page` needs it once to fetch onnxruntime-web. "
            f"Install Node.js, or pass {PACKAGE} with --runtime"
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
            output = (error.stderr or error.stdout or "").strip().splitlines() or ["no output"]
            raise DataError(
                f"npm cannot fetch onnxruntime-web {VERSION}: {output[-1]}; pass {PACKAGE} with --runtime"
            ) from error
        return _read(Path(folder) / PACKAGE)


def _read(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"--runtime: cannot read {path}: {error.strerror}") from error
    if not _is_whole(content):
        raise DataError(f"{path} is not the tested onnxruntime-web {VERSION}; download it again")
    return content


def _is_whole(content: bytes) -> bool:
    return f"sha512-{base64.b64encode(hashlib.sha512(content).digest()).decode()}" == INTEGRITY
