"""Server metrics in Prometheus format."""

from __future__ import annotations

import threading
from collections import Counter

BUCKETS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Upper bounds of the histogram's buckets in seconds."""


class Metrics:
    """Counts requests, faces and time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[int] = Counter()
        self._buckets: Counter[float] = Counter()
        self._faces = 0
        self._seconds = 0.0

    def count(self, status: int, seconds: float, faces: int = 0) -> None:
        """Count a request for cartoons.

        Args:
            status: Status of the response.
            seconds: Time of the request, including its upload and waiting.
            faces: Number of drawn faces.
        """
        with self._lock:
            self._requests[status] += 1
            self._faces += faces
            self._seconds += seconds
            self._buckets.update(edge for edge in BUCKETS if seconds <= edge)

    def text(self, waiting: int, working: int) -> str:
        """The metrics in Prometheus's text format.

        Args:
            waiting: Number of waiting requests.
            working: Number of requests in progress.
        """
        with self._lock:
            total = sum(self._requests.values())
            lines = ["# TYPE cartoongan_requests_total counter"]
            lines += [
                f'cartoongan_requests_total{{status="{key}"}} {self._requests[key]}' for key in sorted(self._requests)
            ]
            lines += ["# TYPE cartoongan_faces_total counter", f"cartoongan_faces_total {self._faces}"]
            lines += ["# TYPE cartoongan_request_seconds histogram"]
            lines += [f'cartoongan_request_seconds_bucket{{le="{edge}"}} {self._buckets[edge]}' for edge in BUCKETS]
            lines += [f'cartoongan_request_seconds_bucket{{le="+Inf"}} {total}']
            lines += [
                f"cartoongan_request_seconds_sum {self._seconds:.6f}",
                f"cartoongan_request_seconds_count {total}",
            ]
        lines += ["# TYPE cartoongan_waiting gauge", f"cartoongan_waiting {waiting}"]
        lines += ["# TYPE cartoongan_working gauge", f"cartoongan_working {working}"]
        return "\n".join(lines) + "\n"
