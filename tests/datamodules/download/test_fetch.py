"""Downloads from a server that cuts, lies and changes its mind."""

from __future__ import annotations

import random

from datamodules.download.fetch import Retry

BODY = random.Random(0).randbytes(300_000)
AT_ONCE = Retry(attempts=3, pause=0)
