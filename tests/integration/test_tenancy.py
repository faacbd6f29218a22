"""What belongs to one department is seen by no other, whichever door is tried."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import Range
from websockets.asyncio.client import connect

from tests.conftest import Database
from tests.integration.api_world import DEADLINE_S, Served, World, served, world_in
from tracker.connect import reading_engine, scoped
from tracker.live import ScopeFeed
from tracker.models import Event, Fence, FenceVersion, Receipt, Vehicle
from tracker.reads import Reader

#: Routes that say the same to everybody.
OPEN = {"/healthz", "/v1/sign-in"}


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    async with world_in(database) as made:
        for department in "AB":
            await made.cross_square(f"{department}/AMB-1")
            await made.drive(f"{department}/AMB-2", (0, 114.2, 22.35))
        yield made


@pytest.fixture
def api(world: World) -> Iterator[Served]:
    with served(world.database.dsn("milepost_api")) as running:
        yield running


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


async def requests_for(client: httpx.AsyncClient, department: str) -> list[str]:
    """Every reading route of the document, its parameters filled with what a department owns."""
    paths = (await client.get("/openapi.json")).json()["paths"]
    alert = "00000000-0000-0000-0000-000000000000"
    theirs = (await client.get("/v1/alerts")).json()["alerts"][0]["id"]
    filled = []
    for path, methods in paths.items():
        if path in OPEN or "get" not in methods:
            continue
        ref = f"{department}-BOX-AMB-1" if "/devices/" in path else "AMB-1"
        asked = path.replace("{department}", department).replace("{ref}", ref)
        asked = asked.replace("{alert_id}", theirs).replace("{number}", "1")
        assert "{" not in asked, f"{path}: say here how to fill its parameter"
        filled.append(asked)
        names = {each["name"] for each in methods["get"].get("parameters", [])}
        known = {"department": department, "before": alert, "from": "2026-01-01T00:00:00Z"}
        filled += [f"{asked}?{name}={known[name]}" for name in sorted(names & known.keys())
                   if f"{{{name}}}" not in path]  # fmt: skip
    return filled


async def test_no_route_shows_anything_of_another_department(world: World, api: Served) -> None:
    secrets = await secrets_of(world, "A")
    async with api.client(world.tokens["A"]) as owner, api.client(world.tokens["B"]) as other:
        asked = await requests_for(owner, "A")
        assert len(asked) >= 9
        shown = set()
        for path in asked:
            answer = await other.get(path)
            body = answer.text.replace(json.dumps(path)[1:-1], "")
            if answer.status_code in (403, 404, 422):
                # A refusal repeats what was asked for, and nothing else.
                body = re.sub(r"\((vehicle|device|department|alert|subscription) [^)]*\)", "", body)
            for secret in secrets:
                assert not secret.search(body), (path, secret.pattern)
            own = (await owner.get(path)).text
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
            ("/v1/positions?department=A", "/v1/positions?department=NONE"),
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
