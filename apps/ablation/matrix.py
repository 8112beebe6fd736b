"""The matrix of an ablation, read from a YAML file, and the commands of its cells.

::

    seeds: [1, 2, 3]
    generators: [resnet9]                  # default for all variants
    options: {data.image_size: 256}        # for every ``lightning fit``
    test_options: {}                       # for every ``lightning test``
    recipe: paper                          # use configs in configs/paper/; by default those in configs/
    variants:                              # configs/cyclegan_NAME.yaml
      baseline: {generators: [resnet9, unet, densenet]}
      cond: {options: {model.wrong_labels: true}}
      full:
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NoReturn, get_args

import yaml

from datamodules.errors import DataError

Option = str | int | float | bool | list[str | int | float | bool] | None

_OF_THE_MATRIX = (
    *("seed_everything", "name", "run", "config", "ckpt_path"),
    *("model.generator", "data.root", "trainer.default_root_dir"),
)
RECIPES = ("", "paper")
"""Folders of the variants' configs, below ``configs/``."""

_FIT_GROUPS = ("model.", "data.", "trainer.")
_TEST_GROUPS = (*_FIT_GROUPS, "evaluation.")


@dataclass(frozen=True)
class Cell:
    """One run of a matrix.

    Attributes:
        variant: Its config is ``configs/cyclegan_VARIANT.yaml``, or that in ``configs/RECIPE/``.
        generator: Backbone of the generators.
        seed: Random seed of training and test.
        fit_options: Arguments for ``lightning fit``.
        test_options: Arguments for ``lightning test``.
        recipe: Folder of the config below ``configs/``.
    """

    variant: str
    generator: str
    seed: int
    fit_options: Sequence[str]
    test_options: Sequence[str]
    recipe: str = ""

    @property
    def name(self) -> str:
        """Name of the cell and its run."""
        return f"{self.variant}-{self.generator}-seed{self.seed}"

    @property
    def config(self) -> str:
        """Path of its config for the command line."""
        return str(PurePosixPath("configs") / self.recipe / f"cyclegan_{self.variant}.yaml")

    def fit_words(self, folder: Path, root: Path) -> list[str]:
        """The command line of its training, without the program's name.

        Args:
            folder: Folder of the runs.
            root: Folder of the data sets.
        """
        place = ("--trainer.default_root_dir", str(folder.parent), "--name", folder.name, "--run", self.name)
        own = ("--seed_everything", str(self.seed), "--model.generator", self.generator)
        return ["fit", "--config", self.config, "--data.root", str(root), *own, *self.fit_options, *place]

    def test_words(self, checkpoint: Path, root: Path) -> list[str]:
        """The command line of the test of a checkpoint, without the program's name."""
        own = ("--seed_everything", str(self.seed), "--ckpt_path", str(checkpoint))
        return ["test", "--config", self.config, "--data.root", str(root), *self.test_options, *own]


@dataclass(frozen=True)
class Matrix:
    """An ablation.

    Attributes:
        name: Name of its run folder.
        cells: The cells in training order.
    """

    name: str
    cells: Sequence[Cell]


def read_matrix(path: Path, more_options: Sequence[str] = ()) -> Matrix:
    """Read a matrix from a YAML file; all variants come with one seed before the next seed.

    Args:
        path: The file.
        more_options: Arguments for each fit and each test, after those of the file.

    Raises:
        DataError: The file is missing or invalid; the message says why.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, yaml.YAMLError) as error:
        raise DataError(f"{path} is not valid YAML: {error}") from error
    return _Reader(path).matrix(content, more_options)


@dataclass(frozen=True)
class _Reader:
    """Validates the content of the file; errors name the file."""

    path: Path

    def matrix(self, content: object, more_options: Sequence[str]) -> Matrix:
        matrix = self._table(content, "it", {"seeds", "generators", "options", "test_options", "recipe", "variants"})
        recipe = self._recipe(matrix.get("recipe", ""))
        seeds, variants = self._seeds(matrix.get("seeds")), self._variants(matrix.get("variants"))
        generators = self._generators(matrix.get("generators", ["resnet9"]), "generators")
        options = self._options(matrix.get("options"), "options")
        test_options = self._options(matrix.get("test_options"), "test_options", _TEST_GROUPS)
        rows = []
        for variant, entry in variants.items():
            where = f"variants: {variant}"
            own = self._table(entry or {}, where, {"generators", "options"})
            fit_options = _words(options | self._options(own.get("options"), f"{where}: options"))
            for generator in self._generators(own.get("generators", generators), f"{where}: generators"):
                rows.append((variant, generator, [*fit_options, *more_options]))
        tests = [*_words(test_options), *more_options]
        cells = [
            Cell(variant, generator, seed, fit, tests, recipe) for seed in seeds for variant, generator, fit in rows
        ]
        return Matrix(f"ablation_{self.path.stem}", cells)

    def _table(self, value: object, where: str, keys: set[str]) -> Mapping[str, object]:
        if not isinstance(value, dict):
            self._fail(f"{where} is {value!r:.40}, expected a table of {', '.join(sorted(keys))}")
        if unknown := [str(key) for key in value if key not in keys]:
            self._fail(f"{where} has the unknown key '{unknown[0]}'; expected {', '.join(sorted(keys))}")
        return value

    def _list(self, value: object, where: str, kind: str) -> list[object]:
        if not isinstance(value, list) or not value:
            self._fail(f"{where} is {value!r:.40}, expected a list of at least one {kind}")
        if doubled := [item for item in value if value.count(item) > 1]:
            self._fail(f"{where} has {doubled[0]!r} twice")
        return value

    def _recipe(self, value: object) -> str:
        if value not in RECIPES:
            self._fail(f"recipe is {value!r:.40}, expected {' or '.join(filter(None, RECIPES))}, or nothing")
        return str(value)

    def _seeds(self, value: object) -> list[int]:
        seeds = self._list(value, "seeds", "whole number")
        for seed in seeds:
            if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
                self._fail(f"seeds has {seed!r}, expected whole numbers from 0")
        return [seed for seed in seeds if isinstance(seed, int)]

    def _generators(self, value: object, where: str) -> list[str]:
        from networks import GeneratorName  # imports torch, which `--help` does not need

        names = [str(name) for name in self._list(value, where, "generator")]
        for name in names:
            if name not in get_args(GeneratorName):
                self._fail(f"{where} has '{name}', expected {', '.join(get_args(GeneratorName))}")
        return names

    def _variants(self, value: object) -> Mapping[str, object]:
        if not isinstance(value, dict) or not value:
            self._fail(f"variants is {value!r:.40}, expected a table of at least one")
        for name in value:
            if name not in known_variants():
                self._fail(f"variants has '{name}', expected {', '.join(known_variants())}")
        return value

    def _options(self, value: object, where: str, groups: tuple[str, ...] = _FIT_GROUPS) -> dict[str, Option]:
        if not isinstance(value, dict | None):
            self._fail(f"{where} is {value!r:.40}, expected options and their values, e.g. data.image_size: 64")
        for name, setting in (value or {}).items():
            if name in _OF_THE_MATRIX:
                self._fail(f"{where} has {name}, which the matrix sets itself")
            if not str(name).startswith(groups):
                self._fail(f"{where} has {name}, expected names that start with {', '.join(groups)}")
            if isinstance(setting, dict):
                self._fail(f"{where} has a table under {name}, expected a value")
        return value or {}

    def _fail(self, message: str) -> NoReturn:
        raise DataError(f"{self.path}: {message}")


def known_variants() -> list[str]:
    """The variants that have a config."""
    from lightning_modules.runs import project_root

    return sorted(path.stem.removeprefix("cyclegan_") for path in (project_root() / "configs").glob("cyclegan_*.yaml"))


def _words(options: Mapping[str, Option]) -> list[str]:
    """Options as command-line arguments."""
    return [word for name, value in options.items() for word in (f"--{name}", _word(value))]


def _word(value: Option) -> str:
    return value if isinstance(value, str) else json.dumps(value)
