"""What came of a question, counted: a day, an hour, and which vehicles most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

ONE_DAY: Final = timedelta(days=1)
HOURS: Final = range(24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Days and hours are those of the installation's time zone."""

    events: int
    alerts: int
    #: Events that cool-downs would have held back.
    suppressed: int
    alerts_a_day: float
    #: By kind, the most first.
    events_by_kind: Mapping[str, int]
    #: Every day of the window ("2026-11-23"), those without one too.
    alerts_by_day: Mapping[str, int]
    events_by_day: Mapping[str, int]
    #: 24 numbers, from midnight.
    alerts_by_hour: Sequence[int]
    events_by_hour: Sequence[int]
    #: {vehicle, alerts, events}, most alerts first, then most events.
    vehicles: Sequence[Mapping[str, Any]]


def figures(
    events: Sequence[Mapping[str, Any]],
    alerts: Sequence[Mapping[str, Any]],
    window: tuple[datetime, datetime],
    zone: str,
) -> Figures:
    """Count rows with `at`, `vehicle`, `kind` and, of alerts, `suppressed`."""
    home = ZoneInfo(zone)
    alerts_of, events_of = _by_vehicle(alerts), _by_vehicle(events)
    worst = sorted(events_of | alerts_of, key=lambda v: (-alerts_of[v], -events_of[v], v))
    return Figures(
        events=len(events),
        alerts=len(alerts),
        suppressed=sum(each["suppressed"] for each in alerts),
        alerts_a_day=round(len(alerts) / ((window[1] - window[0]) / ONE_DAY), 2),
        events_by_kind=dict(Counter(each["kind"] for each in events).most_common()),
        alerts_by_day=by_day((each["at"] for each in alerts), window, home),
        events_by_day=by_day((each["at"] for each in events), window, home),
        alerts_by_hour=_by_hour(alerts, home),
        events_by_hour=_by_hour(events, home),
        vehicles=[
            {"vehicle": vehicle, "alerts": alerts_of[vehicle], "events": events_of[vehicle]}
            for vehicle in worst
        ],
    )


def by_day(
    times: Iterable[datetime], window: tuple[datetime, datetime], home: ZoneInfo
) -> dict[str, int]:
    """How many on each day of a window."""
    first, last = window[0].astimezone(home).date(), window[1].astimezone(home)
    days, day = [], first
    while datetime(day.year, day.month, day.day, tzinfo=home) < last:
        days.append(day.isoformat())
        day += ONE_DAY
    counted = Counter(each.astimezone(home).date().isoformat() for each in times)
    return {day: counted[day] for day in days}


def _by_hour(rows: Iterable[Mapping[str, Any]], home: ZoneInfo) -> list[int]:
    counted = Counter(each["at"].astimezone(home).hour for each in rows)
    return [counted[hour] for hour in HOURS]


def _by_vehicle(rows: Iterable[Mapping[str, Any]]) -> Counter[str]:
    return Counter(each["vehicle"] for each in rows)
