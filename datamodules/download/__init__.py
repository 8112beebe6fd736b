"""Getting the data sets: from where, under which terms, resumed, verified, safely unpacked; finished or absent."""

from datamodules.download.fetch import Retry
from datamodules.download.get import get
from datamodules.download.sources import Archive, Checksum, Source

__all__ = ["Archive", "Checksum", "Retry", "Source", "get"]
