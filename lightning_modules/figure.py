"""One measured value, as ``metrics.json`` and reports hold it."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import ClassVar, Literal

Better = Literal["lower", "higher", ""]


@dataclass(frozen=True)
class Figure:
    """A measured value and all that it takes to read it.

    Attributes:
        title: What it is called, with the judge's name where one was asked.
        value: None where it could not be measured, for the reason in ``note``.
        better: Which direction is better; empty where neither is.
        spread: How far it could be off, in its own unit; None where that is not known.
        spread_is: What ``spread`` is.
        samples: Images, or ratings, that it was measured on; 0 where that is not known.
        unit: "%" for shares, which are written from 0 to 1; else the unit's name or nothing.
        judge: Name of the judge among "features", "classifier", "landmarks".
        note: What to keep in mind.
        interval: Ends of a confidence interval, which ``value`` need not be in the middle of.
    """

    __pydantic_config__: ClassVar[dict[str, bool]] = {"strict": True, "allow_inf_nan": False}  # where it is read back

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
            raise ValueError(f"has interval: {self.interval}, expected a low and a high end or null")

    def as_json(self) -> dict[str, object]:
        """As plain values; what is not finite becomes None."""
        value, note = self.value, self.note
        if value is not None and not math.isfinite(value):
            value, note = None, note or "not finite: there was nothing to measure"
        spread = self.spread if self.spread is not None and math.isfinite(self.spread) else None
        return asdict(replace(self, value=value, spread=spread, note=note))
