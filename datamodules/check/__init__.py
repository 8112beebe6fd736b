"""Checks the data sets on disk: compares them with the published counts and finds broken files and lines."""

from datamodules.check.labels import check_labels
from datamodules.check.report import CheckReport, Count, Finding, SetReport, Severity
from datamodules.check.runner import check

__all__ = ["CheckReport", "Count", "Finding", "SetReport", "Severity", "check", "check_labels"]
