from __future__ import annotations

from pathlib import Path

from cartoonizer.serve.cartoon_page import CartoonPage


def test_a_page_brings_its_own_module_and_words(tmp_path: Path) -> None:
    (tmp_path / "cartoons.js").write_text("export {};")
    (tmp_path / "notes.txt").write_text("no file of a page")
    files = CartoonPage(
        tmp_path, privacy="Nothing leaves.", head="<meta>", starting="Wait", footer="<p>end</p>"
    ).files()
    assert files["cartoons.js"] == b"export {};"
    assert {"index.html", "page.js", "page.css", "icon.svg", "examples/three.jpg"} < files.keys()
    assert "notes.txt" not in files
    page = files["index.html"].decode()
    assert "$" not in page
    for words in ("Nothing leaves.", "<meta>", ">Wait<", "<p>end</p>"):
        assert words in page
