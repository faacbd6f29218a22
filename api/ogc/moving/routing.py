"""What the routes of moving features share: who may ask, and of which vehicle."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Depends

from api.errors import NotFound
from api.ogc.routing import JSON_OBJECT, Endpoint, OgcScope, reading
from tracker import reads
from tracker.reads import Row

#: Apart from the other collections' router, which would take this one for a layer.
router = APIRouter(prefix="/ogc", tags=["ogc"])
FEATURE: Final = "/items/{department}/{ref}"


def tracking(
    path: str, content: Mapping[str, object] = JSON_OBJECT
) -> Callable[[Endpoint], Endpoint]:
    """A route that is read by whoever may read tracks."""
    return reading(path, content, to=router, permission="tracks:read")


async def _vehicle(scope: OgcScope, department: str, ref: str) -> Row:
    vehicle = await reads.vehicle(scope, department=department, ref=ref)
    if vehicle is None:
        raise NotFound(f"(vehicle {department}/{ref})")
    return vehicle


#: A row of `tracker.reads.vehicle`; raises NotFound.
MovingFeature = Annotated[Row, Depends(_vehicle)]
