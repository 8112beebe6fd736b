"""``python -m cartoonizer`` is the ``cartoonize`` command."""

from __future__ import annotations

import sys

from cartoonizer.command import main

sys.exit(main())
