"""How much a request may say, and in which form."""

from __future__ import annotations

import re
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import answer_of

#: What a request may say at most: in its body, and in its address and headers together.
BODY_LIMIT_BYTES: Final = 1_000_000
HEAD_LIMIT_BYTES: Final = 65_536
LONG_HEAD: Final = f"Address and headers have {HEAD_LIMIT_BYTES} bytes at most; nothing was done."
#: Paths that take a file, and what it may be.
FILE_PATHS: Final = frozenset({"/v1/fences/import"})
FILE_LIMIT_BYTES: Final = 32_000_000
_JSON: Final = re.compile(r"application/(?:json|[a-z0-9.+-]+\+json)\s*(;|$)")


class RequestLimits:
    """Cuts off what is too long, at once: a body by its stated length, else while it comes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is within the limit."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        takes_file = scope["path"] in FILE_PATHS
        most = FILE_LIMIT_BYTES if takes_file else BODY_LIMIT_BYTES
        refused = _long_head(scope) or _refused(headers, most, takes_file=takes_file)
        if refused is not None:
            await answer_of(HTTPConnection(scope), refused)(scope, receive, send)
            return
        taken = 0

        async def receiving() -> Message:
            nonlocal taken
            message = await receive()
            if message["type"] == "http.request":
                taken += len(message.get("body", b""))
                if taken > most:
                    raise _too_long(most)
            return message

        await self._app(scope, receiving, send)


def _long_head(scope: Scope) -> HTTPException | None:
    parts = (part for header in scope["headers"] for part in header)
    said = sum(map(len, parts)) + len(scope["raw_path"]) + len(scope["query_string"])
    if said <= HEAD_LIMIT_BYTES:
        return None
    return _closing(431, LONG_HEAD)


def _refused(headers: Headers, most: int, *, takes_file: bool) -> HTTPException | None:
    length = headers.get("content-length", "0")
    if length.isdecimal() and int(length) > most:
        return _too_long(most)
    if takes_file:
        return None
    has_body = length != "0" or "transfer-encoding" in headers
    if has_body and not _JSON.match(headers.get("content-type", "application/json").lower()):
        return HTTPException(415, "Send JSON, with `Content-Type: application/json`.")
    return None


def _too_long(most: int) -> HTTPException:
    return _closing(413, f"A body has {most} bytes at most; nothing of it was used.")


def _closing(status: int, detail: str) -> HTTPException:
    # Closed, or the server would go on reading what nobody wants.
    return HTTPException(status, detail, {"Connection": "close"})
