"""What is no HTTP at all: answered as a problem too."""

from __future__ import annotations

import json
import secrets

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from api.envelope import SECURITY_HEADERS, TRACE_HEADER


class RawRequests(H11Protocol):
    """uvicorn's, where it refuses bytes that it cannot read. Whose language they were is not known,
    so both languages stand in it."""

    def send_400_response(self, msg: str) -> None:
        """Answer and hang up."""
        trace_id = secrets.token_hex(16)
        body = {
            "type": "/problems/bad-request",
            "title": "The request cannot be read / 無法讀取請求",
            "status": 400,
            "trace_id": trace_id,
            "detail": msg,
        }
        headers = {
            "Content-Type": "application/problem+json",
            "Connection": "close",
            TRACE_HEADER: trace_id,
            **SECURITY_HEADERS,
        }
        text = json.dumps(body, ensure_ascii=False).encode()
        start = h11.Response(status_code=400, headers=list(headers.items()))
        for event in (start, h11.Data(data=text), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
