from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Route
from starlette.testclient import TestClient

from cartoonizer.serve.responses import page_file, refuse


def busy(_: Request) -> None:
    raise HTTPException(503, "Try again in a moment.", {"Retry-After": "5"})


def test_a_page_s_file_is_sent_and_a_refusal_is_json() -> None:
    routes = [Route("/page.css", page_file(b"body {}", "text/css")), Route("/busy", busy)]
    client = TestClient(Starlette(routes=routes, exception_handlers={HTTPException: refuse}))
    sent = client.get("/page.css")
    assert (sent.text, sent.headers["cache-control"]) == ("body {}", "no-cache")
    assert sent.headers["content-type"].startswith("text/css")
    refused = client.get("/busy")
    assert (refused.status_code, refused.json(), refused.headers["retry-after"]) == (
        503,
        {"error": "Try again in a moment."},
        "5",
    )
