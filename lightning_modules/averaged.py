"""Base class of modules with one network and its moving average."""

from __future__ import annotations

from typing import Any, cast

from lightning import LightningModule
from torch import nn
from torch.optim.swa_utils import AveragedModel


class AveragedModule(LightningModule):
    """A module with a network ``net`` and its moving average ``average``, or None."""

    def optimizer_step(self, *args: Any, **kwargs: Any) -> None:
        """Step and update the average, since a checkpoint may be written right after the step."""
        super().optimizer_step(*args, **kwargs)
        average = cast("AveragedModel | None", self.average)
        if average is not None:
            average.update_parameters(cast(nn.Module, self.net))
