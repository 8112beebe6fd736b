"""The private names of Lightning that this project uses.

Lightning may change them in any release, so its version has an upper bound in ``pyproject.toml``. A test looks for each
of them in the installed release, and for unlisted ones in our code: run it before you raise the bound.
"""

from __future__ import annotations

from typing import NamedTuple


class PrivateName(NamedTuple):
    """A private name of Lightning.

    Attributes:
        owner: Class that has it, as an import path.
        name: The attribute or method.
        reason: What it is used for.
    """

    owner: str
    name: str
    reason: str


PRIVATE_NAMES = (
    PrivateName("lightning.pytorch.cli.LightningCLI", "_get", "config of the trainer, as it was instantiated"),
    PrivateName("lightning.pytorch.cli.LightningCLI", "_instantiate_trainer", "callbacks that need the run's folder"),
    PrivateName("lightning.pytorch.cli.LightningCLI", "_parse_ckpt_path", "overridden: options override a checkpoint"),
    PrivateName("lightning.pytorch.cli.LightningCLI", "_parser", "the parser of a sub-command, to dump its config"),
    PrivateName("lightning.pytorch.cli.LightningCLI", "_prepare_subcommand_parser", "options of one sub-command"),
    PrivateName("lightning.pytorch.core.LightningModule", "_trainer", "whether there is a trainer; `trainer` raises"),
    PrivateName("lightning.pytorch.core.optimizer.LightningOptimizer", "_on_before_step", "one step, counted once"),
    PrivateName("lightning.pytorch.core.optimizer.LightningOptimizer", "_on_after_step", "one step, counted once"),
    PrivateName("lightning.pytorch.Trainer", "_signal_connector", "a signal to any process stops all, as SIGTERM does"),
    PrivateName("lightning.pytorch.loops.fit_loop._FitLoop", "_data_fetcher", "where a resumed epoch continues"),
    PrivateName(
        "lightning.pytorch.loops.training_epoch_loop._TrainingEpochLoop",
        "_should_check_val_fx",
        "a resumed run performs the validation that was due",
    ),
    PrivateName(
        "lightning.pytorch.loops.training_epoch_loop._TrainingEpochLoop",
        "_batches_that_stepped",
        "the step number that loggers get, exact after a resume",
    ),
    PrivateName("lightning.pytorch.callbacks.TQDMProgressBar", "_should_update", "overridden: moves from the start"),
    PrivateName(
        "lightning.pytorch.loggers.csv_logs.ExperimentWriter",
        "_check_log_dir_exists",
        "overridden: a resumed run continues in its folder",
    ),
    PrivateName(
        "lightning.pytorch.loggers.csv_logs.ExperimentWriter",
        "_rewrite_with_new_header",
        "overridden: the file is replaced as a whole",
    ),
    PrivateName("lightning.pytorch.loggers.WandbLogger", "_save_dir", "the run's folder"),
    PrivateName("lightning.pytorch.loggers.WandbLogger", "_wandb_init", "options that W&B would warn about"),
)
