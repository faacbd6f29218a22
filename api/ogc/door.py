"""The routes of `/ogc`, all of them."""

from __future__ import annotations

from api.ogc import collections, items, landing, routing, tiles
from api.ogc.moving import features, geometries, properties
from api.ogc.moving import routing as moving

#: Importing a module adds its routes.
MODULES = (landing, collections, items, tiles, features, geometries, properties)

#: The collection of moving features goes before `{collection}`.
ROUTERS = (moving.router, routing.router)
