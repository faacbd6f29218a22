"""Users, keys and contractors by the command, and tokens of before."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import asyncpg
import httpx
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from tests.conftest import Database
from tests.integration.api_world import Served, World, served
from tracker import secrets, sql
from tracker.errors import TrackerError
from tracker.people import add_user
from tracker.schema import MIGRATIONS, migrate, superuser_sql

PASSWORD = "three words of water"  # noqa: S105  of a test's user


def milepost(database: Database, *argv: str, typed: str = "") -> tuple[int, str]:
    """How a verb ended, and what it said."""
    done = subprocess.run(  # noqa: S603  the test's own command line
        [sys.executable, "-m", "milepost", *argv],
        input=typed,
        capture_output=True,
        text=True,
        env=database.environment(),
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def done(database: Database, *argv: str, typed: str = "") -> str:
    """What a verb that must work said."""
    code, said = milepost(database, *argv, typed=typed)
    assert code == 0, said
    return said.strip()


async def test_a_user_that_the_command_adds_signs_in(world: World, api: Served) -> None:
    database = world.database
    anna = ("user", "add", "anna", "--name", "Anna Chan", "--role", "dispatcher@A")
    said = done(database, *anna, typed=f"{PASSWORD}\n")
    assert PASSWORD not in said
    async with api.client() as browser:
        body = {"name": "anna", "password": PASSWORD}
        assert (await browser.post("/v1/session", json=body)).status_code == 204
        assert (await browser.get("/v1/me")).json()["label"] == "Anna Chan"
    done(database, "user", "grant", "anna", "--role", "auditor@B")
    done(database, "user", "revoke", "anna", "--role", "dispatcher@A")
    [row] = [json.loads(line) for line in done(database, "user", "list", "--json").splitlines()]
    assert (row["ref"], row["roles"], row["disabled_at"]) == ("anna", "auditor@B", None)
    done(database, "user", "password", "anna", typed="another four words here\n")
    done(database, "user", "disable", "anna")
    [row] = [json.loads(line) for line in done(database, "user", "list", "--json").splitlines()]
    assert row["disabled_at"]


REFUSED = [
    (("bob", "dispatcher@A"), "short", "at least 15 characters"),
    (("bob", "dispatcher@A"), "aaaaaaaaaaaaaaaaaaaa", "guessed soon"),
    (("bob", "dispatcher@A"), "my name is bob, is it", "guessed soon"),
    (("Bob!", "dispatcher@A"), PASSWORD, "no name to sign in with"),
    (("bob", "king@A"), PASSWORD, "no role at a place"),
    (("bob", "dispatcher"), PASSWORD, "no role at a place"),
    (("bob", "dispatcher@NONE"), PASSWORD, "There is no such thing"),
    (("bob", "platform@A"), PASSWORD, "whole government"),
    (("bob", "contractor@A"), PASSWORD, "There is no such thing"),
]


async def test_a_user_that_cannot_be_is_refused_with_the_reason(world: World) -> None:
    for (login, role), password, why in REFUSED:
        with pytest.raises(TrackerError, match=why):
            async with world.database.transaction() as connection:
                await add_user(connection, login=login, name="", password=password, roles=[role])
    code, said = milepost(world.database, "user", "add", "bob", "-r", "king@A", typed=PASSWORD)
    assert (code, "no role at a place" in said) == (1, True)
    assert await world.sql("SELECT count(*) FROM local_user") == 0, "nothing was changed"


async def test_a_contractor_sees_the_firms_vehicles_and_is_nothing_else(
    world: World, api: Served
) -> None:
    database = world.database
    done(database, "contractor", "add", "FIRM", "-d", "A", "--name", "The firm", "公司")
    done(database, "vehicle", "contractor", "A/AMB-2", "FIRM")
    assert "A/FIRM" in done(database, "contractor", "list")
    key = done(database, "key", "add", "--role", "contractor@A/FIRM", "--label", "firm")
    await world.cross_square("A/AMB-1")
    await world.cross_square("A/AMB-2")

    async def seen(client: httpx.AsyncClient, path: str, name: str) -> Any:  # noqa: ANN401  any JSON
        answer = await client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()[name]

    async with api.client(key) as firm:
        vehicles = await seen(firm, "/v1/vehicles", "vehicles")
        assert [each["vehicle"] for each in vehicles] == ["A/AMB-2"]
        alerts = await seen(firm, "/v1/alerts", "alerts")
        assert {each["vehicle"] for each in alerts} == {"A/AMB-2"}
        [mine, *_] = alerts
        history = (await firm.get(f"/v1/alerts/{mine['id']}")).json()
        assert history["fence"] == "A/A-SQUARE"
        assert (await firm.get("/v1/vehicles/A/AMB-2/track")).status_code == 200
        assert (await firm.get("/v1/vehicles/A/AMB-1/track")).status_code == 404
        assert (await firm.get("/v1/fences")).status_code == 403
    code, said = milepost(
        database, "key", "add", "--role", "contractor@A/FIRM", "--role", "dispatcher@B"
    )
    assert code == 1
    assert "no other role" in said


async def test_row_security_itself_narrows_a_contractor(world: World) -> None:
    """Whatever a route forgets: every table shows what is of own vehicles, or nothing."""
    await world.sql("INSERT INTO contractor (department_id, ref, name) VALUES (1, 'FIRM', '{}')")
    await world.sql("UPDATE vehicle SET contractor_id = 1 WHERE id = 2")
    for ref in ("AMB-1", "AMB-2"):
        await world.cross_square(f"A/{ref}")
    connection = await asyncpg.connect(world.database.dsn("milepost_api"))
    tables = await connection.fetch(
        "SELECT tablename FROM pg_policies WHERE policyname = 'caller'"
        " AND has_table_privilege('milepost_api', format('public.%I', tablename), 'SELECT')"
    )
    shared = {"fence", "fence_version", "rule"}
    open_to_all = {
        *("department", "cluster", "application", "installation", "feed", "ingest_health"),
        "worker_job",
    }
    counted = 0
    for (table,) in tables:
        if table in shared | open_to_all:
            continue
        async with connection.transaction():
            await connection.execute("SET LOCAL app.depts = '1'")
            whole = await connection.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608  of the catalogue
            await connection.execute("SET LOCAL app.contractors = '1'")
            rows = await connection.fetch(f"SELECT to_jsonb(t) AS row FROM {table} AS t")  # noqa: S608  of the catalogue
        for row in rows:
            said = json.loads(row["row"])
            number = said.get("vehicle_id", said["id"] if table == "vehicle" else None)
            assert number in (2, None), (table, said)
            assert number == 2 or "alert_id" in said, (table, said)
        counted += bool(whole) and len(rows) < whole
    await connection.close()
    assert counted > 5


async def test_a_key_that_is_revoked_by_its_name_ends(world: World) -> None:
    database = world.database
    key = done(database, "key", "add", "--role", "auditor@A", "--scope", "figures:read")
    name = f"mp_{secrets.Secret(key).name}"
    listed = [json.loads(line) for line in done(database, "key", "list", "--json").splitlines()]
    [row] = [each for each in listed if each["ref"] == name]
    assert (row["roles"], row["scopes"], row["revoked_at"]) == ("auditor@A", "figures:read", None)
    assert key.rpartition("_")[2] not in json.dumps(listed)
    done(database, "key", "revoke", name)
    assert milepost(database, "key", "revoke", name)[0] == 1
    code, said = milepost(database, "key", "add", "--role", "auditor@A", "--scope", "all")
    assert (code, "No permission is called all" in said) == (1, True)


async def test_the_demonstrations_people_are_told_there_only(world: World) -> None:
    code, said = milepost(world.database, "demo")
    assert (code, "no demonstration" in said) == (1, True)
    await world.sql("UPDATE installation SET demo = true")
    said = done(world.database, "demo")
    assert "Departments: A B" in said
    assert "steering" in said


async def bring_to(database: Database, revision: str) -> None:
    """An empty database as that version of the program left it, without rights."""
    superuser = await asyncpg.connect(database.dsn("postgres"))
    await superuser.execute(superuser_sql())
    await superuser.close()
    owner = await asyncpg.connect(database.dsn("milepost_owner"))
    await owner.execute(sql.text("functions"))
    async with database.transaction() as connection:

        def upgrade(connection: Connection) -> None:
            config = Config()
            config.set_main_option("script_location", str(MIGRATIONS))
            config.attributes["connection"] = connection
            command.upgrade(config, revision)

        await connection.run_sync(upgrade)
    await owner.execute(sql.text("first_rows"))
    await owner.close()


async def test_tokens_of_before_go_on_as_keys(empty_database: Database) -> None:
    """A database of the version before, with tokens, is brought to this one."""
    database = empty_database
    await bring_to(database, "0007E")
    given = {name: secrets.new() for name in ("one", "office", "demo sign-in")}
    owner = await asyncpg.connect(database.dsn("milepost_owner"))
    await owner.execute("INSERT INTO department (ref, name) VALUES ('A', '{}'), ('B', '{}')")
    for label, token in given.items():
        await owner.execute(
            "INSERT INTO api_token (hash, prefix, label, platform, department_ids, expires_at)"
            " VALUES ($1, $2, $3, $4, $5, milepost_now() + interval '1 day')",
            *(token.digest, token.text[:11], label, label == "office"),
            [] if label == "office" else [2],
        )
    await owner.close()
    await migrate(database.dsn("milepost_owner"), database.dsn("postgres"))
    with served(database.dsn("milepost_api")) as api:
        for label, sees in (("one", ["B"]), ("office", ["A", "B"])):
            async with api.client(given[label].text) as client:
                me = (await client.get("/v1/me")).json()
            assert [each["department"] for each in me["departments"]] == sees
            assert "alerts:act" in me["permissions"]
            assert me["platform"] is (label == "office")
        async with api.client(given["demo sign-in"].text) as client:
            assert (await client.get("/v1/me")).status_code == 401
