"""Private names of Lightning: each exists, and none is used that is not listed."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import lightning_modules
from lightning_modules.private_names import PRIVATE_NAMES, PrivateName

ROOT = Path(__file__).parents[2]
LISTED = {private.name for private in PRIVATE_NAMES}
NOT_LIGHTNING = {"_replace", "_asdict", "_fields", "_exit", "_dynamo", "_functorch"}
"""Documented parts of named tuples, of ``os``, and of PyTorch's compiler."""
PYTHON = {"_run_exitfuncs"}
"""Of ``atexit``: it has no public name, and ``test_leave.py`` fails where it is missing."""


@pytest.mark.parametrize("private", PRIVATE_NAMES, ids=lambda private: f"{private.owner}.{private.name}")
def test_the_installed_lightning_has_it(private: PrivateName) -> None:
    module, _, name = private.owner.rpartition(".")
    owner = getattr(importlib.import_module(module), name)
    sources = [inspect.getsource(base) for base in owner.__mro__ if base.__module__.startswith("lightning.")]
    assert any(re.search(rf"\b{private.name}\b", source) for source in sources)


def defined_names(tree: ast.AST) -> Iterator[str]:
    """Names that a file gives to functions, classes and attributes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif (
            isinstance(node, ast.Attribute)
            and isinstance(node.ctx, ast.Store)
            and isinstance(node.value, ast.Name)
            and node.value.id in {"self", "cls"}
        ):
            yield node.attr


def test_no_other_private_name_is_used() -> None:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT / "lightning_modules").rglob("*.py")]
    known = LISTED | NOT_LIGHTNING | PYTHON | {name for tree in trees for name in defined_names(tree)}
    used = {node.attr for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert {name for name in used if re.match(r"_[a-z]", name)} <= known


def all_classes() -> Iterator[type]:
    for found in pkgutil.walk_packages(lightning_modules.__path__, "lightning_modules."):
        if not found.name.endswith("__main__"):
            for _, value in inspect.getmembers(importlib.import_module(found.name), inspect.isclass):
                if value.__module__ == found.name:
                    yield value


def test_no_private_method_is_overridden_unlisted() -> None:
    for ours in all_classes():
        theirs = [base for base in ours.__mro__ if base.__module__.startswith("lightning.")]
        private = [name for name in vars(ours) if re.match(r"_[a-z]", name) and not name.startswith("_abc_")]
        overridden = {name for name in private if any(name in vars(base) for base in theirs)}
        assert overridden <= LISTED, f"{ours.__name__} overrides {overridden - LISTED}"
