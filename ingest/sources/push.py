"""Positions pushed over HTTP, by phones with OwnTracks and by Traccar servers (docs/push.md).

A push is answered when it is committed, and not before.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Final, Self

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from devices.contract import PAYLOAD_LIMIT_BYTES
from devices.traccar import forwarded_device
from ingest.arrival import Arrival, Awaited
from ingest.clock import Clock
from ingest.sign_in import SignIn
from ingest.sources.http_server import HttpServer, Listener
from ingest.sources.push_problems import (
    UNREADABLE,
    Away,
    Crowded,
    NotHere,
    NotSignedIn,
    NotYours,
    PushRefused,
    Throttled,
    TooLarge,
    TooSlow,
    Unreadable,
)
from tracker.accounts import Accounts

#: Pushes between their arrival and their commit, answered or not: what a long outage keeps here.
WAITING_MOST: Final = 200
ANSWER_WITHIN_S: Final = 10.0
BODY_WITHIN_S: Final = 10.0
_REF: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

#: Why what could be read is not stored, as the answer to a push that is dealt with all the same.
REFUSED_HEADER: Final = "Milepost-Refused"


@dataclass(slots=True, eq=False)
class _Push(Awaited):
    """One that waits for its commit."""

    settled: asyncio.Event = field(default_factory=asyncio.Event)
    #: Ingest stopped before it was committed.
    given_up: bool = False


class PushSource:
    """An HTTP listener: each device signs in with its own password, and pushes for itself."""

    def __init__(self, listener: Listener, *, gateways: Iterable[str] = (), clock: Clock) -> None:
        """`gateways`: full refs of devices that push for others of their department.

        Raises PushOutside or PushCertificate.
        """
        listener.check()
        self.name = f"http:{listener.host}:{listener.port}"
        self._gateways = frozenset(gateways)
        self._clock = clock
        self._sign_in: SignIn | None = None
        app = Starlette(
            routes=[Route("/push/{department}/{device}", self._post, methods=["POST"])],
            exception_handlers={404: _not_here, 405: _not_here},
        )
        self._server = HttpServer(app, listener)
        self._serving: asyncio.Task[None] | None = None
        self._waiting: list[Arrival] = []
        self._wake = asyncio.Event()
        self._unsettled: set[_Push] = set()
        self._answers: Counter[str] = Counter()
        self._bytes = 0
        self._heard_at: datetime | None = None

    def know(self, accounts: Callable[[], Accounts | None]) -> None:
        """From now on these may sign in; None while the registry is being read anew."""
        self._sign_in = SignIn(accounts)

    async def __aenter__(self) -> Self:
        """Begin to listen; the port may be in use still."""
        self._serving = asyncio.create_task(self._server.run())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Answer what will not be committed any more, and stop listening."""
        for push in self._unsettled:
            push.given_up = True
            push.settled.set()
        if self._serving is None:
            return
        if self._server.is_listening:
            self._server.stop()
        else:
            self._serving.cancel()
        await asyncio.gather(self._serving, return_exceptions=True)

    async def arrivals(self) -> AsyncIterator[list[Arrival]]:
        """Bursts, as large as what came since the last one."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            burst, self._waiting = self._waiting, []
            if burst:
                yield burst

    def acknowledge(self, handles: Iterable[object]) -> None:
        """Answer these: they are dealt with, durably."""
        for push in handles:
            if isinstance(push, _Push):
                self._unsettled.discard(push)
                push.settled.set()

    def health(self) -> dict[str, object]:
        """Whether it listens, what came, and how it was answered, by status."""
        return {
            "connected": self._server.is_listening,
            "bytes": self._bytes,
            "last_heard": self._heard_at.isoformat() if self._heard_at else None,
            "waiting": len(self._unsettled),
            "answers": dict(self._answers),
            "problem": self._server.problem,
        }

    async def _post(self, request: Request) -> Response:
        try:
            response = await self._answer(request)
        except PushRefused as refused:
            response = refused.response(request.headers.get("accept-language", ""))
        self._answers[str(response.status_code)] += 1
        return response

    async def _answer(self, request: Request) -> Response:
        name = self._signed_in(request)
        department_ref, device_ref = (
            request.path_params["department"],
            request.path_params["device"],
        )
        if name != f"{department_ref}/{device_ref}":
            raise NotYours
        self._check_room()
        payload = await _body(request)
        self._bytes += len(payload)
        self._heard_at = self._clock.now()
        unique_id = forwarded_device(payload)
        is_named = unique_id is None or _REF.fullmatch(unique_id) is not None
        if unique_id and is_named and unique_id != device_ref:
            if name not in self._gateways:
                raise NotYours
            device_ref = unique_id
        push = _Push()
        self._take(
            Arrival(
                payload=payload,
                received_at=self._heard_at,
                department_ref=department_ref,
                device_ref=device_ref,
                whole=True,
                handle=push,
                refused=None if is_named else "form",
                origin="owntracks" if unique_id is None else "traccar",
            ),
            push,
        )
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                await push.settled.wait()
        except TimeoutError:
            raise Away from None
        return _settled(push)

    def _check_room(self) -> None:
        if len(self._unsettled) >= WAITING_MOST:
            raise Crowded

    def _take(self, arrival: Arrival, push: _Push) -> None:
        self._check_room()  # again, for others came while the body did
        self._unsettled.add(push)
        self._waiting.append(arrival)
        self._wake.set()

    def _signed_in(self, request: Request) -> str:
        """The full ref of the device that asks; raises NotSignedIn, Throttled or Away."""
        name, password = _credentials(request.headers.get("authorization", ""))
        if self._sign_in is None:
            raise Away
        address = request.client.host if request.client else ""
        verdict = self._sign_in.check(name, password, address)
        if verdict == "unknown":
            raise Away
        if verdict == "throttled":
            raise Throttled
        if verdict == "wrong":
            raise NotSignedIn
        return name


def _credentials(header: str) -> tuple[str, str]:
    """Name and password of HTTP Basic; raises NotSignedIn where there are none."""
    scheme, _, encoded = header.partition(" ")
    try:
        name, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise NotSignedIn from error
    if scheme.lower() != "basic" or not colon:
        raise NotSignedIn
    return name, password


async def _body(request: Request) -> bytes:
    """All of it; raises TooLarge or TooSlow."""
    said = request.headers.get("content-length", "")
    if said.isdecimal() and int(said) > PAYLOAD_LIMIT_BYTES:
        raise TooLarge
    body = b""
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            async for portion in request.stream():
                body += portion
                if len(body) > PAYLOAD_LIMIT_BYTES:
                    raise TooLarge
    except (TimeoutError, ClientDisconnect) as error:
        raise TooSlow from error
    return body


def _settled(push: _Push) -> Response:
    """The answer to one that is dealt with. OwnTracks reads the body as a list of messages."""
    if push.given_up:
        raise Away
    reasons = list(dict.fromkeys(push.refused))
    if unreadable := [reason for reason in reasons if reason in UNREADABLE]:
        raise Unreadable.for_reasons(unreadable)
    if reasons:
        return JSONResponse([], 202, {REFUSED_HEADER: ", ".join(reasons)})
    return JSONResponse([])


async def _not_here(request: Request, error: Exception) -> Response:
    return NotHere().response(request.headers.get("accept-language", ""))
