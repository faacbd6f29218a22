"""The registry as ingest knows it: a snapshot of devices, vehicles, fences and rules.

A commit compares the snapshot's version with the database's and never goes by an old one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Literal

import asyncpg
import shapely

from geo.event import Event
from geo.fences import FenceIndex, FenceVersion
from geo.fix import unix_ms
from geo.limits import Limits, limits_of
from geo.scope import Member, Pair, Scopes, Span
from geo.signals import Signals
from geo.watch import NO_WATCHES, Watches
from geo.windows import Calendar
from tracker import accounts, private_times, sql
from tracker.accounts import Accounts
from tracker.calendar import calendar_of
from tracker.connect import told
from tracker.message import Message
from tracker.private_times import PrivateTimes
from tracker.rules import Rule, rule_of

if TYPE_CHECKING:
    from datetime import datetime

    from tracker.connect import Connection, Pool

ALWAYS_MS = -(2**62)
NEVER_MS = 2**62
#: It also serves what belongs to no department.
FIRST_SHARD = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A registered device, as a commit needs it."""

    id: int
    ref: str
    department_id: int
    department_ref: str
    accept_from_ms: int
    rollover: Literal["auto", "on", "off"]
    #: Starts of its assignments, ascending, with the end and the vehicle of each.
    starts_ms: list[int]
    ends_ms: list[int]
    vehicle_ids: list[int]
    #: Of an AIS transponder.
    mmsi: str | None = None

    def vehicle_at(self, moment_ms: int) -> int | None:
        """The vehicle that it was in at that time."""
        at = bisect_right(self.starts_ms, moment_ms) - 1
        return self.vehicle_ids[at] if at >= 0 and moment_ms < self.ends_ms[at] else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """A registered vehicle, as a commit needs it."""

    id: int
    department_id: int
    full_ref: str
    limits: Limits
    #: Nobody waits for it from then on.
    retired_ms: float = inf


class Directory:
    """One version of the registry."""

    def __init__(
        self, *, version: int, devices: list[Device], vehicles: list[Vehicle], rules: list[Rule]
    ) -> None:
        self.version = version
        self.vehicles = {vehicle.id: vehicle for vehicle in vehicles}
        self.limits = {vehicle.id: vehicle.limits for vehicle in vehicles}
        self._devices = {(device.department_ref, device.ref): device for device in devices}
        self._by_mmsi = {device.mmsi: device for device in devices if device.mmsi}
        #: Names of devices of any department and shard.
        self.device_refs = {device.ref for device in devices}
        #: By department and the one fence that they are about; None: they are about several.
        self._rules: dict[tuple[int, int | None], list[Rule]] = defaultdict(list)
        for rule in rules:
            self._rules[rule.department_id, rule.fence_id].append(rule)
        self.rules = {rule.id: rule for rule in rules}
        #: Whether any rule holds at certain times only.
        self.has_windows = any(rule.window is not None for rule in rules)
        self.watches = NO_WATCHES
        self.fences = FenceIndex([])
        self.fence_refs: dict[int, str] = {}
        #: What each row of a version said, by fence and number.
        self.fence_rows: dict[tuple[int, int], int] = {}
        self.accounts = Accounts()
        self.private = PrivateTimes()
        #: The shard that this snapshot is of; None: all of them.
        self.shard: int | None = None
        #: By department ref.
        self.shard_of: dict[str, int] = {}

    def device(self, department_ref: str, ref: str) -> Device | None:
        """The device of that name in that department."""
        return self._devices.get((department_ref, ref))

    def transponder(self, mmsi: str) -> Device | None:
        """The device that says of itself what others hear of this MMSI."""
        return self._by_mmsi.get(mmsi)

    def is_known_elsewhere(self, ref: str) -> bool:
        """Whether some department has a device of that name."""
        return ref in self.device_refs

    def serves(self, department_ref: str) -> bool:
        """Whether a department is of this shard; of the first one when it is not registered."""
        return self.shard in (None, self.shard_of.get(department_ref, FIRST_SHARD))

    def not_known_private(self, messages: Sequence[Message]) -> set[int]:
        """The vehicles of which messages hold fixes so old that private times are to be read."""
        since = self.private.since
        return set() if since is None else self._before(messages, since) - self.private.whole

    def _before(self, messages: Sequence[Message], moment: datetime) -> set[int]:
        """The vehicles of which messages hold fixes older than that: few, as a rule."""
        old = [
            (self.device(message.department_ref, message.device_ref), reading)
            for message in messages
            for reading in message.readings
            if reading.fix.fixed_at < moment
        ]
        old += [
            (self.transponder(heard.mmsi), heard.reading)
            for message in messages
            if message.beside is not None
            for heard in message.beside.heard
            if heard.reading.fix.fixed_at < moment
        ]
        found = {each.vehicle_at(unix_ms(its.fix.fixed_at)) for each, its in old if each}
        return {vehicle_id for vehicle_id in found if vehicle_id is not None}

    @property
    def retired_ms(self) -> dict[int, float]:
        """When the vehicles that are retired were, by id."""
        return {v.id: v.retired_ms for v in self.vehicles.values() if v.retired_ms < inf}

    def rules_for(self, department_id: int, event: Event) -> list[Rule]:
        """The rules that an event matches."""
        if event.rule_id is not None:
            its = self.rules.get(event.rule_id)
            listed = [] if its is None or its.department_id != department_id else [its]
        else:
            named = {event.fence_id: None, None: None}
            listed = [rule for each in named for rule in self._rules.get((department_id, each), ())]
        return [rule for rule in listed if rule.matches(event, self.fences.scopes)]

    @property
    def nearness(self) -> list[Rule]:
        """The rules on vehicles that are near each other."""
        return [rule for rule in self.rules.values() if rule.nearness is not None]


async def version_of(connection: Connection) -> int:
    """The version at which the registry stands."""
    version: int = await connection.fetchval("SELECT registry_version FROM installation")
    return version


class Followed:
    """The registry for somebody who only looks on: read anew when it has changed."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._directory: Directory | None = None

    async def current(self) -> Directory:
        """The registry as it stands; raises DatabaseUnreachable."""
        with told():
            async with (
                self._pool.acquire() as connection,
                connection.transaction(isolation="repeatable_read", readonly=True),
            ):
                known = self._directory
                if known is None or known.version != await version_of(connection):
                    known = self._directory = await load(connection, known=known)
        return known


async def load(
    connection: Connection, shard: int | None = None, known: Directory | None = None
) -> Directory:
    """Read the registry inside the caller's transaction (repeatable read): the devices, vehicles
    and fences of a shard's departments, or of all.

    Of fences that a known directory of the same shard has the index is not made again.
    """
    version = await version_of(connection)
    devices = await connection.fetch(sql.text("load_devices"))
    assignments: dict[int, list[asyncpg.Record]] = defaultdict(list)
    for row in await connection.fetch(sql.text("load_assignments")):
        assignments[row["device_id"]].append(row)
    directory = Directory(
        version=version,
        devices=[
            _device(row, assignments[row["id"]]) for row in devices if shard in (None, row["shard"])
        ],
        vehicles=[
            _vehicle(row) for row in await connection.fetch(sql.text("load_vehicles"), shard)
        ],
        rules=await _rules(connection),
    )
    departments = await connection.fetch(sql.text("load_departments"))
    directory.shard = shard
    directory.shard_of = {row["ref"]: row["shard"] for row in departments}
    directory.device_refs = {row["ref"] for row in devices}
    directory.accounts = await accounts.load(connection)
    directory.private = await private_times.load(connection, shard)
    await _watch(connection, directory, shard, known)
    return directory


async def load_watching(connection: Connection) -> Directory:
    """Vehicles, fences, scopes and rules without devices: for who reads in one caller's scope."""
    directory = Directory(
        version=await version_of(connection),
        devices=[],
        vehicles=[_vehicle(row) for row in await connection.fetch(sql.text("load_vehicles"), None)],
        rules=await _rules(connection),
    )
    await _watch(connection, directory, None)
    return directory


async def _watch(
    connection: Connection,
    directory: Directory,
    shard: int | None,
    known: Directory | None = None,
) -> None:
    fences = await connection.fetch(sql.text("load_fences"), shard)
    scopes = await _scopes(connection)
    directory.fence_rows = {(row["fence_id"], row["version"]): hash(tuple(row)) for row in fences}
    directory.fences = _fences(fences, scopes, directory.fence_rows, known)
    rules = directory.rules.values()
    retired_ms = directory.retired_ms
    directory.watches = Watches(
        (watch for rule in rules for watch in rule.watches(scopes)),
        Signals(signal for rule in rules for signal in rule.signals(scopes, retired_ms)),
    )
    directory.fence_refs = {row["fence_id"]: row["full_ref"] for row in fences}


async def calendar_in(connection: Connection) -> Calendar:
    """The installation's zone and holidays."""
    home = await connection.fetchrow("SELECT time_zone, holidays FROM installation")
    return calendar_of(*home) if home else calendar_of("UTC", None)


def _fences(
    rows: list[asyncpg.Record],
    scopes: Scopes,
    said: dict[tuple[int, int], int],
    known: Directory | None,
) -> FenceIndex:
    """The index of the versions in rows, which say so: the known one, edited, or a new one."""
    if known is None or not known.fence_rows.keys() <= said.keys():
        return FenceIndex([_fence_version(row) for row in rows], scopes)
    before = known.fence_rows
    edited = [
        _fence_version(row)
        for row, (which, what) in zip(rows, said.items(), strict=True)
        if before.get(which) != what
    ]
    return known.fences.edited(edited, scopes)


async def _rules(connection: Connection) -> list[Rule]:
    calendar = await calendar_in(connection)
    return [rule_of(dict(row), calendar) for row in await connection.fetch(sql.text("load_rules"))]


async def _scopes(connection: Connection) -> Scopes:
    """Groups of vehicles and fences, and who is watched by what."""
    vehicles, fences = (
        [Member(row["member_id"], row["group_id"], _span(row)) for row in rows]
        for rows in (
            await connection.fetch(sql.text("load_vehicle_members")),
            await connection.fetch(sql.text("load_fence_members")),
        )
    )
    pairs = [
        Pair(row["department_id"], row["vehicle_group_id"], row["fence_group_id"], _span(row))
        for row in await connection.fetch(sql.text("load_scopes"))
    ]
    return Scopes(vehicles, fences, pairs)


def _span(row: asyncpg.Record) -> Span:
    starts, ends = row["starts"], row["ends"]
    return Span(-inf if starts is None else unix_ms(starts), inf if ends is None else unix_ms(ends))


def _device(row: asyncpg.Record, assignments: list[asyncpg.Record]) -> Device:
    return Device(
        id=row["id"],
        ref=row["ref"],
        department_id=row["department_id"],
        department_ref=row["department_ref"],
        accept_from_ms=unix_ms(row["accept_from"]),
        rollover=row["rollover"],
        starts_ms=[_ms(each["starts"], ALWAYS_MS) for each in assignments],
        ends_ms=[_ms(each["ends"], NEVER_MS) for each in assignments],
        vehicle_ids=[each["vehicle_id"] for each in assignments],
        mmsi=row["mmsi"],
    )


def _vehicle(row: asyncpg.Record) -> Vehicle:
    return Vehicle(
        id=row["id"],
        department_id=row["department_id"],
        full_ref=row["full_ref"],
        limits=limits_of(
            row["vehicle_class"],
            row["moving_interval_s"],
            row["heartbeat_s"],
            row["max_speed_mps"],
        ),
        retired_ms=inf if row["retired_at"] is None else unix_ms(row["retired_at"]),
    )


def _fence_version(row: asyncpg.Record) -> FenceVersion:
    return FenceVersion(
        fence_id=row["fence_id"],
        ref=row["full_ref"],
        department_id=row["department_id"],
        version=row["version"],
        geometry=shapely.from_wkb(row["shape"]),
        from_ms=_ms(row["starts"], ALWAYS_MS),
        until_ms=unix_ms(row["ends"]) if row["ends"] is not None else None,
    )


def _ms(moment: datetime | None, unbounded: int) -> int:
    return unbounded if moment is None else unix_ms(moment)
