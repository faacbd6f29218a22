"""Where vehicles were at an instant: as it is known now, or as it was known at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from geo.between import place_between
from geo.gaps import gap_limits_of, gap_ms_after
from tracker import sql
from tracker.reads.session import Row, Scope

#: How far around the instant fixes are looked for; they are only read with bounds in time.
LOOKED_AROUND: Final = timedelta(days=1)
#: A blurred place is told of ten minutes, and is known for as long again.
BLURRED_FOR: Final = timedelta(minutes=20)
#: How the answer is known, by falling certainty: a fix of this very instant; straight on between
#: two fixes; the last fix, and nothing later came yet; it is not.
KNOWN_BY: Final = ("fix", "between", "last", "nothing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Instant:
    """Which vehicles, and when."""

    at: datetime
    #: Only what was received by then counts. Marks of implausible fixes are those of now.
    known_at: datetime | None = None
    #: Of this vehicle alone, also a retired one.
    vehicle_id: int | None = None
    department_id: int | None = None
    #: Those after this one in the order of full refs: (department, ref).
    after: tuple[str, str] | None = None
    limit: int = 1_000


async def whereabouts(scope: Scope, asked: Instant) -> list[Row]:
    """Vehicles by full ref, at most `limit`; those retired by then only if asked for by id.

    id, vehicle, department, name, class, known_by (one of KNOWN_BY), lon, lat (None: not known),
    age_s (how long before the instant the fix before it was; None: none within a day), before,
    after (the fixes around it: fixed_at, received_at, lon, lat; None: none within a day).
    """
    after = asked.after or (None, None)
    values = (
        *(asked.at, asked.at - LOOKED_AROUND, asked.at + LOOKED_AROUND),
        *(asked.vehicle_id, asked.department_id, *after, asked.limit, asked.known_at),
    )
    found = await scope.exec_driver_sql(sql.text("whereabouts"), values)
    return [_told(row._asdict(), asked.at) for row in found]


def _told(row: dict[str, Any], at: datetime) -> Row:
    before, after = _fix(row, "before"), _fix(row, "after")
    known_by = _known_by(row, before, after, at)
    lon, lat = _place(known_by, before, after, at)
    told = {name: row[name] for name in ("id", "vehicle", "department", "name", "class", "granted")}
    age_s = (at - before["fixed_at"]).total_seconds() if before else None
    return {
        **told,
        **{"known_by": known_by, "lon": lon, "lat": lat, "age_s": age_s},
        **{"before": before, "after": after},
    }


def _fix(row: Row, side: str) -> dict[str, Any] | None:
    if row[f"{side}_at"] is None:
        return None
    return {
        "fixed_at": row[f"{side}_at"],
        "received_at": row[f"{side}_received_at"],
        "lon": row[f"{side}_lon"],
        "lat": row[f"{side}_lat"],
    }


def _known_by(row: Row, before: Row | None, after: Row | None, at: datetime) -> str:
    """Nothing is said across a gap, nor longer than one after the last fix."""
    if before is None:
        return "nothing"
    if before["fixed_at"] == at:
        return "fix"
    if row["granted"] == "blurred":
        return "last" if at - before["fixed_at"] <= BLURRED_FOR else "nothing"
    until = after["fixed_at"] if after else at
    if until - before["fixed_at"] > _gap(row):
        return "nothing"
    return "between" if after else "last"


def _gap(row: Row) -> timedelta:
    limits = gap_limits_of(row["class"], row["moving_interval_s"], row["stopped_interval_s"])
    speed_mps = row["before_speed_mps"]
    silence_ms = gap_ms_after(limits, math.nan if speed_mps is None else speed_mps)
    return timedelta(milliseconds=int(silence_ms))


def _place(
    known_by: str, before: Row | None, after: Row | None, at: datetime
) -> tuple[float | None, float | None]:
    if before is None or known_by == "nothing":
        return None, None
    if after is None or known_by in ("fix", "last"):
        return before["lon"], before["lat"]
    share = (at - before["fixed_at"]) / (after["fixed_at"] - before["fixed_at"])
    lon, lat = place_between(share, before["lon"], before["lat"], after["lon"], after["lat"])
    return float(lon), float(lat)
