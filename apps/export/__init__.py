"""``cartoongan export``: trained networks as files for products."""

from __future__ import annotations

from apps.export.command import export

__all__ = ["export"]
