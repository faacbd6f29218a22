"""One HTTP/1.1 POST to a checked address: no redirects, no proxy, little of the reply."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import h11

from api.outgoing.errors import TryLater
from api.outgoing.guard import Guard, Target

#: Of the reply's body nothing is used; who sends more is cut off.
REPLY_BYTES: Final = 64 * 1024
_READ_BYTES: Final = 16 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a receiver answered."""

    status: int
    #: As `Retry-After` said, in seconds.
    retry_after_s: float | None


class Poster:
    """Sends requests; certificates are checked against the machine's authorities."""

    def __init__(
        self, guard: Guard, *, timeout_s: float, tls: ssl.SSLContext | None = None
    ) -> None:
        self._guard = guard
        self._timeout_s = timeout_s
        self._tls = tls or ssl.create_default_context()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """The reply, whatever its status; raises TryLater where none came in time."""
        try:
            async with asyncio.timeout(self._timeout_s):
                target = await self._guard.check(url)
                return await self._talk(target, body, headers)
        except TimeoutError as error:
            raise TryLater(f"no answer within {self._timeout_s:g} s") from error
        except (OSError, h11.ProtocolError, asyncio.IncompleteReadError) as error:
            raise TryLater(f"{type(error).__name__}: {error}") from error

    async def _talk(self, target: Target, body: bytes, headers: Mapping[str, str]) -> Reply:
        reader, writer = await self._connect(target)
        try:
            connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=REPLY_BYTES)
            request = _request(target, body, headers)
            for event in (request, h11.Data(data=body), h11.EndOfMessage()):
                writer.write(connection.send(event) or b"")
            await writer.drain()
            return await _reply(connection, reader)
        finally:
            writer.transport.abort()
            with suppress(OSError):
                await writer.wait_closed()

    async def _connect(self, target: Target) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """To the first of its addresses that answers; raises OSError, the last one's."""
        secure = target.url.scheme == "https"
        for number, address in enumerate(target.addresses, start=1):
            try:
                return await asyncio.open_connection(
                    address,
                    target.port,
                    ssl=self._tls if secure else None,
                    server_hostname=target.host if secure else None,
                )
            except OSError:
                if number == len(target.addresses):
                    raise
        raise OSError(f"{target.host} has no address")


def _request(target: Target, body: bytes, headers: Mapping[str, str]) -> h11.Request:
    path = target.url.path or "/"
    query = f"?{target.url.query}" if target.url.query else ""
    said = {
        "Host": target.url.netloc,
        "User-Agent": "Milepost",
        "Content-Length": str(len(body)),
        "Connection": "close",
        **headers,
    }
    return h11.Request(method="POST", target=path + query, headers=list(said.items()))


async def _reply(connection: h11.Connection, reader: asyncio.StreamReader) -> Reply:
    """The head and, up to a bound, the body: who closes at once would be told a broken pipe."""
    status, after_s, taken = 0, None, 0
    while taken <= REPLY_BYTES:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(_READ_BYTES))
        elif isinstance(event, h11.Response):
            status, after_s = event.status_code, _retry_after(event)
        elif isinstance(event, h11.Data):
            taken += len(event.data)
        elif not isinstance(event, h11.InformationalResponse):
            break
    return Reply(status=status, retry_after_s=after_s)


def _retry_after(response: h11.Response) -> float | None:
    """Only seconds: a date says what their clock thinks."""
    for name, value in response.headers:
        if name == b"retry-after" and value.isdigit():
            return float(value)
    return None
