from __future__ import annotations

import base64
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import numpy as np
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from PIL import Image

from cartoonizer import Cartoonizer
from cartoonizer.serve.api import HEADERS, build_app, page_files
from cartoonizer.serve.line import Line
from cartoonizer.serve.security import SECURITY_HEADERS
from tests.cartoonizer.serve.conftest import LIMITS, Serve, served_app

HAIR = ("black", "brown", "blonde", "grey")


def post(address: str, photo: bytes, query: str = "", **headers: str) -> requests.Response:
    return requests.post(f"{address}/api/cartoonize{query}", data=photo, headers=headers, timeout=30)


def picture(data: str) -> Image.Image:
    return Image.open(BytesIO(base64.b64decode(data.removeprefix("data:image/png;base64,"))))


class SlowCartoonizer:
    """Draws nothing, and that only when it may.

    Args:
        model: Whose labels it has.
    """

    def __init__(self, model: Cartoonizer) -> None:
        self.labels, self.manifest = model.labels, model.manifest
        self.may_end = threading.Event()
        self.begun = 0

    def __call__(self, *_: object, **__: object) -> list[Any]:
        self.begun += 1
        self.may_end.wait(20)
        return []


def test_a_photo_becomes_cartoons_of_every_colour(serve: Serve, portrait: bytes, cartoonizer: Cartoonizer) -> None:
    answer = post(serve(), portrait, "?hair=all&size=64")
    assert answer.status_code == 200
    found = answer.json()
    assert (found["width"], found["height"]) == (178, 218)
    (face,) = found["faces"]
    assert [each["labels"]["hair"] for each in face["cartoons"]] == list(HAIR)
    assert face["own"]["hair"] in HAIR
    first = picture(face["cartoons"][0]["png"])
    assert (first.mode, first.size) == ("RGBA", (64, 64))
    assert Image.open(BytesIO(base64.b64decode(face["photo"].partition(",")[2]))).size == (256, 256)
    (expected,) = cartoonizer(portrait)
    np.testing.assert_allclose(face["landmarks"], expected.landmarks, atol=0.01)
    plain = post(serve(), portrait).json()["faces"][0]["cartoons"]
    np.testing.assert_array_equal(np.asarray(picture(plain[0]["png"])), expected.pixels)


@pytest.mark.parametrize(
    ("query", "status", "expected"),
    [
        ("?hair=pink", 400, "hair must be one of own, black"),
        ("?faces=some", 400, "faces must be 'largest' or 'all'"),
        ("?size=9999", 400, "size must be a number of pixels"),
        ("?size=%C2%B2%C2%B2", 400, "size must be a number of pixels"),
        ("?colour=grey", 400, "Unknown parameter 'colour'"),
    ],
)
def test_wrong_parameters_are_named(serve: Serve, portrait: bytes, query: str, status: int, expected: str) -> None:
    answer = post(serve(), portrait, query)
    assert answer.status_code == status
    assert expected in answer.json()["error"]


def test_what_is_no_photo_or_too_large_is_refused(serve: Serve, portrait: bytes) -> None:
    address = serve()
    large = BytesIO()
    Image.new("L", (2000, 2000)).save(large, "png")
    for body, status in (
        (b"", 422),
        (b"hello", 422),
        (portrait[:900], 422),
        (large.getvalue(), 422),
        (b"x" * (LIMITS.body + 1), 413),
    ):
        answer = post(address, body)
        assert answer.status_code == status
        assert "\n" not in answer.json()["error"]
    chunks = requests.post(f"{address}/api/cartoonize", data=(b"x" * 50_000 for _ in range(100)), timeout=30)
    assert chunks.status_code == 413  # counted as it comes: no length was named
    assert post(address, portrait, **{"X-Ticket": "a b"}).status_code == 400
    assert requests.get(f"{address}/api/cartoonize", timeout=10).status_code == 405
    assert requests.get(f"{address}/../../etc/passwd", timeout=10).status_code == 404


def test_a_photo_without_face_has_none(serve: Serve) -> None:
    empty = BytesIO()
    Image.new("RGB", (90, 120)).save(empty, "png")
    assert post(serve(), empty.getvalue()).json()["faces"] == []


def test_so_many_wait_and_each_knows_its_place(serve: Serve, portrait: bytes, cartoonizer: Cartoonizer) -> None:
    slow = SlowCartoonizer(cartoonizer)
    address = serve(slow, waiting=2, parallel=1)
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(post, address, portrait)
        while not slow.begun:
            time.sleep(0.01)
        second = pool.submit(post, address, portrait, "", **{"X-Ticket": "second"})
        while requests.get(f"{address}/api/line/second", timeout=10).json()["place"] != 1:
            time.sleep(0.01)
        third = pool.submit(post, address, portrait, "", **{"X-Ticket": "third"})
        while requests.get(f"{address}/api/line/third", timeout=10).json()["place"] != 2:
            time.sleep(0.01)
        busy = post(address, portrait)
        assert busy.status_code == 503
        assert busy.headers["Retry-After"]
        slow.may_end.set()
        assert [each.result().status_code for each in (first, second, third)] == [200] * 3
    assert requests.get(f"{address}/api/line/third", timeout=10).json()["place"] == 0
    assert post(address, portrait).status_code == 200


def test_what_takes_too_long_is_given_up(serve: Serve, portrait: bytes, cartoonizer: Cartoonizer) -> None:
    slow = SlowCartoonizer(cartoonizer)
    address = serve(slow, seconds=0.3, parallel=1)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: post(address, portrait).status_code, range(3)))
    assert answers == [504] * 3
    slow.may_end.set()
    assert slow.begun == 1  # the others never began
    deadline = time.monotonic() + 10
    while "cartoongan_working 0" not in requests.get(f"{address}/metrics", timeout=10).text:
        assert time.monotonic() < deadline
    assert post(address, portrait).status_code == 200


def test_a_token_keeps_the_api_shut(serve: Serve, portrait: bytes) -> None:
    address = serve(token="secret")
    assert requests.get(f"{address}/", timeout=10).status_code == 200
    for path in ("/api/model", "/metrics", "/api/line/x"):
        assert requests.get(address + path, timeout=10).status_code == 401
    assert post(address, portrait, Authorization="Bearer wrong").status_code == 401
    assert post(address, portrait, Authorization="Bearer secret").status_code == 200


def test_the_server_counts_what_it_does(serve: Serve, portrait: bytes) -> None:
    address = serve()
    assert requests.get(f"{address}/health", timeout=10).json() == {"status": "ok"}
    post(address, portrait)
    post(address, b"hello")
    text = requests.get(f"{address}/metrics", timeout=10).text
    for line in (
        'cartoongan_requests_total{status="200"} 1',
        'cartoongan_requests_total{status="422"} 1',
        "cartoongan_faces_total 1",
        "cartoongan_request_seconds_count 2",
        "cartoongan_waiting 0",
    ):
        assert line in text.splitlines()


def test_failures_of_the_server_are_counted_too(serve: Serve, portrait: bytes, cartoonizer: Cartoonizer) -> None:
    class BrokenCartoonizer(SlowCartoonizer):
        def __call__(self, *_: object, **__: object) -> list[Any]:
            raise ZeroDivisionError

    address = serve(BrokenCartoonizer(cartoonizer))
    assert post(address, portrait).status_code == 500
    lines = requests.get(f"{address}/metrics", timeout=10).text.splitlines()
    assert 'cartoongan_requests_total{status="500"} 1' in lines
    assert "cartoongan_request_seconds_count 1" in lines


def test_upload_and_waiting_have_one_deadline(serve: Serve, portrait: bytes, cartoonizer: Cartoonizer) -> None:
    slow = SlowCartoonizer(cartoonizer)
    address = serve(slow, seconds=3.0)

    def upload() -> Iterator[bytes]:
        yield portrait[:500]
        time.sleep(2.5)
        yield portrait[500:]

    started = time.monotonic()
    response = requests.post(f"{address}/api/cartoonize", data=upload(), timeout=30)
    took = time.monotonic() - started
    slow.may_end.set()
    assert response.status_code == 504
    assert took < 5


def test_an_upload_that_is_broken_off_is_no_failure_of_the_server(serve: Serve) -> None:
    address = serve()
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as gone:
        gone.sendall(b"POST /api/cartoonize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 90000\r\n\r\nabc")
    deadline = time.monotonic() + 10
    while "_total{" not in (text := requests.get(f"{address}/metrics", timeout=10).text):
        assert time.monotonic() < deadline
    assert 'cartoongan_requests_total{status="400"} 1' in text.splitlines()


def test_no_work_starts_after_shutdown(cartoonizer: Cartoonizer, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[Line] = []
    monkeypatch.setattr(Line, "close", lambda line: closed.append(line))
    with served_app(cartoonizer, None, LIMITS) as address:
        assert requests.get(f"{address}/health", timeout=10).ok
        assert not closed
    assert len(closed) == 1


def test_every_answer_has_the_security_headers(serve: Serve) -> None:
    address = serve()
    for path in (*page_files(), "/health", "/nothing"):
        headers = requests.get(address + path, timeout=10).headers
        for name, value in {**SECURITY_HEADERS, **HEADERS}.items():
            assert headers[name] == value
    assert requests.get(f"{address}/", headers={"Host": "evil.example"}, timeout=10).status_code == 400


def test_a_slow_or_broken_client_stops_nobody(serve: Serve, portrait: bytes) -> None:
    address = serve(seconds=1.0, waiting=2, parallel=1)
    host, port = address.removeprefix("http://").split(":")
    slow = socket.create_connection((host, int(port)))
    slow.sendall(b"POST /api/cartoonize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 90000\r\n\r\nabc")
    gone = socket.create_connection((host, int(port)))
    gone.sendall(b"POST /api/cartoonize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 90000\r\n\r\n")
    gone.close()
    assert post(address, portrait).status_code == 200
    slow.settimeout(10)
    assert b" 408 " in slow.recv(4096)
    slow.close()
    described = requests.get(f"{address}/openapi.json", timeout=10).json()
    assert "408" in described["paths"]["/api/cartoonize"]["post"]["responses"]


def test_the_api_does_as_its_description_says(cartoonizer: Cartoonizer) -> None:
    """Every kind of request that the description allows, and some that it does not, by schemathesis."""
    but = [schemathesis.checks.positive_data_acceptance]  # few bytes are photos
    schema = schemathesis.openapi.from_asgi("/openapi.json", build_app(cartoonizer, LIMITS))
    operations: Any = schema.get_all_operations()
    tried = 0
    for operation in operations:

        @settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.ok().as_strategy())
        def check(case: Any) -> None:
            case.call_and_validate(excluded_checks=but)

        check()
        tried += 1
    assert tried == 4


def test_mutated_requests_break_nothing(serve: Serve, portrait: bytes) -> None:
    address = serve()
    random = np.random.default_rng(0)
    statuses = set()
    for number in range(200):
        data = bytearray(portrait)
        for place in random.integers(0, len(data), 1 + number % 9):
            data[place] = random.integers(256)
        if number % 4 == 0:
            del data[int(random.integers(1, len(data))) :]
        statuses.add(post(address, bytes(data)).status_code)
    assert statuses <= {200, 422}
