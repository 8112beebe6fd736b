"""The names of the data sets, for help texts."""

from __future__ import annotations

from datamodules.datasets.registry import data_sets

SET_NAMES = ", ".join(map(str, data_sets()))
