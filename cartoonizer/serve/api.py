"""The page and the API. Photos are only kept in memory while they are processed."""

from __future__ import annotations

import asyncio
import re
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from hmac import compare_digest
from pathlib import Path
from typing import NoReturn

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from cartoonizer.cartoonizer import Cartoonizer
from cartoonizer.errors import PhotoError
from cartoonizer.serve.answers import Wish, WishError, answer
from cartoonizer.serve.cartoon_page import MEDIA_TYPES, CartoonPage
from cartoonizer.serve.limits import Limits
from cartoonizer.serve.line import BusyError, Line
from cartoonizer.serve.metrics import Metrics
from cartoonizer.serve.openapi import describe
from cartoonizer.serve.responses import page_file, refuse
from cartoonizer.serve.security import SecurityMiddleware

PAGE = CartoonPage(
    Path(__file__).parent / "modules",
    privacy="The photo is turned into cartoons on the server and not stored.",
    footer='<p><a href="openapi.json">API description</a></p>',
)
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
}
"""Headers that allow the page to show generated pictures and to use the camera."""

_TICKET = re.compile(r"[A-Za-z0-9_-]{1,64}")


def build_app(
    cartoonizer: Cartoonizer, limits: Limits | None = None, hosts: Sequence[str] = ("*",), token: str | None = None
) -> ASGIApp:
    """Build the application.

    Args:
        cartoonizer: The cartoonizer.
        limits: Resource limits.
        hosts: Accepted host names.
        token: Token required by the API; None for none.
    """
    api = _Api(cartoonizer, limits or Limits(), token)
    app = Starlette(
        routes=[
            *(
                Route(path, page_file(content, MEDIA_TYPES[Path(path).suffix or ".html"]))
                for path, content in page_files().items()
            ),
            Route("/api/cartoonize", api.cartoonize, methods=["POST"]),
            Route("/api/model", api.model),
            Route("/api/line/{ticket}", api.place),
            Route("/openapi.json", api.openapi),
            Route("/metrics", api.metrics),
            Route("/health", _health),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False)],
        exception_handlers={HTTPException: refuse, Exception: _broken},
        lifespan=api.lifespan,
    )
    return SecurityMiddleware(
        app, HEADERS, is_page_only=False
    )  # there are no cookies, so cross-site requests are harmless


def page_files() -> dict[str, bytes]:
    """All files of the page by path."""
    files = PAGE.files()
    return {"/": files.pop("index.html"), **{f"/{name}": content for name, content in files.items()}}


class _Api:
    """The endpoints."""

    def __init__(self, cartoonizer: Cartoonizer, limits: Limits, token: str | None) -> None:
        self.limits = limits
        self._cartoonizer = cartoonizer
        self._token = token
        self._line = Line(limits)
        self._metrics = Metrics()
        self._open = 0

    async def cartoonize(self, request: Request) -> Response:
        """The faces of a photo and their cartoons."""
        self._check_token(request)
        started = time.perf_counter()
        status, faces = 500, 0
        try:
            found = await self._draw(request)
            response = JSONResponse(found)
            status, faces = 200, len(found["faces"]) if isinstance(found["faces"], list) else 0
        except HTTPException as error:
            status = error.status_code
            raise
        finally:
            self._metrics.count(status, time.perf_counter() - started, faces)
        return response

    async def model(self, request: Request) -> Response:
        """The model's labels and terms."""
        self._check_token(request)
        manifest = self._cartoonizer.manifest
        return JSONResponse({"name": manifest.name, "terms": manifest.terms, "labels": manifest.labels})

    async def place(self, request: Request) -> Response:
        """The position of a request in the queue."""
        self._check_token(request)
        return JSONResponse({"place": self._line.place(request.path_params["ticket"])})

    async def openapi(self, _: Request) -> Response:
        """The description of the API."""
        return JSONResponse(describe(self._cartoonizer.labels, self.limits))

    async def metrics(self, request: Request) -> Response:
        """Metrics for Prometheus."""
        self._check_token(request)
        return PlainTextResponse(self._metrics.text(self._line.waiting, self._line.working))

    async def _draw(self, request: Request) -> dict[str, object]:
        """Read the photo and wait for its turn; a slot is reserved before the body is read."""
        try:
            wish = Wish.of(request.query_params, self._cartoonizer.labels)
        except WishError as error:
            raise HTTPException(400, str(error)) from error
        ticket = request.headers.get("x-ticket", "")
        if ticket and not _TICKET.fullmatch(ticket):
            raise HTTPException(400, "X-Ticket must be 1 to 64 letters, digits, - or _.")
        if self._open >= self.limits.waiting + self.limits.parallel:
            _reject_busy()
        self._open += 1
        deadline = asyncio.get_running_loop().time() + self.limits.seconds
        try:
            return await self._wait(await self._body(request, deadline), wish, ticket, deadline)
        finally:
            self._open -= 1

    async def _body(self, request: Request, deadline: float) -> bytes:
        try:
            async with asyncio.timeout_at(deadline):
                return await _read(request, self.limits.body)
        except TimeoutError as error:
            raise HTTPException(408, "The photo did not arrive in time.") from error
        except ClientDisconnect as error:
            raise HTTPException(400, "The photo did not arrive completely.") from error

    async def _wait(self, encoded: bytes, wish: Wish, ticket: str, deadline: float) -> dict[str, object]:
        work = partial(answer, self._cartoonizer, encoded, wish, self.limits)
        try:
            async with asyncio.timeout_at(deadline):
                return await self._line.do(work, ticket)
        except PhotoError as error:
            raise HTTPException(422, f"{str(error)[:1].upper()}{str(error)[1:]}.") from error
        except BusyError:
            _reject_busy()
        except TimeoutError as error:
            raise HTTPException(504, f"This took more than {self.limits.seconds:g} seconds.") from error

    @asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        """Start no more work at shutdown."""
        yield
        self._line.close()

    def _check_token(self, request: Request) -> None:
        if self._token is None:
            return
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not compare_digest(given.encode(), self._token.encode()):
            raise HTTPException(401, "A token is required.", {"WWW-Authenticate": "Bearer"})


def _reject_busy() -> NoReturn:
    raise HTTPException(503, "Too many photos at once; try again in a moment.", {"Retry-After": "5"})


async def _read(request: Request, limit: int) -> bytes:
    """Read the body of a request, up to a size limit."""
    too_large = HTTPException(413, f"The file has more than {limit / 1e6:g} MB.")
    named = request.headers.get("content-length", "0")
    if named.isdecimal() and int(named) > limit:
        raise too_large
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise too_large
    return bytes(body)


async def _health(_: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _broken(_: Request, error: Exception) -> Response:
    print(f"cartoonize-serve: error: a request failed: {type(error).__name__}: {error}", file=sys.stderr)
    return JSONResponse({"error": "Something went wrong on the server."}, status_code=500)
