"""Groups runs into table rows; runs that differ only in the seed share a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from apps.report.runs import MeasuredRun, metrics_path

VARIANT_ORDER = ("CycleGANBaseline", "CycleGANCond", "CycleGANLandmark", "CycleGANAligned", "CycleGANFull")
"""The paper's variants, which come first."""

NO_BEARING = {
    *("seed_everything", "name", "run", "ckpt_path", "weights_only", "config"),
    *("trainer.default_root_dir", "trainer.logger", "trainer.log_every_n_steps"),
    *("trainer.enable_progress_bar", "trainer.enable_model_summary"),
    *("data.cache_dir", "data.num_workers", "data.predict_dir", "data.seed", "data.align", "data.on_bad_image"),
    *("ddp_timeout", "export", "force", "model.hair"),
    *("model.micro_batch_size", "model.gradient_checkpointing", "model.compile"),
}
"""Options that do not distinguish configurations: the seed, paths, and options that only change how it is computed."""


@dataclass(frozen=True)
class Row:
    """A configuration.

    Attributes:
        title: The variant, and the options that distinguish it from other rows of the same variant.
        runs: At least one run, one per seed.
    """

    title: str
    runs: Sequence[MeasuredRun]

    @property
    def variant(self) -> str:
        """Class name of the model."""
        return self.runs[0].variant


def rows_of(runs: Sequence[MeasuredRun]) -> tuple[list[Row], list[str]]:
    """Group runs by configuration, in the order of the paper's variants.

    Returns:
        The rows, and warnings about runs that are excluded because another has the same configuration and seed.
    """
    groups: dict[tuple[str, ...], dict[int, MeasuredRun]] = {}
    warnings = []
    for run in sorted(runs, key=_tested_at):
        of_seed = groups.setdefault(_configuration(run), {})
        if (other := of_seed.get(run.seed)) is not None:
            warnings.append(
                f"{other.title} is excluded: {run.title} has the same configuration and seed, and was tested later"
            )
        of_seed[run.seed] = run
    position = {run.home: index for index, run in enumerate(runs)}
    members = [[of_seed[seed] for seed in sorted(of_seed)] for of_seed in groups.values()]
    members.sort(key=lambda group: (_rank(group[0].variant), min(position[run.home] for run in group)))
    return [Row(_title(group[0], members), group) for group in members], warnings


def _tested_at(run: MeasuredRun) -> float:
    return metrics_path(run.home).stat().st_mtime


def _rank(variant: str) -> tuple[int, str]:
    is_known = variant in VARIANT_ORDER
    return (VARIANT_ORDER.index(variant) if is_known else len(VARIANT_ORDER), variant)


def _configuration(run: MeasuredRun) -> tuple[str, ...]:
    """Key of a row; a run with unknown configuration has a row of its own."""
    if not run.options:
        return (run.variant, str(run.home))
    return (run.variant, *(f"{name}={value}" for name, value in sorted(_bearing(run).items())))


def _bearing(run: MeasuredRun) -> dict[str, str]:
    return {name: value for name, value in run.options.items() if name not in NO_BEARING}


def _title(run: MeasuredRun, groups: Sequence[Sequence[MeasuredRun]]) -> str:
    """The variant, followed by the options that differ between rows of the same variant."""
    options = [_bearing(group[0]) for group in groups if group[0].variant == run.variant]
    if len(options) == 1:
        return run.variant
    if not run.options:
        return f"{run.variant} ({run.title})"
    names = {name for of_row in options for name in of_row}
    differing = sorted(name for name in names if len({of_row.get(name) for of_row in options if of_row}) > 1)
    own = ", ".join(f"{_short(name, differing)}={run.options.get(name, 'unset')}" for name in differing)
    return f"{run.variant} ({own or run.title})"


def _short(name: str, names: Sequence[str]) -> str:
    """The last part of an option's name if it is unambiguous."""
    last = name.rpartition(".")[2]
    return name if [other.rpartition(".")[2] for other in names].count(last) > 1 else last
