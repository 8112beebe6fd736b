from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from apps.rate.questions import Mode
from apps.rate.ratings import read_ratings
from cartoonizer.serve.security import SECURITY_HEADERS

if TYPE_CHECKING:
    from tests.apps.rate.conftest import Rater

ServeFunction = Callable[[Mode], str]
GOOD: dict[str, Any] = {"position": 0, "question": "identity", "value": 3}


@pytest.fixture
def rater(serve: ServeFunction, new_rater: type[Rater]) -> Rater:
    """Somebody who was dealt the first item to score."""
    rater = new_rater(serve(Mode.SCORES))
    assert rater.join().status_code == 201
    assert rater.get("/api/items/next").status_code == 200
    return rater


@pytest.mark.parametrize("mode", list(Mode))
def test_nothing_tells_which_run_a_cartoon_is_from(
    serve: ServeFunction, new_rater: type[Rater], database: Path, mode: Mode
) -> None:
    rater = new_rater(serve(mode))
    answers = [rater.get(path) for path in ("/", "/page.js", "/page.css", "/icon.svg", "/api/state")]
    answers.append(rater.join("Ada"))
    places: dict[tuple[int, int], set[str]] = {}
    for position in range(12):
        item = rater.get("/api/items/next")
        shown = item.json()["item"]
        pictures = [rater.get(path) for path in (shown["photo"], *shown["cartoons"])]
        for path in shown["cartoons"]:
            places.setdefault(rater.colour(path), set()).add(path)
        rated = [rater.rate(position, question["key"], 1) for question in rater.get("/api/state").json()["questions"]]
        answers += [item, *pictures, *rated, rater.get(f"/api/items/{position}")]
    answers.append(rater.get("/api/items/next"))
    assert answers[-1].json() == {"item": None, "answered": 12}
    assert len(places) == 12  # all cartoons were seen
    for answer in answers:
        assert answer.ok, answer.url
        told = f"{answer.url} {answer.headers} ".encode() + answer.content
        for word in (b"cyclegan", b"best.ckpt", b"/runs", b"abab", b".jpg", b".sqlite", b"Ada"):
            assert word not in told, answer.url


def test_every_answer_carries_the_security_headers(rater: Rater) -> None:
    answers = [rater.get(path) for path in ("/", "/page.js", "/api/state", "/nothing", "/pictures/nothing")]
    answers.append(rater.post("/api/ratings", {"position": "x"}))
    answers.append(requests.post(f"{rater.address}/api/ratings", json=GOOD, timeout=10))
    assert [answer.status_code for answer in answers] == [200, 200, 200, 404, 404, 400, 403]
    for answer in answers:
        assert {name: answer.headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS, answer.url
        assert "server" not in {name.lower() for name in answer.headers}
    assert "unsafe" not in SECURITY_HEADERS["Content-Security-Policy"]


def test_the_cookie_is_kept_from_scripts_and_other_sites(serve: ServeFunction, new_rater: type[Rater]) -> None:
    rater = new_rater(serve(Mode.SCORES))
    cookie = rater.join().headers["Set-Cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/" in cookie
    assert "secure" not in cookie
    again = rater.join()
    assert (again.status_code, "Set-Cookie" in again.headers) == (200, False)  # known already


def test_other_sites_cannot_rate(rater: Rater, database: Path) -> None:
    for origin in (None, "null", "http://evil.example", "http://127.0.0.1:1", rater.address + ".evil.example"):
        del rater.session.headers["Origin"]
        if origin is not None:
            rater.session.headers["Origin"] = origin
        assert rater.post("/api/ratings", GOOD).status_code == 403, origin
        assert rater.join().status_code == 403, origin
        rater.session.headers["Origin"] = rater.address
    assert read_ratings(database).count == 0
    assert rater.post("/api/ratings", GOOD).status_code == 200


def test_names_that_were_made_to_point_here_are_refused(rater: Rater) -> None:
    rater.session.headers["Host"] = "evil.example"
    assert rater.get("/api/state").status_code == 400
    rater.session.headers["Origin"] = "http://evil.example"
    assert rater.post("/api/ratings", GOOD).status_code == 400


def test_malformed_ratings_are_refused(rater: Rater, database: Path) -> None:
    bad: list[tuple[dict[str, Any], int]] = [
        *(({"value": value}, 400) for value in (0, 6, "3", 3.0, True, None, [3], 10**30)),
        *(({"question": name}, 400) for name in ("preference", "identity'; DROP TABLE rating; --", "", ["identity"])),
        *(({"position": position}, 400) for position in ("0", None, 0.0, False)),
        *(({"position": position}, 404) for position in (-1, 1, 10**30)),
    ]
    for changes, status in bad:
        answer = rater.post("/api/ratings", GOOD | changes)
        assert answer.status_code == status, changes
        assert answer.json()["error"]
    assert read_ratings(database).count == 0
    assert rater.post("/api/ratings", GOOD).status_code == 200


def test_malformed_requests_are_refused(rater: Rater) -> None:
    url = f"{rater.address}/api/ratings"
    bad = [
        *((body, "application/json", 400) for body in (b"", b"{", b"\xff\xfe", b"[1]", b"[" * 4000, b"NaN")),
        (b'{"position": 0}' + b" " * 5000, "application/json", 413),
        (b"position=0", "application/x-www-form-urlencoded", 415),
    ]
    for body, kind, status in bad:
        whole = rater.session.post(url, data=body, headers={"Content-Type": kind}, timeout=10)
        chunks = rater.session.post(url, data=iter([body]), headers={"Content-Type": kind}, timeout=10)
        assert (whole.status_code, chunks.status_code) == (status, status), body


def test_strangers_rate_nothing(serve: ServeFunction, new_rater: type[Rater]) -> None:
    stranger = new_rater(serve(Mode.SCORES))
    assert stranger.get("/api/items/next").status_code == 401
    assert stranger.post("/api/ratings", GOOD).status_code == 401
    stranger.session.headers["Cookie"] = "; ".join(f"{name}=x" for name in ("rater", "rater_0"))
    assert stranger.get("/api/items/0").status_code == 401


def test_nobody_sees_or_rates_what_was_dealt_to_others(rater: Rater, new_rater: type[Rater]) -> None:
    other = new_rater(rater.address)
    other.join()
    assert other.get("/api/items/0").status_code == 404
    assert other.post("/api/ratings", GOOD).status_code == 404


def test_names_are_optional_and_consent_is_not(serve: ServeFunction, new_rater: type[Rater], database: Path) -> None:
    address = serve(Mode.SCORES)
    for refused in (
        {"name": "Ada"},
        {"consent": "yes"},
        {"consent": True, "name": "x" * 81},
        {"consent": True, "name": 7},
    ):
        assert new_rater(address).post("/api/raters", refused).status_code == 400, refused
    for name in ("", "  Ada\n\u202eLovelace "):
        assert new_rater(address).join(name).status_code == 201
    connection = sqlite3.connect(database)
    names = connection.execute("SELECT name FROM rater").fetchall()
    connection.close()
    assert names == [(None,), ("Ada Lovelace",)]


def test_no_other_file_is_served(rater: Rater) -> None:
    for path in (
        "/../api.py",
        "/..%2fapi.py",
        "/page/index.html",
        "/pictures/..%2f..%2fapi.py",
        "/pictures/",
        "/api.py",
    ):
        request = requests.Request("GET", rater.address).prepare()
        request.url = rater.address + path  # as it stands: the client would tidy it up
        assert rater.session.send(request, timeout=10).status_code == 404, path


def test_what_cannot_be_saved_is_not_acknowledged(rater: Rater, database: Path) -> None:
    connection = sqlite3.connect(database)
    connection.execute("CREATE TRIGGER full BEFORE INSERT ON rating BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
    assert rater.post("/api/ratings", GOOD).status_code == 503
    connection.execute("DROP TRIGGER full")
    connection.close()
    assert rater.post("/api/ratings", GOOD).status_code == 200
    assert read_ratings(database).count == 1
