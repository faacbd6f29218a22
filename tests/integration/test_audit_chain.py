"""Whatever is done to the audit's chain is found: by the verb, and by the worker behind it."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import httpx
import pytest

from tests.integration.api_world import World
from tracker.access import as_owner
from tracker.audit.chain import Signer, kept_heads, verify
from tracker.audit.check import ChainCheck
from tracker.audit.key import ensure_key
from tracker.connect import open_pool
from tracker.data_folder import DataFolder
from tracker.settings import DatabaseSettings

TRACK = "/v1/vehicles/A/AMB-1/track"

TAMPERING = {
    "changed": ("UPDATE audit SET purpose = 'nothing' WHERE n = 5", ["#5: the row was changed"]),
    "removed": ("DELETE FROM audit WHERE n BETWEEN 3 AND 4", ["#3-4: missing"]),
    "moved": (
        "UPDATE audit SET n = CASE n WHEN 3 THEN 1003 ELSE 3 END WHERE n IN (3, 4);"
        "UPDATE audit SET n = 4 WHERE n = 1003",
        [
            "#3: the row was changed",
            "#3: does not follow",
            "#4: the row was changed",
            "#4: does",
            "#5: does",
        ],
    ),
    "cut off": (
        "DELETE FROM audit WHERE n > (SELECT max(n) - 2 FROM audit)",
        ["signed by a head in the database, and missing", "the data folder, and missing"],
    ),
    "cut off with its head": (
        "DELETE FROM audit WHERE n > (SELECT max(n) - 2 FROM audit); DELETE FROM audit_head",
        ["signed by a head in the data folder, and missing"],
    ),
    "scope": (
        """UPDATE audit_scope SET definition = '{"departments": [], "vehicles": "all"}'""",
        ["its definition was changed"],
    ),
    "signature": (
        "UPDATE audit_head SET signature = '\\x00'",
        ["the head in the database is not signed by this key"],
    ),
}


async def test_whatever_is_done_to_the_chain_is_named(
    world: World, as_a: httpx.AsyncClient, tmp_path: Path
) -> None:
    for path in ("/v1/positions", TRACK, "/v1/near?place=114.1,22.3", TRACK):
        assert (await as_a.get(path)).status_code == 200
    data = DataFolder(tmp_path)
    key = ensure_key(data).public_key()
    pool = await open_pool(world.database.dsn("milepost_worker"))
    await Signer(pool, data).run()
    await Signer(pool, data).run()
    url = world.database.dsn("milepost_owner")
    superuser = await asyncpg.connect(world.database.dsn("postgres"))
    # As somebody would who owns the whole server.
    await superuser.execute("SET session_replication_role = replica")

    async def found() -> list[str]:
        async with as_owner(DatabaseSettings.model_validate({"url": url})) as owner:
            return (await verify(owner, key, kept_heads(data))).faults

    async def gone_over() -> list[str]:
        """What the worker finds on its way from the first row, and tells the API."""
        check = ChainCheck(pool, data)
        while await check.run():
            pass
        told = (await as_a.get("/v1/audit/chain")).json()
        assert (told["whole"], told["found"]) == (not told["faults"], len(told["faults"]))
        return list(told["faults"])

    assert await found() == await gone_over() == []
    for what, (statement, expected) in TAMPERING.items():
        await superuser.execute(
            "CREATE TABLE kept AS TABLE audit; CREATE TABLE kept_head AS TABLE audit_head;"
            "CREATE TABLE kept_scope AS TABLE audit_scope"
        )
        await superuser.execute(statement)
        faults = await found()
        assert sorted(await gone_over()) == sorted(faults), what
        assert len(faults) == len(expected), (what, faults)
        for fault, wanted in zip(faults, expected, strict=True):
            assert wanted in fault, what
        await superuser.execute(
            "TRUNCATE audit, audit_head, audit_scope; INSERT INTO audit TABLE kept;"
            "INSERT INTO audit_head TABLE kept_head; INSERT INTO audit_scope TABLE kept_scope;"
            "DROP TABLE kept, kept_head, kept_scope"
        )
    await superuser.execute(
        "UPDATE audit SET label = 'x' WHERE n = 3; DO $$ DECLARE r audit; p bytea; BEGIN"
        " SELECT hash INTO p FROM audit WHERE n = 2;"
        " FOR r IN SELECT * FROM audit WHERE n > 2 ORDER BY n LOOP"
        " UPDATE audit SET previous = p, hash = sha256(p || convert_to(audit_canonical(r), 'UTF8'))"
        " WHERE n = r.n RETURNING hash INTO p; END LOOP; END $$"
    )
    assert all("the chain was made anew" in fault for fault in await found())
    assert len(await found()) == 2
    assert sorted(await gone_over()) == sorted(await found())
    await superuser.close()
    await pool.close()


async def test_the_chain_is_gone_over_as_it_grows(
    world: World, as_a: httpx.AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.audit.check.ROWS_AT_ONCE", 3)
    nothing = (await as_a.get("/v1/audit/chain")).json()
    assert (nothing["whole"], nothing["signed"]) == (None, None)
    pool = await open_pool(world.database.dsn("milepost_worker"))
    check = ChainCheck(pool, DataFolder(tmp_path))
    for _ in range(2):
        await as_a.get(TRACK)
        await Signer(pool, DataFolder(tmp_path)).run()
        while await check.run():
            pass
        told = (await as_a.get("/v1/audit/chain")).json()
        count = await world.sql("SELECT count(*) FROM audit")
        assert (told["whole"], told["rows"], told["n"]) == (True, count, count)
        assert told["signed"]["n"] == count
        assert told["signed"]["hash"] == await world.sql(
            "SELECT encode(hash, 'hex') FROM audit ORDER BY day DESC, n DESC LIMIT 1"
        )
    await pool.close()
