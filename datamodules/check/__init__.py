"""Checking the data sets on disk: what is there, how much of the published whole, and every fault in it."""

from datamodules.check.labels import check_labels
from datamodules.check.report import CheckReport, Count, Finding, SetReport, Severity
from datamodules.check.runner import check

__all__ = ["CheckReport", "Count", "Finding", "SetReport", "Severity", "check", "check_labels"]
