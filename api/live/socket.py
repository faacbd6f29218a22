"""`/v1/live`: one WebSocket, from its first frame to its end."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress
from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.websockets import WebSocket, WebSocketDisconnect

from api.caller import LIVE_PROTOCOL, InCaller, may_hear_alerts, needs, token_of
from api.errors import ProviderAway
from api.live.frames import Format, Frame
from api.live.hub import Channel
from api.live.viewer import SIGNED_OUT, TRY_AGAIN, End, Viewer
from api.looking import Looking
from api.service import Service, service_of
from tracker.errors import TrackerError
from tracker.permissions import Permission
from tracker.reads import Caller

router = APIRouter(prefix="/v1")

PING_S: Final = 10.0
#: So often a viewer's token is looked at again.
RECHECK_S: Final = 2.0
NOT_UNDERSTOOD: Final = 1003
GONE: Final = 1000
NEEDS: Final[Permission] = "positions:read"


@router.websocket("/live", dependencies=[needs(NEEDS)])
async def live(
    socket: WebSocket, caller: InCaller, form: Annotated[Format, Query(alias="format")] = "binary"
) -> None:
    """Positions and alerts of the caller's departments while they change."""
    offered = socket.scope["subprotocols"]
    await socket.accept(LIVE_PROTOCOL if LIVE_PROTOCOL in offered else None)
    await _Session(socket, service_of(socket), form).serve(caller)


class _Session:
    def __init__(self, socket: WebSocket, service: Service, form: Format) -> None:
        self._socket = socket
        self._service = service
        self._form = form
        self._token = token_of(socket) or ""
        self._pinged_at_s = time.monotonic()

    async def serve(self, caller: Caller) -> None:
        """Until either side ends it; a caller whose departments change watches the new ones."""
        end: End | None = None
        while end is None:
            alerts = may_hear_alerts(caller)
            with self._service.hub.watching(caller.sight, alerts=alerts) as (channel, viewer):
                listener = asyncio.create_task(self._listen(viewer))
                try:
                    caller, end = await self._send_all(channel, viewer, caller)
                finally:
                    listener.cancel()
        if end.code != GONE:
            with suppress(WebSocketDisconnect):  # the other side was faster
                await self._socket.close(end.code, end.reason)

    async def _send_all(
        self, channel: Channel, viewer: Viewer, caller: Caller
    ) -> tuple[Caller, End | None]:
        while viewer.end is None:
            known = await self._caller(caller)
            if known is None or NEEDS not in known.permissions:
                return caller, End(SIGNED_OUT, "signed out")
            if known.sight != caller.sight:
                return known, None
            granted = channel.granted
            try:
                await Looking(self._socket, known, None).live("live.view", granted=granted)
            except TrackerError:  # what cannot be noted is not shown
                return caller, End(TRY_AGAIN, "database away")
            if channel.granted != granted:
                continue  # the picture holds more by now: that is noted first
            try:
                for item in channel.items_for(viewer):
                    await self._send(item)
                await self._ping(channel)
            except WebSocketDisconnect:
                return caller, End(GONE, "")
            await viewer.woken(RECHECK_S)
        return caller, viewer.end

    async def _caller(self, caller: Caller) -> Caller | None:
        """While the database is away nothing is sent, and the hub ends all connections."""
        with suppress(TrackerError, ProviderAway):
            known = await self._service.callers.of(self._token)
            return known if known is None else known.within(NEEDS)
        return caller

    async def _send(self, item: Frame | str) -> None:
        message = item if isinstance(item, str) else item.encoded(self._form)
        if isinstance(message, str):
            await self._socket.send_text(message)
        else:
            await self._socket.send_bytes(message)

    async def _ping(self, channel: Channel) -> None:
        now = channel.now
        if now is not None and time.monotonic() - self._pinged_at_s >= PING_S:
            self._pinged_at_s = time.monotonic()
            await self._send(json.dumps({"type": "ping", "server_time": now.isoformat()}))

    async def _listen(self, viewer: Viewer) -> None:
        try:
            while True:
                if _is_resync(await self._socket.receive_text()):
                    viewer.resync()
        except WebSocketDisconnect:
            viewer.send_away(End(GONE, ""))
        except (ValueError, KeyError):
            viewer.send_away(End(NOT_UNDERSTOOD, "send JSON text"))


def _is_resync(text: str) -> bool:
    """Whether a message asks for a snapshot; other types are for later versions."""
    said = json.loads(text)
    return isinstance(said, dict) and said.get("type") == "resync"
