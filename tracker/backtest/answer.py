"""The answer to a question: what would have been raised, and how two of a kind differ."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import asyncpg

from geo.fix import from_unix_ms, moment, unix_ms
from tracker import sql
from tracker.backtest.difference import Difference, difference
from tracker.backtest.figures import Figures, figures
from tracker.backtest.play import Reading, Span, play
from tracker.backtest.question import Asked
from tracker.backtest.raised import Raised, raised
from tracker.backtest.world import Known, World
from tracker.connect import SET_SCOPE, ApiConnection, json_as_binary, told
from tracker.directory import Directory
from tracker.reads.errors import TooMuch
from tracker.told import Told

if TYPE_CHECKING:
    from tracker.connect import Connection

#: Rows of one answer: some tens of megabytes.
MOST_EVENTS: Final = 100_000
#: A cool-down that runs when the window begins was begun within so many of its lengths,
COOLDOWNS: Final = 4
#: and within this.
COOLDOWN_LEAD: Final = timedelta(days=7)

Row: TypeAlias = dict[str, Any]
#: Is told how many vehicles of how many are gone through; may raise to end it.
Progress: TypeAlias = Callable[[int, int], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What one subject would have raised."""

    name: str
    #: By time: see `_row`.
    events: list[Row]
    #: {rule, event, vehicle, fence, severity, at, suppressed}, by time.
    alerts: list[Row]
    figures: Figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """All that is told of a question."""

    department: str
    since: datetime
    until: datetime
    #: Of days and hours.
    time_zone: str
    sides: Sequence[Side] = field(default_factory=list)
    #: Where two were compared.
    difference: Difference | None = None


@asynccontextmanager
async def in_scope(dsn: str, department: str) -> AsyncIterator[Reading]:
    """Transactions of the API's role that read, and see one department alone."""
    with told():
        connection = await asyncpg.connect(dsn, connection_class=ApiConnection, timeout=10)
        try:
            await json_as_binary(connection)
            found = await connection.fetchval(
                "SELECT id FROM department WHERE ref = $1", department
            )
            scope = SET_SCOPE.format(int(found or 0))

            @asynccontextmanager
            async def reading() -> AsyncIterator[Connection]:
                async with connection.transaction(isolation="repeatable_read", readonly=True):
                    await connection.execute(scope)
                    yield connection  # type: ignore[misc]  # a plain connection will do

            yield reading
        finally:
            await connection.close()


async def answer(reading: Reading, asked: Asked, progress: Progress | None = None) -> Answer:
    """Go over the stored fixes with each subject of a question.

    Raises Unknown for what the caller cannot see, BadInput or a ShapeError for what cannot be
    watched, TooMuch, and DatabaseUnreachable.
    """
    async with reading() as connection:
        known = await Known.load(connection, asked)
        now = await connection.fetchval("SELECT milepost_now()")
    subjects = [asked.subject, *([asked.compare] if asked.compare else [])]
    worlds = [known.world(subject) for subject in subjects]
    count = _Count(sum(len(world.vehicle_ids) for world in worlds), progress)
    span = Span(since=asked.since, until=asked.until, now=now)
    zone = known.calendar.zone
    sides = [await _side(reading, world, span, count, zone.key) for world in worlds]
    return Answer(
        department=asked.department,
        since=asked.since,
        until=asked.until,
        time_zone=zone.key,
        sides=sides,
        difference=difference(sides[0].events, sides[1].events, asked.tolerance_s, zone)
        if len(sides) > 1
        else None,
    )


@dataclass(slots=True)
class _Count:
    """How far it has come."""

    vehicles: int
    progress: Progress | None
    done: int = 0

    async def add(self, vehicles: int) -> None:
        self.done += vehicles
        if self.progress is not None:
            await self.progress(self.done, self.vehicles)


async def _side(reading: Reading, world: World, span: Span, count: _Count, zone: str) -> Side:
    longest_s = max((rule.cooldown_s or 0.0 for rule in world.directory.rules.values()), default=0)
    lead = min(timedelta(seconds=longest_s * COOLDOWNS), COOLDOWN_LEAD)
    wider = Span(since=span.since - lead, until=span.until, now=span.now)
    first_ms = unix_ms(span.since)
    events: list[Row] = []
    alerts: list[Row] = []
    await count.add(0)
    async for vehicle_ids, those in play(reading, world, wider):
        found = raised(those, world)
        told = [each for each in found.events if each.event.at_ms >= first_ms]
        events += await _rows(reading, told, world.directory)
        opened = [each for each in found.alerts if each.candidate.at_ms >= first_ms]
        alerts += [_alert_row(each, world.directory) for each in opened]
        if len(events) > MOST_EVENTS:
            raise TooMuch(f"(more than {MOST_EVENTS} events: take less time, or fewer vehicles)")
        await count.add(len(vehicle_ids))
    for rows in (events, alerts):
        rows.sort(key=lambda row: (row["at"], row["vehicle"], row["fence"]))
    counted = figures(events, alerts, (span.since, span.until), zone)
    return Side(name=world.name, events=events, alerts=alerts, figures=counted)


async def _rows(reading: Reading, those: Sequence[Told], directory: Directory) -> list[Row]:
    if not those:
        return []
    vehicles = [each.event.vehicle_id for each in those]
    times = [from_unix_ms(each.event.not_after_ms) for each in those]
    async with reading() as connection:
        found = await connection.fetch(sql.text("places_of_events"), vehicles, times)
    places = {row["n"]: (row["lon"], row["lat"]) for row in found}
    return [
        _row(each, directory, places.get(number, (None, None)))
        for number, each in enumerate(those, start=1)
    ]


def _row(one: Told, directory: Directory, place: tuple[float | None, float | None]) -> Row:
    """An event as the API has events, `simulated`; lon and lat of the fix that showed it."""
    event = one.event
    rule = None if event.rule_id is None else directory.rules[event.rule_id]
    return {
        "id": str(one.id),
        "kind": event.kind,
        "vehicle": directory.vehicles[event.vehicle_id].full_ref,
        "fence": None if event.fence_id is None else directory.fence_refs[event.fence_id],
        "fence_version": event.fence_version,
        "rule": None if rule is None else rule.full_ref,
        "at": from_unix_ms(event.at_ms),
        "time": moment(event.time_ms),
        "not_before": moment(event.not_before_ms),
        "not_after": from_unix_ms(event.not_after_ms),
        "interpolated": event.interpolated,
        "gap": event.gap,
        "late": event.late,
        "cause": event.cause,
        "max_kmh": event.max_kmh,
        "length_s": event.length_s,
        "ended_at": moment(event.ended_ms),
        "lowest": event.lowest,
        "highest": event.highest,
        "dwell_s": rule.dwell_s if rule is not None and event.kind == "dwell" else None,
        "lon": place[0],
        "lat": place[1],
        "simulated": True,
    }


def _alert_row(alert: Raised, directory: Directory) -> Row:
    event = alert.candidate.told.event
    return {
        "rule": alert.candidate.rule.full_ref,
        "event": str(alert.candidate.told.id),
        "kind": event.kind,
        "vehicle": directory.vehicles[event.vehicle_id].full_ref,
        "fence": None if event.fence_id is None else directory.fence_refs[event.fence_id],
        "severity": alert.candidate.rule.severity,
        "at": from_unix_ms(event.at_ms),
        "suppressed": alert.suppressed,
    }
