"""Who may do what: every route and stream, as every role of every department, against a model of it
that knows nothing but the tables below."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import pytest
from sqlalchemy import text
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.conftest import Database, make_database, run_as_superuser
from tests.integration.api_world import DEADLINE_S, Served, World, served
from tracker import registry
from tracker.commit import Committer
from tracker.people import add_key
from tracker.permissions import PERMISSIONS
from tracker.postgres import PrivatePostgres
from tracker.stream import Cursor

DEPARTMENTS: Final = [f"D{number:02}" for number in range(1, 15)]
#: The model, written out a second time: role → what it may do. A change of the one table that is
#: meant changes this one too.
MAY: Final[dict[str, str]] = {
    "dispatcher": "vehicles:read positions:read tracks:read layers:read duty:write alerts:read"
    " alerts:act fences:read grants:read shares:write figures:read",
    "manager": "vehicles:read positions:read tracks:read layers:read duty:write alerts:read"
    " alerts:act fences:read fences:write grants:read shares:write subscriptions:read"
    " subscriptions:write devices:read figures:read",
    "administrator": "vehicles:read positions:read tracks:read layers:read duty:write alerts:read"
    " alerts:act fences:read fences:write grants:read grants:write shares:write subscriptions:read"
    " subscriptions:write devices:read devices:admin users:admin audit:read figures:read",
    "engineer": "vehicles:read devices:read devices:admin",
    "contractor": "vehicles:read positions:read tracks:read alerts:read",
    "auditor": "vehicles:read fences:read grants:read subscriptions:read devices:read audit:read"
    " figures:read",
    "platform": "vehicles:read fences:read grants:read subscriptions:read devices:read"
    " devices:admin users:admin audit:read figures:read service:read",
    "steering": "figures:read",
}
#: Whom anybody may ask.
OPEN: Final = {
    ("get", "/healthz"),
    ("get", "/v1/sign-in"),
    ("post", "/v1/session"),
    ("get", "/v1/oidc/start"),
    ("get", "/v1/oidc/callback"),
    ("get", "/v1/shares/{token}"),
}
#: Whoever is signed in.
SIGNED_IN: Final = {
    ("get", "/v1/me"),
    ("delete", "/v1/session"),
    ("get", "/v1/health"),
    ("get", "/v1/console"),
    ("get", "/v1/places"),
}
#: How a department's vehicles show in an answer.
SHOWN: Final = re.compile(r"(D\d\d)/(OWN|HIRED)\b")
#: It does not end by itself.
ENDLESS: Final = "/v1/events"
SUBJECT: Final = re.compile(r'"subject":"(D\d\d/[A-Z]+)"')
EPOCH: Final = (
    "SELECT feed_epoch AS epoch, milepost_now() AS now, (SELECT array_agg(id) FROM feed) AS feeds"
    " FROM installation"
)
#: Lists that show every vehicle of the scope, with what each needs.
LISTS: Final = {
    "/v1/vehicles": "vehicles:read",
    "/v1/positions": "positions:read",
    "/v1/positions?format=csv": "positions:read",
    "/v1/near?place=114.102,22.3": "positions:read",
    "/v1/whereabouts?at={at}": "tracks:read",
    "/v1/alerts": "alerts:read",
    "/ogc/collections/vehicles/items?limit=1000": "layers:read",
}


@dataclass(frozen=True)
class Asker:
    """A caller and what the model says of them."""

    role: str
    #: `*`: every department.
    place: str
    key: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    def may(self, permission: str) -> bool:
        return permission in MAY[self.role].split()

    def sees(self, vehicle: str) -> bool:
        """Whether that vehicle is there for them at all."""
        department, _, ref = vehicle.partition("/")
        if self.role == "contractor":
            return department == self.place and ref == "HIRED"
        return self.place in ("*", department)


@dataclass
class Government:
    """14 departments with a vehicle of their own and a contractor's each, and all askers."""

    database: Database
    api: Served
    askers: list[Asker]
    #: An alert of each vehicle.
    alerts: Mapping[str, str]
    at: str

    @property
    def vehicles(self) -> list[str]:
        return [f"{place}/{ref}" for place in DEPARTMENTS for ref in ("OWN", "HIRED")]

    def askers_of(self, role: str) -> list[Asker]:
        return [each for each in self.askers if each.role == role]


def things_of(place: str) -> list[registry.New]:
    polygon = [[114.1, 22.2], [114.3, 22.2], [114.3, 22.4], [114.1, 22.4], [114.1, 22.2]]
    shape = {"geometry": {"type": "Polygon", "coordinates": [polygon]}}
    return [
        registry.NewDepartment(ref=place),
        registry.NewContractor(ref="FIRM", department=place),
        registry.NewVehicle(ref="OWN", department=place),
        registry.NewVehicle(ref="HIRED", department=place, contractor="FIRM"),
        registry.NewDevice(ref=f"{place}-BOX-OWN", department=place, vehicle="OWN"),
        registry.NewDevice(ref=f"{place}-BOX-HIRED", department=place, vehicle="HIRED"),
        registry.NewFence(ref="F", department=place, definition=shape),
        registry.NewRule(ref="R", department=place, severity="critical", on=["enter"]),
    ]


async def populate(database: Database) -> tuple[list[Asker], dict[str, str], str]:
    """The government in the database; its askers, alerts, and a time at which all were there."""
    started_at = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
    world = World(database, None, started_at)  # type: ignore[arg-type]  # opened below
    await world.sql("UPDATE installation SET daily_from = '2026-11-01'")
    await world.add(*(thing for place in DEPARTMENTS for thing in things_of(place)))
    await world.sql("UPDATE fence_version SET in_force = tstzrange('2026-01-01', NULL)")
    world.committer = await Committer.open(database.dsn("milepost_ingest"))
    try:
        for place in DEPARTMENTS:
            for ref in ("OWN", "HIRED"):
                await world.drive(f"{place}/{ref}", (0, 114.099, 22.3), (20, 114.102, 22.3))
    finally:
        await world.committer.close()
    async with database.transaction("milepost_owner") as connection:
        askers = []
        for role in MAY:
            for place in ["*"] if role in ("platform", "steering") else DEPARTMENTS:
                where = f"{place}/FIRM" if role == "contractor" else place
                made = await add_key(connection, label=role, roles=[f"{role}@{where}"], days=1)
                askers.append(Asker(role, place, made))
    found = await world.sql(
        "SELECT json_object_agg(d.ref || '/' || v.ref, a.id) FROM alert AS a JOIN vehicle AS v"
        " ON v.id = a.vehicle_id JOIN department AS d ON d.id = v.department_id"
    )
    return askers, found, f"{started_at + timedelta(seconds=20):%FT%TZ}"


@pytest.fixture(scope="module")
def government(postgres: PrivatePostgres) -> Iterator[Government]:
    database = asyncio.run(make_database(postgres))
    askers, alerts, at = asyncio.run(populate(database))
    with served(database.dsn("milepost_api")) as api:
        yield Government(database, api, askers, alerts, at)
    asyncio.run(run_as_superuser(postgres, f"DROP DATABASE {database.name} WITH (FORCE)"))


@pytest.fixture
async def client(government: Government) -> AsyncIterator[httpx.AsyncClient]:
    """One for all askers: each request brings its own key."""
    async with government.api.client() as made:
        yield made


@pytest.fixture
async def document(client: httpx.AsyncClient) -> dict[tuple[str, str], Any]:
    """Every operation of the running OpenAPI document."""
    paths = (await client.get("/openapi.json")).json()["paths"]
    return {(method, path): said for path in paths for method, said in paths[path].items()}


def needed(operation: Mapping[str, Any]) -> set[str]:
    """The permissions that an operation declares."""
    return {each for way in operation["security"] for needs in way.values() for each in needs}


def test_the_table_of_roles_is_the_one_that_was_meant() -> None:
    assert {role: set(said.split()) for role, said in MAY.items()} == PERMISSIONS


async def test_every_route_declares_what_it_needs(
    document: Mapping[tuple[str, str], Any],
) -> None:
    assert len(document) > 40
    known = set().union(*PERMISSIONS.values())
    for route, operation in document.items():
        assert "security" in operation, f"{route} declares nothing: dependencies=[needs(…)]"
        if route in OPEN:
            assert operation["security"] == [], route
        elif route in SIGNED_IN:
            assert needed(operation) == set(), route
            assert operation["security"], route
        else:
            assert len(needed(operation)) == 1, route
            assert needed(operation) <= known, route
        assert (
            (route[0] == "get")
            or route in OPEN | SIGNED_IN
            or not any(each.endswith(":read") for each in needed(operation))
        ), f"{route} changes something and asks for no more than reading"


def filled(government: Government, path: str, vehicle: str) -> str:
    """A path with what belongs to a vehicle in it, and what must be asked."""
    department, _, ref = vehicle.partition("/")
    ref = f"{department}-BOX-{ref}" if "/devices/" in path else ref
    path = path.replace("{department}", department).replace("{ref}", ref)
    path = path.replace("{alert_id}", government.alerts[vehicle]).replace("{number}", "1")
    path = path.replace("{collection}", "vehicles").replace("{feature}", vehicle)
    path = path.replace("{z}", "7").replace("{x}", "104").replace("{y}", "55")
    asked = {"/v1/near": "place=114.102,22.3", "/v1/visits": "place=114.102,22.3"}
    asked |= {"/v1/whereabouts": f"at={government.at}", "/v1/views/near": "place=114.102,22.3"}
    return f"{path}?{asked[path]}" if path in asked else path


async def test_a_role_that_may_not_is_refused_on_every_route_and_one_that_may_is_not(
    government: Government, document: Mapping[tuple[str, str], Any], client: httpx.AsyncClient
) -> None:
    """Of their own department; each role by departments in turn, so that all of them ask."""
    turn = 0
    for role in MAY:
        for (method, path), operation in document.items():
            if (method, path) in OPEN | SIGNED_IN:
                continue
            turn += 1
            askers = government.askers_of(role)
            asker = askers[turn % len(askers)]
            place = DEPARTMENTS[turn % 14] if asker.place == "*" else asker.place
            asked = filled(government, path, f"{place}/HIRED")
            if path == ENDLESS and asker.may("positions:read"):
                continue
            answer = await client.request(method, asked, headers=asker.headers)
            [permission] = needed(operation)
            assert (answer.status_code == 403) is not asker.may(permission), (
                asker,
                method,
                asked,
                answer.text[:300],
            )
            assert answer.status_code not in (401, 500), (asker, method, asked, answer.text)


async def test_lists_show_each_asker_what_the_model_says(
    government: Government, client: httpx.AsyncClient
) -> None:
    """14 departments × roles × every list, against the brute-force model."""
    for asker in government.askers:
        expected = {vehicle for vehicle in government.vehicles if asker.sees(vehicle)}
        for path, permission in LISTS.items():
            if not asker.may(permission):
                continue
            answer = await client.get(path.format(at=government.at), headers=asker.headers)
            assert answer.status_code == 200, (asker, path, answer.text[:300])
            shown = {"/".join(found) for found in SHOWN.findall(answer.text)}
            assert shown == expected, (asker.role, asker.place, path)


async def test_what_is_anothers_is_not_there_on_any_route(
    government: Government, document: Mapping[tuple[str, str], Any], client: httpx.AsyncClient
) -> None:
    """Each route with something in its path, asked for what the asker must not see: 404, never 403,
    where the role may do it at all; each department asks for each other one in turn."""
    turn = 0
    for (method, path), operation in document.items():
        if not re.search(r"\{(ref|alert_id|feature)\}", path):
            continue
        [permission] = needed(operation)
        for role in MAY:
            for asker in government.askers_of(role)[turn % 3 :: 7]:
                turn += 1
                hidden = [each for each in government.vehicles if not asker.sees(each)]
                if not hidden or not asker.may(permission):
                    continue
                asked = filled(government, path, hidden[turn % len(hidden)])
                said = BODIES.get(path)
                answer = await client.request(method, asked, json=said, headers=asker.headers)
                assert answer.status_code == 404, (asker, method, asked, answer.text[:300])
                told = re.sub(r"\([^)]*\)", "", answer.json()["detail"])
                assert not SHOWN.search(told), answer.text


#: What a change says, so that it is refused for nothing else.
BODIES: Final[Mapping[str, Any]] = {
    "/v1/vehicles/{department}/{ref}/duty": {"status": "available"},
    "/v1/alerts/{alert_id}/acknowledge": {},
    "/v1/alerts/{alert_id}/assign": {"to": "anna"},
    "/v1/alerts/{alert_id}/note": {"note": "seen"},
    "/v1/alerts/{alert_id}/snooze": {"until": "2099-01-01T00:00:00Z"},
    "/v1/alerts/{alert_id}/close": {"reason": "handled"},
    "/v1/alerts/{alert_id}/reopen": {},
    "/v1/subscriptions/{department}/{ref}/replay": {},
}


async def snapshot(government: Government, asker: Asker) -> list[int] | int:
    """The ids in the live feed's first picture, or the status that it was refused with."""
    try:
        async with connect(
            f"{government.api.live_url}?format=json", additional_headers=asker.headers
        ) as socket:
            async with asyncio.timeout(DEADLINE_S):
                while (said := json.loads(await socket.recv()))["type"] != "snapshot":
                    pass
            return sorted(said["columns"]["id"])
    except InvalidStatus as refused:
        return refused.response.status_code


async def test_the_live_stream_shows_each_asker_what_the_model_says(
    government: Government, client: httpx.AsyncClient
) -> None:
    everybody = government.askers_of("dispatcher")
    numbers: dict[str, int] = {}
    for asker in everybody:
        answer = await client.get("/v1/vehicles", headers=asker.headers)
        vehicles = answer.json()["vehicles"]
        numbers |= {each["vehicle"]: each["id"] for each in vehicles}
    assert sorted(numbers) == sorted(government.vehicles)
    pictures = await asyncio.gather(*(snapshot(government, each) for each in government.askers))
    for asker, found in zip(government.askers, pictures, strict=True):
        expected = sorted(numbers[each] for each in numbers if asker.sees(each))
        assert found == (expected if asker.may("positions:read") else 403), asker


async def told(client: httpx.AsyncClient, asker: Asker, since: str, expected: int) -> list[str]:
    """The vehicles in the first events behind a cursor, or the status of its refusal."""
    query = {"kinds": "vehicles", "after": since}
    async with client.stream("GET", ENDLESS, params=query, headers=asker.headers) as answer:
        if answer.status_code != 200:
            return [str(answer.status_code)]
        said = ""
        async with asyncio.timeout(DEADLINE_S):
            async for piece in answer.aiter_text():
                said += piece
                if len(SUBJECT.findall(said)) >= expected:
                    return sorted(SUBJECT.findall(said))
    return ["cut off"]


async def test_the_event_stream_tells_each_asker_what_the_model_says(
    government: Government, client: httpx.AsyncClient
) -> None:
    """From before the first report: the first events are of all vehicles in sight."""
    async with government.database.transaction("milepost_owner") as connection:
        row = (await connection.execute(text(EPOCH))).one()
    begins = dict.fromkeys(row.feeds, (-1, 0))
    since = str(Cursor(epoch=row.epoch, at=row.now, events=begins, vehicles=begins))
    for asker in government.askers:
        expected = [each for each in government.vehicles if asker.sees(each)]
        shown = sorted(expected) if asker.may("positions:read") else ["403"]
        assert await told(client, asker, since, len(expected)) == shown, asker


async def test_roles_in_two_departments_do_not_mix(government: Government) -> None:
    """A dispatcher here who is an auditor there acts here, and reads positions here alone."""
    async with government.database.transaction("milepost_owner") as connection:
        both = await add_key(
            connection, label="both", roles=["dispatcher@D01", "auditor@D02"], days=1
        )
    async with government.api.client(both) as client:
        shown = set(SHOWN.findall((await client.get("/v1/positions")).text))
        assert {department for department, _ in shown} == {"D01"}
        shown = set(SHOWN.findall((await client.get("/v1/vehicles")).text))
        assert {department for department, _ in shown} == {"D01", "D02"}
        assert (await client.get("/v1/vehicles/D01/OWN")).json()["position"] is not None
        assert (await client.get("/v1/vehicles/D02/OWN")).json()["position"] is None
        acts = [
            await client.post(f"/v1/alerts/{government.alerts[vehicle]}/acknowledge", json={})
            for vehicle in ("D01/OWN", "D02/OWN")
        ]
        assert [answer.status_code for answer in acts] == [200, 404]
