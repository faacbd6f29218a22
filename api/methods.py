"""Which methods a path takes: a router by itself knows only those of its own."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import APIRouter
from starlette.routing import Match, Route
from starlette.types import Scope


class Methods:
    """Those of all routers of an application together."""

    def __init__(self, routers: Iterable[APIRouter]) -> None:
        self._routes = [
            route for router in routers for route in router.routes if isinstance(route, Route)
        ]

    def allowed(self, scope: Scope) -> str:
        """As the header `Allow` has them (RFC 9110, 10.2.1)."""
        meeting = (each for each in self._routes if each.matches(scope)[0] is not Match.NONE)
        return ", ".join(sorted({method for route in meeting for method in route.methods or ()}))
