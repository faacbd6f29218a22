"""A device moves between the vehicles of its department, and each time has one answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.conftest import Database
from tracker.errors import Taken, Unknown
from tracker.registry import NewDepartment, NewDevice, NewVehicle, add, move

MONDAY, TUESDAY = datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[AsyncConnection]:
    async with database.transaction() as connection:
        for department in ("D", "E"):
            await add(NewDepartment(ref=department), connection)
        for ref in ("V", "W"):
            await add(NewVehicle(ref=ref, department="D"), connection)
        await add(NewVehicle(ref="OTHER", department="E"), connection)
        for ref in ("box", "second"):
            await add(NewDevice(ref=ref, department="D"), connection)
        yield connection


async def places(owner: AsyncConnection) -> list[tuple[str, datetime | None, datetime | None]]:
    rows = await owner.execute(
        text(
            "SELECT v.ref, lower(a.during), upper(a.during) FROM device_assignment AS a"
            " JOIN vehicle AS v ON v.id = a.vehicle_id JOIN device AS d ON d.id = a.device_id"
            " WHERE d.ref = 'box' ORDER BY lower(a.during) NULLS FIRST"
        )
    )
    return [tuple(row) for row in rows]


async def test_the_first_vehicle_is_its_own_always_and_the_next_one_from_then(
    owner: AsyncConnection,
) -> None:
    await move(owner, device="D/box", vehicle="V", since=None)
    assert await places(owner) == [("V", None, None)]
    await move(owner, device="D/box", vehicle="W", since=MONDAY)
    await move(owner, device="D/box", vehicle="V", since=TUESDAY)
    assert await places(owner) == [
        ("V", None, MONDAY),
        ("W", MONDAY, TUESDAY),
        ("V", TUESDAY, None),
    ]
    await move(owner, device="D/box", vehicle="W", since=None)
    *_, (_, _, ended), (vehicle, began, _) = await places(owner)
    assert (vehicle, began) == ("W", ended)
    assert ended is not None
    assert ended > TUESDAY


async def test_a_vehicle_that_has_a_device_is_taken(owner: AsyncConnection) -> None:
    await move(owner, device="D/second", vehicle="V", since=None)
    with pytest.raises(Taken):
        async with owner.begin_nested():
            await move(owner, device="D/box", vehicle="V", since=MONDAY)
    assert await places(owner) == []


@pytest.mark.parametrize(
    ("device", "vehicle"),
    [("D/none", "V"), ("E/box", "OTHER"), ("D/box", "OTHER"), ("D/box", "none"), ("box", "V")],
)
async def test_what_is_not_of_the_department_is_unknown(
    owner: AsyncConnection, device: str, vehicle: str
) -> None:
    with pytest.raises(Unknown):
        await move(owner, device=device, vehicle=vehicle, since=None)
