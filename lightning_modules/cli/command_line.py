"""Sorts the ``lightning`` command line before parsing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from lightning_modules.errors import UsageError
from lightning_modules.runs import find_in_project, known_configs, project_root

SUBCOMMANDS = ("fit", "validate", "test", "predict")


class CommandLine:
    """A command line, sorted so that options override configs in any position.

    Args:
        argv: The arguments without the program's name.

    Attributes:
        subcommand: The sub-command, or empty.
        configs: Paths of the configs, in order.
        options: All other arguments, in order.

    Raises:
        UsageError: A config does not exist, or is not YAML with sections.
    """

    def __init__(self, argv: list[str]) -> None:
        self.subcommand: list[str] = []
        self.configs: list[str] = []
        self.options: list[str] = []
        waiting = list(argv)
        if waiting and waiting[0] in SUBCOMMANDS:
            self.subcommand.append(waiting.pop(0))
        while waiting:
            word = waiting.pop(0)
            if word in {"--config", "-c"} and waiting:
                self.configs.append(find_config(waiting.pop(0)))
            elif word.startswith("--config="):
                self.configs.append(find_config(word.removeprefix("--config=")))
            else:
                self.options.append(word)
        for path in self.configs:
            read_config(path)

    def assembled(self, more_configs: Sequence[str] = (), under_options: dict[str, Any] | None = None) -> list[str]:
        """The sub-command, the configs, ``more_configs``, ``under_options`` as another config, and the options."""
        configs = [*self.configs, *more_configs, *([yaml.safe_dump(under_options)] if under_options else [])]
        return [*self.subcommand, *(word for config in configs for word in ("--config", config)), *self.options]

    def experiment(self) -> str | None:
        """Name of the experiment: that of the last config that is not in sizes/, prefixed with paper_ if in paper/."""
        named = [path for path in map(Path, self.configs) if path.parent.name != "sizes"]
        if not named:
            return None
        return f"paper_{named[-1].stem}" if named[-1].parent.name == "paper" else named[-1].stem


def read_config(path: str) -> dict[str, Any]:
    """The sections of a config.

    Raises:
        UsageError: It cannot be read or is not YAML with sections; the message names file and line.
    """
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8")) or {}
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise UsageError(f"--config {path}{where}: {error.problem}") from error
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise UsageError(f"--config {path}: cannot be read as YAML: {str(error).splitlines()[0]}") from error
    if not isinstance(content, dict):
        raise UsageError(
            f"--config {path}: expected sections such as `model:` and `data:`, found {str(content)[:40]!r}"
        )
    return content


def find_config(path: str) -> str:
    """Resolve a config's path: relative to the current folder, or else to the project.

    Raises:
        UsageError: It does not exist.
    """
    if found := find_in_project(Path(path)):
        return str(found.absolute())
    raise UsageError(f"--config {path}: no such file here or in {project_root()}\nthe project has {known_configs()}")
