"""Who looks at features and tiles: at where vehicles are, or at where they were."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

from fastapi import Depends
from starlette.requests import Request

from api.caller import InCaller
from api.inline import inline
from api.looking import Looking, stated_in
from api.ogc.routing import OgcScope
from api.service import service_of
from tracker.reads import Layer, Row, Wanted

#: Layers that tell where vehicles were: only for a purpose.
_HISTORY: Final = ("tracks",)
#: Layers in which no vehicle is.
_NO_VEHICLES: Final = ("fences",)


class OgcLooking:
    """How a request under `/ogc` looks at positions."""

    def __init__(self, request: Request, caller: InCaller, scope: OgcScope) -> None:
        self._request = request
        self._caller = caller
        self._scope = scope

    async def note(self, layer: Layer, asked: Wanted | None = None) -> None:
        """At features: history is a row each, else one a session, scope and day."""
        if layer.name not in _HISTORY:
            await self._live(layer, "items")
            return
        looking = await self._looking_back()
        window = None
        if asked is not None and asked.since is not None and asked.until is not None:
            window = (asked.since, asked.until)
        await looking.each(f"ogc.{layer.name}.read", window=window)

    async def back(self, vehicle: Row | None, window: tuple[datetime, datetime]) -> None:
        """At where a vehicle, or all of the scope, were in a window: a row each."""
        looking = await self._looking_back()
        await looking.each("ogc.movingfeatures.read", vehicle=vehicle, window=window)

    async def tile(self, layer: Layer) -> None:
        """At a tile: one row a session, scope and day."""
        if layer.name not in _HISTORY:
            await self._live(layer, "tiles")
            return
        looking = Looking(self._request, self._caller, self._scope, stated_in(self._request))
        await looking.live(f"ogc.{layer.name}.tiles")

    async def _live(self, layer: Layer, how: str) -> None:
        if layer.name not in _NO_VEHICLES:
            await Looking(self._request, self._caller, self._scope).live(f"ogc.{layer.name}.{how}")

    async def _looking_back(self) -> Looking:
        looking = Looking(self._request, self._caller, self._scope, stated_in(self._request))
        quotas = service_of(self._request).quotas
        await quotas.take(self._request.scope, self._caller, "history")
        return looking


InOgcLooking = Annotated[OgcLooking, Depends(inline(OgcLooking))]
