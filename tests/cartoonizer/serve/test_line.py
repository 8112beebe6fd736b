from __future__ import annotations

import asyncio
import threading

import pytest

from cartoonizer.serve.limits import Limits
from cartoonizer.serve.line import BusyError, Line


async def until(holds: object) -> None:
    while not holds():  # type: ignore[operator]
        await asyncio.sleep(0.005)


def test_places_move_up_and_the_line_ends_somewhere() -> None:
    async def play() -> None:
        line, may_end = Line(Limits(parallel=1, waiting=2)), threading.Event()
        first = asyncio.create_task(line.do(lambda: may_end.wait(20), "first"))
        await until(lambda: line.working == 1)
        others = [asyncio.create_task(line.do(lambda: 7, name)) for name in ("second", "third")]
        await until(lambda: line.waiting == 2)
        assert [line.place(name) for name in ("first", "second", "third")] == [0, 1, 2]
        with pytest.raises(BusyError):
            await line.do(lambda: 7)
        may_end.set()
        assert await first
        assert await asyncio.gather(*others) == [7, 7]
        await until(lambda: line.working == 0)
        assert line.waiting == 0

    asyncio.run(play())


def test_what_waits_too_long_never_begins() -> None:
    async def play() -> None:
        line, may_end, begun = Line(Limits(parallel=1, waiting=2)), threading.Event(), []
        work = [line.do(lambda: may_end.wait(20)), line.do(lambda: begun.append(1))]
        tasks = [asyncio.wait_for(each, 0.1) for each in work]
        assert [type(each) for each in await asyncio.gather(*tasks, return_exceptions=True)] == [TimeoutError] * 2
        may_end.set()
        await until(lambda: line.working == 0)
        assert (line.waiting, begun) == (0, [])
        line.close()

    asyncio.run(play())


def test_an_error_of_the_work_is_handed_on() -> None:
    async def play() -> None:
        line = Line(Limits(parallel=1))
        with pytest.raises(ZeroDivisionError):
            await line.do(lambda: 1 // 0)
        assert await line.do(lambda: 7) == 7

    asyncio.run(play())
