"""Who may do and see what: every operation and stream, as every role of every department, against
the model of `permission_model`."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Iterator
from typing import Final

import httpx
import pytest

from tests.conftest import make_database, run_as_superuser
from tests.integration import permission_streams as streams
from tests.integration.api_world import DEADLINE_S, served
from tests.integration.event_world import listening, until
from tests.integration.permission_cells import (
    Document,
    all_of,
    assert_no_leak,
    checksum,
    named_cells,
    needed,
    shown_in,
    targets_for,
    writes,
    written,
)
from tests.integration.permission_model import (
    ALLOWED,
    DEPARTMENTS,
    MAY,
    SHARED,
    SHOWN,
    VEHICLES,
    Asker,
    Target,
    is_there,
)
from tests.integration.permission_operations import OPEN, OPERATIONS, SIGNED_IN
from tests.integration.permission_world import (
    INSIDE,
    OUTSIDE,
    Government,
    expanded,
    managed,
    registered,
)
from tracker.outbox import Outbox
from tracker.people import add_key
from tracker.permissions import PERMISSIONS
from tracker.postgres import PrivatePostgres

#: It does not end by itself: see the test of streams.
ENDLESS: Final = "/v1/events"


@pytest.fixture(scope="module")
def government(postgres: PrivatePostgres) -> Iterator[Government]:
    database = asyncio.run(make_database(postgres))
    world, askers, at = asyncio.run(registered(database))
    with served(database.dsn("milepost_api")) as api:
        made = Government(database, api, world, askers, at)
        asyncio.run(managed(made))
        yield made
    asyncio.run(run_as_superuser(postgres, f"DROP DATABASE {database.name} WITH (FORCE)"))


@pytest.fixture
async def client(government: Government) -> AsyncIterator[httpx.AsyncClient]:
    """One for all askers: each request brings its own key."""
    async with government.api.client() as made:
        yield made


@pytest.fixture
async def document(client: httpx.AsyncClient) -> Document:
    """Every operation of the running OpenAPI document."""
    paths = (await client.get("/openapi.json")).json()["paths"]
    return {(method, path): said for path in paths for method, said in paths[path].items()}


def test_the_table_of_roles_is_the_one_that_was_meant() -> None:
    assert {role: set(said.split()) for role, said in MAY.items()} == PERMISSIONS


async def test_every_operation_is_in_the_model_and_declares_what_it_needs(
    document: Document,
) -> None:
    missing = set(document) - set(OPERATIONS) - OPEN - SIGNED_IN
    assert not missing, f"say in permission_operations.py who may see what there: {sorted(missing)}"
    assert set(OPERATIONS) <= set(document), "the model speaks of what there is not"
    known = set().union(*PERMISSIONS.values())
    for route, operation in document.items():
        assert "security" in operation, f"{route} declares nothing: dependencies=[needs(…)]"
        permission = needed(operation)
        if route in OPEN | SIGNED_IN:
            assert permission is None, route
            assert bool(operation["security"]) == (route in SIGNED_IN), route
            continue
        assert permission in known, route
        assert route[0] == "get" or not permission.endswith(":read"), (
            f"{route} changes something and asks for no more than reading"
        )


async def test_a_role_that_may_not_is_refused_on_every_operation(
    government: Government, document: Document, client: httpx.AsyncClient
) -> None:
    """Of what is their own; each role by departments in turn, so that all of them ask."""
    turn = 0

    async def refused(asker: Asker, method: str, path: str) -> None:
        answer = await client.request(method, path, headers=asker.headers)
        assert answer.status_code == 403, (asker, method, path, answer.text[:300])

    def cells() -> Iterator[Awaitable[None]]:
        nonlocal turn
        for method, path in OPERATIONS:
            for role in ALLOWED:
                turn += 1
                askers = government.askers_of(role)
                asker = askers[turn % len(askers)]
                if not asker.may(needed(document[method, path])):
                    place = DEPARTMENTS[turn % 14] if asker.place == "*" else asker.place
                    target = Target(department=place, vehicle="HIRED")
                    yield refused(asker, method, government.path(path, target))

    assert await all_of(cells()) > 400


async def test_lists_show_each_asker_what_the_model_says_and_no_more(
    government: Government, document: Document, client: httpx.AsyncClient
) -> None:
    """Every operation that names nothing × every role, of a third of the departments in turn."""

    async def cell(asker: Asker, path: str, kind: str | None) -> None:
        answer = await client.get(path, headers=asker.headers)
        assert answer.status_code == 200, (asker, path, answer.text[:300])
        assert_no_leak(asker, path, answer)
        if kind is not None:
            expected = government.there(asker, kind)
            assert shown_in(government, kind, answer) == expected, (asker.role, asker.place, path)

    turn = 0

    def cells() -> Iterator[Awaitable[None]]:
        nonlocal turn
        for (method, path), operation in OPERATIONS.items():
            if method != "get" or operation.names is not None or path == ENDLESS:
                continue
            turn += 1
            for place, asker in enumerate(government.askers):
                if (place + turn) % 3 or not asker.may(needed(document[method, path])):
                    continue
                somewhere = Target(department=DEPARTMENTS[0], vehicle="OWN")
                for one, layer in expanded(path):
                    asked = government.filled(f"{one}?{operation.query}".rstrip("?"), somewhere)
                    kind = layer if operation.lists in ("layer", "tile") else operation.lists
                    if operation.lists == "tile" and layer == "alert":
                        kind = "placed alert"  # without a place it is in no tile
                    yield cell(asker, asked, kind)

    assert await all_of(cells()) > 600


async def test_what_is_named_is_there_for_whom_the_model_says(
    government: Government, document: Document, client: httpx.AsyncClient
) -> None:
    """200 or 404, never 403: what is not there for somebody is as if it was not at all."""

    async def cell(asker: Asker, path: str, there: bool) -> None:
        answer = await client.get(path, headers=asker.headers)
        assert answer.status_code == (200 if there else 404), (asker, path, answer.text[:300])
        assert_no_leak(asker, path, answer)

    cells = [
        cell(asker, path, is_there(asker, kind, target) and not operation.empty)
        for asker, _, path, kind, operation, target in named_cells(
            government, document, reading=True, sample=1
        )
    ]
    assert await all_of(cells) > 400


async def test_what_is_anothers_nobody_changes(
    government: Government, document: Document, client: httpx.AsyncClient
) -> None:
    async def hidden(asker: Asker, method: str, path: str, body: object) -> None:
        answer = await written(client, asker, method, path, body)
        assert answer.status_code == 404, (asker, method, path, body, answer.text[:300])
        assert_no_leak(asker, path, answer)

    before = await checksum(government)
    cells = [hidden(*each) for each in writes(government, document, there=False)]
    assert await all_of(cells) > 200
    assert await checksum(government) == before


async def test_a_shared_fence_is_there_for_both_and_for_nobody_else(
    government: Government, client: httpx.AsyncClient
) -> None:
    """Its owner's name leads whom it is shared with to their own; only its owner changes it."""
    ((owner, to),) = SHARED.items()
    first, follower = f"/v1/fences/{owner}/S", f"/v1/fences/{to}/{owner}.S"
    for asker in (each for each in government.askers if each.may("fences:read")):
        for path, places in ((first, (owner, to)), (follower, (to,))):
            there = any(asker.owns(place) for place in places)
            answer = await client.get(path, headers=asker.headers)
            assert answer.status_code == (200 if there else 404), (asker, path, answer.text)
            assert_no_leak(asker, path, answer)
        if asker.may("fences:write") and not asker.owns(owner):
            for path in (first, *([] if asker.owns(to) else [f"{first}/shares/{to}"])):
                ended = await written(client, asker, "delete", path, None)
                assert ended.status_code == 404, (asker, ended.text)


async def test_many_at_once_are_each_judged_alone(
    government: Government, client: httpx.AsyncClient
) -> None:
    asker = government.administrator("D02")
    asked = [
        government.alerts["D02/OWN"],
        government.alerts["D01/OWN"],
        government.alerts["D05/OWN"],
    ]
    body = {"alerts": [{"id": each} for each in asked], "note": {"note": "seen"}}
    answer = await client.post("/v1/alerts/bulk", json=body, headers=asker.headers)
    assert [each["status"] for each in answer.json()["results"]] == [200, 404, 404]


@pytest.mark.parametrize("form", ["json", "binary"])
async def test_the_live_stream_shows_each_asker_what_the_model_says(
    government: Government, form: str
) -> None:
    numbers = await streams.vehicle_numbers(government)
    pictures = await asyncio.gather(
        *(streams.snapshot(government, each, form) for each in government.askers)
    )
    for asker, found in zip(government.askers, pictures, strict=True):
        expected = sorted(numbers[each] for each in government.there(asker, "placed"))
        assert found == (expected if asker.may("positions:read") else 403), asker


async def test_the_event_stream_tells_each_asker_what_the_model_says(
    government: Government,
) -> None:
    """From before the first report: who moved, and what happened to whom."""
    since = await streams.first_cursor(government)

    async def cell(asker: Asker) -> None:
        placed = government.there(asker, "placed")
        crossed = {
            each
            for each, number in government.alerts.items()
            if number in government.there(asker, "alert")
        }
        told: dict[str, set[str]] = {"moved": set(), "enter": set()}
        async with (
            government.api.client(asker.key) as client,
            listening(client, since, kinds="fences,vehicles") as events,
        ):
            while told != {"moved": placed, "enter": crossed}:
                event = await until(events, "milepost")
                told[event.name.split(".")[2]].add(event.data["subject"])
                assert told["moved"] <= placed, asker
                assert told["enter"] <= crossed, asker

    listeners = [each for each in government.askers if each.may("positions:read")]
    assert await all_of(cell(asker) for asker in listeners) == len(listeners)


TRACK_FORMATS: Final = ("geojson", "gpx", "kml", "csv", "mfjson", "geoparquet")


async def test_files_hold_what_the_model_says(
    government: Government, client: httpx.AsyncClient
) -> None:
    """A track in every format, of one's own, of who grants, and of others."""

    async def cell(asker: Asker, target: Target, form: str) -> None:
        path = f"/v1/vehicles/{target.department}/{target.vehicle}/track"
        answer = await client.get(
            path,
            params={"format": form},
            headers=asker.headers,
        )
        there = is_there(asker, "vehicle", target)
        assert answer.status_code == (200 if there else 404), (asker, path, form, answer.text[:99])
        assert_no_leak(asker, path, answer)
        if there and form in ("geojson", "gpx", "kml", "csv"):
            assert ("114.102" in answer.text) is is_there(asker, "track", target), (asker, path)

    dice = random.Random(5)  # noqa: S311  the same each time
    cells = [
        cell(asker, target, form)
        for asker in government.askers_of("dispatcher")[1:9]
        for target in targets_for(asker, dice)
        for form in TRACK_FORMATS
    ]
    assert await all_of(cells) == 8 * 4 * len(TRACK_FORMATS)


async def test_roles_in_two_departments_do_not_mix(government: Government) -> None:
    """A dispatcher here who is an auditor there acts here, and reads positions here alone."""
    async with government.database.transaction("milepost_owner") as connection:
        both = await add_key(
            connection, label="both", roles=["dispatcher@D05", "auditor@D06"], days=1
        )
    async with government.api.client(both) as client:
        placed = SHOWN.findall((await client.get("/v1/positions?department=D05")).text)
        assert {department for department, _ in placed} == {"D05"}
        shown = set(SHOWN.findall((await client.get("/v1/vehicles")).text))
        assert {department for department, _ in shown} >= {"D05", "D06"}
        assert (await client.get("/v1/vehicles/D05/OWN")).json()["position"] is not None
        assert (await client.get("/v1/vehicles/D06/OWN")).json()["position"] is None
        acts = [
            await client.post(f"/v1/alerts/{government.alerts[each]}/note", json={"note": "x"})
            for each in ("D05/OWN", "D06/OWN")
        ]
        assert [answer.status_code for answer in acts] == [200, 404]


async def test_subscribers_are_told_what_the_model_says(government: Government) -> None:
    """What webhooks and MQTT send: of each vehicle that drives in once more, to each department."""
    async with government.api.client() as client:
        for asker in government.askers_of("administrator"):
            new = {"ref": "TOLD", "department": asker.place, "kind": "mqtt"}
            made = await client.post("/v1/subscriptions", json=new, headers=asker.headers)
            assert made.status_code == 201, made.text
    numbers = await government.world.sql(
        "SELECT json_object_agg(d.ref, s.id) FROM subscription AS s"
        " JOIN department AS d ON d.id = s.department_id WHERE s.ref = 'TOLD'"
    )
    for place in DEPARTMENTS:
        for ref in VEHICLES:
            await government.drive(f"{place}/{ref}", (60, *OUTSIDE), (80, *INSIDE))
    outbox = await Outbox.open(government.database.dsn("milepost_worker"))
    try:
        while await outbox.plan():
            pass
        for asker in government.askers_of("administrator"):
            found = await outbox.claim(numbers[asker.place], limit=100, lease_s=60)
            told = {str(each.body["vehicle"]) for each in found if each.may_go}
            expected = {
                each
                for each, number in government.alerts.items()
                if number in government.there(asker, "alert")
            }
            assert told == expected, asker
            assert len(found) == len(told)
    finally:
        await outbox.close()


async def test_a_key_that_is_narrowed_to_positions_is_told_of_no_alert(
    government: Government, client: httpx.AsyncClient
) -> None:
    """By the live feed and the event stream, where others of its role are."""
    told: dict[str, list[str]] = {"a map": [], "dispatcher": []}
    ready = asyncio.Semaphore(0)
    narrowed, whole = (
        next(each for each in government.askers_of(name) if each.place == "D01") for name in told
    )
    async with asyncio.timeout(DEADLINE_S * 3), asyncio.TaskGroup() as tasks:
        for asker in (narrowed, whole):
            tasks.create_task(streams.watch(government, asker, ready, told[asker.role]))
            tasks.create_task(streams.listen(government, asker, ready, told[asker.role]))
        for _ in range(4):
            await ready.acquire()
        alert = f"/v1/alerts/{government.alerts['D01/OWN']}"
        said = {"note": "seen"}
        done = await client.post(f"{alert}/note", json=said, headers=whole.headers)
        assert done.status_code == 200, done.text
        for _ in range(2):
            await ready.acquire()
        await government.drive("D01/OWN", (100, *OUTSIDE), (120, *INSIDE))
    assert {"alerts", streams.NOTED} <= set(told["dispatcher"])
    assert [each for each in told["a map"] if "alert" in each] == []
    refused = await client.get("/v1/events?kinds=alerts", headers=narrowed.headers)
    assert refused.status_code == 403


async def test_ones_own_changes_whoever_may(
    government: Government, document: Document, client: httpx.AsyncClient
) -> None:
    """The last one: much is not as it was then."""

    async def done(asker: Asker, method: str, path: str, body: object) -> None:
        answer = await written(client, asker, method, path, body)
        allowed = answer.status_code < 300 or answer.status_code in (404, 409)
        # Of several devices one is there already; nobody makes a key that may do more than they.
        allowed = allowed or "in use already" in answer.text or "beyond-you" in answer.text
        assert allowed, (method, path, answer.text[:300])
        assert_no_leak(asker, path, answer)

    cells = [done(*each) for each in writes(government, document, there=True)]
    assert await all_of(cells) > 100
