from __future__ import annotations

from pathlib import Path

import pytest

from lightning_modules.export.cards import card_of, front_matter


def test_a_card_takes_what_stands_beside_the_weights(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("---\ntrained_on: faces\nterms: CC0: free\n---\n\n# A net\n")
    (tmp_path / "a.safetensors").write_bytes(b"")
    card = card_of(tmp_path / "a.safetensors", "a net", {"step": 3})
    assert (card["trained_on"], card["terms"], card["details"]) == ("faces", "CC0: free", {"step": 3})
    assert card["sha256"] == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert front_matter(tmp_path / "none.md") == ({}, "")


@pytest.mark.parametrize("name", ["cartoons", "finisher", "mtcnn", "portrait", "attribute_classifier"])
def test_the_project_s_weights_have_terms(name: str) -> None:
    header, text = front_matter(Path(__file__).parents[3] / "weights" / f"{name}.md")
    assert header.keys() == {"trained_on", "terms"}
    assert text.startswith("# ")
