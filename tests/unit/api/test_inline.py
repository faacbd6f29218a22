"""No request waits for a thread to put together what is there already."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, APIWebSocketRoute

from api.app import ROUTERS
from api.caller import refuse_cross_site


def beneath(dependant: Dependant) -> Iterator[object]:
    """All that it depends on."""
    for each in dependant.dependencies:
        yield each.call
        yield from beneath(each)


def is_inline(call: object) -> bool:
    """Whether FastAPI awaits it where it is."""
    named = call if inspect.isroutine(call) else type(call).__call__
    return inspect.iscoroutinefunction(named) or inspect.isasyncgenfunction(named)


def test_no_dependency_is_called_in_a_thread() -> None:
    calls: set[object] = {refuse_cross_site}
    for router in ROUTERS:
        for route in router.routes:
            if isinstance(route, APIRoute | APIWebSocketRoute):
                calls.update(beneath(route.dependant))
    assert len(calls) > 30
    assert [call for call in calls if not is_inline(call)] == []
