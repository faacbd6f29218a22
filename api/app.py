"""The application: routes, errors, headers, and what it opens and closes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from importlib.metadata import version

from fastapi import Depends, FastAPI

from api import asyncapi, static
from api.addresses import Addresses
from api.auditor import Auditor
from api.basemaps import Basemaps
from api.caller import refuse_cross_site
from api.callers import Callers
from api.compression import Compression
from api.envelope import Envelope
from api.errors import add_handlers
from api.identity.bearer import Bearers
from api.identity.doorkeeper import Doorkeeper
from api.identity.keys import Provider
from api.limits import RequestLimits
from api.live import events, socket
from api.live.hub import Hub
from api.methods import Methods
from api.ogc import door as ogc
from api.ogc.extents import Extents
from api.open_feed import OpenFeed
from api.openapi import door as openapi
from api.quotas import Quotas
from api.routes import (
    adoption,
    alert_changes,
    alerts,
    audit,
    backtests,
    basemaps,
    days,
    developers,
    devices,
    drafts,
    fence_files,
    fences,
    grants,
    groups,
    health,
    journal,
    keys,
    near,
    oidc,
    open,
    places,
    playback,
    registry,
    rejects,
    rules,
    session,
    shares,
    subscriptions,
    tracks,
    usage,
    users,
    vehicles,
    views,
    whereabouts,
)
from api.service import Service
from api.settings import ApiSettings, BasemapSettings, OidcSettings
from api.together import Together
from tracker.reads import Reader

#: Everything that is answered.
ROUTERS = (
    health.router,
    session.router,
    oidc.router,
    vehicles.router,
    devices.router,
    registry.vehicles,
    registry.devices,
    registry.departments,
    users.router,
    rejects.router,
    rejects.texts,
    rejects.changes,
    tracks.router,
    near.router,
    places.router,
    whereabouts.router,
    playback.router,
    journal.router,
    days.router,
    views.router,
    fence_files.changes,
    fences.router,
    fences.changes,
    drafts.router,
    groups.router,
    groups.changes,
    alerts.router,
    alert_changes.router,
    rules.router,
    rules.changes,
    backtests.router,
    backtests.figures_of,
    subscriptions.router,
    grants.router,
    grants.changes,
    grants.presences,
    shares.router,
    shares.followed,
    shares.page,
    adoption.router,
    audit.router,
    keys.router,
    usage.router,
    usage.own,
    *ogc.ROUTERS,
    open.router,
    events.router,
    socket.router,
    asyncapi.router,
    openapi.router,
    developers.router,
    basemaps.router,
    basemaps.tiles,
    static.router,
)


def create_app(
    settings: ApiSettings,
    dsn: str,
    oidc: OidcSettings | None = None,
    basemap: BasemapSettings | None = None,
) -> FastAPI:
    """The API and the console on one database, as its role `milepost_api`; `oidc` says who else
    tells who somebody is, `basemap` what lies under the vehicles. Raises BasemapUnusable.

    Nothing is connected before it starts, and it starts without the database too.
    """
    app = FastAPI(
        title="Milepost",
        version=version("milepost"),
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan(
            settings, dsn, oidc or OidcSettings(), Basemaps(basemap or BasemapSettings())
        ),
        dependencies=[Depends(refuse_cross_site)],
    )
    app.add_middleware(RequestLimits)
    app.add_middleware(Compression)
    app.add_middleware(Envelope)
    app.state.methods = Methods(ROUTERS)
    add_handlers(app)
    for router in ROUTERS:
        app.include_router(router)
    return app


def _lifespan(
    settings: ApiSettings, dsn: str, oidc_settings: OidcSettings, maps: Basemaps
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def running(app: FastAPI) -> AsyncIterator[None]:
        reader = Reader(dsn)
        hub, quotas, auditor = Hub(reader), Quotas(dsn, settings), Auditor(dsn)
        provider = Provider(oidc_settings) if oidc_settings.issuer is not None else None
        app.state.service = Service(
            settings=settings,
            reader=reader,
            callers=Callers(reader, Bearers(provider, reader) if provider is not None else None),
            doorkeeper=Doorkeeper(reader, auditor),
            provider=provider,
            hub=hub,
            extents=Extents(),
            auditor=auditor,
            quotas=quotas,
            addresses=Addresses(settings.address_requests),
            open_feed=OpenFeed(reader, auditor),
            basemaps=maps,
            together=Together(),
        )
        behind = [asyncio.create_task(hub.run()), asyncio.create_task(quotas.run())]
        try:
            yield
        finally:
            await _end(behind)
            await auditor.close()
            await quotas.close()
            await reader.close()
            if provider is not None:
                await provider.close()

    return running


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
