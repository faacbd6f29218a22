"""`/v1/events`: what is told, as server-sent events that go on where they were cut off."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Annotated, Any, Final, cast
from uuid import NAMESPACE_URL, uuid5

from fastapi import APIRouter, Header, Query
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Send
from starlette.types import Scope as AsgiScope

from api.caller import InCaller, may_hear_alerts, needs, token_of
from api.errors import BadParameter, Forbidden, ProviderAway
from api.event_models import StreamEnd, VehicleMovedData
from api.looking import Looking
from api.models import Name
from api.outgoing.cloud_event import cloud_event
from api.service import service_of
from tracker.errors import TrackerError
from tracker.permissions import Permission
from tracker.reads import Caller
from tracker.stream import KINDS, Batch, Cursor, Stream, StreamKind, Told

#: Whatever it tells says where a vehicle is.
NEEDS: Final[Permission] = "positions:read"
router = APIRouter(prefix="/v1", tags=["events"], dependencies=[needs(NEEDS)])

MEDIA_TYPE: Final = "text/event-stream"
MOVED: Final = "milepost.vehicle.moved.v1"
#: So often it says that it lives, and how far it is, where there is nothing to tell.
HEARTBEAT_S: Final = 10.0
#: When a client that was cut off comes again.
RETRY_MS: Final = 2_000
#: A client that takes nothing for so long is let go: it comes again, and misses nothing.
SLOW_S: Final = 30.0
#: Without a wake-up it looks so often, at the database and at its caller.
LOOK_S: Final = 1.0

_ENDS: Final = {
    "signed-out": ("The key ended: sign in again.", "密鑰已失效，請重新登入。"),
    "scope-changed": (
        "What this key may see changed: connect again for what it may see now.",
        "此密鑰可查看的範圍已更改，請重新連線。",
    ),
    "grant-ended": (
        "A grant ended, and nothing more is told by it: connect again for what you may see now.",
        "部分授權已結束，不會再透過該授權提供資料；請重新連線，查看現時可見的資料。",
    ),
    "grants-changed": (
        "Others let you see more: look again at what you may see now, then connect again.",
        "其他部門授予了新的查看權限，請重新查看現時可見的資料，然後重新連線。",
    ),
    "database-away": (
        "The database does not answer; nothing is lost: connect again.",
        "資料庫沒有回應，資料並無遺失，請重新連線。",
    ),
}

_Kinds = Annotated[
    str,
    Query(
        description="which of alerts, fences, signals, vehicles; several with commas between them"
    ),
]
_LastEventId = Annotated[
    str | None,
    Header(alias="Last-Event-ID", description="the last id that was received: go on behind it"),
]
_After = Annotated[str | None, Query(description="the same, where no header can be sent")]


@router.get(
    "/events",
    response_class=Response,
    responses={200: {"content": {MEDIA_TYPE: {"schema": {"type": "string"}}}}},
)
async def events(
    request: Request,
    caller: InCaller,
    kinds: _Kinds = "alerts,fences,signals",
    last_event_id: _LastEventId = None,
    after: _After = None,
) -> Response:
    """What happens, while it happens, as CloudEvents: crossings, signals, alerts, where vehicles
    are.

    Each event has an id. Whoever comes again with the last one loses nothing and gets nothing
    twice. `end` says why the stream ends, `reset` that what was between can no longer be told.
    """
    wanted = [each.strip() for each in kinds.split(",")]
    if not wanted or not set(wanted) <= set(KINDS):
        raise BadParameter(f"`kinds` are of {', '.join(KINDS)}.")
    if not may_hear_alerts(caller):
        wanted = [each for each in wanted if each != "alerts"]
    if not wanted:
        raise Forbidden("(alerts)")
    given = last_event_id or after
    cursor = Cursor.read(given) if given else None
    stream = Stream(
        service_of(request).reader, caller.sight, cast(list[StreamKind], wanted), cursor
    )
    first = await stream.read()
    await Looking(request, caller, None).live("events.watch", granted=stream.granted)
    begins = stream.id if cursor is None or first.reset else str(cursor)
    return _EventStream(request, caller, stream, first, begins)


class _Slow(Exception):
    """The client does not take what it is sent."""


class _EventStream(Response):
    """The answer: written as fast as its client reads, with nothing kept for it meanwhile."""

    media_type = MEDIA_TYPE

    def __init__(
        self, request: Request, caller: Caller, stream: Stream, first: Batch, begins: str
    ) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._request = request
        self._service = service_of(request)
        self._token = token_of(request) or ""
        self._caller = caller
        self._stream = stream
        self._batch = first
        #: Behind what was sent: where a client goes on.
        self._id = begins
        self._said_at_s = 0.0

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Send until either side ends it."""
        self._send_message = send
        gone = asyncio.create_task(_gone(receive))
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        with suppress(_Slow, OSError):
            await self._go_on(gone)
            await self._put({"type": "http.response.body", "body": b"", "more_body": False})
        gone.cancel()

    async def _go_on(self, gone: asyncio.Task[None]) -> None:
        await self._say(f"retry: {RETRY_MS}\n\n{_block('hello', self._id, {})}")
        while not gone.done():
            woken = self._service.hub.woken
            await self._tell(self._batch)
            if not self._batch.more:
                waiting = [gone, asyncio.ensure_future(woken.wait())]
                await asyncio.wait(waiting, timeout=LOOK_S, return_when=asyncio.FIRST_COMPLETED)
                waiting[1].cancel()
            end = await self._next(gone)
            if end is not None:
                await self._say(_block("end", self._id, _end(end)))
                return

    async def _next(self, gone: asyncio.Task[None]) -> str | None:
        """Read what is new; why it ends, if it does."""
        if gone.done():
            return None
        try:
            known = await self._known()
            if known is None:
                return "signed-out"
            if known.sight != self._caller.sight:
                return "scope-changed"
            grants = set(self._stream.grants)
            self._batch = await self._stream.read()
            if grants != set(self._stream.grants):
                return "grant-ended" if grants - set(self._stream.grants) else "grants-changed"
            seen = self._stream.granted
            await Looking(self._request, known, None).live("events.watch", granted=seen)
        except TrackerError:
            return "database-away"
        return None

    async def _known(self) -> Caller | None:
        """The caller as they are now; as they were, while their provider is away."""
        try:
            known = await self._service.callers.of(self._token)
        except ProviderAway:
            return self._caller
        return known if known is None else known.within(NEEDS)

    async def _tell(self, batch: Batch) -> None:
        if batch.reset:
            await self._say(_block("reset", self._stream.id, {}))
        if batch.told:
            await self._say("".join(_blocks(batch.told)))
        elif time.monotonic() - self._said_at_s >= HEARTBEAT_S:
            # An id without data makes no event, and is where a client goes on.
            await self._say(f": still here\nid: {self._stream.id}\n\n")
        self._id = self._stream.id

    async def _say(self, text: str) -> None:
        self._said_at_s = time.monotonic()
        body = {"type": "http.response.body", "body": text.encode(), "more_body": True}
        await self._put(body)

    async def _put(self, message: Message) -> None:
        try:
            async with asyncio.timeout(SLOW_S):
                await self._send_message(message)
        except TimeoutError:
            raise _Slow from None


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _blocks(told: Iterable[Told]) -> Iterable[str]:
    for each in told:
        event = moved(each) if each.telling is None else cloud_event(each.telling, each.department)
        yield _block(event["type"], each.id, event)


def _block(name: str, number: str, data: object) -> str:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"event: {name}\nid: {number}\ndata: {text}\n\n"


def moved(told: Told) -> dict[str, Any]:
    """Where a vehicle is, as a CloudEvent; its id is of the vehicle and the time of its fix."""
    row = told.vehicle or {}
    vehicle = f"{told.department}/{row['ref']}"
    data = VehicleMovedData.model_validate({**row, "vehicle": vehicle, "vehicle_name": row["name"]})
    at = row["fixed_at"].isoformat()
    return {
        "specversion": "1.0",
        "id": str(uuid5(NAMESPACE_URL, f"{vehicle}/{at}/{row['feed']}/{row['n']}")),
        "source": f"/departments/{told.department}",
        "type": MOVED,
        "time": at,
        "datacontenttype": "application/json",
        "subject": vehicle,
        "data": data.model_dump(mode="json", by_alias=True),
    }


def _end(reason: str) -> object:
    en, zh_hant = _ENDS[reason]
    detail = Name.model_validate({"en": en, "zh-Hant": zh_hant})
    end = StreamEnd.model_validate({"reason": reason, "detail": detail})
    return end.model_dump(mode="json", by_alias=True)
