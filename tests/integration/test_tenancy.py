"""What belongs to one department is seen by no other, whichever door is tried."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import shapely
from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import Range
from websockets.asyncio.client import connect

from tests.conftest import Database
from tests.integration.api_world import DEADLINE_S, Served, World, world_in
from tracker.connect import reading_engine, scoped
from tracker.live import ScopeFeed
from tracker.models import Event, Fence, FenceVersion, Receipt, Vehicle
from tracker.reads import LAYERS, Reader, Wanted, features

#: Routes that say the same to everybody.
OPEN = {"/healthz", "/v1/sign-in", "/v1/oidc/start", "/v1/oidc/callback"}
OPEN |= {"/openapi.json", "/v1/asyncapi.json"}
#: What an operator published, and nothing else (tests/integration/test_open_feed.py).
OPEN |= {f"/open/gtfs-rt/vehicle-positions.{form}" for form in ("pb", "json")}
#: Whoever has a link needs nothing else (tests/integration/test_shares.py).
LINKS = {"/v1/shares/{share}"}
#: It does not end by itself: see test_event_stream.py.
ENDLESS = {"/v1/events"}
HOUR = timedelta(hours=1)
#: Of parameters that must be given: where and when the departments' vehicles are.
NEEDED = {
    "place": "114.2,22.35",
    "text": "22.35,114.2",
    "at": f"{datetime.now(UTC) - timedelta(minutes=4):%FT%TZ}",
}
#: When each vehicle's only chunk of a track begins.
TRACK_AT = "2026-11-20T08:00:00Z"


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    async with world_in(database) as made:
        for department in "AB":
            await made.cross_square(f"{department}/AMB-1")
            await made.drive(f"{department}/AMB-2", (0, 114.2, 22.35))
        await made.sql(
            "INSERT INTO track_chunk (vehicle_id, started_at, ended_at, department_id, path, fixes,"
            " length_m, moving_s, idling_s, stopped_s) SELECT id, :at, :at, department_id,"
            " ST_SetSRID(ST_MakePointM(114.2, 22.35, 0), 4326), 1, 0, 0, 0, 0 FROM vehicle",
            at=datetime.fromisoformat(TRACK_AT),
        )
        await made.sql(
            "INSERT INTO backtest (department_id, asked_by, question) SELECT id, 'somebody',"
            " jsonb_build_object('department', ref, 'subject', ref || '-RULE') FROM department"
        )
        yield made


async def secrets_of(world: World, department: str) -> list[re.Pattern[str]]:
    """How anything of a department would show in an answer: its refs, names, plates and ids."""
    alert_ids = await world.sql(
        "SELECT string_agg(a.id::text, ' ') FROM alert AS a JOIN department AS d "
        "ON d.id = a.department_id WHERE d.ref = :ref",
        ref=department,
    )
    words = [f"{department}/", f"{department}-", f"{department} 1234", f"{department} thing"]
    assert len(alert_ids.split()) >= 2
    vehicle_ids = await world.sql(
        "SELECT string_agg(v.id::text, '|') FROM vehicle AS v JOIN department AS d "
        "ON d.id = v.department_id WHERE d.ref = :ref",
        ref=department,
    )
    return [
        *(re.compile(rf"(?<![A-Za-z0-9]){re.escape(word)}") for word in words),
        *map(re.compile, alert_ids.split()),
        re.compile(rf'"id":({vehicle_ids})[,}}]'),
    ]


async def ogc_addresses(world: World, path: str, department: str) -> list[str]:
    """A route under `/ogc` for each collection, with a feature that the department owns."""
    alert = await world.sql(
        "SELECT a.id FROM alert AS a JOIN department AS d ON d.id = a.department_id "
        "WHERE d.ref = :ref LIMIT 1",
        ref=department,
    )
    features = {
        "vehicles": f"{department}/AMB-1",
        "fences": f"{department}/{department}-SQUARE",
        "alerts": alert,
        "tracks": f"{department}/AMB-1/{TRACK_AT}",
    }
    tile = path.replace("{z}", "7").replace("{x}", "104").replace("{y}", "55")
    return [
        tile.replace("{collection}", name).replace("{feature}", str(feature))
        for name, feature in features.items()
    ]


async def requests_for(client: httpx.AsyncClient, world: World, department: str) -> list[str]:
    """Every reading route of the document, its parameters filled with what a department owns."""
    paths = (await client.get("/openapi.json")).json()["paths"]
    alert = "00000000-0000-0000-0000-000000000000"
    theirs = (await client.get("/v1/alerts")).json()["alerts"][0]["id"]
    tried = (await client.get("/v1/backtests")).json()["backtests"][0]["id"]
    here = f"/ogc/collections/movingfeatures/items/{department}/AMB-1"
    moved = (await client.get(f"{here}/tgsequence")).json()
    filled = []
    for path, methods in paths.items():
        if path.startswith("/ogc") and "{collection}" in path:
            filled += await ogc_addresses(world, path, department)
            continue
        if path in OPEN | LINKS | ENDLESS or "get" not in methods:
            continue
        kinds = {"/devices/": "-BOX-AMB-1", "/fences/": "-SQUARE", "/rules/": "-RULE"}
        named = (f"{department}{ref}" for kind, ref in kinds.items() if kind in path)
        ref = next(named, "AMB-1")
        asked = path.replace("{department}", department).replace("{ref}", ref)
        asked = (
            asked.replace("{alert_id}", theirs)
            .replace("{grant_id}", alert)
            .replace("{number}", "1")
            .replace("{id}", tried)
            .replace("{geometry}", moved["geometrySequence"][0]["id"])
            .replace("{property}", "speed")
            .replace("{login}", "nobody")
        )
        assert "{" not in asked, f"{path}: say here how to fill its parameter"
        parameters = methods["get"].get("parameters", [])
        needed = {each["name"] for each in parameters if each["required"]} & NEEDED.keys()
        asked += "?" + "&".join(f"{name}={NEEDED[name]}" for name in sorted(needed))
        filled.append(asked)
        names = {each["name"] for each in parameters}
        begins = "2026-01-01" if path == "/v1/days" else f"{datetime.now(UTC) - HOUR:%FT%TZ}"
        known = {"department": department, "before": alert, "from": begins}
        known |= {"vehicle": f"{department}/AMB-1", "simplify_m": "5"}
        filled += [f"{asked}&{name}={known[name]}" for name in sorted(names & known.keys())
                   if f"{{{name}}}" not in path]  # fmt: skip
    return filled


async def test_no_route_shows_anything_of_another_department(world: World, api: Served) -> None:
    secrets = await secrets_of(world, "A")
    async with api.client(world.tokens["A"]) as owner, api.client(world.tokens["B"]) as other:
        asked = await requests_for(owner, world, "A")
        assert len(asked) >= 9
        assert len([path for path in asked if path.startswith("/ogc")]) == 4 + 6 * 4 + 9
        shown = set()
        for path in asked:
            answer = await other.get(path)
            body = answer.text.replace(json.dumps(path)[1:-1], "")
            if answer.status_code in (403, 404, 422):
                # A refusal repeats what was asked for, and nothing else.
                body = re.sub(
                    r"\((vehicle|device|department|alert|feature|grant|fence|rule|contractor)[^)]*\)",
                    "",
                    body,
                )
                body = re.sub(r"\((vehicle|device|department|alert|subscription) [^)]*\)", "", body)
                body = re.sub(r"\((rule|backtest) [^)]*\)", "", body)
            for secret in secrets:
                assert not secret.search(body), (path, secret.pattern)
            mine = await owner.get(path)
            assert mine.status_code != 404 or not path.startswith("/ogc"), path
            own = mine.text
            shown |= {secret.pattern for secret in secrets if secret.search(own)}
    assert shown == {secret.pattern for secret in secrets}, (
        "a secret that no route shows proves nothing"
    )


async def test_what_is_not_yours_is_not_there(world: World, api: Served) -> None:
    """The same answer as for what does not exist, so that nobody can probe."""
    alert_id = await world.sql("SELECT id FROM alert WHERE department_id = 1 LIMIT 1")
    async with api.client(world.tokens["B"]) as other:
        for theirs, nobodys in (
            ("/v1/vehicles/A/AMB-1", "/v1/vehicles/A/NONE"),
            ("/v1/vehicles/A/AMB-1/track", "/v1/vehicles/A/NONE/track"),
            ("/v1/devices/A/A-BOX-AMB-1", "/v1/devices/A/NONE"),
            ("/v1/devices/A/A-BOX-AMB-1/receipts", "/v1/devices/A/NONE/receipts"),
            ("/v1/vehicles?department=A", "/v1/vehicles?department=NONE"),
            ("/v1/fences/A/A-SQUARE", "/v1/fences/A/NONE"),
            ("/v1/fences/A/A-SQUARE/versions", "/v1/fences/A/NONE/versions"),
            ("/v1/rules/A/A-RULE", "/v1/rules/A/NONE"),
            ("/v1/fence-groups/A/A-GROUP", "/v1/fence-groups/A/NONE"),
            ("/v1/positions?department=A", "/v1/positions?department=NONE"),
            ("/v1/vehicles/A/AMB-1/trips", "/v1/vehicles/A/NONE/trips"),
            ("/v1/vehicles/A/AMB-1/odometer", "/v1/vehicles/A/NONE/odometer"),
            ("/v1/days?vehicle=A/AMB-1", "/v1/days?vehicle=A/NONE"),
            (
                f"/v1/whereabouts?at={NEEDED['at']}&vehicle=A/AMB-1",
                f"/v1/whereabouts?at={NEEDED['at']}&vehicle=A/NONE",
            ),
            ("/ogc/collections/vehicles/items/A/AMB-1", "/ogc/collections/vehicles/items/A/NONE"),
            (
                f"/ogc/collections/alerts/items/{alert_id}",
                f"/ogc/collections/alerts/items/{'0' * 32}",
            ),
            (f"/v1/alerts?before={alert_id}", f"/v1/alerts?before={'0' * 32}"),
        ):
            answers = [await other.get(path) for path in (theirs, nobodys)]
            assert [answer.status_code for answer in answers] == [404, 404]
            first, second = (answer.json()["detail"].split("(")[0] for answer in answers)
            assert first == second


async def test_the_live_feed_shows_nothing_of_another_department(world: World, api: Served) -> None:
    secrets = await secrets_of(world, "A")
    theirs = await world.sql(
        "SELECT array_agg(v.id) FROM vehicle AS v JOIN department AS d ON d.id = v.department_id "
        "WHERE d.ref = 'A'"
    )
    headers = {"Authorization": f"Bearer {world.tokens['B']}"}
    async with connect(f"{api.live_url}?format=json", additional_headers=headers) as socket:
        said: list[dict[str, Any]] = []
        async with asyncio.timeout(DEADLINE_S):
            while not any(each["type"] == "snapshot" for each in said):
                said.append(json.loads(await socket.recv()))
            await world.cross_square("A/AMB-2", start_s=60)
            await world.cross_square("B/AMB-2", start_s=60)
            while not any(each["type"] == "alerts" for each in said):
                said.append(json.loads(await socket.recv()))
    ids = {number for each in said for number in each.get("columns", {}).get("id", [])}
    assert ids
    assert not ids & set(theirs)
    for secret in secrets:
        assert not secret.search(json.dumps(said, separators=(",", ":"), ensure_ascii=False))


async def test_the_readers_of_the_live_feed_see_their_scope_only(world: World) -> None:
    reader = Reader(world.database.dsn("milepost_api"))
    for ids, count in (((), 0), ((1,), 2), ((2,), 2), ((1, 2), 4), ((99,), 0)):
        assert len((await ScopeFeed(reader, ids).changes()).positions) == count
    await reader.close()


async def test_a_box_over_fences_is_answered_by_the_index(world: World) -> None:
    """Under row security an operator that is not LEAKPROOF would switch GiST off."""
    await world.sql(
        "WITH f AS (INSERT INTO fence (department_id, ref, name, kind) "
        "SELECT 1, 'F' || k, '{}', 'polygon' FROM generate_series(1, 3000) AS k RETURNING id) "
        "INSERT INTO fence_version (fence_id, version, department_id, geom, definition, in_force) "
        "SELECT id, 1, 1, ST_MakeEnvelope(100 + id * 0.01, 0, 100.001 + id * 0.01, 1, 4326), '{}', "
        "tstzrange('2026-01-01', NULL) FROM f"
    )
    await world.sql("ANALYZE fence_version")
    box = func.ST_MakeEnvelope(114.10, 22.30, 114.11, 22.31, 4326)
    query = select(FenceVersion.fence_id).where(
        FenceVersion.geom.op("&&")(box), func.ST_Intersects(FenceVersion.geom, box)
    )
    engine = reading_engine(world.database.dsn("milepost_api"))
    async with scoped(engine, [1]) as scope:
        compiled = query.compile(engine, compile_kwargs={"literal_binds": True})
        plan = "\n".join((await scope.execute(text(f"EXPLAIN {compiled}"))).scalars())
        found = (await scope.execute(query)).scalars().all()
    await engine.dispose()
    assert "ix_fence_version_geom" in plan, plan
    assert "Seq Scan" not in plan, plan
    assert len(found) == 1


async def test_features_in_a_box_are_answered_by_the_index(world: World) -> None:
    """Of tracks too, with a filter of places beside."""
    await world.sql(
        "INSERT INTO track_chunk (vehicle_id, started_at, ended_at, department_id, path, fixes,"
        " length_m, moving_s, idling_s, stopped_s) SELECT v.id, t, t, v.department_id,"
        " ST_SetSRID(ST_MakePointM(100 + k * 0.001, 1, 0), 4326), 1, 0, 0, 0, 0 FROM vehicle AS v,"
        " generate_series(1, 3000) AS k, lateral (SELECT timestamptz '2026-11-01Z' +"
        " k * interval '1 minute' AS t) AS at"
    )
    await world.sql("ANALYZE track_chunk")
    layer = LAYERS["tracks"]
    area = shapely.box(114.1, 22.3, 114.3, 22.4)
    wanted = Wanted(layer=layer, area=area, filter={"op": ">", "args": [{"property": "fixes"}, 0]})
    plan, found = await planned(world, wanted)
    assert "ix_track_chunk_started_at_path" in plan, plan
    assert len(found) == 2


async def test_the_place_of_a_track_has_no_times_in_it(world: World) -> None:
    engine = reading_engine(world.database.dsn("milepost_api"))
    async with scoped(engine, [1]) as scope:
        page = await features(scope, Wanted(layer=LAYERS["tracks"]), limit=1)
    await engine.dispose()
    assert not shapely.has_m(shapely.from_wkb(page.rows[0]["geometry"]))


async def test_vehicles_in_a_box_are_not_joined_one_by_one(world: World) -> None:
    """PostgreSQL guesses that a computed place is in a box for one row: then each is compared with
    each."""
    await world.sql(
        "WITH v AS (INSERT INTO vehicle (department_id, ref, name) SELECT 1, 'M-' || k, '{}' "
        "FROM generate_series(1, 3000) AS k RETURNING id) INSERT INTO latest (vehicle_id, feed, n,"
        " department_id, device_id, fixed_at, received_at, lon, lat) SELECT id, 1, 1, 1, 1,"
        " milepost_now(), milepost_now(), 114 + id * 0.0001, 22.3 FROM v"
    )
    await world.sql("ANALYZE vehicle")
    await world.sql("ANALYZE latest")
    area = shapely.box(114.05, 22.2, 114.15, 22.32)
    plan, found = await planned(world, Wanted(layer=LAYERS["vehicles"], area=area))
    guess = re.search(r"Seq Scan on latest .*rows=(\d+)", plan)
    assert guess is not None, plan
    assert int(guess[1]) > 100, plan
    assert len(found) > 900


async def planned(world: World, wanted: Wanted) -> tuple[str, list[str]]:
    """How PostgreSQL finds features for department A, and their ids."""
    query = select(wanted.layer.rows.c.feature_id).where(wanted.condition())
    engine = reading_engine(world.database.dsn("milepost_api"))
    compiled = query.compile(engine.sync_engine)
    values = tuple(compiled.params[name] for name in compiled.positiontup or ())
    async with scoped(engine, [1]) as scope:
        lines = (await scope.exec_driver_sql(f"EXPLAIN {compiled}", values)).scalars()
        plan = "\n".join(lines)
        found = (await scope.execute(query)).scalars().all()
    await engine.dispose()
    return plan, list(found)


async def test_every_type_that_reads_use_works_without_set_config(world: World) -> None:
    """asyncpg asks the server about types by a function that this role may not call."""
    moment = datetime(2026, 11, 24, tzinfo=UTC)
    lasts = Range(moment, moment + timedelta(hours=1))
    engine = reading_engine(world.database.dsn("milepost_api"))
    async with scoped(engine, [1]) as scope:
        array = text("SELECT CAST(:ids AS integer[])")
        assert await scope.scalar(array, {"ids": [1, 2]}) == [1, 2]
        ranged = (
            select(FenceVersion.in_force, FenceVersion.definition, FenceVersion.geom)
            .join(Fence, Fence.id == FenceVersion.fence_id)
            .where(Fence.ref == "A-CIRCLE", FenceVersion.in_force.overlaps(lasts))
        )
        row = (await scope.execute(ranged)).one()
        assert row.in_force.lower == datetime(2026, 1, 1, tzinfo=UTC)
        assert row.definition["circle"]["radius_m"] == 500
        assert bytes(row.geom.data)
        vehicle = (await scope.execute(select(Vehicle.capabilities, Vehicle.name))).first()
        assert vehicle is not None
        assert vehicle.capabilities == ["ambulance"]
        dealt = (await scope.execute(select(Receipt.dealt))).scalars().first()
        assert dealt is not None
        event = (await scope.execute(select(Event.id, Event.not_after))).first()
        assert event is not None
        assert event.not_after.tzinfo is not None
        record = await scope.scalar(text("SELECT ROW(1, 'x')"))
        assert tuple(record) == (1, "x")
    await engine.dispose()
