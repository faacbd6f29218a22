"""The routes of `/ogc`, all of them."""

from __future__ import annotations

from api.ogc import collections, items, landing, tiles
from api.ogc.routing import router

#: Importing a module adds its routes.
MODULES = (landing, collections, items, tiles)

__all__ = ["MODULES", "router"]
