"""Prints the oldest allowed release of every dependency as constraints for pip; ``make test-oldest`` installs them.

The newest bug-fix release of each is taken: ``numpy>=2.0`` becomes ``numpy==2.0.*``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).parent.parent / "pyproject.toml"


def oldest_versions(project: Path = PROJECT) -> Iterator[str]:
    """``name==version.*`` for each requirement of ``project`` that has a lower bound, those of extras among them."""
    declared = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
    groups = [declared["dependencies"], *declared["optional-dependencies"].values()]
    for requirement in sorted({each for group in groups for each in group}):
        if found := re.match(r"([\w.-]+)(?:\[[^]]*\])?>=([\d.]+)", requirement):
            yield f"{found[1]}=={found[2]}.*"


if __name__ == "__main__":
    print("\n".join(oldest_versions()))
