"""``python -m lightning_modules`` is the ``lightning`` command."""

import sys

from lightning_modules.cli import main

sys.exit(main())
