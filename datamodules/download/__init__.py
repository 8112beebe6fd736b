"""Downloads the data sets: resumes and verifies archives, unpacks them safely and installs each set atomically."""

from datamodules.download.fetch import Retry
from datamodules.download.get import get
from datamodules.download.sources import Archive, Checksum, Source

__all__ = ["Archive", "Checksum", "Retry", "Source", "get"]
