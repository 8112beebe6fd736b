"""Check of a label file (``--data.labels``) against the faces that it labels."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from datamodules.check.report import Count, SetReport
from datamodules.datasets.annotations import read_csv_rows
from datamodules.datasets.label_override import COLUMNS, HINT, read_label_csv
from datamodules.datasets.registry import DataSet
from datamodules.errors import DataError
from datamodules.samples import Domain


def check_labels(path: Path, names: Mapping[Domain, set[str]]) -> SetReport:
    """Check every row of a label file.

    Args:
        path: The file.
        names: The face names of each domain, as in training.

    Returns:
        For each domain, the rows that match a face and the total; a row without a face is an error.
    """
    report = SetReport(DataSet("labels", "", folder=str(path)), path, present=path.is_file())
    try:
        labels = read_label_csv(path)
    except DataError as error:
        report.error(path, str(error).removeprefix(f"{path}, "))
        return report
    for number, (domain, name, _) in read_csv_rows(path, COLUMNS, HINT):
        if name not in names[domain]:  # type: ignore[index]  # read_label_csv accepts known domains only
            report.error(path, f"there is no {domain} {name}", number)
    for domain, faces in names.items():
        rows = labels[domain]
        report.counts.append(Count(domain, "labels", len(rows.keys() & faces), len(rows)))
    return report
