"""Trainer callbacks: recording, drawing and writing of results."""

from lightning_modules.callbacks.bad_image_report import BadImageReport
from lightning_modules.callbacks.cartoon_writer import CartoonWriter
from lightning_modules.callbacks.evaluation import Evaluation
from lightning_modules.callbacks.exact_resume import ExactResume
from lightning_modules.callbacks.export_best import ExportBest
from lightning_modules.callbacks.gradient_norms import GradientNorms
from lightning_modules.callbacks.image_grid import ImageGrid
from lightning_modules.callbacks.interrupt import SaveOnInterrupt
from lightning_modules.callbacks.loss_bar import LossBar
from lightning_modules.callbacks.output_check import OutputCheck
from lightning_modules.callbacks.run_record import RunRecord
from lightning_modules.callbacks.step_times import StepTimes
from lightning_modules.callbacks.validation_figures import ValidationFigures
from lightning_modules.callbacks.watchdog import Watchdog

__all__ = [
    "BadImageReport",
    "CartoonWriter",
    "Evaluation",
    "ExactResume",
    "ExportBest",
    "GradientNorms",
    "ImageGrid",
    "LossBar",
    "OutputCheck",
    "RunRecord",
    "SaveOnInterrupt",
    "StepTimes",
    "ValidationFigures",
    "Watchdog",
]
