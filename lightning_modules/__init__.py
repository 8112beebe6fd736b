"""What knows a Trainer: the CycleGAN variants, their callbacks and the ``lightning`` command."""

from lightning_modules.cyclegan_baseline import CycleGANBaseline

__all__ = ["CycleGANBaseline"]
