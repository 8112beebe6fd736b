"""A model as one file, ``*.cartoon``: a zip archive of ONNX nets and a manifest. Nothing in it is ever executed."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cartoonizer.errors import ModelError
from cartoonizer.manifest import Manifest, ManifestError

OWN_MODEL = Path(__file__).parent / "own.cartoon"
"""The model that comes with the package."""

MANIFEST = "manifest.json"
MOST_BYTES = 2**29
"""Larger nets than this are refused unread."""


@dataclass(frozen=True)
class ModelFile:
    """What a model file holds.

    Attributes:
        path: Where it lies.
        manifest: What it says of itself.
        nets: Each ONNX file by its name, without the suffix.
        manifest_json: The manifest as it stands in the file.
    """

    path: Path
    manifest: Manifest
    nets: Mapping[str, bytes]
    manifest_json: bytes


def read_model(path: Path) -> ModelFile:
    """Read a model file and check that it is whole.

    Raises:
        ModelError: It is missing, damaged, no model, or newer than this package.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            manifest_json = _member(archive, MANIFEST)
            manifest = Manifest.of(json.loads(manifest_json))
            nets = {name: _member(archive, f"{name}.onnx") for name in manifest.files}
    except FileNotFoundError as error:
        raise ModelError(f"no such model file: {path}; `cartoongan export` makes one") from error
    except ManifestError as error:
        raise ModelError(f"{path} {error}") from error
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror}") from error
    except (zipfile.BadZipFile, KeyError, ValueError, NotImplementedError, RuntimeError, RecursionError) as error:
        raise ModelError(f"{path} is damaged or no model file; `cartoongan export` makes one of weights") from error
    for name, digest in manifest.files.items():
        if hashlib.sha256(nets[name]).hexdigest() != digest:
            raise ModelError(f"{path} is damaged: {name} is not what was written; get the file again")
    return ModelFile(path, manifest, nets, manifest_json)


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > MOST_BYTES:
        raise ValueError(f"{name} is too large")
    return archive.read(name)
