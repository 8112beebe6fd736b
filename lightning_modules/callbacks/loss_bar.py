"""The progress bar of a run."""

from __future__ import annotations

import sys

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import TQDMProgressBar


class LossBar(TQDMProgressBar):
    """Shows all losses by name in one line, where Lightning's bar uses several.

    On a terminal it updates every step. In a log file it writes a line after the first step of an epoch, as early
    feedback, then every 10 steps, and every 100 steps from step 100 on.
    """

    def __init__(self) -> None:
        super().__init__()
        self._is_terminal = sys.stderr.isatty()

    def _should_update(self, current: int, total: int) -> bool:
        """Overrides a private hook of Lightning, see ``lightning_modules.private_names``; ``current`` starts at 1."""
        rate = 1 if self._is_terminal or current <= 1 else 10 if current <= 100 else 100
        return self.is_enabled and (current % rate == 0 or current == total)

    def get_metrics(
        self, trainer: Trainer, pl_module: LightningModule
    ) -> dict[str, int | str | float | dict[str, float]]:
        """The losses, without the version number."""
        return {name: value for name, value in super().get_metrics(trainer, pl_module).items() if name != "v_num"}
