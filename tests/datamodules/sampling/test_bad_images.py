from __future__ import annotations

from collections import Counter
from multiprocessing import get_context

from datamodules.sampling.bad_images import BadImageLog


def complain(log: BadImageLog, name: str) -> None:
    for _ in range(50):
        log.add(name)


def test_complaints_of_all_processes_are_counted() -> None:
    log = BadImageLog()
    context = get_context("fork")
    processes = [context.Process(target=complain, args=(log, f"cannot decode\n{name}.jpg")) for name in "ab"]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    log.add("c")
    assert log.take() == Counter({"cannot decode a.jpg": 50, "cannot decode b.jpg": 50, "c": 1})
    assert log.take() == Counter()
    log.add("d")
    assert log.take() == Counter({"d": 1})
    log.close()
    log.close()
