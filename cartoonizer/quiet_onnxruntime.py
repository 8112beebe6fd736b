"""Imports onnxruntime with telemetry disabled; its builds report usage and store an identifier on disk."""

from __future__ import annotations

import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read on import

import onnxruntime

__all__ = ["onnxruntime"]
