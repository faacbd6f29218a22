"""What every exchange has around it: a trace id and security headers."""

from __future__ import annotations

import re
import secrets
from collections.abc import MutableMapping, Sequence
from typing import Any, Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TRACE_HEADER: Final = "Milepost-Trace-Id"


def content_security_policy(map_origins: Sequence[str] = ()) -> str:
    """What a page of ours may do; `map_origins`: where else its maps come from."""
    also = "".join(f" {origin}" for origin in map_origins)
    return (
        # Styles are set by scripts (MapLibre), so inline.
        f"default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:{also}; "
        f"worker-src 'self'; connect-src 'self'{also}; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    )


CONTENT_SECURITY_POLICY: Final = content_security_policy()
SECURITY_HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
#: Only where HTTPS brought the request: a browser then never tries plain HTTP again.
_HSTS: Final = "max-age=31536000; includeSubDomains"
#: W3C Trace Context, version 00: a trace id that is not all zeros, a span, flags.
_TRACEPARENT: Final = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
)
_TRACE: Final = "milepost.trace_id"
_HEADERS: Final = "milepost.headers"
_SCOPED: Final = "milepost.scoped"
_ANSWERS: Final = ("http.response.start", "websocket.http.response.start")


def trace_id_of(scope: MutableMapping[str, Any]) -> str:
    """The 32 hexadecimal digits of a request's trace: of its `traceparent`, or new ones."""
    if _TRACE not in scope:
        said = Headers(scope=scope).get("traceparent", "")
        found = _TRACEPARENT.match(said)
        scope[_TRACE] = found[1] if found else secrets.token_hex(16)
    return str(scope[_TRACE])


def add_header(scope: MutableMapping[str, Any], name: str, value: str) -> None:
    """Let the answer to this request have a header, whoever makes the answer."""
    scope.setdefault(_HEADERS, {})[name] = value


def mark_scoped(scope: MutableMapping[str, Any]) -> None:
    """Say that the answer to this request is its caller's own."""
    scope[_SCOPED] = True


def envelope_headers(scope: MutableMapping[str, Any]) -> dict[str, str]:
    """What any answer to this request has, unless it says otherwise itself."""
    caching = "private, no-store" if _SCOPED in scope else "no-store"
    headers = {TRACE_HEADER: trace_id_of(scope), **SECURITY_HEADERS, "Cache-Control": caching}
    if scope.get("scheme") in ("https", "wss"):
        headers["Strict-Transport-Security"] = _HSTS
    said: dict[str, str] = scope.get(_HEADERS, {})
    return headers | said


class Envelope:
    """Adds the headers to every answer that has none of its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        trace_id_of(scope)

        async def sending(message: Message) -> None:
            if message["type"] in _ANSWERS:
                headers = MutableHeaders(scope=message)
                for name, value in envelope_headers(scope).items():
                    headers.setdefault(name, value)
                if _SCOPED in scope and "authorization" not in headers.get("vary", "").lower():
                    headers.add_vary_header("Authorization, Cookie")
            await send(message)

        await self._app(scope, receive, sending)
