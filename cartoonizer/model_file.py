"""Reads model files, ``*.cartoon``: zip archives of ONNX networks and a manifest, without executable code."""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cartoonizer.errors import ModelError
from cartoonizer.manifest import Manifest, ManifestError

OWN_MODEL = Path(__file__).parent / "own.cartoon"
"""The bundled model."""

MANIFEST = "manifest.json"
MOST_BYTES = 2**29
"""Larger networks are rejected without reading them."""

_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, RuntimeError)
"""What ``zipfile`` and ``json`` raise for damaged files."""


@dataclass(frozen=True)
class ModelFile:
    """Content of a model file.

    Attributes:
        path: Its path.
        manifest: Its manifest.
        nets: ONNX files by name without suffix.
        manifest_json: The raw manifest.
    """

    path: Path
    manifest: Manifest
    nets: Mapping[str, bytes]
    manifest_json: bytes


def read_model(path: Path) -> ModelFile:
    """Read and verify a model file.

    Raises:
        ModelError: It is missing, damaged, not a model, or newer than this package.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            manifest_json = _member(archive, MANIFEST)
            manifest = Manifest.of(json.loads(manifest_json))
            nets = {name: _member(archive, f"{name}.onnx") for name in manifest.files}
    except FileNotFoundError as error:
        raise ModelError(f"no such model file: {path}; create one with `cartoongan export`") from error
    except ManifestError as error:
        raise ModelError(f"{path} {error}") from error
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror}") from error
    except _DAMAGE as error:
        raise ModelError(f"{path} is damaged or not a model file; create one with `cartoongan export`") from error
    for name, digest in manifest.files.items():
        if hashlib.sha256(nets[name]).hexdigest() != digest:
            raise ModelError(f"{path} is damaged: wrong checksum of {name}; get the file again")
    return ModelFile(path, manifest, nets, manifest_json)


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    member = archive.getinfo(name)
    if member.file_size > MOST_BYTES:
        raise ValueError(f"{name} is too large")
    if member.compress_type not in _PACKINGS:
        raise ValueError(f"{name} is compressed in a way that exports never are")
    return archive.read(name)
