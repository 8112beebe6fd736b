"""Formats the table as Markdown, LaTeX and CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

from apps.report.legend import Legend
from apps.report.numbers import DASH, MINUS
from apps.report.table import Column, Shown, Table

_COLUMNS_A_PART = 5
"""Number of columns that fit on a page."""

_TEX = {
    **{character: f"\\{character}" for character in "&%$#_{}"},
    **{"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"},
    **{DASH: "--", "±": r"$\pm$", MINUS: "$-$", "↓": r"$\downarrow$", "↑": r"$\uparrow$", "<": "$<$", ">": "$>$"},
}


_BASIS_HEAD = ("figure", "judge", "samples", "spread of one seed")


def as_markdown(table: Table, legend: Legend) -> str:
    """Tables of a few columns each, with their bases and notes below."""
    parts = [_markdown_part(table, columns) for columns in _parts(table)]
    notes = [f"- {_markdown_text(line)}" for line in (*legend.lines, *legend.judges)]
    footnotes = [f"{number}. {_markdown_text(note)}" for number, note in enumerate(table.footnotes, 1)]
    warnings = [f"> **Warning:** {_markdown_text(warning)}" for warning in legend.warnings]
    bases = [map(_markdown_text, (basis.title, basis.judge, basis.samples, basis.spread)) for basis in legend.bases]
    lines = [f"| {' | '.join(cells)} |" for cells in (_BASIS_HEAD, *bases)]
    basis_table = "\n".join([lines[0], "|---|---|--:|---|", *lines[1:]])
    blocks = [*warnings, *parts, "\n".join(footnotes), "\n".join(notes), basis_table]
    return "\n\n".join(block for block in blocks if block) + "\n"


def as_latex(table: Table, legend: Legend) -> str:
    """A ``table*`` environment for the package booktabs: tables of a few columns each, with their bases and notes."""
    parts = "\n\n\\medskip\n".join([*(_latex_part(table, columns) for columns in _parts(table)), _latex_bases(legend)])
    footnotes = [f"$^{{{number}}}${_latex_text(note)}." for number, note in enumerate(table.footnotes, 1)]
    lines = [*(f"Warning: {text}" for text in legend.warnings), *legend.lines, *legend.judges]
    notes = " ".join([*footnotes, *(_latex_text(f"{line}.") for line in lines)])
    return (
        "% needs \\usepackage{booktabs}\n\\begin{table*}\n\\centering\\small\n"
        f"{parts}\n\n\\medskip\n\\parbox{{\\linewidth}}{{\\footnotesize {notes}}}\n\\end{{table*}}\n"
    )


def as_csv(table: Table) -> str:
    """One line per row and metric, unrounded; percentages as fractions."""
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    head = ("configuration", "variant", "key", "figure", "judge", "unit", "better", "value", "spread", "spread_is")
    writer.writerow((*head, "low", "high", "seeds", "samples", "notes"))
    for row, cells in zip(table.rows, table.cells, strict=True):
        for column, cell in zip(table.columns, cells, strict=True):
            unit = "fraction" if column.unit == "%" else column.unit
            figure = (row.title, row.variant, column.key, column.title, column.judge, unit, column.better)
            reached = (cell.value, cell.spread, cell.spread_is, *(cell.interval or (None, None)))
            writer.writerow((*figure, *reached, cell.seeds, cell.samples, "; ".join(cell.notes)))
    return lines.getvalue()


def _parts(table: Table) -> list[Sequence[Column]]:
    return [table.columns[start : start + _COLUMNS_A_PART] for start in range(0, len(table.columns), _COLUMNS_A_PART)]


def _markdown_part(table: Table, columns: Sequence[Column]) -> str:
    heads = [f"{_markdown_text(column.heading)}{_html_marks(table.marks_of(column))}" for column in columns]
    lines = ["| configuration | seeds | " + " | ".join(heads) + " |", "|---|--:|" + "--:|" * len(columns)]
    for row, cells in table.shown(columns):
        values = [_markdown_cell(cell) for cell in cells]
        lines.append(f"| {_markdown_text(row.title)} | {len(row.runs)} | " + " | ".join(values) + " |")
    return "\n".join(lines)


def _markdown_cell(cell: Shown) -> str:
    value = f"**{cell.value}**" if cell.is_best else cell.value
    return value + (f" {cell.spread}" if cell.spread else "") + _html_marks(cell.marks)


def _html_marks(marks: Sequence[int]) -> str:
    return f"<sup>{','.join(map(str, marks))}</sup>" if marks else ""


def _markdown_text(text: str) -> str:
    return re.sub(r"([\\|<>*_`\[\]])", r"\\\1", " ".join(text.split()))


def _latex_part(table: Table, columns: Sequence[Column]) -> str:
    heads = [f"{_wrapped(column.heading)}{_tex_marks(table.marks_of(column))}" for column in columns]
    lines = [f"\\begin{{tabular}}{{lr{'r' * len(columns)}}}", "\\toprule"]
    lines += ["configuration & seeds & " + " & ".join(heads) + r" \\", "\\midrule"]
    for row, cells in table.shown(columns):
        values = [_latex_cell(cell) for cell in cells]
        lines.append(f"{_latex_text(row.title)} & {len(row.runs)} & " + " & ".join(values) + r" \\")
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}"])


def _latex_bases(legend: Legend) -> str:
    lines = [(basis.title, basis.judge, basis.samples, basis.spread) for basis in legend.bases]
    head, *body = [" & ".join(map(_latex_text, line)) + r" \\" for line in (_BASIS_HEAD, *lines)]
    rules = ("\\toprule", head, "\\midrule", *body, "\\bottomrule")
    return "\n".join(["{\\footnotesize\\begin{tabular}{llrl}", *rules, "\\end{tabular}}"])


def _latex_cell(cell: Shown) -> str:
    value = _latex_text(cell.value)
    spread = f" {_latex_text(cell.spread)}" if cell.spread else ""
    return (f"\\textbf{{{value}}}" if cell.is_best else value) + spread + _tex_marks(cell.marks)


def _tex_marks(marks: Sequence[int]) -> str:
    return f"$^{{{','.join(map(str, marks))}}}$" if marks else ""


def _wrapped(text: str) -> str:
    """A column heading that may wrap."""
    return f"\\parbox[b]{{22mm}}{{\\raggedleft {_latex_text(text)}}}"


def _latex_text(text: str) -> str:
    return "".join(_TEX.get(character, character) for character in " ".join(text.split()))
