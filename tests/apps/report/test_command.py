from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from apps.main import main
from apps.rate.gallery import digest_of
from apps.trained_run import TrainedRun
from datamodules.errors import DataError

MakeHome = Callable[..., Path]
MakeFigure = Callable[..., dict[str, Any]]


class Page(HTMLParser):
    """Counts tags, and keeps addresses, cells in bold and texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.bold: list[str] = []
        self.commands: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        assert self.open == [], "unclosed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href", "srcset", "xlink:href"}]
        if tag not in {"meta", "img", "link", "br"}:
            self.open.append(tag)
        if tag == "pre":
            self.commands.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())
        if "pre" in self.open:
            self.commands[-1] += data
        if self.open and self.open[-1] == "b":
            self.bold.append(data)


def report(*words: object) -> int:
    return main(["report", *map(str, words)])


def change(home: Path, **metrics: Any) -> None:
    """Change a test's account of itself."""
    path = home / "test" / "metrics.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | metrics))


def test_a_report_of_two_runs_shows_figures_faces_curves_and_commands(
    tested_runs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = TrainedRun.open(tested_runs[0]).photo_names
    setup = "cpu, batches of 4"
    for home in tested_runs:
        change(
            home,
            folder="/work",
            data=json.loads((home / "test" / "metrics.json").read_text())["data"] | {"batch_size": 4},
        )
    for home in tested_runs:
        lines = "".join(f"{number},{name},0.{number + 1},black,grey,0,0\n" for number, name in enumerate(names))
        (home / "test" / "faces.csv").write_text(
            f"number,file,landmark_error,hair,hair_judged,glasses,glasses_judged,beard,beard_judged\n{lines}"
        )
        (home / "metrics.csv").write_text("epoch,step,val/cycle\n0,49,2.0\n1,99,1.0\n")
    out = tmp_path / "out"

    for _ in range(2):  # a second report over the first
        assert report(tmp_path / "runs", "--out", out, "--faces", 2, "--worst", 1) == 0

    captured = capsys.readouterr()
    assert captured.err == ""
    assert str(out / "report.html") in captured.out
    assert sorted(path.name for path in out.iterdir()) == ["report.html", "table.csv", "table.md", "table.tex"]
    page = Page((out / "report.html").read_text(encoding="utf-8"))
    assert page.tags.count("img") == 2 * (1 + 2) + 2 * 2 * 2  # faces; runs' worst cases, each a photo and a cartoon
    assert page.tags.count("svg") == 1
    assert page.bold == ["0.100"]
    for home in tested_runs:
        assert f"lightning fit --config {home.name}.yaml --run '{home.parent.name}/{home.name}'" in page.commands
        assert f"cd /work && lightning test --ckpt_path {home}/checkpoints/best.ckpt" in page.commands
    assert sum(f"tested on {setup}" in text for text in page.texts) == 1 + len(tested_runs)


def test_a_page_needs_nothing_from_elsewhere(tested_runs: list[Path], tmp_path: Path) -> None:
    (tested_runs[0] / "metrics.csv").write_text("step,val/cycle\n49,2.0\n")
    assert report(tested_runs[0], "--out", tmp_path / "out", "--faces", 1) == 0
    text = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert page.addresses
    assert all(address.startswith(("data:image/", "#")) for address in page.addresses)
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    assert not re.search(r"@import|url\((?!#)", text)
    targets = set(re.findall(r'\bid="([^"]+)"', text))
    assert {address[1:] for address in page.addresses if address.startswith("#")} <= targets


def test_names_cannot_break_the_page(make_home: MakeHome, make_figure: MakeFigure, tmp_path: Path) -> None:
    nasty = "<script>alert(1)</script> & \"quoted\" 'so'"
    entry = make_figure(None, nasty, note=nasty, judge="classifier", spread_is=nasty)
    for name, seed in (("a", 1), ("b", 2)):
        home = make_home(
            f"x<b>/{name}", {"k": entry}, variant=nasty, seed=seed, judges={"classifier": {"name": nasty, nasty: 0.5}}
        )
        (home / "run.json").write_text(json.dumps([{"command": nasty, "git_revision": nasty}]))
        (home / "metrics.csv").write_text("step,val/cycle\n1,2\n")
    assert report(tmp_path / "runs", "--out", tmp_path / "out") == 0
    text = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert "script" not in page.tags
    assert page.commands.count(nasty) == 2
    assert any(text.startswith(nasty) for text in page.texts)
    assert "x<b>" not in text


def test_runs_that_cannot_be_compared_are_told_in_the_page_and_on_standard_error(
    make_home: MakeHome, make_figure: MakeFigure, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_home("a/1", {"k": make_figure(1.0)}, variant="CycleGANCond", data={"image_size": 64})
    make_home("a/2", {"k": make_figure(2.0)}, data={"image_size": 128})
    assert report(tmp_path / "runs", "--out", tmp_path / "out") == 0
    warning = "tested on different image sizes: 64 (CycleGANCond); 128 (CycleGANFull)"
    assert f"warning: not comparable: {warning}" in capsys.readouterr().err
    page = Page((tmp_path / "out" / "report.html").read_text(encoding="utf-8"))
    assert any(warning in text for text in page.texts)
    assert page.bold == []
    assert warning.replace("_", r"\_") in (tmp_path / "out" / "table.md").read_text(encoding="utf-8")


def test_without_checkpoints_there_are_figures_and_a_warning(
    make_home: MakeHome, make_figure: MakeFigure, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = make_home("a/1", {"k": make_figure(1.0)})
    (home / "checkpoints" / "best.ckpt").unlink()
    assert report(home, "--out", tmp_path / "out") == 0
    assert (
        f"warning: no pictures of a/1: {home}/checkpoints/best.ckpt does not exist any more" in capsys.readouterr().err
    )
    page = Page((tmp_path / "out" / "report.html").read_text(encoding="utf-8"))
    assert "img" not in page.tags
    assert "1.00" in page.texts


def test_a_run_without_its_checkpoint_keeps_no_others_from_being_shown(
    tested_runs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tested_runs[1] / "checkpoints" / "best.ckpt").rename(tested_runs[1] / "checkpoints" / "last.ckpt")
    assert report(tmp_path / "runs", "--out", tmp_path / "out", "--faces", 2) == 0
    assert f"no pictures of some/{tested_runs[1].name}: " in capsys.readouterr().err
    page = Page((tmp_path / "out" / "report.html").read_text(encoding="utf-8"))
    assert page.tags.count("img") == 2 * (1 + 1)


def test_data_that_moved_are_named(
    tested_runs: list[Path], sample_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(tested_runs[0], data={"root": str(tmp_path / "nowhere")})
    words = (tested_runs[0], "--out", tmp_path / "out", "--faces", 1)
    assert report(*words) == 0
    assert "no pictures" in capsys.readouterr().err
    assert report(*words, "--root", sample_root) == 0
    assert capsys.readouterr().err == ""
    page = Page((tmp_path / "out" / "report.html").read_text(encoding="utf-8"))
    assert page.tags.count("img") == 2
    assert page.commands[-1].endswith(f"--root {sample_root}")


def test_speed_and_memory_are_not_ranked_across_devices(
    make_home: MakeHome, make_figure: MakeFigure, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for value, variant, device in ((1.0, "CycleGANCond", "cpu"), (2.0, "CycleGANFull", "NVIDIA H200")):
        figures = {
            "images_per_second": make_figure(10 * value, "Speed", better="higher"),
            "peak_memory": make_figure(100 * value, "Peak memory"),
            "kernel_cartoon": make_figure(value, "Distance"),
        }
        make_home(f"a/{variant}", figures, variant=variant, device=device)
    assert report(tmp_path / "runs", "--out", tmp_path / "out", "--faces", 0, "--worst", 0) == 0
    warning = "tested with different devices: cpu (CycleGANCond); NVIDIA H200 (CycleGANFull)"
    assert f"warning: {warning}\n" in capsys.readouterr().err
    page = Page((tmp_path / "out" / "report.html").read_text(encoding="utf-8"))
    assert page.bold == ["1.00"]
    assert warning in page.texts
    assert "Speed, Peak memory: best values are not marked, since the tests' devices differ" in page.texts


def test_a_run_that_was_not_tested_stops_it_before_anything_is_written(
    make_home: MakeHome, make_figure: MakeFigure, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = make_home("a/1", {"k": make_figure(1.0)})
    (home / "test" / "metrics.json").unlink()
    assert report(home, "--out", tmp_path / "out") == 2
    assert "lightning test --config" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_untested_neighbours_are_named(
    make_home: MakeHome, make_figure: MakeFigure, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_home("a/1", {"k": make_figure(1.0)})
    (make_home("a/2", {"k": make_figure(1.0)}) / "test" / "metrics.json").unlink()
    assert report(tmp_path / "runs", "--out", tmp_path / "out", "--faces", 0, "--worst", 0) == 0
    assert "a/2 was not tested" in capsys.readouterr().err


def test_ratings_are_further_columns(
    make_home: MakeHome,
    make_figure: MakeFigure,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    home = make_home("a/1", {"k": make_figure(1.0)})
    rating = make_figure(0.625, "Preferred by people", unit="%", better="higher", spread=0.05)
    digest = digest_of(home / "checkpoints" / "best.ckpt")
    summary = ModuleType("apps.rate.summary")
    summary.summarise = lambda database: {"a/1": {"preference": rating}, "b/9": {"preference": rating}}  # type: ignore[attr-defined]
    summary.rated_checkpoints = lambda database: {"a/1": digest, "b/9": digest}  # type: ignore[attr-defined]
    summary.describe_raters = lambda database: ["rated by 3 people"]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "apps.rate.summary", summary)
    assert report(tmp_path / "runs", "--out", tmp_path / "out", "--ratings", tmp_path / "ratings.sqlite") == 0
    assert "the ratings of b/9 in ratings.sqlite are excluded: it is not among the runs" in capsys.readouterr().err
    page = Page((tmp_path / "out" / "report.html").read_text(encoding="utf-8"))
    assert "62.5" in page.texts
    assert any(text.startswith("Preferred by people (%)") for text in page.texts)
    assert "rated by 3 people" in page.texts


def test_what_cannot_be_written_is_told(
    make_home: MakeHome, make_figure: MakeFigure, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_home("a/1", {"k": make_figure(1.0)})
    (tmp_path / "out" / "table.md").mkdir(parents=True)
    assert report(tmp_path / "runs", "--out", tmp_path / "out") == 2
    assert "cannot write" in capsys.readouterr().err


def test_help_says_that_faces_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert report("--help") == 0
    assert "shows test photos" in " ".join(capsys.readouterr().out.split())


def test_an_error_names_what_is_damaged(make_home: MakeHome, make_figure: MakeFigure, tmp_path: Path) -> None:
    from apps.report.command import write_report

    home = make_home("a/1", {"k": make_figure(1.0)})
    (home / "test" / "metrics.json").write_text("{")
    with pytest.raises(DataError, match=r"metrics\.json is damaged"):
        write_report([home], tmp_path / "out")
