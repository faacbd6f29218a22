"""The routes of `/ogc`, all of them."""

from __future__ import annotations

from fastapi import APIRouter

from api.ogc import collections, items, landing, routing, tiles
from api.ogc.moving import features, geometries, properties
from api.ogc.moving import routing as moving

#: Importing a module adds its routes.
MODULES = (landing, collections, items, tiles, features, geometries, properties)

router = APIRouter()
# The collection of moving features goes before `{collection}`.
router.include_router(moving.router)
router.include_router(routing.router)

__all__ = ["MODULES", "router"]
