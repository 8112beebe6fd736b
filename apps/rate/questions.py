"""The questions for raters: the paper's three scales (section 5), or which of two cartoons is better."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Mode(StrEnum):
    """The two kinds of questions."""

    SCORES = "scores"
    PAIRS = "pairs"


@dataclass(frozen=True)
class Question:
    """One question about an item.

    Attributes:
        key: Its key in the database and in results.
        title: Its name in the paper.
        text: The text for raters.
        low: Smallest answer.
        high: Largest answer.
    """

    key: str
    title: str
    text: str
    low: int = 1
    high: int = 5


SCALES: Final = (
    Question("identity", "Identity", "Does the cartoon keep the person's identity: is it still them?"),
    Question("realistic", "Realistic", "Does it look real for a cartoon, as if somebody had drawn it?"),
    Question("as_profile", "AsProfile", "All in all: would it be a good profile picture of this person?"),
)
"""Scores from 1 (not at all) to 5 (fully)."""

PREFERENCE: Final = Question("preference", "Preference", "Which is the better cartoon of this person?", -1, 1)
"""-1: the first cartoon is better, 1: the second, 0: no difference."""

QUESTIONS: Final[dict[Mode, tuple[Question, ...]]] = {Mode.SCORES: SCALES, Mode.PAIRS: (PREFERENCE,)}
