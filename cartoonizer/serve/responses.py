"""Responses shared by the project's servers: files of a page, and errors as JSON."""

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
    """Exception handler for ``HTTPException``: responds with its status and its message as JSON."""
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)
