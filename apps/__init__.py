"""What people touch: the ``cartoongan`` command and what it runs."""

from lightning_modules.version import __version__ as __version__
