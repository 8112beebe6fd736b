"""``python -m apps`` is the ``cartoongan`` command."""

import sys

from apps.main import main

sys.exit(main())
