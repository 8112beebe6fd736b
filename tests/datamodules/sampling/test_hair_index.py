from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from datamodules.errors import DataError
from datamodules.samples import NO_HAIR_COLOUR, Domain, HairColour, RawFace, unknown_attributes
from datamodules.sampling.hair_index import HairIndex, build_hair_index
from datamodules.source import FaceSource

COLOURS = ["black", "brown", "blonde", "grey"]


class Labelled:
    """Faces that are nothing but their labels."""

    def __init__(self, hair: list[int], prefix: str = "") -> None:
        self.labels, self.attributes = np.array(hair), unknown_attributes(len(hair))
        self.names = [f"{prefix}{index:03}.png" for index in range(len(hair))]

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> RawFace:
        image = np.full((1, 1, 3), index, dtype=np.uint8)
        return RawFace(image, np.zeros((5, 2), np.float32), int(self.labels[index]), Path(self.names[index]))

    def fingerprint(self) -> str:
        return ",".join(self.names)


def sources(photos: list[int], cartoons: list[int]) -> dict[Domain, FaceSource]:
    return {"photo": Labelled(photos, "p"), "cartoon": Labelled(cartoons, "c")}


MANY = [0] * 9 + [1] * 7 + [2] * 8 + [3] * 5 + [NO_HAIR_COLOUR] * 10


def test_every_colour_has_as_many_in_both_domains() -> None:
    found = sources(MANY, MANY[::-1])
    index = build_hair_index(found, "train", per_class=4)
    for domain, source in found.items():
        assert index.counts(domain) == dict.fromkeys(COLOURS, 4)
        for colour, names in index.names[domain].items():
            assert {source.labels[source.names.index(name)] for name in names} == {HairColour[colour.upper()]}
            assert len(set(names)) == 4


def test_the_draw_depends_on_the_seed_alone() -> None:
    first, again, other = (build_hair_index(sources(MANY, MANY), "train", 3, seed=seed) for seed in (0, 0, 1))
    assert first == again
    assert first != other


def test_too_few_are_refused_with_the_table() -> None:
    with pytest.raises(DataError, match=r"photos: black 9.*grey 5; cartoons: black 9[\s\S]*--per-class 5"):
        build_hair_index(sources(MANY, MANY), "train", per_class=6)
    fewer = build_hair_index(sources(MANY, MANY), "train", 6, allow_fewer=True)
    assert fewer.counts("photo") == dict.fromkeys(COLOURS, 5)


def test_none_at_all_is_refused_even_then() -> None:
    with pytest.raises(DataError, match="grey 0"):
        build_hair_index(sources(MANY, [0, 1, 2]), "train", 1, allow_fewer=True)


def test_an_index_is_read_as_it_was_written(tmp_path: Path) -> None:
    index = build_hair_index(sources(MANY, MANY), "val", per_class=2)
    index.save(tmp_path / "new" / "index.json")
    assert HairIndex.load(tmp_path / "new" / "index.json") == index
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["index.json"]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": 99}', '{"format": 1, "split": "train", "names": 3}'])
def test_what_is_no_index_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "index.json").write_text(text)
    with pytest.raises(DataError, match=r"index\.json"):
        HairIndex.load(tmp_path / "index.json")
    with pytest.raises(DataError, match=r"no such index: .*nowhere\.json"):
        HairIndex.load(tmp_path / "nowhere.json")


def test_chosen_faces_are_those_of_the_index() -> None:
    found = sources(MANY, MANY)
    index = build_hair_index(found, "train", per_class=3)
    chosen = index.select(found["photo"], "photo")
    assert len(chosen) == 12
    assert chosen.names == [name for names in index.names["photo"].values() for name in names]
    for position, name in enumerate(chosen.names):
        assert chosen[position].path.name == name
        assert chosen[position].label == chosen.labels[position]
    assert chosen.fingerprint() != index.select(found["cartoon"], "cartoon").fingerprint()


def test_a_stale_index_is_refused() -> None:
    index = build_hair_index(sources(MANY, MANY), "train", per_class=5)
    with pytest.raises(DataError, match="does not exist"):
        index.select(Labelled(MANY[:20], "p"), "photo")
    with pytest.raises(DataError, match="not in the data"):
        index.select(Labelled(MANY[::-1], "p"), "photo")
