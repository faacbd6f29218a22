"""What a virtual vehicle does in a span of time, by its timetable alone.

That is the measure of what the service makes of its fixes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from devices.simulator.timetable import Timetable
from devices.simulator.vehicle import VirtualVehicle
from geo.fix import Fix
from geo.motion import STOP_MS, STOP_RADIUS_M, TRIP_M, TRIP_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """Begun in the span, as GLOSSARY.md defines them."""

    distance_m: float
    trips: int
    stops: int


def truth(drive: VirtualVehicle, since: datetime, until: datetime) -> Truth:
    """What it does from one time to another. A pure function of the timetable."""
    timetable = drive.timetable
    start_s, end_s = drive.elapsed_s(since), drive.elapsed_s(until)
    stops = [
        (max(a, start_s), min(b, end_s))
        for a, b in _pauses(timetable, start_s, end_s)
        if min(b, end_s) - max(a, start_s) >= STOP_MS / 1000
    ]
    # A trip may lie before, between and behind stops.
    edges = [start_s, *(edge for stop in stops for edge in stop), end_s]
    moves = list(zip(edges[::2], edges[1::2], strict=True))
    return Truth(
        distance_m=_metres(timetable, end_s) - _metres(timetable, start_s),
        trips=sum(_is_trip(timetable, a, b) for a, b in moves),
        stops=len(stops),
    )


def fixes(drive: VirtualVehicle, since: datetime, until: datetime) -> Iterator[Fix]:
    """All that its device would report in [since, until)."""
    moment, last = since, None
    while moment < until:
        fix = drive.fix_at(moment)
        if fix.fixed_at != last:
            yield fix
        last = fix.fixed_at
        moment += max(drive.interval(moment), timedelta(milliseconds=1))


def _pauses(timetable: Timetable, start_s: float, end_s: float) -> Iterator[tuple[float, float]]:
    """Begin and end of each pause that touches the span, seconds."""
    lap_s = timetable.lap_s
    for lap in range(int(start_s // lap_s), int(end_s // lap_s) + 1):
        for a, b in timetable.pauses_s:
            if a + lap * lap_s < end_s and b + lap * lap_s > start_s:
                yield a + lap * lap_s, b + lap * lap_s


def _metres(timetable: Timetable, elapsed_s: float) -> float:
    laps = elapsed_s // timetable.lap_s
    return laps * float(timetable.way.metres[-1]) + timetable.at(elapsed_s).metres


def _is_trip(timetable: Timetable, start_s: float, end_s: float) -> bool:
    metres = _metres(timetable, end_s) - _metres(timetable, start_s)
    is_long = 1000 * (end_s - start_s) >= TRIP_MS and metres >= STOP_RADIUS_M
    return metres >= TRIP_M or is_long
