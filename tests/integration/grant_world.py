"""What B may see of A's vehicles, by brute force: docs/grants.md in plain Python."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import numpy as np
from websockets.asyncio.client import ClientConnection

from geo.blur import blurred
from tests.integration.api_world import World
from tracker import registry

ZONE = ZoneInfo("Asia/Hong_Kong")
TEN = timedelta(minutes=10)
CELL_M = 1000.0
WEST, SOUTH, EAST, NORTH = 114.05, 22.25, 114.25, 22.40
#: `AMB-1` and `AMB-2` are there already.
VEHICLES = ("AMB-1", "AMB-2", "AMB-3", "AMB-4", "AMB-5")
RANK = ("position", "blurred", "presence")
#: From A to B, of one vehicle.
NEW: Mapping[str, Any] = {
    "from": "A",
    "to": "B",
    "level": "position",
    "vehicles": ["A/AMB-1"],
    "fences": ["A/A-SQUARE"],
    "purpose": "the fire at the docks",
    "valid_from": "2026-11-01T00:00:00Z",
    "valid_until": "2027-06-01T00:00:00Z",
}


@dataclass(frozen=True, kw_only=True)
class FixOf:
    """A fix of a vehicle of A."""

    ref: str
    at: datetime
    lon: float
    lat: float


@dataclass(frozen=True, kw_only=True)
class Granted:
    """A grant from A to B as the model has it."""

    level: str
    refs: frozenset[str]
    #: Members of its group: from when until when.
    members: Mapping[str, tuple[datetime, datetime]]
    box: tuple[float, float, float, float] | None
    #: Minutes of the day in Hong Kong, on every day.
    minutes: tuple[int, int] | None
    since: datetime
    until: datetime
    in_force: bool

    def names(self, ref: str, at: datetime) -> bool:
        """Whether the vehicle is meant at that time."""
        since, until = self.members.get(ref, (at, at))
        return ref in self.refs or since <= at < until

    def holds(self, fix: FixOf) -> bool:
        """Whether a fix is told of through it."""
        local = fix.at.astimezone(ZONE)
        minute = local.hour * 60 + local.minute
        return (
            self.in_force
            and self.since <= fix.at < self.until
            and self.names(fix.ref, fix.at)
            and (self.minutes is None or self.minutes[0] <= minute < self.minutes[1])
            and (self.box is None or _in(self.box, fix))
        )


def _in(box: tuple[float, float, float, float], fix: FixOf) -> bool:
    west, south, east, north = box
    return west <= fix.lon <= east and south <= fix.lat <= north


@dataclass
class Model:
    """All fixes of A, all grants to B, and what B may see at a time."""

    fixes: Mapping[str, list[FixOf]]
    grants: list[Granted] = field(default_factory=list)

    def level(self, fix: FixOf) -> str | None:
        """The most that is told of a fix."""
        held = {each.level for each in self.grants if each.holds(fix)}
        return next((level for level in RANK if level in held), None)

    def track(self, ref: str, now: datetime) -> dict[datetime, tuple[float, float]]:
        """Times and places that B is told of a vehicle."""
        told = {f.at: (f.lon, f.lat) for f in self.fixes[ref] if self.level(f) == "position"}
        last: dict[datetime, FixOf] = {}
        for fix in self.fixes[ref]:
            if self.level(fix) == "blurred" and coarse(fix.at) + TEN <= now:
                last[coarse(fix.at)] = fix
        return told | {at: _cell(fix) for at, fix in last.items()}

    def latest(self, ref: str, now: datetime) -> tuple[float, float] | None:
        """Where B is told that a vehicle is now."""
        newest = self.fixes[ref][-1]
        if self.level(newest) == "position":
            return newest.lon, newest.lat
        before = [fix for fix in self.fixes[ref] if fix.at < coarse(now)]
        blurs = [each for each in self.grants if each.level == "blurred"]
        if before and any(each.holds(before[-1]) for each in blurs):
            return _cell(before[-1])
        return None

    def listed(self, ref: str) -> str | None:
        """At which level B finds a vehicle among all."""
        found = {each.level for each in self.grants if each.in_force and _ever(each, ref)}
        return next((level for level in RANK if level in found), None)


def _ever(grant: Granted, ref: str) -> bool:
    if ref in grant.refs:
        return True
    since, until = grant.members.get(ref, (grant.until, grant.since))
    return max(since, grant.since) < min(until, grant.until)


def coarse(at: datetime) -> datetime:
    """The beginning of its ten minutes."""
    return at.replace(minute=at.minute // 10 * 10, second=0, microsecond=0)


def _cell(fix: FixOf) -> tuple[float, float]:
    lon, lat = blurred([fix.lon], [fix.lat], CELL_M)
    return float(lon[0]), float(lat[0])


async def drive_about(world: World, rng: random.Random, now: datetime) -> Model:
    """Five vehicles of A that wandered for three hours, up to now."""
    await world.add(
        *(
            registry.NewVehicle(department="A", ref=ref, name_en=ref, name_zh_hant=ref)
            for ref in VEHICLES[2:]
        )
    )
    await world.drive("A/AMB-1", (0, 114.1, 22.3))  # makes the partition
    fixes = {ref: list(_wander(rng, ref, now)) for ref in VEHICLES}
    rows = [
        {"ref": f.ref, "at": f.at.isoformat(), "lon": f.lon, "lat": f.lat}
        for each in fixes.values()
        for f in each
    ]
    for day in {f.at.date() for each in fixes.values() for f in each}:
        async with world.database.transaction("milepost_ingest") as connection:
            await connection.exec_driver_sql("SELECT ensure_fix_partition($1)", (day,))
    await world.sql("DELETE FROM fix")
    await world.sql(
        "INSERT INTO fix (fixed_at, received_at, geom, vehicle_id, device_id, department_id,"
        " speed_mps, course_deg, ignition)"
        " SELECT r.at, r.at, ST_SetSRID(ST_MakePoint(r.lon, r.lat), 4326), v.id, 1,"
        " v.department_id, 7.5, 90, true FROM jsonb_to_recordset(CAST(:rows AS jsonb))"
        " AS r (ref text, at timestamptz, lon float8, lat float8)"
        " JOIN vehicle AS v ON v.ref = r.ref AND v.department_id = 1",
        rows=json.dumps(rows),
    )
    await world.sql("DELETE FROM latest")
    await world.sql(
        "INSERT INTO latest (vehicle_id, department_id, device_id, fixed_at, received_at, lon, lat,"
        " speed_mps, feed, n) SELECT DISTINCT ON (vehicle_id) vehicle_id, department_id, device_id,"
        " fixed_at, received_at, ST_X(geom), ST_Y(geom), speed_mps, 1, 1"
        " FROM fix ORDER BY vehicle_id, fixed_at DESC"
    )
    return Model(fixes)


def _wander(rng: random.Random, ref: str, now: datetime) -> Iterable[FixOf]:
    lon, lat = rng.uniform(WEST, EAST), rng.uniform(SOUTH, NORTH)
    at = now - timedelta(hours=3)
    while at < now - timedelta(seconds=30):
        at += timedelta(seconds=rng.randint(40, 120))
        lon = min(EAST, max(WEST, lon + rng.uniform(-0.01, 0.01)))
        lat = min(NORTH, max(SOUTH, lat + rng.uniform(-0.01, 0.01)))
        if at < now:
            yield FixOf(ref=ref, at=at, lon=round(lon, 6), lat=round(lat, 6))


async def grant_anything(world: World, rng: random.Random, now: datetime) -> Granted:
    """One grant at random, in the database and for the model."""
    level = rng.choice(RANK)
    refs = frozenset(rng.sample(VEHICLES, rng.randint(0, 2)))
    members = {
        ref: _times(rng, now) for ref in (rng.sample(VEHICLES, 2) if rng.random() < 0.5 else ())
    }
    if not refs and not members:
        refs = frozenset({rng.choice(VEHICLES)})
    since, until = now - timedelta(minutes=rng.randint(20, 240)), now + timedelta(hours=1)
    if rng.random() < 0.15:
        since, until = rng.choice(((since, now), (until, until + timedelta(hours=1))))
    made = Granted(
        level=level,
        refs=refs,
        members=members,
        box=_some_box(rng) if rng.random() < 0.5 else None,
        minutes=_some_minutes(rng, now) if rng.random() < 0.4 else None,
        since=since,
        until=until,
        in_force=since <= now < until and (state := rng.random()) < 0.85,
    )
    revoked = since <= now < until and state >= 0.92
    await _store(world, made, approved=made.in_force or revoked, revoked=revoked)
    return made


def _times(rng: random.Random, now: datetime) -> tuple[datetime, datetime]:
    since = now - timedelta(minutes=rng.randint(60, 200))
    return since, since + timedelta(minutes=rng.choice((30, 90, 600)))


def _some_box(rng: random.Random) -> tuple[float, float, float, float]:
    lon, lat = rng.uniform(WEST, EAST), rng.uniform(SOUTH, NORTH)
    return lon - 0.06, lat - 0.05, lon + 0.06, lat + 0.05


def _some_minutes(rng: random.Random, now: datetime) -> tuple[int, int]:
    local = now.astimezone(ZONE)
    middle = local.hour * 60 + local.minute - rng.randint(0, 180)
    return max(0, middle - 40), min(24 * 60, max(middle + 40, 1))


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


async def _store(world: World, grant: Granted, *, approved: bool, revoked: bool) -> None:
    group = f"G{random.getrandbits(48)}"
    await world.sql(
        "INSERT INTO vehicle_group (department_id, ref, name) VALUES (1, :ref, '{}')", ref=group
    )
    for ref, (since, until) in grant.members.items():
        await world.sql(
            "INSERT INTO vehicle_group_member (department_id, group_id, vehicle_id, during)"
            " SELECT 1, g.id, v.id, tstzrange(:since, :until) FROM vehicle_group AS g, vehicle AS v"
            " WHERE g.ref = :group AND v.ref = :ref AND v.department_id = 1",
            group=group, ref=ref, since=since, until=until,
        )  # fmt: skip
    hours = None
    minutes = None
    if grant.minutes is not None:
        begins, ends = grant.minutes
        hours = f"mon-sun {_clock(begins)}-{_clock(ends)}"
        days = (f"[{day * 1440 + begins},{day * 1440 + ends})" for day in range(7))
        minutes = "{" + ",".join(days) + "}"
    await world.sql(
        "INSERT INTO location_grant (from_department_id, to_department_id, level, vehicles,"
        " vehicle_groups, fences, area, hours, minutes, valid_from, valid_until, purpose, asked_by,"
        " approved_by, approved_at, revoked_by, revoked_at) VALUES (1, 2, :level, :vehicles,"
        " :groups, :fences, ST_MakeEnvelope(:west, :south, :east, :north, 4326), :hours,"
        " CAST(:minutes AS text)::int4multirange, :since, :until, 'a fire', 'b', :by, :at, :gone,"
        " :gone_at)",
        level=grant.level,
        vehicles=sorted(grant.refs),
        groups=[group] if grant.members or not grant.refs else [],
        fences=["A-SQUARE"] if grant.level == "presence" else [],
        hours=hours,
        minutes=minutes,
        **dict(zip(("west", "south", "east", "north"), grant.box or (None,) * 4, strict=True)),
        since=grant.since,
        until=grant.until,
        by="a" if approved else None,
        at=grant.since if approved else None,
        gone="a" if revoked else None,
        gone_at=grant.since if revoked else None,
    )


def as_track(feature: Mapping[str, Any]) -> dict[datetime, tuple[float, float]]:
    """Times and places of a track in an answer."""
    geometry = feature["geometry"]
    if geometry is None:
        return {}
    places: Sequence[Any] = geometry["coordinates"]
    if geometry["type"] == "Point":
        places = [places]
    times = [datetime.fromisoformat(each) for each in feature["properties"]["times"]]
    return {at: (lon, lat) for at, (lon, lat) in zip(times, places, strict=True)}


def alike(one: Iterable[Sequence[float]], other: Iterable[Sequence[float]]) -> bool:
    """Whether places are the same to a centimetre."""
    first, second = np.array(list(one)), np.array(list(other))
    return first.shape == second.shape and bool(np.all(np.abs(first - second) < 1e-6))


def utc_now() -> datetime:
    """Now."""
    return datetime.now(UTC)


async def next_of(socket: ClientConnection, kind: str) -> dict[str, Any]:
    """The next message of a kind in a live feed."""
    while True:
        said: dict[str, Any] = json.loads(await socket.recv())
        if said["type"] == kind:
            return said


async def granted(
    as_a: httpx.AsyncClient, as_b: httpx.AsyncClient, **other: object
) -> dict[str, Any]:
    """Asked for by B, approved by A."""
    asked = await as_b.post("/v1/grants", json={**NEW, **other})
    assert asked.status_code == 201, asked.text
    approved = await as_a.post(
        f"/v1/grants/{asked.json()['id']}/approve", headers={"If-Match": asked.headers["ETag"]}
    )
    assert approved.status_code == 200, approved.text
    return dict(approved.json())
