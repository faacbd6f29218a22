"""Vehicles that stand: their fixes are judged where they stopped (rule R8)."""

from __future__ import annotations

from typing import Final

from geo.distance import distance_m
from geo.memory import Parked, Seen

#: A parked fix this far from the anchor or farther is not one of drift, metres.
DRIFT_M: Final = 50.0
#: Slower than this a vehicle is parked, metres a second.
PARKED_MPS: Final = 1.0


def is_parked(speed_mps: float | None, ignition: int) -> bool:
    """Whether a fix says that its vehicle stands: ignition off, or hardly any speed."""
    return ignition == 0 or (speed_mps is not None and speed_mps < PARKED_MPS)


def park(
    parked: Parked | None, last: Seen | None, fix: Seen, standing: bool
) -> tuple[Parked | None, Seen | None]:
    """Take the next fix: how the vehicle is parked after it, and where the fix is judged.

    `last` is where the vehicle was judged last. None for a place: the fix is not used.
    """
    if not standing:
        return None, fix
    if parked is None:
        return Parked(fix.lon, fix.lat), fix
    if _is_near(parked, fix):
        return Parked(parked.lon, parked.lat), fix._replace(lon=parked.lon, lat=parked.lat)
    if parked.stray is None:
        return parked._replace(stray=last), None
    return Parked(fix.lon, fix.lat), fix


def _is_near(parked: Parked, fix: Seen) -> bool:
    if (fix.lon, fix.lat) == (parked.lon, parked.lat):
        return True
    return bool(distance_m(parked.lon, parked.lat, fix.lon, fix.lat) < DRIFT_M)
