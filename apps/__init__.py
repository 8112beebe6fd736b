"""The ``cartoongan`` command and everything that it runs."""

from lightning_modules.version import __version__ as __version__
