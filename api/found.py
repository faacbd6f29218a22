"""The vehicle that a path names."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from api.caller import InScope
from api.errors import NotFound
from tracker import reads
from tracker.reads import Row


async def _vehicle(scope: InScope, department: str, ref: str) -> Row:
    vehicle = await reads.vehicle(scope, department=department, ref=ref)
    if vehicle is None:
        raise NotFound(f"(vehicle {department}/{ref})")
    return vehicle


#: A row of `tracker.reads.vehicle`; raises NotFound.
FoundVehicle = Annotated[Row, Depends(_vehicle)]


async def _own_vehicle(vehicle: FoundVehicle) -> Row:
    if vehicle["granted"] is not None:
        raise NotFound("(a grant does not tell that)")
    return vehicle


async def vehicle_named(scope: InScope, full_ref: str | None) -> Row | None:
    """The vehicle that a parameter names, if it does, as FoundVehicle; raises NotFound."""
    if full_ref is None:
        return None
    department, _, ref = full_ref.partition("/")
    return await _vehicle(scope, department, ref)


#: One of the caller's own departments: of what no grant tells.
OwnVehicle = Annotated[Row, Depends(_own_vehicle)]
