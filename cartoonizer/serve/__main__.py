"""``python -m cartoonizer.serve`` is the ``cartoonize-serve`` command."""

from __future__ import annotations

import sys

from cartoonizer.serve.command import main

sys.exit(main())
