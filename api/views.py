"""What the stand-alone pages are made of: reads in one scope, and the page's own words for them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np

from api.language import Language
from geo.fix import from_unix_ms
from geo.gaps import GapLimits, gap_limits_of
from geo.motion import MotionFixes, advance, open_segments
from geo.segments import Segments, Stop
from maps import views
from tracker import reads
from tracker.reads import Row, Scope

#: Fixes of one page: five days of one every ten seconds.
MOST_FIXES: Final = 50_000
#: Crossings and vehicles of one page; a table shows 500.
_MOST_ROWS: Final = 1_000
#: Cells that are read; a page draws 2,000.
_MOST_CELLS: Final = 2_000
#: About 100 m for one vehicle, 200 m for a department.
_VEHICLE_CELL_DEG: Final = 0.001
_DEPARTMENT_CELL_DEG: Final = 0.002


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What every page is asked with. `until` is not included."""

    language: Language
    since: datetime
    until: datetime

    async def asked(self, scope: Scope) -> views.Asked:
        """The same with what the installation knows."""
        return views.Asked(
            language=self.language,
            zone=ZoneInfo(await reads.time_zone(scope)),
            since=self.since,
            until=self.until,
            made_at=datetime.now(UTC),
        )


async def track_view(scope: Scope, vehicle: Row, wanted: Wanted) -> str:
    """The page of a vehicle's track. Raises AssetsMissing and what reads raise."""
    fixes = await reads.track(
        scope,
        reads.Stretch(
            vehicle_id=vehicle["id"],
            since=wanted.since,
            until=wanted.until,
            limit=MOST_FIXES,
            implausible=True,
        ),
    )
    # What was not read must not be spoken of.
    read_until = fixes.goes_on_at or wanted.until
    events = await reads.crossings(
        scope, vehicle_id=vehicle["id"], since=wanted.since, until=read_until, limit=_MOST_ROWS
    )
    asked, names = await wanted.asked(scope), await reads.department_names(scope)

    def build() -> str:
        columns, implausible = _believed(fixes.columns)
        moved = _moved(columns, gap_limits_of(vehicle["class"], *vehicle["interval_s"]))
        return views.track_view(
            views.TrackFacts(
                asked=asked,
                vehicle=_told(vehicle, names),
                line=views.line_of(
                    columns["lon"], columns["lat"], columns["fixed_at"], columns["speed_mps"]
                ),
                stops=[_stop(each) for each in moved.stops],
                crossings=[_crossing(event) for event in events],
                gaps=[
                    views.Gap(since=from_unix_ms(a), until=from_unix_ms(b))
                    for a, b, _ in moved.gaps
                ],
                distance_m=sum(chunk.sums.distance_m for chunk in moved.chunks),
                implausible=implausible,
                cut_at=fixes.goes_on_at,
            )
        )

    return await asyncio.to_thread(build)


async def near_view(
    scope: Scope, place: tuple[float, float], radius_m: float, wanted: Wanted
) -> str:
    """The page of who was near a place (lon, lat). Raises AssetsMissing and what reads raise."""
    lon, lat = place
    found = await reads.visitors(
        scope,
        reads.Nearby(lon=lon, lat=lat, radius_m=radius_m, since=wanted.since, until=wanted.until),
    )
    shown = sorted(found, key=lambda row: row["first_at"])[:_MOST_ROWS]
    known = {row["id"]: row for row in await reads.vehicles(scope, ids=[r["id"] for r in shown])}
    asked, names = await wanted.asked(scope), await reads.department_names(scope)
    visits = [_visit(row, _told(known[row["id"]], names)) for row in shown]
    facts = views.NearFacts(
        asked=asked,
        lon=lon,
        lat=lat,
        radius_m=radius_m,
        visits=visits,
        cut=len(found) > len(shown),
    )
    return await asyncio.to_thread(views.near_view, facts)


async def heat_view(
    scope: Scope, department: str, vehicles: Sequence[Row], wanted: Wanted, *, of_one: bool
) -> str:
    """The page of where a department's vehicles, or one of them, spent their time."""
    cell_deg = _VEHICLE_CELL_DEG if of_one else _DEPARTMENT_CELL_DEG
    window = (wanted.since, wanted.until)
    spent = await reads.time_spent(
        scope, vehicles, window=window, cell_deg=cell_deg, limit=_MOST_CELLS
    )
    asked, names = await wanted.asked(scope), await reads.department_names(scope)
    facts = views.HeatFacts(
        asked=asked,
        vehicle=_told(vehicles[0], names) if of_one else None,
        department=names[department],
        lon=np.array(spent.lon, dtype=np.float64),
        lat=np.array(spent.lat, dtype=np.float64),
        spent_s=np.array(spent.spent_s, dtype=np.float64),
        cell_deg=cell_deg,
        total_s=spent.total_s,
        vehicles=spent.vehicles,
        fixes=spent.fixes,
        cut=spent.cells > len(spent.lon),
    )
    return await asyncio.to_thread(views.heat_view, facts)


def _crossing(event: Row) -> views.Crossing:
    shown = {each.name for each in fields(views.Crossing)}
    return views.Crossing(**{name: value for name, value in event.items() if name in shown})


def _believed(columns: Mapping[str, list[Any]]) -> tuple[dict[str, list[Any]], int]:
    """The fixes that are not marked, and how many are."""
    marks = columns["implausible"]
    kept = {
        name: [value for value, marked in zip(values, marks, strict=True) if not marked]
        for name, values in columns.items()
    }
    return kept, sum(marks)


def _moved(columns: Mapping[str, list[Any]], limits: GapLimits) -> Segments:
    """What the fixes make of stops and gaps, within the window alone."""
    line = views.line_of(columns["lon"], columns["lat"], columns["fixed_at"], columns["speed_mps"])
    ignition = [-1 if each is None else int(each) for each in columns["ignition"]]
    fixes = MotionFixes(
        fixed_ms=line.time_ms,
        lon=line.lon,
        lat=line.lat,
        department_id=np.zeros(len(line.time_ms), dtype=np.int64),
        speed_mps=line.speed_mps,
        ignition=np.array(ignition, dtype=np.int8),
    )
    moving_ms, rest_ms = (int(np.asarray(each)) for each in limits)
    state, closed = advance(None, fixes, moving_ms, rest_ms)
    if state is not None:
        begun = open_segments(state)
        closed.chunks += begun.chunks
        closed.stops += begun.stops
    return closed


def _stop(found: Stop) -> views.Stop:
    until = None if found.ended_ms is None else from_unix_ms(found.ended_ms)
    return views.Stop(
        lon=found.lon, lat=found.lat, since=from_unix_ms(found.started_ms), until=until
    )


def _visit(row: Row, vehicle: views.VehicleFacts) -> views.Visit:
    return views.Visit(
        vehicle=vehicle,
        first_at=row["first_at"],
        last_at=row["last_at"],
        closest_at=row["nearest_at"],
        closest_m=row["nearest_m"],
        lon=row["lon"],
        lat=row["lat"],
        inside_s=row["within_s"],
    )


def _told(vehicle: Row, names: Mapping[str, Mapping[str, str]]) -> views.VehicleFacts:
    return views.VehicleFacts(
        vehicle=vehicle["vehicle"],
        name=vehicle["name"],
        plate=vehicle["plate"],
        department=names[vehicle["department"]],
    )
