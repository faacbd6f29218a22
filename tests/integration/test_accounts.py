"""Which devices may sign in, as the database tells ingest."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.conftest import Database
from tracker import accounts, registry, subscriptions
from tracker.access import as_owner
from tracker.errors import Unknown
from tracker.install import set_name
from tracker.passwords import matches
from tracker.settings import DatabaseSettings
from tracker.subscriptions import NewSubscription


def owner(database: Database) -> AbstractAsyncContextManager[AsyncConnection]:
    """A transaction that may edit the registry."""
    return as_owner(DatabaseSettings.model_validate({"url": database.dsn("milepost_owner")}))


async def enrol(database: Database) -> None:
    things: list[registry.New] = [
        registry.NewDepartment(ref="FSD"),
        registry.NewVehicle(ref="V-1", department="FSD"),
        registry.NewDevice(ref="box-1", department="FSD", vehicle="V-1"),
        registry.NewDevice(ref="box-2", department="FSD"),
    ]
    async with owner(database) as connection:
        for thing in things:
            await registry.add(thing, connection)


async def read(database: Database) -> accounts.Accounts:
    """As ingest sees it."""
    return await accounts.read(database.dsn("milepost_ingest"))


async def test_nameless_clients_end_with_the_first_password_and_never_come_back(
    database: Database,
) -> None:
    await enrol(database)
    assert await read(database) == accounts.Accounts(anonymous=True)
    async with owner(database) as connection:
        password = await accounts.set_password(connection, "FSD/box-1")
    found = await read(database)
    assert not found.anonymous
    assert set(found.hashes) == {"FSD/box-1"}
    assert matches(password, found.hashes["FSD/box-1"])
    async with owner(database) as connection:
        await accounts.retire(connection, "FSD/box-1")
    assert await read(database) == accounts.Accounts(anonymous=False)


async def test_the_demonstration_lets_nameless_clients_in_beside_those_with_a_password(
    database: Database,
) -> None:
    await enrol(database)
    async with owner(database) as connection:
        await set_name(connection, {"en": "Demo", "zh-Hant": "示範"}, demo=True)
        await accounts.set_password(connection, "FSD/box-2")
    found = await read(database)
    assert found.anonymous
    assert set(found.hashes) == {"FSD/box-2"}


async def test_a_hash_that_mosquitto_cannot_read_spoils_no_other_account(
    database: Database,
) -> None:
    await enrol(database)
    async with owner(database) as connection:
        await accounts.set_password(connection, "FSD/box-1")
        await connection.execute(
            text("UPDATE device SET password_hash = :bad WHERE ref = 'box-2'"),
            {"bad": b"FSD/box-1:$7$101$\n\xff"},
        )
    assert set((await read(database)).hashes) == {"FSD/box-1"}


async def test_a_retired_device_frees_its_vehicle_keeps_its_past_and_takes_no_password(
    database: Database,
) -> None:
    await enrol(database)
    async with owner(database) as connection:
        await accounts.retire(connection, "FSD/box-1")
        await registry.add(registry.NewDevice(ref="box-3", department="FSD"), connection)
        rows = await connection.execute(
            text("SELECT upper(during) <= milepost_now(), lower_inf(during) FROM device_assignment")
        )
        assert rows.all() == [(True, True)]
        for again in (accounts.set_password, accounts.retire):
            with pytest.raises(Unknown, match="FSD/box-1"):
                await again(connection, "FSD/box-1")


async def test_the_role_of_the_api_reads_devices_and_never_their_hashes(
    database: Database,
) -> None:
    connection = await asyncpg.connect(database.dsn("milepost_api"))
    try:
        assert await connection.fetch("SELECT ref FROM device") == []
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetch("SELECT password_hash FROM device")
    finally:
        await connection.close()


async def test_who_reads_a_telling_has_an_account_until_it_is_switched_off(
    database: Database,
) -> None:
    await enrol(database)
    bus = NewSubscription(ref="bus", department="FSD", kind="mqtt")
    async with owner(database) as connection:
        added = await subscriptions.add(connection, bus)
        hook = NewSubscription(ref="hook", department="FSD", target="https://a.example/hook")
        await subscriptions.add(connection, hook)
    found = await read(database)
    assert set(found.readers) == {("FSD", "bus")}
    assert matches(added.secret or "", found.readers["FSD", "bus"])
    async with owner(database) as connection:
        # As in its scope, which the rotation asks for.
        await connection.execute(text("SELECT set_config('app.depts', '1', true)"))
        new = await subscriptions.rotate(connection, "FSD/bus")
    rotated = (await read(database)).readers["FSD", "bus"]
    assert matches(new, rotated)
    assert not matches(added.secret or "", rotated)
    async with owner(database) as connection:
        await subscriptions.switch(connection, "FSD/bus", on=False)
    assert (await read(database)).readers == {}
    async with database.transaction("milepost_ingest") as connection:
        with pytest.raises(ProgrammingError):
            await connection.execute(text("SELECT secret FROM subscription"))
