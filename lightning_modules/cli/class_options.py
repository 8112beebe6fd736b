"""The options of the model and data classes that a command line selects."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from itertools import zip_longest
from typing import Any

from jsonargparse import ArgumentParser, Namespace
from lightning import Trainer

import lightning_modules
from lightning_modules.cli.command_line import CommandLine, read_config
from lightning_modules.evaluation import JudgeFiles
from lightning_modules.runs import project_root

_SECTIONS = ("model", "data")
_RUN_OPTIONS = (
    *("config", "name", "run", "ckpt_path", "weights_only"),
    *("seed_everything", "ddp_timeout", "print_config", "help"),
)
_MORE_OPTIONS = {
    "fit": ("force", "export"),
    "predict": ("out", "finish", "finisher", "return_predictions"),
    "test": ("finish", "finisher", "verbose"),
    "validate": ("verbose",),
}


def class_help(line: CommandLine) -> str:
    """Help for all options of the model and the data, with their values from the configs."""
    parser = _parser_of(line)
    parser.prog = " ".join(["lightning", *line.subcommand])
    parser.usage = f"{parser.prog} --config FILE [--config FILE ...] [--OPTION VALUE ...]"
    return str(parser.format_help())


def known_options(line: CommandLine) -> list[str]:
    """Names of all valid options for a command line, such as ``data.batch_size``."""
    parser = _parser_of(line)
    parser.add_class_arguments(Trainer, "trainer")
    subcommand = line.subcommand[0] if line.subcommand else "fit"
    if subcommand == "test":
        parser.add_class_arguments(JudgeFiles, "evaluation")
    own = (*_RUN_OPTIONS, *_MORE_OPTIONS.get(subcommand, ()))
    return [*own, *_names(parser.get_defaults(skip_validation=True))]


def _parser_of(line: CommandLine) -> ArgumentParser:
    parser = ArgumentParser(default_env=False)
    for section, (class_path, values) in _chosen_classes(line).items():
        chosen = _find_class(class_path)
        if chosen is not None:
            parser.add_class_arguments(chosen, section, fail_untyped=False)
            own = set(_names(parser.get_defaults(skip_validation=True)))
            parser.set_defaults(
                {f"{section}.{key}": value for key, value in values.items() if f"{section}.{key}" in own}
            )
    return parser


def _names(values: Namespace) -> Iterator[str]:
    """The full dotted names of nested values."""
    yield from (str(key) for key in values.keys())  # noqa: SIM118  # a Namespace is not a dict; keys() gives the full names


def _chosen_classes(line: CommandLine) -> dict[str, tuple[str, dict[str, Any]]]:
    """For each section, its class path and its arguments from the configs; the last config takes precedence."""
    chosen: dict[str, tuple[str, dict[str, Any]]] = {}
    for path in (str(project_root() / "configs" / "base.yaml"), *line.configs):
        content = read_config(path)
        for section in _SECTIONS:
            entry = content.get(section) or {}
            if isinstance(entry, str):
                entry = {"class_path": entry}
            class_path, values = chosen.get(section, ("", {}))
            chosen[section] = (entry.get("class_path", class_path), values | (entry.get("init_args") or {}))
    for section in _SECTIONS:
        for option, value in zip_longest(line.options, line.options[1:], fillvalue=""):
            name, _, attached = option.partition("=")
            if name in {f"--{section}", f"--{section}.class_path"}:
                chosen[section] = (attached or value, chosen[section][1])
    return chosen


def _find_class(class_path: str) -> type | None:
    """The class with an import path, or with a name in ``lightning_modules``; None if it does not exist."""
    module, _, name = class_path.rpartition(".")
    try:
        found = getattr(import_module(module) if module else lightning_modules, name, None)
    except ImportError:
        return None
    return found if isinstance(found, type) else None
