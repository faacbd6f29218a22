"""The open feed: GTFS-Realtime for everybody, late as an operator said, of nobody private."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from google.protobuf import json_format
from google.transit import gtfs_realtime_pb2 as gtfs

from api.settings import ApiSettings
from tests.conftest import run_as_superuser
from tests.integration.api_world import Served, World, served
from tests.integration.service import said, verb
from tests.integration.telling_world import until
from tracker import publishing, registry
from tracker.errors import BadInput, Unknown

PB = "/open/gtfs-rt/vehicle-positions.pb"
JSON = "/open/gtfs-rt/vehicle-positions.json"
#: The start of the world is five minutes ago; a fix every five seconds up to now.
STEP_S, STEPS = 5, 59
ONE_E = 2e-5  # degrees in a float of 32 bits, near 114


@pytest.fixture
async def anybody(api: Served) -> AsyncIterator[httpx.AsyncClient]:
    """Without a key, and without a purpose."""
    async with httpx.AsyncClient(base_url=api.url) as client:
        yield client


async def publish(world: World, application: str, delay_s: int | None) -> None:
    """As the verb does."""
    await world.sql(
        "UPDATE application SET open_delay_s = :delay WHERE ref = :ref",
        delay=delay_s,
        ref=application,
    )


async def read(anybody: httpx.AsyncClient) -> Any:  # noqa: ANN401  generated class
    """The feed as its bindings read it."""
    answer = await anybody.get(PB)
    assert answer.status_code == 200, answer.text
    message = gtfs.FeedMessage()
    message.ParseFromString(answer.content)
    return message


async def shown(anybody: httpx.AsyncClient) -> set[str]:
    """The ids of the vehicles that everybody sees now."""
    answer = await anybody.get(JSON)
    if answer.status_code == 404:
        return set()
    return {each["vehicle"]["vehicle"]["id"] for each in answer.json().get("entity", ())}


async def becomes(anybody: httpx.AsyncClient, *vehicles: str) -> None:
    """Wait until just these are shown."""

    async def are_shown() -> bool:
        return await shown(anybody) == set(vehicles)

    await until(are_shown)


def place(step: int) -> tuple[float, float]:
    return 114.1 + step * 0.0005, 22.3 + step * 0.0002


async def drive(world: World, vehicle: str, steps: int = STEPS) -> None:
    """East by north, at a fix each five seconds of the last five minutes."""
    places = [(step * STEP_S, *place(step)) for step in range(steps)]
    await world.drive(vehicle, *places, speed_mps=10.5, course_deg=66.0)


async def test_only_what_an_operator_publishes_is_there_and_gone_when_he_says_so(
    world: World, anybody: httpx.AsyncClient
) -> None:
    for vehicle in ("A/AMB-1", "B/AMB-1"):
        await drive(world, vehicle, 20)
    for path in (PB, JSON):
        assert (await anybody.get(path)).status_code == 404
    environment = world.database.environment()
    said(environment, "application", "publish", "A-USE", "--delay", "1m")
    assert '"open_delay_s": 60' in said(environment, "application", "list", "--json")
    assert await shown(anybody) == {"A/AMB-1"}
    refused = verb(environment, "application", "publish", "A-USE", "--delay", "soon")
    assert (refused.returncode, "soon is no delay" in refused.stderr) == (2, True)
    async with world.database.transaction() as connection:
        with pytest.raises(BadInput):
            await publishing.publish(connection, "A-USE", 86_401)
        with pytest.raises(Unknown):
            await publishing.publish(connection, "NONE", 60)
    await publish(world, "B-USE", 0)
    await becomes(anybody, "A/AMB-1", "B/AMB-1")
    said(environment, "application", "unpublish", "A-USE")
    await becomes(anybody, "B/AMB-1")
    await world.sql("UPDATE fix SET implausible = true")
    await becomes(anybody)
    assert (await anybody.get(PB)).status_code == 200
    await publish(world, "B-USE", None)

    async def is_nowhere() -> bool:
        return (await anybody.get(PB)).status_code == 404

    await until(is_nowhere)
    told = await world.sql(
        "SELECT string_agg(what || ' ' || detail, ',' ORDER BY day, n) FROM audit"
        " WHERE what LIKE 'application.update' AND who LIKE 'shell:%'"
    )
    assert told == "application.update A-USE,application.update A-USE"


async def test_it_shows_where_a_moving_vehicle_was_so_long_ago_and_never_anything_newer(
    world: World, anybody: httpx.AsyncClient
) -> None:
    await drive(world, "A/AMB-1")
    start_s = int(world.started_at.timestamp())
    for delay_s in (120, 20, 60, 0):
        await publish(world, "A-USE", delay_s)

        async def is_as_late(delay_s: int = delay_s) -> bool:
            message = await read(anybody)
            if not message.entity:
                return False
            (entity,) = message.entity
            at_s, now_s = entity.vehicle.timestamp, message.header.timestamp
            step = (at_s - start_s) // STEP_S
            position = entity.vehicle.position
            assert position.longitude == pytest.approx(place(step)[0], abs=ONE_E)
            assert position.latitude == pytest.approx(place(step)[1], abs=ONE_E)
            last_s = start_s + (STEPS - 1) * STEP_S
            latest_s = min(now_s + 1 - delay_s, last_s)
            # The newest fix of that time: the one before it was a step earlier.
            return bool(latest_s - STEP_S - 1 <= at_s <= latest_s)

        await until(is_as_late)
        message = await read(anybody)
        (entity,) = message.entity
        assert entity.vehicle.timestamp <= message.header.timestamp + 1 - delay_s


async def test_it_keeps_the_rules_of_vehicle_positions(
    world: World, anybody: httpx.AsyncClient
) -> None:
    """RULES.md of the GTFS-Realtime validator, by its numbers."""
    for vehicle in ("A/AMB-1", "A/AMB-2", "B/AMB-1"):
        await drive(world, vehicle, 20)
    # What a receiver says, and what it may leave out.
    await world.drive("B/AMB-2", (100, -0.000001, -89.9), course_deg=360.0)
    for application in ("A-USE", "B-USE"):
        await publish(world, application, 10)
    before_s = time.time()
    message = await read(anybody)
    header = message.header
    assert header.gtfs_realtime_version == "2.0"  # E038
    assert header.HasField("incrementality")  # E049
    assert before_s - 1 <= header.timestamp <= time.time() + 1  # E001, E048, E050, W008
    assert len(message.entity) == 4
    ids = [each.vehicle.vehicle.id for each in message.entity]
    assert sorted(set(ids)) == ids == ["A/AMB-1", "A/AMB-2", "B/AMB-1", "B/AMB-2"]  # E052, W002
    assert [each.id for each in message.entity] == ids
    for entity in message.entity:
        assert not entity.is_deleted  # E039
        vehicle = entity.vehicle
        assert header.timestamp - 400 < vehicle.timestamp <= header.timestamp  # E012, E050, W001
        position = vehicle.position
        assert -90 <= position.latitude <= 90  # E026
        assert -180 <= position.longitude <= 180
        assert 0 <= position.bearing <= 360  # E027
        assert 0 <= position.speed <= 26  # W004
        assert [f.name for f, _ in vehicle.ListFields()] == ["position", "timestamp", "vehicle"]
        assert [f.name for f, _ in vehicle.vehicle.ListFields()] == ["id"]
    (still,) = (each.vehicle.position for each in message.entity if each.id == "B/AMB-2")
    assert (still.bearing, still.HasField("speed")) == (0, False)
    # The same as JSON, by protobuf's own rules of it.
    as_json = (await anybody.get(JSON)).text
    assert json_format.Parse(as_json, gtfs.FeedMessage()).entity == message.entity
    assert "1234" not in as_json  # the plates
    assert "thing" not in as_json  # the names


async def test_whoever_is_not_to_be_seen_is_absent(
    world: World, anybody: httpx.AsyncClient
) -> None:
    for vehicle in ("A/AMB-1", "A/AMB-2", "B/AMB-1"):
        await drive(world, vehicle)
    # Published with what hides A/AMB-1 once more, so that the feed is seen to be read anew.
    other = "B/AMB-1"
    both = ("A/AMB-1", "A/AMB-2")
    await publish(world, "A-USE", 60)
    await becomes(anybody, *both)
    of_one = " FROM vehicle WHERE ref = 'AMB-1' AND department_id = 1"
    private = (
        "INSERT INTO private_interval (department_id, vehicle_id, starts_at, ends_at, why, keeps,"
        " declared_by) SELECT department_id, id, {}, {}, 'private', 'nothing', 'd'" + of_one
    )
    ended = "UPDATE private_interval SET ends_at = now() - interval '{} seconds'"
    # Now, and it ended after the time that is shown; in between; and long before.
    await world.sql(private.format("now() - interval '5 seconds'", "'infinity'"))
    await becomes(anybody, "A/AMB-2")
    await world.sql(ended.format(2))
    await publish(world, "B-USE", 60)
    await becomes(anybody, "A/AMB-2", other)
    await world.sql("UPDATE private_interval SET starts_at = now() - interval '280 seconds'")
    await world.sql(ended.format(200))
    await becomes(anybody, *both, other)
    await publish(world, "B-USE", None)
    await world.sql("DELETE FROM private_interval")

    # Off duty now; off duty at the time that is shown, and back since.
    duty = "INSERT INTO duty_status (vehicle_id, department_id, since, status, set_by)"
    duty += " SELECT id, department_id, now() - interval '{} seconds', '{}', 'd'" + of_one
    await world.sql(duty.format(5, "off_duty"))
    await becomes(anybody, "A/AMB-2")
    await world.sql(duty.format(1, "available"))
    await publish(world, "B-USE", 60)
    await becomes(anybody, "A/AMB-2", other)
    await publish(world, "B-USE", None)
    await world.sql("DELETE FROM duty_status WHERE set_by = 'd'")
    await becomes(anybody, *both)

    # In no application, or one that is not public; retired; silent for too long.
    await world.sql("UPDATE vehicle SET application_id = NULL WHERE ref = 'AMB-1'")
    await becomes(anybody, "A/AMB-2")
    await world.add(registry.NewApplication(ref="A-OTHER", department="A"))
    of_another = "(SELECT id FROM application WHERE ref = 'A-OTHER')"
    await world.sql(
        f"UPDATE vehicle SET application_id = {of_another} WHERE ref = 'AMB-1'"  # noqa: S608  the test's own
        " AND department_id = 1"
    )
    await publish(world, "A-OTHER", 60)
    await becomes(anybody, *both)
    await world.sql("UPDATE vehicle SET retired_at = now() WHERE ref = 'AMB-1'")
    await becomes(anybody, "A/AMB-2")
    await world.sql("UPDATE fix SET fixed_at = fixed_at - interval '20 minutes'")
    await becomes(anybody)
    assert len((await read(anybody)).entity) == 0


async def test_polls_share_one_reading_one_audit_row_and_a_tag(
    world: World, api: Served, anybody: httpx.AsyncClient
) -> None:
    await drive(world, "A/AMB-1", 20)
    await publish(world, "A-USE", 30)
    name = world.database.name
    counted = f"ALTER DATABASE {name} SET track_functions = 'pl'"
    await run_as_superuser(world.database.postgres, counted)
    begun_s = time.monotonic()
    answers = await asyncio.gather(*(anybody.get(PB) for _ in range(100)))
    lasted_s = time.monotonic() - begun_s
    assert {each.status_code for each in answers} == {200}
    calls = "SELECT calls FROM pg_stat_user_functions WHERE funcname = 'open_positions'"

    async def is_counted() -> bool:
        return bool(await world.sql(calls))

    await until(is_counted)
    assert await world.sql(calls) <= 1 + lasted_s
    tag = answers[-1].headers["etag"]
    assert answers[0].headers["cache-control"] == "public, max-age=1"
    assert answers[0].headers["access-control-allow-origin"] == "*"
    assert answers[0].headers["content-type"] == "application/x-protobuf"
    again = await anybody.get(PB, headers={"If-None-Match": f'"x", {tag}'})
    assert (again.status_code, again.content) == (304, b"")
    # Another picture is no other row.
    await publish(world, "A-USE", 60)

    async def is_another() -> bool:
        return (await anybody.get(PB)).headers["etag"] != tag

    await until(is_another)
    rows = await world.sql(
        "SELECT jsonb_agg(to_jsonb(a) || jsonb_build_object('seen', s.definition)) FROM audit AS a"
        " JOIN audit_scope AS s ON s.hash = a.scope WHERE what = 'open.vehicle_positions'"
    )
    (row,) = rows
    assert (row["who"], row["department_ids"], row["address"]) == ("everybody", [1], None)
    assert row["seen"] == {"departments": ["A"], "vehicles": {"applications": ["A-USE"]}}
    async with api.client(world.tokens["platform"]) as platform:
        answer = await platform.get("/v1/audit/vehicles/A/AMB-1")
    assert "everybody" in {each["who"] for each in answer.json()["rows"]}


async def test_an_address_has_so_many_polls_a_minute(world: World) -> None:
    await drive(world, "A/AMB-1", 3)
    await publish(world, "A-USE", 0)
    settings = ApiSettings(address_requests=3)
    with served(world.database.dsn("milepost_api"), settings=settings) as api:
        async with httpx.AsyncClient(base_url=api.url) as client:
            answers = [await client.get(path) for path in (PB, JSON, PB, PB)]
        async with api.client(world.tokens["A"]) as signed_in:
            assert (await signed_in.get("/v1/vehicles")).status_code == 200
    assert [each.status_code for each in answers] == [200, 200, 200, 429]
    assert 0 < int(answers[3].headers["retry-after"]) <= 20
    assert answers[3].json()["type"].endswith("too-many-requests")
