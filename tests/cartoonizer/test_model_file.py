from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cartoonizer import Cartoonizer, ModelError
from cartoonizer.manifest import FORMAT
from cartoonizer.model_file import MANIFEST, OWN_MODEL, ModelFile, read_model
from cartoonizer.net import Net, card_of

Words = dict[str, Any]


def rewritten(path: Path, change: Callable[[Words], object], but: str = "") -> Path:
    """The own model with another manifest, and without one of its members."""
    with zipfile.ZipFile(OWN_MODEL) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == MANIFEST:
                words = json.loads(content)
                change(words)
                content = json.dumps(words).encode()
            if name != but:
                target.writestr(name, content)
    return path


def test_every_net_has_a_card_and_no_trace_of_where_it_was_made(own_model: ModelFile) -> None:
    assert set(own_model.nets) == {"translator", "pnet", "rnet", "onet", "classifier", "background", "finisher"}
    for name, content in own_model.nets.items():
        card = card_of(content, name)
        assert {"what", "trained_on", "terms", "figures", "version", "sha256"} <= card.keys()
        assert "CartoonSet" in str(card["terms"]) or "CelebA" in str(card["terms"])
        assert str(Path(__file__).parents[2]).encode() not in content
        assert b"site-packages" not in content
    assert "CelebA" in own_model.manifest.terms
    assert own_model.manifest.labels["hair"] == ("black", "brown", "blonde", "grey")


def test_the_model_is_that_of_the_weights(own_model: ModelFile) -> None:
    """If this fails, weights/ have changed: `make runtime` exports them again."""
    weights = Path(__file__).parents[2] / "weights"
    for name, content in own_model.nets.items():
        card = card_of(content, name)
        assert card["sha256"] == hashlib.sha256((weights / str(card["weights"])).read_bytes()).hexdigest()


def test_the_model_is_small() -> None:
    assert OWN_MODEL.stat().st_size < 12e6


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda words: words.update(format=FORMAT + 1), f"has format {FORMAT + 1}"),
        (lambda words: words.pop("frame"), "cannot be read"),
        (lambda words: words["frame"].update(landmarks=[[0, 0]]), "expected five points"),
        (lambda words: words["frame"].update(side=10**9), "a side of 1000000000 pixels"),
        (lambda words: words["background"].update(channel=float("inf")), "cannot be read"),
        (lambda words: words["detector"].update(pyramid_factor=1.5), "not between 0 and 1"),
        (lambda words: words["detector"].update(least_face=0), "not above 0"),
        (lambda words: words["translator"]["inputs"][0].update(kind="code"), "an input of kind"),
        (lambda words: words["files"].update(pnet="0"), "wrong checksum of pnet"),
        (lambda words: words["files"].update({"../evil": "0"}), "damaged or not a model file"),
        (lambda words: words["files"].pop("finisher"), "has no network"),
    ],
)
def test_a_changed_manifest_is_refused_in_one_line(
    change: Callable[[Words], object], expected: str, tmp_path: Path
) -> None:
    path = rewritten(tmp_path / "other.cartoon", change)
    with pytest.raises(ModelError, match=expected) as error:
        Cartoonizer(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_damaged_and_foreign_files_are_refused_in_one_line(tmp_path: Path) -> None:
    whole = OWN_MODEL.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    contents = {"cut": whole[: len(whole) // 2], "flipped": bytes(flipped), "foreign": b"hello", "empty": b""}
    for name, content in contents.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(ModelError, match=name) as error:
            read_model(path)
        assert "\n" not in str(error.value)
    with pytest.raises(ModelError, match="damaged or not a model file"):
        read_model(rewritten(tmp_path / "less.cartoon", lambda words: None, but="onet.onnx"))
    with pytest.raises(ModelError, match="cannot read"):
        read_model(tmp_path)


def tiny_model(path: Path, own: ModelFile, packing: int) -> bytes:
    """A model file of one net of a few bytes."""
    net = b"a tiny net"
    words = {**json.loads(own.manifest_json), "files": {"pnet": hashlib.sha256(net).hexdigest()}}
    with zipfile.ZipFile(path, "w", packing) as archive:
        archive.writestr(MANIFEST, json.dumps(words))
        archive.writestr("pnet.onnx", net)
    return path.read_bytes()


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_no_damaged_byte_ends_in_a_traceback(tmp_path: Path, packing: int, own_model: ModelFile) -> None:
    path = tmp_path / "tiny.cartoon"
    whole = tiny_model(path, own_model, packing)
    read_model(path)
    directory = whole.index(b"PK\x01\x02")
    refusals = []
    for place in (*range(0, directory, 16), *range(directory, len(whole))):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        try:
            read_model(path)
        except ModelError as error:
            refusals.append(str(error))
    assert len(refusals) > 100
    assert all("tiny.cartoon" in each and "\n" not in each for each in refusals)


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_no_export_packs_so_is_not_unpacked(tmp_path: Path, packing: int, own_model: ModelFile) -> None:
    tiny_model(tmp_path / "tiny.cartoon", own_model, packing)
    with pytest.raises(ModelError, match="damaged or not a model file"):
        read_model(tmp_path / "tiny.cartoon")


def test_what_is_no_net_is_refused(own_model: ModelFile) -> None:
    broken = ModelFile(Path("x.cartoon"), own_model.manifest, {"pnet": b"not onnx"}, b"")
    with pytest.raises(ModelError, match=r"x.cartoon: pnet is not a network that onnxruntime can run"):
        Net(broken, "pnet")
