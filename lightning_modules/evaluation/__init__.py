"""Quantitative evaluation of models."""

from lightning_modules.evaluation.evaluator import Evaluator, FaceRow
from lightning_modules.evaluation.judges import JudgeFiles, Judges
from lightning_modules.figure import Figure

__all__ = ["Evaluator", "FaceRow", "Figure", "JudgeFiles", "Judges"]
