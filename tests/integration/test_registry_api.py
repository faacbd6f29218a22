"""Vehicles, devices, firms and departments managed over HTTP: made, edited, retired, restored."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest

from tests.conftest import Database
from tests.integration.api_world import Served, World, served
from tracker.passwords import matches
from tracker.people import add_key

HOSTILE = "<img src=x onerror=window.ran=1>'; DROP TABLE vehicle; --"
VEHICLE = {
    "department": "A",
    "ref": "NEW-1",
    "name": {"en": HOSTILE, "zh-Hant": "新車"},
    "plate": "AM 1",
    "vehicle_class": "boat",
    "capabilities": ["fire hose", "ladder"],
    "heartbeat_s": 600,
}


def said(answer: httpx.Response, status: int = 200) -> Any:  # noqa: ANN401  any JSON
    assert answer.status_code == status, answer.text
    return answer.json()


def at(revision: int | str) -> dict[str, str]:
    return {"If-Match": f'"{revision}"'}


def edit_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a PUT takes of what was answered."""
    names = ("name", "plate", "vehicle_class", "capabilities", "application", "contractor")
    numbers = ("moving_interval_s", "stopped_interval_s", "heartbeat_s", "max_speed_mps")
    return {name: row[name] for name in (*names, *numbers)}


@pytest.fixture
async def platform(world: World, api: Served) -> AsyncIterator[httpx.AsyncClient]:
    """The platform office and nothing else."""
    await world.give_key("office", "platform@*")
    async with api.client(world.tokens["office"]) as client:
        yield client


async def test_a_vehicle_is_made_edited_retired_and_restored_as_it_was(
    world: World, as_a: httpx.AsyncClient, as_b: httpx.AsyncClient
) -> None:
    once = {"Idempotency-Key": "k1"}
    made = await as_a.post("/v1/registry/vehicles", json=VEHICLE, headers=once)
    row = said(made, 201)
    assert made.headers["Location"] == "/v1/registry/vehicles/A/NEW-1"
    assert {name: row[name] for name in VEHICLE if name not in ("department", "ref")} == {
        name: value for name, value in VEHICLE.items() if name not in ("department", "ref")
    }
    again = await as_a.post("/v1/registry/vehicles", json=VEHICLE, headers=once)
    assert (again.status_code, again.json()) == (201, row), "done once"
    taken = await as_a.post("/v1/registry/vehicles", json=VEHICLE)
    assert said(taken, 409)["type"] == "/problems/taken"

    path = "/v1/registry/vehicles/A/NEW-1"
    body = edit_of(row) | {"plate": "AM 2", "name": {"en": "Boat", "zh-Hant": ""}}
    said(await as_a.put(path, json=body), 428)
    said(await as_a.put(path, json=body, headers=at(9)), 412)
    edited = said(await as_a.put(path, json=body, headers=at(1)))
    assert (edited["plate"], edited["revision"]) == ("AM 2", 2)
    assert edited["name"] == {"en": "Boat", "zh-Hant": "Boat"}
    undone = said(await as_a.put(path, json=edit_of(row), headers=at(2)))
    assert undone == row | {"revision": 3}

    retired = said(await as_a.post(f"{path}/retire", headers=at(3)))
    assert retired["retired_at"]
    said(await as_a.post(f"{path}/retire", headers=at("4")), 409)
    shown = said(await as_a.get("/v1/vehicles"))["vehicles"]
    assert "A/NEW-1" not in [each["vehicle"] for each in shown]
    listed = said(await as_a.get("/v1/registry/vehicles"))["vehicles"]
    assert "A/NEW-1" in [each["vehicle"] for each in listed], "history keeps its owner"
    restored = said(await as_a.post(f"{path}/restore", headers=at(4)))
    assert restored == row | {"revision": 5}
    assert "NEW-1" not in (await as_b.get("/v1/registry/vehicles")).text
    assert await world.sql(
        "SELECT count(*) FROM audit WHERE what = 'vehicle.update' AND who LIKE 'key:mp_%'"
    ) == len([edited, undone, retired, restored])


async def test_what_cannot_be_stored_is_refused_by_field_and_changes_nothing(
    world: World, as_a: httpx.AsyncClient
) -> None:
    before = await world.sql("SELECT count(*) FROM vehicle")
    bad: dict[str, Any] = {"ref": "../x", "plate": "", "heartbeat_s": 0, "max_speed_mps": "fast"}
    for field, value in bad.items():
        problem = said(await as_a.post("/v1/registry/vehicles", json=VEHICLE | {field: value}), 422)
        assert problem["errors"][0]["at"][:2] == ["body", field]
    for field in ("contractor", "application"):
        answer = await as_a.post("/v1/registry/vehicles", json=VEHICLE | {field: "NOBODY"})
        assert said(answer, 404)["title"] == "Not found"
    of_b = await as_a.post("/v1/registry/vehicles", json=VEHICLE | {"application": "B-USE"})
    assert of_b.status_code == 422, "an application of another department"
    extra = await as_a.post("/v1/registry/vehicles", json=VEHICLE | {"retired_at": None})
    assert extra.status_code == 422
    chinese = await as_a.post(
        "/v1/registry/vehicles", json=VEHICLE | {"ref": "?"}, headers={"Accept-Language": "zh-HK"}
    )
    assert said(chinese, 422)["title"] == "請求內容無效"
    assert await world.sql("SELECT count(*) FROM vehicle") == before


async def test_a_device_gets_a_password_once_and_comes_back_into_its_vehicle(
    world: World, as_a: httpx.AsyncClient
) -> None:
    said(await as_a.post("/v1/registry/vehicles", json=VEHICLE), 201)
    given = {"department": "A", "ref": "box-9", "vehicle": "NEW-1"}
    once = {"Idempotency-Key": "box"}
    made = said(await as_a.post("/v1/registry/devices", json=given, headers=once), 201)
    password = made["password"]
    kept = await world.sql("SELECT password_hash FROM device WHERE ref = 'box-9'")
    assert matches(password, bytes(kept).decode())
    again = said(await as_a.post("/v1/registry/devices", json=given, headers=once), 201)
    assert again == made | {"password": None}, "told once"
    for table in ("once", "audit", "audit_note"):
        text = await world.sql(f"SELECT coalesce(json_agg(t)::text, '') FROM {table} AS t")  # noqa: S608  names of this test
        assert password not in text, table

    path = "/v1/registry/devices/A/box-9"
    retired = said(await as_a.post(f"{path}/retire", headers=at(made["revision"])))
    assert (retired["vehicle"], bool(retired["retired_at"])) == (None, True)
    restored = said(await as_a.post(f"{path}/restore", headers=at(retired["revision"])))
    assert (restored["vehicle"], restored["retired_at"]) == ("A/NEW-1", None)
    assert restored["since"] == made["since"], "as if it had never been away"

    out = said(
        await as_a.put(f"{path}/vehicle", json={"vehicle": None}, headers=at(restored["revision"]))
    )
    assert out["vehicle"] is None
    full = await as_a.put(f"{path}/vehicle", json={"vehicle": "AMB-1"}, headers=at(out["revision"]))
    assert said(full, 409)["type"] == "/problems/taken"
    back = said(
        await as_a.put(f"{path}/vehicle", json={"vehicle": "NEW-1"}, headers=at(out["revision"]))
    )
    assert back["vehicle"] == "A/NEW-1"
    other = said(await as_a.post(f"{path}/password"))["password"]
    kept = await world.sql("SELECT password_hash FROM device WHERE ref = 'box-9'")
    assert (matches(other, bytes(kept).decode()), other != password) == (True, True)
    edited = said(await as_a.put(path, json={"mmsi": "477123456"}, headers=at(back["revision"])))
    assert edited["mmsi"] == "477123456"


async def test_a_restored_device_leaves_its_vehicle_to_the_one_that_took_its_place(
    as_a: httpx.AsyncClient,
) -> None:
    old, new = "/v1/registry/devices/A/A-BOX-AMB-1", "/v1/registry/devices/A/box-7"
    retired = said(await as_a.post(f"{old}/retire", headers={"If-Match": "*"}))
    given = {"department": "A", "ref": "box-7"}
    made = said(await as_a.post("/v1/registry/devices", json=given), 201)
    placed = await as_a.put(
        f"{new}/vehicle",
        json={"vehicle": "AMB-1", "since": retired["retired_at"]},
        headers=at(made["revision"]),
    )
    assert said(placed)["vehicle"] == "A/AMB-1"
    restored = said(await as_a.post(f"{old}/restore", headers=at(retired["revision"])))
    assert (restored["vehicle"], restored["retired_at"]) == (None, None)
    assert said(await as_a.get(new))["vehicle"] == "A/AMB-1"


async def test_several_devices_are_enrolled_all_or_none(
    world: World, as_a: httpx.AsyncClient
) -> None:
    def batch(*refs: str) -> dict[str, Any]:
        return {"devices": [{"department": "A", "ref": ref} for ref in refs]}

    once = {"Idempotency-Key": "batch"}
    answer = await as_a.post("/v1/registry/devices/batch", json=batch("n-1", "n-2"), headers=once)
    made = said(answer, 201)["devices"]
    assert [each["device"] for each in made] == ["A/n-1", "A/n-2"]
    assert len({each["password"] for each in made}) == 2
    again = await as_a.post("/v1/registry/devices/batch", json=batch("n-1", "n-2"), headers=once)
    assert [each["password"] for each in said(again, 201)["devices"]] == [None, None]
    before = await world.sql("SELECT count(*) FROM device")
    refused = await as_a.post("/v1/registry/devices/batch", json=batch("n-3", "n-1"))
    assert "row 2" in said(refused, 422)["detail"]
    strangers = {"devices": [{"department": "B", "ref": "n-4"}]}
    said(await as_a.post("/v1/registry/devices/batch", json=strangers), 404)
    assert await world.sql("SELECT count(*) FROM device") == before


async def test_firms_and_departments_are_made_and_named(
    world: World, api: Served, as_a: httpx.AsyncClient, platform: httpx.AsyncClient
) -> None:
    firm = {"department": "A", "ref": "FIRM", "name": {"en": "Firm", "zh-Hant": "公司"}}
    said(await as_a.post("/v1/registry/contractors", json=firm), 201)
    path = "/v1/registry/contractors/A/FIRM"
    named = said(await as_a.put(path, json={"name": {"en": "Firm 2"}}, headers=at(1)))
    assert (named["name"]["zh-Hant"], named["revision"]) == ("Firm 2", 2)

    new = {"department": "NEW", "name": {"en": "New", "zh-Hant": "新部門"}}
    once = {"Idempotency-Key": "d"}
    row = said(await platform.post("/v1/registry/departments", json=new, headers=once), 201)
    assert said(await platform.post("/v1/registry/departments", json=new, headers=once), 201) == row
    path = "/v1/registry/departments/NEW"
    said(await platform.put(path, json={"name": {"en": "Newer"}}, headers=at(7)), 412)
    named = said(await platform.put(path, json={"name": {"en": "Newer"}}, headers=at(1)))
    assert named["name"] == {"en": "Newer", "zh-Hant": "Newer"}
    listed = said(await platform.get("/v1/registry/departments"))["departments"]
    assert [each["department"] for each in listed] == ["A", "B", "NEW"]
    assert (listed[0]["vehicles"], listed[0]["devices"]) == (2, 2)
    for route in ("get", "post"):
        answer = await as_a.request(route, "/v1/registry/departments", json=new)
        assert answer.status_code == 403, "not an administrator's"
    # It is there for whoever has a role in it.
    await world.give_key("new", "administrator@NEW")
    async with api.client(world.tokens["new"]) as first:
        given = VEHICLE | {"department": "NEW"}
        assert (
            said(await first.post("/v1/registry/vehicles", json=given), 201)["department"] == "NEW"
        )


async def test_the_first_department_of_an_empty_government_is_made_here_too(
    database: Database,
) -> None:
    async with database.transaction() as connection:
        key = await add_key(connection, label="office", roles=["platform@*"], days=1)
    with served(database.dsn("milepost_api")) as api:
        async with api.client(key) as office:
            for ref in ("ONE", "TWO"):
                new = {"department": ref, "name": {"en": ref}}
                said(await office.post("/v1/registry/departments", json=new), 201)
            listed = said(await office.get("/v1/registry/departments"))["departments"]
            assert [each["department"] for each in listed] == ["ONE", "TWO"]


async def test_row_security_holds_whatever_a_route_forgets(world: World) -> None:
    """As the API's role in the scope of A: nothing of B is written, no department is."""
    for statement in (
        "UPDATE vehicle SET plate = 'x' WHERE department_id = 2",
        "UPDATE device SET retired_at = now() WHERE department_id = 2",
        "UPDATE device_assignment SET during = during WHERE department_id = 2",
        "UPDATE department SET revision = 9",
        "UPDATE reject SET replay_asked_at = now()",
    ):
        assert await _as_a(world, statement) == 0, statement
    for statement in (
        "INSERT INTO vehicle (department_id, ref, name) VALUES (2, 'X', '{}')",
        "INSERT INTO department (ref, name) VALUES ('X', '{}')",
        "UPDATE vehicle SET department_id = 2",
        "UPDATE vehicle SET ref = 'X'",
        "DELETE FROM vehicle",
        "SELECT password_hash FROM device",
    ):
        with pytest.raises(Exception, match=r"row-level security|permission denied"):
            await _as_a(world, statement)


async def _as_a(world: World, statement: str) -> int:
    async with world.database.transaction("milepost_api") as connection:
        await connection.exec_driver_sql("SET LOCAL app.depts = '1'")
        return (await connection.exec_driver_sql(statement)).rowcount


async def test_what_was_refused_is_listed_shown_for_a_purpose_and_read_again(
    world: World, api: Served, as_a: httpx.AsyncClient, as_b: httpx.AsyncClient
) -> None:
    await world.sql(
        "INSERT INTO reject (received_at, department_id, device_id, source, reason, raw,"
        " claimed_ref) SELECT milepost_now(), department_id, id, 'mqtt', 'checksum', :raw,"
        " 'A/' || ref FROM device WHERE ref = 'A-BOX-AMB-1'",
        raw=b"$GPRMC,<script>\xff",
    )
    [row] = said(await as_a.get("/v1/rejects"))["rejects"]
    assert (row["device"], row["reason"], "raw" in row) == ("A/A-BOX-AMB-1", "checksum", False)
    assert said(await as_b.get("/v1/rejects"))["rejects"] == []
    async with api.client(world.tokens["A"], **{"Milepost-Purpose": ""}) as hasty:
        said(await hasty.get("/v1/rejects/raw"), 422)
    [row] = said(await as_a.get("/v1/rejects/raw?reason=checksum"))["rejects"]
    assert row["raw"] == "$GPRMC,<script>\\xff"
    assert await world.sql("SELECT purpose FROM audit WHERE what = 'reject.read'") == "a test"
    async with api.client(await world.give_key("engineer", "engineer@A")) as engineer:
        assert len(said(await engineer.get("/v1/rejects"))["rejects"]) == 1
        said(await engineer.get("/v1/rejects/raw"), 403)
        asked = {"device": "A/A-BOX-AMB-1", "reasons": ["checksum"]}
        assert said(await engineer.post("/v1/rejects/replay", json=asked)) == {"asked": 1}
    said(await as_b.post("/v1/rejects/replay", json=asked), 404)
    assert said(await as_a.get("/v1/rejects"))["rejects"][0]["replay_asked_at"]
    noted = await world.sql("SELECT detail FROM audit WHERE what = 'reject.replay'")
    assert noted == "A/A-BOX-AMB-1"
