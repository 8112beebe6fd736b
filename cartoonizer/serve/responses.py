"""Responses that the project's servers have in common: files of a page, and refusals as JSON."""

from __future__ import annotations

from collections.abc import Callable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response


def page_file(content: bytes, media_type: str) -> Callable[[Request], Response]:
    """An endpoint that sends a file of a page."""

    def send(_: Request) -> Response:
        return Response(content, media_type=media_type, headers={"Cache-Control": "no-cache"})

    return send


async def refuse(_: Request, error: Exception) -> Response:
    """The handler of an ``HTTPException``: its words as JSON, under its status."""
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)
