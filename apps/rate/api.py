"""The page and the API for raters' browsers. No response reveals which run a cartoon is from."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from apps.rate.questions import QUESTIONS, Mode
from apps.rate.store import AssignedItem, Store, UnknownItemError
from cartoonizer.serve.responses import page_file, refuse
from cartoonizer.serve.security import SecurityMiddleware

MAX_BODY = 4096
MAX_NAME = 80
"""Maximum size of a request in bytes, and maximum length of a rater's name."""

PAGE = Path(__file__).parent / "page"
PAGE_FILES = {
    "/": ("index.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}
"""Static files by URL path: file name and media type."""

_YEAR = 365 * 24 * 3600


def build_app(store: Store, mode: Mode, hosts: Sequence[str] = ("*",)) -> ASGIApp:
    """Build the application.

    Args:
        store: The ratings.
        mode: Scores or comparisons.
        hosts: Accepted host names, as a protection of a local server against DNS rebinding.
    """
    api = _Api(store, mode)
    app = Starlette(
        routes=[
            *(Route(path, page_file((PAGE / file[0]).read_bytes(), file[1])) for path, file in PAGE_FILES.items()),
            Route("/pictures/{name}", api.picture),
            Route("/api/state", api.state),
            Route("/api/raters", api.join, methods=["POST"]),
            Route("/api/items/next", api.next_item),
            Route("/api/items/{position:int}", api.item),
            Route("/api/ratings", api.rate, methods=["POST"]),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False)],
        exception_handlers={HTTPException: refuse, sqlite3.Error: _unsaved, Exception: _broken},
        max_body_size=MAX_BODY,
    )
    return SecurityMiddleware(app)


class _Api:
    """The endpoints. Those that write respond once the data is on disk."""

    def __init__(self, store: Store, mode: Mode) -> None:
        self._store = store
        self._mode = mode
        self._cookie = f"rater_{store.study}"  # cookies ignore ports, so each study needs its own name

    def state(self, request: Request) -> Response:
        """The questions and the rater's progress."""
        return JSONResponse(self._describe(self._known_rater(request)))

    async def join(self, request: Request) -> Response:
        """Register a rater; known raters keep their identity."""
        words = await _read(request)
        name = words.get("name", "")
        if words.get("consent") is not True:
            raise HTTPException(400, "Consent is required.")
        if not isinstance(name, str) or len(name) > MAX_NAME:
            raise HTTPException(400, f"A name may have at most {MAX_NAME} characters.")
        rater = await run_in_threadpool(self._known_rater, request)
        if rater is not None:
            return JSONResponse(await run_in_threadpool(self._describe, rater))
        token = await run_in_threadpool(self._store.join, _one_line(name) or None)
        rater = await run_in_threadpool(self._store.find_rater, token)
        response = JSONResponse(await run_in_threadpool(self._describe, rater), status_code=201)
        is_encrypted = request.headers.get("origin", "").startswith("https:")  # TLS by a proxy
        response.set_cookie(self._cookie, token, _YEAR, secure=is_encrypted, httponly=True, samesite="strict")
        return response

    def next_item(self, request: Request) -> Response:
        """The next item for this rater."""
        rater = self._rater(request)
        return self._show(rater, self._store.next_item(rater, self._mode))

    def item(self, request: Request) -> Response:
        """An earlier item of this rater."""
        rater = self._rater(request)
        try:
            return self._show(rater, self._store.item(rater, self._mode, request.path_params["position"]))
        except (UnknownItemError, OverflowError) as error:
            raise HTTPException(404, "There is no such item.") from error

    async def rate(self, request: Request) -> Response:
        """Store an answer."""
        words = await _read(request)
        rater = await run_in_threadpool(self._rater, request)
        question, position, value = words.get("question"), words.get("position"), words.get("value")
        if not isinstance(question, str) or type(position) is not int or type(value) is not int:
            raise HTTPException(400, "A rating needs a question, a position and a value.")
        try:
            await run_in_threadpool(self._store.rate, rater, self._mode, position, question, value)
        except (UnknownItemError, OverflowError) as error:
            raise HTTPException(404, "There is no such item.") from error
        except ValueError as error:
            raise HTTPException(400, "There is no such question or answer.") from error
        return JSONResponse({"answered": await run_in_threadpool(self._store.answered, rater, self._mode)})

    def picture(self, request: Request) -> Response:
        """A photo or a cartoon."""
        png = self._store.picture(request.path_params["name"])
        if png is None:
            raise HTTPException(404, "There is no such picture.")
        return Response(png, media_type="image/png", headers={"Cache-Control": f"private, max-age={_YEAR}, immutable"})

    def _known_rater(self, request: Request) -> int | None:
        token = request.cookies.get(self._cookie)
        return self._store.find_rater(token) if token else None

    def _rater(self, request: Request) -> int:
        rater = self._known_rater(request)
        if rater is None:
            raise HTTPException(401, "Unknown rater; please start first.")
        return rater

    def _describe(self, rater: int | None) -> dict[str, object]:
        return {
            "study": self._store.study,
            "mode": self._mode,
            "items": self._store.count(self._mode),
            "questions": [{"key": each.key, "title": each.title, "text": each.text} for each in QUESTIONS[self._mode]],
            "answered": None if rater is None else self._store.answered(rater, self._mode),
        }

    def _show(self, rater: int, item: AssignedItem | None) -> Response:
        shown = None
        if item is not None:
            shown = {
                "position": item.position,
                "photo": f"/pictures/{item.photo}",
                "cartoons": [f"/pictures/{name}" for name in item.cartoons],
                "answers": item.answers,
            }
        return JSONResponse({"item": shown, "answered": self._store.answered(rater, self._mode)})


async def _read(request: Request) -> dict[str, object]:
    """The JSON object in a request."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise HTTPException(415, "The request must be JSON.")
    try:
        words = json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, "The request is not valid JSON.") from error
    if not isinstance(words, dict):
        raise HTTPException(400, "The request is not a JSON object.")
    return words


def _one_line(text: str) -> str:
    """A text without control characters and extra whitespace."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


async def _unsaved(_: Request, error: Exception) -> Response:
    print(f"cartoongan: error: cannot save to the ratings file, the browser will retry: {error}", file=sys.stderr)
    return JSONResponse({"error": "The answer could not be saved."}, status_code=503)


async def _broken(_: Request, __: Exception) -> Response:
    return JSONResponse({"error": "Something went wrong on the server."}, status_code=500)
