"""What one running API has: made when it starts, found through the application."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends
from starlette.requests import HTTPConnection

from api.addresses import Addresses
from api.auditor import Auditor
from api.basemaps import Basemaps
from api.callers import Callers
from api.identity.doorkeeper import Doorkeeper
from api.identity.keys import Provider
from api.inline import inline
from api.live.hub import Hub
from api.ogc.extents import Extents
from api.open_feed import OpenFeed
from api.quotas import Quotas
from api.settings import ApiSettings
from api.together import Together
from tracker.reads import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The parts that requests share."""

    settings: ApiSettings
    reader: Reader
    callers: Callers
    doorkeeper: Doorkeeper
    #: None: nobody else says who somebody is.
    provider: Provider | None
    hub: Hub
    extents: Extents
    auditor: Auditor
    quotas: Quotas
    addresses: Addresses
    open_feed: OpenFeed
    basemaps: Basemaps
    together: Together


def service_of(connection: HTTPConnection) -> Service:
    """The service that a request came to."""
    return cast(Service, connection.app.state.service)


InService = Annotated[Service, Depends(inline(service_of))]
