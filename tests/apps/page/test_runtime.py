from __future__ import annotations

import base64
import hashlib
import io
import stat
import tarfile
from pathlib import Path

import pytest

from apps.page import runtime
from apps.page.runtime import MEMBERS, PACKAGE, cache_folder, runtime_files
from datamodules.errors import DataError


def packed() -> bytes:
    """A package of npm that holds what the page takes, and more."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name in (*MEMBERS.values(), "package/package.json"):
            info = tarfile.TarInfo(name)
            info.size = len(name)
            archive.addfile(info, io.BytesIO(name.encode()))
    return content.getvalue()


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> bytes:
    """Its bytes, which are the expected ones; the cache is an empty folder and there is no npm."""
    content = packed()
    digest = base64.b64encode(hashlib.sha512(content).digest()).decode()
    monkeypatch.setattr(runtime, "INTEGRITY", f"sha512-{digest}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return content


def put_npm(folder: Path, script: str) -> None:
    npm = folder / "bin" / "npm"
    npm.parent.mkdir(exist_ok=True)
    npm.write_text(f"#!/bin/sh\n{script}\n")
    npm.chmod(npm.stat().st_mode | stat.S_IXUSR)


def test_npm_fetches_it_once(package: bytes, tmp_path: Path) -> None:
    (tmp_path / "packed").write_bytes(package)
    log = tmp_path / "log"
    put_npm(tmp_path, f'echo "$@" >> {log}; PATH=/bin:/usr/bin cp {tmp_path / "packed"} "$PWD/{PACKAGE}"')
    for _ in range(2):
        assert runtime_files() == {name: path.encode() for name, path in MEMBERS.items()}
    (line,) = log.read_text().splitlines()
    assert line.startswith("pack onnxruntime-web@")
    assert "--ignore-scripts" in line
    (cache_folder() / PACKAGE).write_bytes(b"damaged")
    assert runtime_files().keys() == MEMBERS.keys()
    assert len(log.read_text().splitlines()) == 2


def test_without_npm_a_file_can_be_given(package: bytes, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"npm is not installed.*--runtime"):
        runtime_files()
    given = tmp_path / "given.tgz"
    given.write_bytes(package)
    assert runtime_files(given).keys() == MEMBERS.keys()
    given.write_bytes(package + b"x")
    with pytest.raises(DataError, match=r"given\.tgz is not the tested onnxruntime-web"):
        runtime_files(given)
    with pytest.raises(DataError, match="cannot read"):
        runtime_files(tmp_path / "none.tgz")


def test_what_npm_says_is_passed_on(package: bytes, tmp_path: Path) -> None:
    put_npm(tmp_path, "echo 'npm error no such address' >&2; exit 1")
    with pytest.raises(DataError, match=r"npm cannot fetch onnxruntime-web .*: npm error no such address; pass"):
        runtime_files()
    assert not (cache_folder() / PACKAGE).exists()
