"""Security headers of all responses, and protection against requests from other sites."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}
"""Only scripts, styles and pictures of this server; no embedding in frames; no referrer."""


class SecurityMiddleware:
    """Adds the security headers, and refuses requests that another site's page sends.

    Args:
        app: The wrapped application.
        headers: Headers that differ from ``SECURITY_HEADERS``.
        is_page_only: Whether to accept write requests only from this server's own pages, as required with cookies.
    """

    def __init__(self, app: ASGIApp, headers: Mapping[str, str] | None = None, is_page_only: bool = True) -> None:
        self._app = app
        self._headers = {**SECURITY_HEADERS, **(headers or {})}
        self._is_page_only = is_page_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self._headers)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        is_answered = not self._is_page_only or _is_own(scope)
        app = self._app if is_answered else _REFUSAL
        await app(scope, receive, send_with_headers)


_REFUSAL = JSONResponse(
    {"error": "This was not sent by the page of this server. A proxy in front of it has to pass on the Host header."},
    status_code=403,
)


def _is_own(scope: Scope) -> bool:
    """Whether a request is read-only or comes from a page of this server."""
    if scope["method"] in {"GET", "HEAD"}:
        return True
    headers = Headers(scope=scope)
    return urlsplit(headers.get("origin", "")).netloc.lower() == headers.get("host", "").lower() != ""
