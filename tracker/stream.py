"""The event stream: what is told of some departments, after a cursor that its reader keeps.

A cursor is a vector: of each feed the number of a commit, and how far within it (database law 3).
So a reader that comes again loses nothing and gets nothing twice, whoever wrote meanwhile, and
however many at once.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, Self, get_args
from uuid import UUID

from tracker import sql
from tracker.errors import BadInput, SchemaMissing
from tracker.outbox import KEPT_DAYS, Telling
from tracker.reads import (
    Granted,
    Reader,
    Row,
    Scope,
    Sight,
    granted_vehicles,
    grants_in_force,
)

StreamKind = Literal["alerts", "fences", "signals", "vehicles"]
KINDS: Final = get_args(StreamKind)
#: Rows of one reading.
AT_ONCE: Final = 500
#: Everything of a commit: above any number within one.
_WHOLE: Final = 2**62
_TYPES: Final = {
    "alerts": "milepost.alert.%",
    "fences": "milepost.fence.%",
    "signals": "milepost.vehicle.%",
}
#: A cursor of more feeds than anyone has is none of ours.
_MOST_CHARACTERS: Final = 20_000

#: By feed: the commit's number, and how far within it.
Vector = dict[int, tuple[int, int]]


class BadCursor(BadInput):
    """That is no id of this stream: leave out `Last-Event-ID` to begin now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Up to where a reader was told, of events and of vehicles."""

    epoch: UUID
    at: datetime
    events: Vector = field(default_factory=dict)
    vehicles: Vector = field(default_factory=dict)

    @classmethod
    def read(cls, text: str) -> Self:
        """The cursor of an id; raises BadCursor."""
        try:
            if len(text) > _MOST_CHARACTERS:
                raise ValueError
            said = json.loads(base64.urlsafe_b64decode(text.encode("ascii") + b"=="))
            return cls(
                epoch=UUID(hex=said["e"]),
                at=datetime.fromtimestamp(int(said["t"]), UTC),
                events=_vector(said["o"]),
                vehicles=_vector(said["v"]),
            )
        except (ValueError, KeyError, TypeError, OverflowError, OSError, binascii.Error):
            raise BadCursor from None

    def __str__(self) -> str:
        """As an id."""
        said = {
            "e": self.epoch.hex,
            "t": int(self.at.timestamp()),
            "o": [[feed, *at] for feed, at in sorted(self.events.items())],
            "v": [[feed, *at] for feed, at in sorted(self.vehicles.items())],
        }
        return base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")


def _vector(said: list[list[int]]) -> Vector:
    vector = {int(feed): (int(n), int(sub)) for feed, n, sub in said}
    if any(not -(2**63) <= number < 2**63 for at in vector.values() for number in at):
        raise ValueError
    return vector


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One event, or the place of a vehicle; `id` is the cursor behind it."""

    id: str
    department: str
    #: None of a vehicle.
    telling: Telling | None
    #: A row of `stream_vehicles.sql`; None of an event.
    vehicle: Row | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one reading found."""

    #: The cursor was of before a restore, or too old: what was between is not told.
    reset: bool
    told: list[Told]
    #: There is more at once.
    more: bool


class Stream:
    """One reader's way through what is told. Not for use by two tasks at once."""

    def __init__(
        self,
        reader: Reader,
        sight: Sight,
        kinds: Collection[StreamKind],
        after: Cursor | None,
    ) -> None:
        self._reader = reader
        self._sight = sight
        self._types = [_TYPES[kind] for kind in kinds if kind in _TYPES]
        self._vehicles = "vehicles" in kinds
        self._cursor = after
        #: The grants to these departments that were in force at the last reading.
        self.grants: tuple[str, ...] = ()
        #: Others' vehicles that something was told of, or could have been.
        self.granted: Granted = frozenset()

    @property
    def id(self) -> str:
        """Where the next reading begins; there is one after the first reading."""
        return str(self._cursor)

    async def read(self) -> Batch:
        """What is new since the last reading; without a cursor: from now on.

        Raises as a Reader's scope does; the next reading then gives what this one would have given.
        """
        async with self._reader.scope(*self._sight) as scope:
            self.grants = await grants_in_force(scope)
            self.granted = await granted_vehicles(scope) if self.grants else frozenset()
            before = self._cursor
            events = await self._found(scope, "stream_events", before.events if before else {})
            vehicles = await self._found(
                scope, "stream_vehicles", before.vehicles if before else {}
            )
        epoch, now = events[0].epoch, events[0].now
        if before is None or not _holds(before, events[0], vehicles[0]):
            self._cursor = Cursor(
                epoch=epoch, at=now, events=_heads(events[0]), vehicles=_heads(vehicles[0])
            )
            return Batch(reset=before is not None, told=[], more=False)
        self._cursor = replace(before, at=now)
        told = [*self._events(events), *self._moved(vehicles)]
        return Batch(reset=False, told=told, more=max(len(events), len(vehicles)) >= AT_ONCE)

    async def _found(self, scope: Scope, name: str, wanted: Vector) -> list[Any]:
        values: tuple[Any, ...] = (
            list(wanted),
            [n for n, _ in wanted.values()],
            [sub for _, sub in wanted.values()],
            AT_ONCE if name == "stream_events" or self._vehicles else 0,
        )
        if name == "stream_events":
            values = (*values, self._types)
        found = list(await scope.exec_driver_sql(sql.text(name), values))
        if not found:
            raise SchemaMissing
        return found

    def _events(self, rows: list[Any]) -> Iterator[Told]:
        assert self._cursor is not None  # noqa: S101  set before the first row is told
        vector = dict(self._cursor.events)
        for row in rows if rows[0].sub is not None else []:
            vector[row.feed] = (row.n, row.sub)
            self._cursor = replace(self._cursor, events=dict(vector))
            telling = Telling(
                outbox_id=row.sub,
                type=row.type,
                event_id=row.event_id,
                revision=row.revision,
                body=row.body,
                created_at=row.created_at,
                attempts=0,
            )
            yield Told(id=self.id, department=row.department, telling=telling, vehicle=None)
        if len(rows) < AT_ONCE:
            self._cursor = replace(self._cursor, events=_heads(rows[0]))

    def _moved(self, rows: list[Any]) -> Iterator[Told]:
        assert self._cursor is not None  # noqa: S101  set before the first row is told
        vector = dict(self._cursor.vehicles)
        for row in rows if rows[0].sub is not None else []:
            vector[row.feed] = (row.n, row.sub)
            self._cursor = replace(self._cursor, vehicles=dict(vector))
            yield Told(id=self.id, department=row.department, telling=None, vehicle=row._asdict())
        if len(rows) < AT_ONCE:
            self._cursor = replace(self._cursor, vehicles=_heads(rows[0]))


def _heads(row: Any) -> Vector:  # noqa: ANN401  a row of the driver
    return {feed: (n, _WHOLE) for feed, n in zip(row.feeds or (), row.heads or (), strict=True)}


def _holds(cursor: Cursor, events: Any, vehicles: Any) -> bool:  # noqa: ANN401  rows of the driver
    """Whether what came after the cursor is all still there."""
    return bool(
        cursor.epoch == events.epoch
        and events.now - cursor.at < timedelta(days=KEPT_DAYS)
        and _is_reached(cursor.events, _heads(events))
        and _is_reached(cursor.vehicles, _heads(vehicles))
    )


def _is_reached(vector: Vector, heads: Vector) -> bool:
    return all(n <= heads.get(feed, (-1, 0))[0] for feed, (n, _) in vector.items())
