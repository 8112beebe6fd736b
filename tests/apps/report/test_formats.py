from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apps.report.formats import as_csv, as_latex, as_markdown
from apps.report.legend import legend_of
from apps.report.rows import rows_of
from apps.report.runs import find_runs
from apps.report.table import Table, build_table

MakeHome = Callable[..., Path]
NASTY = r"100 % of {a_b} & c | d # $ ~ ^ \ <b> *e*"


@pytest.fixture
def table(make_home: MakeHome, make_figure: Callable[..., dict[str, Any]], tmp_path: Path) -> Table:
    """Two rows and seven columns, one of them with nasty names and notes."""
    for ngf, seeds in ((8, (1, 2)), (9, (1,))):
        for seed in seeds:
            figures = {f"k{number}": make_figure(ngf * seed / 8, f"Figure {number}") for number in range(6)}
            nasty = make_figure(seed / ngf, NASTY, unit="%", note=NASTY, better="higher", spread=0.01, spread_is=NASTY)
            make_home(f"a/{ngf}_{seed}", {**figures, "nasty": nasty}, seed=seed, model={"ngf": ngf})
    return build_table(rows_of(find_runs([tmp_path / "runs"]))[0], {})


def test_markdown_has_whole_rows_with_the_best_marked(table: Table) -> None:
    text = as_markdown(table, legend_of(table, ["a | warning"]))
    assert text.startswith("> **Warning:** a \\| warning\n")
    parts = re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE)
    assert len(parts) == 3  # five figures, two, and what they rest on
    for part in parts:
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in part.splitlines()}
        assert len(widths) == 1, part
    first = parts[0].splitlines()
    assert first[0].startswith("| configuration | seeds | Figure 0 ↓ |")
    assert first[2].startswith("| CycleGANFull (ngf=8) | 2 | 1.50 ± 0.71 |")
    assert first[3].startswith("| CycleGANFull (ngf=9) | 1 | **1.12** |")
    assert "<b>" not in text


def test_latex_is_balanced_and_escaped(table: Table) -> None:
    text = as_latex(table, legend_of(table, [NASTY]))
    body = "\n".join(line for line in text.splitlines() if not line.startswith("% "))
    assert body.count(r"\begin{tabular}") == body.count(r"\end{tabular}") == 3
    assert body.count(r"\toprule") == body.count(r"\midrule") == body.count(r"\bottomrule") == 3
    bare = re.sub(r"\\[&%$#_{}\\]", "", body)  # without what is escaped
    assert bare.count("{") == bare.count("}")
    assert bare.count("$") % 2 == 0
    depth = 0
    for character in bare:
        depth += {"{": 1, "}": -1}.get(character, 0)
        assert depth >= 0
    without_maths = re.sub(r"\$[^$]*\$", "", bare)
    assert not re.search(r"[%#_^~<>|]", without_maths.replace("|", ""))
    for tabular in re.findall(r"\\begin\{tabular\}\{(\w+)\}(.*?)\\end", body, flags=re.DOTALL):
        rows = [line for line in tabular[1].splitlines() if line.endswith(r"\\")]
        assert {len(re.findall(r"(?<!\\)&", row)) + 1 for row in rows} == {len(tabular[0])}
    assert r"100 \% of \{a\_b\} \& c | d \# \$ \textasciitilde{} \textasciicircum{} \textbackslash{} $<$b$>$" in body
    assert r"\textbf{1.12}" in body


def test_csv_is_unrounded_and_says_what_it_rests_on(table: Table) -> None:
    lines = list(csv.DictReader(io.StringIO(as_csv(table))))
    assert len(lines) == 2 * 7
    first = lines[0]
    assert (first["configuration"], first["variant"], first["key"]) == ("CycleGANFull (ngf=8)", "CycleGANFull", "k0")
    assert float(first["value"]) == 1.5
    assert float(first["spread"]) == pytest.approx(0.5**0.5, abs=1e-15)
    assert (first["seeds"], first["samples"]) == ("2", "10")
    nasty = lines[13]
    assert (nasty["figure"], nasty["unit"], nasty["notes"]) == (NASTY, "fraction", NASTY)
    assert float(nasty["value"]) == 1 / 9
    assert nasty["spread_is"] == NASTY
    assert (nasty["low"], nasty["high"]) == ("", "")


def test_intervals_are_in_all_formats(
    make_home: MakeHome, make_figure: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    make_home("b/1", {"k": make_figure(-0.5, spread=0.5, spread_is="half", interval=[-1.25, -0.25])})
    table = build_table(rows_of(find_runs([tmp_path / "runs"]))[0], {})
    legend = legend_of(table, [])
    assert "| \N{MINUS SIGN}0.50 (\N{MINUS SIGN}1.25 to \N{MINUS SIGN}0.25) |" in as_markdown(table, legend)
    assert "& $-$0.50 ($-$1.25 to $-$0.25)" in as_latex(table, legend)
    (line,) = csv.DictReader(io.StringIO(as_csv(table)))
    assert (line["spread"], line["low"], line["high"]) == ("0.5", "-1.25", "-0.25")
