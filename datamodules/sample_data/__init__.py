"""Synthetic sample data: rendered faces and cartoons in the formats of the published data sets."""

from __future__ import annotations

from datamodules.sample_data.writer import SampleDataSummary, write_big_ears, write_sample_data

__all__ = ["SampleDataSummary", "write_big_ears", "write_sample_data"]
