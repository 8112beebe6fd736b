"""One measured value, as stored in ``metrics.json`` and reports."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import ClassVar, Literal

Better = Literal["lower", "higher", ""]


@dataclass(frozen=True)
class Figure:
    """A measured value with its metadata.

    Attributes:
        title: Its title, including the evaluation network if there is one.
        value: The value; None if it could not be measured, for the reason in ``note``.
        better: Which direction is better; empty if neither.
        spread: Uncertainty in the same unit; None if unknown.
        spread_is: Meaning of ``spread``.
        samples: Number of images or ratings; 0 if unknown.
        unit: "%" for ratios, which are stored from 0 to 1; else the unit's name or empty.
        judge: The evaluation network: "features", "classifier", "landmarks" or "detector"; None if there is none.
        note: A remark.
        interval: Bounds of a confidence interval, not necessarily symmetric around ``value``.
    """

    __pydantic_config__: ClassVar[dict[str, bool]] = {"strict": True, "allow_inf_nan": False}  # for reading

    title: str
    value: float | None = None
    better: Better = ""
    spread: float | None = None
    spread_is: str = ""
    samples: int = 0
    unit: str = ""
    judge: str | None = None
    note: str | None = None
    interval: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if self.interval is not None and self.interval[0] > self.interval[1]:
            raise ValueError(f"has interval: {self.interval}, expected a lower and an upper bound, or null")

    def as_json(self) -> dict[str, object]:
        """As plain values; non-finite ones become None."""
        value, note = self.value, self.note
        if value is not None and not math.isfinite(value):
            value, note = None, note or "not finite: there was nothing to measure"
        spread = self.spread if self.spread is not None and math.isfinite(self.spread) else None
        return asdict(replace(self, value=value, spread=spread, note=note))
