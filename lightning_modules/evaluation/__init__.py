"""How good the cartoons of a model are, in figures."""

from lightning_modules.evaluation.evaluator import Evaluator, FaceRow
from lightning_modules.figure import Figure
from lightning_modules.evaluation.judges import JudgeFiles, Judges

__all__ = ["Evaluator", "FaceRow", "Figure", "JudgeFiles", "Judges"]
