"""onnxruntime without its telemetry: its builds tell their makers of each use, and leave an identifier on disk."""

from __future__ import annotations

import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # is read when it is imported

import onnxruntime

__all__ = ["onnxruntime"]
