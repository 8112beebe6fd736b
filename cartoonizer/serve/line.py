"""The waiting line: so many requests are worked on at a time, so many wait, and each knows its place."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from cartoonizer.serve.limits import Limits

_Result = TypeVar("_Result")


class BusyError(Exception):
    """Nobody else may wait."""


class _Place:
    """Where a request stands in the line."""

    def __init__(self, ticket: str) -> None:
        self.ticket = ticket


class Line:
    """Work in threads, first come, first served.

    Args:
        limits: How many work, how many wait, and how long.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._pool = ThreadPoolExecutor(limits.parallel, thread_name_prefix="cartoon")
        self._waiting: list[_Place] = []
        self._working = 0

    @property
    def waiting(self) -> int:
        """Requests that wait."""
        return len(self._waiting)

    @property
    def working(self) -> int:
        """Requests that are worked on."""
        return self._working

    def place(self, ticket: str) -> int:
        """The place of a request that waits, 1 for the next one; 0 while it is worked on, done or unknown."""
        return next((place for place, each in enumerate(self._waiting, start=1) if each.ticket == ticket), 0)

    async def do(self, work: Callable[[], _Result], ticket: str = "") -> _Result:
        """Wait for a thread and do some work in it.

        Args:
            work: It is not interrupted once it has begun.
            ticket: By what `place` knows the request.

        Raises:
            BusyError: Too many wait.
            TimeoutError: It took too long; what has not begun never will.
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
        return await asyncio.wait_for(asyncio.wrap_future(future), self._limits.seconds)

    def close(self) -> None:
        """Let nothing else begin."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _begin(self, place: _Place) -> None:
        self._waiting.remove(place)
        self._working += 1

    def _end(self, place: _Place) -> None:
        """A request is done, or was given up before it began."""
        if place in self._waiting:
            self._waiting.remove(place)
        else:
            self._working -= 1
