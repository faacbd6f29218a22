"""A government of 14 departments that has one of everything, for `permission_model`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.conftest import Database
from tests.integration.api_world import Served, World
from tests.integration.permission_model import (
    ALLOWED,
    DEPARTMENTS,
    GRANTS,
    NARROWED,
    SHARED,
    VEHICLES,
    Asker,
    Granting,
    Target,
    fences_there,
    is_there,
)
from tests.integration.permission_operations import LAYERS
from tracker import registry
from tracker.commit import Committer
from tracker.people import add_key

OUTSIDE, INSIDE = (114.099, 22.3), (114.102, 22.3)
#: Nothing is there.
ELSEWHERE: Final = {"type": "Polygon", "coordinates": [[[1, 1], [2, 1], [2, 2], [1, 1]]]}
#: Nobody drives there.
NOBODY_THERE: Final = {
    "type": "Polygon",
    "coordinates": [[[114.2, 22.45], [114.21, 22.45], [114.21, 22.46], [114.2, 22.45]]],
}
#: What the worker makes of fixes, for each vehicle at once.
MOTION: Final = (
    "INSERT INTO track_chunk (vehicle_id, started_at, ended_at, department_id, path, fixes,"
    " length_m, moving_s, idling_s, stopped_s) SELECT id, :at, :at, department_id,"
    " ST_SetSRID(ST_MakePointM(114.102, 22.3, 0), 4326), 1, 0, 0, 0, 0 FROM vehicle",
    "INSERT INTO trip (vehicle_id, started_at, ended_at, department_id, start_lon, start_lat,"
    " end_lon, end_lat, distance_m, moving_s, idling_s, fixes, ends_by) SELECT id, :at, :at,"
    " department_id, 114.1, 22.3, 114.1, 22.3, 1, 1, 0, 2, 'stop' FROM vehicle",
    "INSERT INTO stop (vehicle_id, started_at, ended_at, department_id, lon, lat, idling_s, fixes,"
    " begins_by, ends_by) SELECT id, :at, :at, department_id, 114.1, 22.3, 0, 2, 'move', 'move'"
    " FROM vehicle",
    "INSERT INTO gap (vehicle_id, started_at, ended_at, department_id) SELECT id, :at, :at,"
    " department_id FROM vehicle",
    "INSERT INTO vehicle_day (vehicle_id, day, department_id, distance_m, trips, stops, moving_s,"
    " idling_s, stopped_s, fixes) SELECT id, (CAST(:at AS timestamptz) AT TIME ZONE"
    " 'Asia/Hong_Kong')::date, department_id, 1, 1, 1, 1, 1, 1, 2 FROM vehicle",
)


@dataclass
class Government:
    """The departments, all askers, and the ids of what has no ref."""

    database: Database
    api: Served
    world: World
    askers: list[Asker]
    at: datetime
    #: By vehicle's full ref.
    alerts: Mapping[str, str] = field(default_factory=dict)
    #: By department: of grants the giver.
    grants: dict[str, str] = field(default_factory=dict)
    shares: dict[str, str] = field(default_factory=dict)
    backtests: dict[str, str] = field(default_factory=dict)

    def askers_of(self, role: str) -> list[Asker]:
        """Of every department in turn."""
        return [each for each in self.askers if each.role == role]

    def administrator(self, department: str) -> Asker:
        return next(each for each in self.askers_of("administrator") if each.place == department)

    async def drive(self, vehicle: str, *places: tuple[float, float, float]) -> None:
        """Let a vehicle report once more."""
        self.world.committer = await Committer.open(self.database.dsn("milepost_ingest"))
        try:
            await self.world.drive(vehicle, *places)
        finally:
            await self.world.committer.close()

    def words(self, target: Target) -> dict[str, str]:
        """What stands for what in paths, queries and bodies."""
        d, v = target.department, target.vehicle
        after = DEPARTMENTS[(DEPARTMENTS.index(d) + 1) % len(DEPARTMENTS)]
        return {
            **{"{d}": d, "{v}": v, "{next}": after, "{department}": d, "{to}": after},
            **{"{alert}": self.alerts[f"{d}/{v}"], "{alert_id}": self.alerts[f"{d}/{v}"]},
            **{"{grant_id}": self.grants[d], "{share}": self.shares[d]},
            **{"{id}": self.backtests[d], "{number}": "1", "{vehicles}": "VG", "{fences}": "FG"},
            **{"{z}": "7", "{x}": "104", "{y}": "55", "{at}": f"{self.at:%FT%TZ}"},
            **{
                "{key}": "mp_00000000",
                "{login}": "nobody",
                "{property}": "speed",
                "{geometry}": "1",
            },
            "{before}": f"{self.at - timedelta(minutes=5):%FT%TZ}",
            "{soon}": f"{self.at + timedelta(minutes=5):%FT%TZ}",
            "{since}": f"{self.at - timedelta(hours=1):%FT%TZ}",
            "{tomorrow}": f"{self.at + timedelta(days=1):%FT%TZ}",
        }

    def path(self, path: str, target: Target) -> str:
        """A path with what belongs to the target in it."""
        d, v = target.department, target.vehicle
        refs = {
            **{
                "/devices/": f"{d}-BOX-{v}",
                "/fences/": "F",
                "/rules/": "R",
                "/fence-groups/": "FG",
            },
            **{"/contractors/": "FIRM", "/vehicle-groups/": "VG", "/subscriptions/": "SUB"},
        }
        ref = next((ref for part, ref in refs.items() if part in path), v)
        path = path.replace("{ref}", ref)
        path = path.replace("{member}", "F" if "/fence-groups/" in path else "OWN")
        features = {
            **{"vehicles": f"{d}/{v}", "fences": f"{d}/F", "alerts": self.alerts[f"{d}/{v}"]},
            "tracks": f"{d}/{v}/{self.at:%FT%TZ}",
        }
        for name, feature in features.items():
            if f"/{name}/items/" in path:
                path = path.replace("{feature}", feature)
        return self.filled(path, target)

    def filled(self, text: str, target: Target) -> str:
        for word, value in self.words(target).items():
            text = text.replace(word, value)
        return text

    def body(self, said: Any, target: Target) -> Any:  # noqa: ANN401  any JSON
        return None if said is None else json.loads(self.filled(json.dumps(said), target))

    def there(self, asker: Asker, kind: str) -> set[str]:
        """All things of a kind that are there for them, as they show."""
        things: set[str] = set()
        for department in DEPARTMENTS:
            for vehicle in VEHICLES:
                target = Target(department=department, vehicle=vehicle)
                if is_there(asker, kind, target):
                    things.add(self.as_shown(kind, target))
        return things | fences_there(asker) if kind == "fence" else things

    def as_shown(self, kind: str, target: Target) -> str:
        d, v = target.department, target.vehicle
        kind = kind.removeprefix("placed ")
        shown = {
            **{"alert": self.alerts[f"{d}/{v}"], "grant": self.grants[d]},
            **{"share": self.shares[d], "backtest": self.backtests[d], "fence": f"{d}/F"},
            **{"rule": f"{d}/R", "vehicle-group": f"{d}/VG", "fence-group": f"{d}/FG"},
            **{"subscription": f"{d}/SUB", "device": f"{d}/{d}-BOX-{v}"},
            "registered device": f"{d}/{d}-BOX-{v}",
        }
        return shown.get(kind, f"{d}/{v}")


def expanded(path: str) -> list[tuple[str, str | None]]:
    """A route under `/ogc` for each of its collections, with the kind of its features."""
    if "{collection}" not in path:
        return [(path, None)]
    return [(path.replace("{collection}", name), kind) for name, kind in LAYERS.items()]


def things_of(place: str) -> list[registry.New]:
    polygon = [[114.1, 22.2], [114.3, 22.2], [114.3, 22.4], [114.1, 22.4], [114.1, 22.2]]
    shape = {"geometry": {"type": "Polygon", "coordinates": [polygon]}}
    apart = [registry.NewFence(ref="S", department=place, definition={"geometry": NOBODY_THERE})]
    return [
        registry.NewDepartment(ref=place),
        *(apart if place in SHARED else []),
        registry.NewContractor(ref="FIRM", department=place),
        registry.NewVehicle(ref="OWN", department=place),
        registry.NewVehicle(ref="HIRED", department=place, contractor="FIRM"),
        registry.NewDevice(ref=f"{place}-BOX-OWN", department=place, vehicle="OWN"),
        registry.NewDevice(ref=f"{place}-BOX-HIRED", department=place, vehicle="HIRED"),
        registry.NewFence(ref="F", department=place, definition=shape),
        registry.NewRule(ref="R", department=place, severity="critical", on=["enter"]),
    ]


async def registered(database: Database) -> tuple[World, list[Asker], datetime]:
    """The departments, their vehicles' ways, and a key of each role; and a time within the ways."""
    started_at = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=25)
    world = World(database, None, started_at)  # type: ignore[arg-type]  # opened below
    await world.sql("UPDATE installation SET daily_from = '2026-11-01'")
    await world.add(*(thing for place in DEPARTMENTS for thing in things_of(place)))
    await world.sql("UPDATE fence_version SET in_force = tstzrange('2026-01-01', NULL)")
    world.committer = await Committer.open(database.dsn("milepost_ingest"))
    try:
        for place in DEPARTMENTS:
            for ref in VEHICLES:
                await world.drive(f"{place}/{ref}", (0, *OUTSIDE), (20, *INSIDE))
    finally:
        await world.committer.close()
    # As if each had come at once: cells are told of ten minutes that are over.
    await world.sql("UPDATE fix SET received_at = fixed_at")
    for statement in MOTION:
        await world.sql(statement, at=started_at + timedelta(seconds=20))
    async with database.transaction("milepost_owner") as connection:
        askers = [
            Asker(role, place, await keyed(connection, role, place))
            for role in ALLOWED
            for place in (["*"] if role in ("platform", "steering") else DEPARTMENTS)
        ]
    return world, askers, started_at + timedelta(seconds=20)


async def keyed(connection: AsyncConnection, name: str, place: str) -> str:
    """A key of a role, or a narrowed one by its name."""
    role, scopes = NARROWED.get(name, (name, ""))
    where = f"{place}/FIRM" if role == "contractor" else place
    given = {"roles": [f"{role}@{where}"], "days": 1, "scopes": scopes.split() or None}
    return await add_key(connection, label=name, **given)  # type: ignore[arg-type]  # of each its own


async def managed(government: Government) -> None:
    """What people make through the API: groups, links, questions, subscriptions, grants; no scopes,
    for these narrow what is watched."""
    async with government.api.client() as client:
        await asyncio.gather(*(_made(government, client, place) for place in DEPARTMENTS))
        for granting in GRANTS:
            await _granted(government, client, granting)
        for owner, to in SHARED.items():
            headers = government.administrator(owner).headers
            path = f"/v1/fences/{owner}/S/shares"
            answer = await client.post(path, json={"to": to}, headers=headers)
            assert answer.status_code == 201, answer.text
    # As if it had always been shared: lists of the past have it too.
    await government.world.sql("UPDATE fence_version SET in_force = tstzrange('2026-01-01', NULL)")
    government.alerts = await government.world.sql(
        "SELECT json_object_agg(d.ref || '/' || v.ref, a.id) FROM alert AS a JOIN vehicle AS v"
        " ON v.id = a.vehicle_id JOIN department AS d ON d.id = v.department_id"
    )


async def _made(government: Government, client: httpx.AsyncClient, place: str) -> None:
    headers = government.administrator(place).headers

    async def post(path: str, **said: object) -> Any:  # noqa: ANN401  any JSON
        answer = await client.post(f"/v1/{path}", json=said, headers=headers)
        assert answer.status_code < 300, answer.text
        return answer.json()

    whose = {"department": place}
    await post("vehicle-groups", **whose, ref="VG")
    await post("fence-groups", **whose, ref="FG")
    await post("subscriptions", **whose, ref="SUB", kind="mqtt")
    link = await post("shares", vehicle=f"{place}/HIRED", hours=1, purpose="p")
    government.shares[place] = link["id"]
    window = {
        "from": f"{government.at - timedelta(hours=1):%FT%TZ}",
        "to": f"{government.at:%FT%TZ}",
    }
    made = await post("backtests", **whose, subject={"rule": "R"}, **window)
    government.backtests[place] = made["id"]
    await government.world.sql(
        "INSERT INTO vehicle_group_member (department_id, group_id, vehicle_id, during)"
        " SELECT g.department_id, g.id, v.id, tstzrange('2026-01-01', NULL) FROM vehicle_group AS g"
        " JOIN department AS d ON d.id = g.department_id JOIN vehicle AS v"
        " ON v.department_id = d.id AND v.ref = 'HIRED' WHERE d.ref = :place",
        place=place,
    )


async def _granted(government: Government, client: httpx.AsyncClient, grant: Granting) -> None:
    giver, taker = (government.administrator(each) for each in (grant.giver, grant.taker))
    later = (government.at.astimezone(UTC) + timedelta(hours=8 + 6)).strftime("%H:00")
    until = "24:00" if later == "23:00" else f"{int(later[:2]) + 1:02}:00"
    asked = await client.post(
        "/v1/grants",
        headers=taker.headers,
        json={
            **{"from": grant.giver, "to": grant.taker, "level": grant.level, "purpose": "a fire"},
            "vehicles": [] if grant.by_group else [f"{grant.giver}/{v}" for v in grant.vehicles],
            "vehicle_groups": [f"{grant.giver}/VG"] if grant.by_group else [],
            "fences": [f"{grant.giver}/F"] if grant.with_fence else [],
            "area": ELSEWHERE if grant.state == "elsewhere" else None,
            "hours": f"mon-sun {later}-{until}" if grant.state == "other hours" else None,
            "valid_from": "2026-11-01T00:00:00Z",
            "valid_until": f"{government.at + timedelta(days=1):%FT%TZ}",
        },
    )
    assert asked.status_code == 201, asked.text
    number = government.grants[grant.giver] = asked.json()["id"]
    if grant.state != "asked":
        yes = await client.post(f"/v1/grants/{number}/approve", headers=giver.headers)
        assert yes.status_code == 200, yes.text
    if grant.state == "revoked":
        await client.post(f"/v1/grants/{number}/revoke", headers=giver.headers)
    if grant.state in ("over", "to come"):
        await government.world.sql(
            "UPDATE location_grant SET valid_from = milepost_now() + CAST(:since AS interval),"
            " valid_until = milepost_now() + CAST(:until AS interval)"
            " WHERE id = CAST(:number AS uuid)",
            **{"number": number, "since": timedelta(days=-1), "until": timedelta(seconds=-1)}
            if grant.state == "over"
            else {"number": number, "since": timedelta(hours=1), "until": timedelta(days=1)},
        )
