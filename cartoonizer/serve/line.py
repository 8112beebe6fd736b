"""A bounded request queue with a limited number of workers, in which each request has a position."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from cartoonizer.serve.limits import Limits

_Result = TypeVar("_Result")


class BusyError(Exception):
    """The queue is full."""


class _Place:
    """A request in the queue."""

    def __init__(self, ticket: str) -> None:
        self.ticket = ticket


class Line:
    """Runs work in threads, first come, first served.

    Args:
        limits: Limits of workers and waiting requests.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._pool = ThreadPoolExecutor(limits.parallel, thread_name_prefix="cartoon")
        self._waiting: list[_Place] = []
        self._working = 0

    @property
    def waiting(self) -> int:
        """Number of waiting requests."""
        return len(self._waiting)

    @property
    def working(self) -> int:
        """Number of requests in progress."""
        return self._working

    def place(self, ticket: str) -> int:
        """Position of a waiting request, starting at 1; 0 if it is in progress, done or unknown."""
        return next((place for place, each in enumerate(self._waiting, start=1) if each.ticket == ticket), 0)

    async def do(self, work: Callable[[], _Result], ticket: str = "") -> _Result:
        """Run work in a thread, after waiting for a free one. If this is cancelled, work that has not started is, too.

        Args:
            work: The work; not interrupted once started.
            ticket: Identifies the request for ``place``.

        Raises:
            BusyError: Too many requests are waiting.
        """
        if len(self._waiting) >= self._limits.waiting:
            raise BusyError
        loop, place = asyncio.get_running_loop(), _Place(ticket)
        self._waiting.append(place)

        def run() -> _Result:
            loop.call_soon_threadsafe(self._begin, place)
            return work()

        future = self._pool.submit(run)
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._end, place))
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Do not start any more work."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _begin(self, place: _Place) -> None:
        self._waiting.remove(place)
        self._working += 1

    def _end(self, place: _Place) -> None:
        """Remove a request that is done or was cancelled."""
        if place in self._waiting:
            self._waiting.remove(place)
        else:
            self._working -= 1
