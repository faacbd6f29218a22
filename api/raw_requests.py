"""What is no HTTP at all, answered as a problem too; and what goes on after its answer, cut off."""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from typing import Final

import h11
from starlette.exceptions import HTTPException
from uvicorn.protocols.http.h11_impl import H11Protocol

from api.envelope import SECURITY_HEADERS, TRACE_HEADER
from api.errors import problem_of
from api.limits import BODY_LIMIT_BYTES, HEAD_LIMIT_BYTES, LONG_HEAD

#: How much of a head is waited for. More than `RequestLimits` takes: it answers in the caller's
#: language, whether the head came in one piece or in many.
_HEAD_WAITED_FOR_BYTES: Final = 4 * HEAD_LIMIT_BYTES
_DETAILS: Final = {
    400: "That is no HTTP; nothing was done.",
    431: LONG_HEAD,
}


class RawRequests(H11Protocol):
    """uvicorn's, where it refuses bytes that it cannot read. Whose language they were is not known,
    so both languages stand in it."""

    _unwanted_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin, with heads of a length of our own."""
        super().connection_made(transport)
        self.conn = h11.Connection(h11.SERVER, _HEAD_WAITED_FOR_BYTES)

    def data_received(self, data: bytes) -> None:
        """Pass it on; of a body that nobody read before the answer no more than a body may have."""
        is_answered = self.conn.our_state is h11.DONE and self.conn.their_state is h11.SEND_BODY
        self._unwanted_bytes = self._unwanted_bytes + len(data) if is_answered else 0
        if self._unwanted_bytes > BODY_LIMIT_BYTES:
            self.transport.abort()
            return
        super().data_received(data)

    def send_400_response(self, msg: str) -> None:
        """Answer and hang up. Called while the reason is being handled."""
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.abort()  # an answer is under way already
            return
        error = sys.exception()
        hint = error.error_status_hint if isinstance(error, h11.ProtocolError) else 400
        status = hint if hint in _DETAILS else 400
        problem = problem_of(HTTPException(status))
        trace_id = secrets.token_hex(16)
        body = {
            "type": f"/problems/{problem.slug}",
            "title": " / ".join(problem.title.values()),
            "status": status,
            "trace_id": trace_id,
            "detail": _DETAILS[status],
        }
        headers = {
            "Content-Type": "application/problem+json",
            "Connection": "close",
            TRACE_HEADER: trace_id,
            **SECURITY_HEADERS,
        }
        text = json.dumps(body, ensure_ascii=False).encode()
        start = h11.Response(status_code=status, headers=list(headers.items()))
        for event in (start, h11.Data(data=text), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
