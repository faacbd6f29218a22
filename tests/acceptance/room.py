"""A room of dispatchers: a service, and a fleet whose names attack, for tests in a browser."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text

from api.settings import BasemapSettings
from tests.acceptance.browser import Visit
from tests.conftest import Database, make_database
from tests.integration.api_world import Served, World, served
from tracker.commit import Committer
from tracker.postgres import PrivatePostgres
from tracker.registry import (
    New,
    NewApplication,
    NewCluster,
    NewDepartment,
    NewDevice,
    NewFence,
    NewRule,
    NewVehicle,
)

VEHICLES = 12
HOSTILE = "<img src=x onerror=window.ran=1>${window.ran=1}</script>"
DEPOT = (114.17, 22.30)


def beside(work: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401  whatever it returns
    """Do it in a thread of its own: this one's event loop is the browser's."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


@dataclass
class Room:
    """A service, and the fleet that reports to it."""

    database: Database
    key: str
    #: Of a department that has nothing.
    empty_key: str
    api: Served
    serving: ExitStack
    seq: int = field(default=0)

    def drive(self, *places: tuple[int, float, float]) -> None:
        """Vehicles by number report that they were at a latitude, some seconds ago."""

        async def report() -> None:
            committer = await Committer.open(self.database.dsn("milepost_ingest"))
            try:
                for number, lat, age_s in places:
                    at = datetime.now(UTC) - timedelta(seconds=age_s)
                    self.seq += 1
                    world = World(self.database, committer, at, _seq=self.seq)
                    place = (0, DEPOT[0], lat)
                    await world.drive(f"FSD/V-{number:02}", place, speed_mps=10.0, course_deg=0.0)
            finally:
                await committer.close()

        beside(report())

    def enter_depot(self, *numbers: int) -> None:
        """Each drives in from the north, where they are, which raises one alert."""
        self.drive(*((n, lat, age) for n in numbers for lat, age in ((22.31, 20.0), (22.30, 0.0))))

    def first(self, query: str) -> Any:  # noqa: ANN401  any type of SQL
        """The first value that the owner reads."""

        async def read() -> Any:  # noqa: ANN401  any type of SQL
            async with self.database.transaction("milepost_owner") as connection:
                return (await connection.execute(text(query))).scalar()

        return beside(read())

    def stop(self) -> None:
        """The service goes away."""
        self.serving.close()

    def start(self) -> None:
        """It comes back where it was."""
        self.api = self.serving.enter_context(
            served(self.database.dsn("milepost_api"), port=self.api.port)
        )


def things() -> list[New]:
    """Twelve vehicles, ever farther north of a depot; the even ones pump, all names attack."""
    circle = {"circle": {"center": DEPOT, "radius_m": 300}}
    made: list[New] = [
        NewDepartment(ref="FSD", name_en="Fire Services", name_zh_hant="消防處"),
        NewDepartment(ref="TD", name_en="Transport", name_zh_hant="運輸署"),
        NewCluster(ref="emergency", name_en="Emergency", name_zh_hant="緊急服務"),
        NewApplication(
            ref="FIRE", department="FSD", stage="implemented", cluster="emergency", name_en=HOSTILE
        ),
        NewFence(ref="depot", department="FSD", name_en=f"Depot {HOSTILE}", definition=circle),
        NewRule(ref="in", department="FSD", on=["enter"], name_en=HOSTILE, severity="critical"),
    ]
    for n in range(VEHICLES):
        made += [
            NewVehicle(
                ref=f"V-{n:02}",
                department="FSD",
                plate=f"AM {1000 + n}",
                name_en=f"{HOSTILE} {n:02}",
                application="FIRE",
                capabilities="pump" if n % 2 == 0 else "ladder",
            ),
            NewDevice(ref=f"FSD-BOX-V-{n:02}", department="FSD", vehicle=f"V-{n:02}"),
        ]
    return made


async def _prepared(postgres: PrivatePostgres) -> World:
    database = await make_database(postgres)
    world = World(database, None, datetime.now(UTC))  # type: ignore[arg-type]  # not to commit
    await world.sql("UPDATE installation SET daily_from = '2026-11-01'")
    await world.add(*things())
    await world.sql("UPDATE fence_version SET in_force = tstzrange('2026-01-01', NULL)")
    await world.give_key("Chan", "manager@FSD")
    await world.give_key("Wong", "manager@TD")
    return world


@contextmanager
def dispatching(
    postgres: PrivatePostgres, basemap: BasemapSettings | None = None
) -> Iterator[Room]:
    """Such a room, in a database of its own."""
    world = asyncio.run(_prepared(postgres))
    with ExitStack() as serving:
        api = serving.enter_context(served(world.database.dsn("milepost_api"), basemap=basemap))
        made = Room(world.database, world.tokens["Chan"], world.tokens["Wong"], api, serving)
        made.drive(*((n, 22.31 + n / 100, 0.0) for n in range(VEHICLES)))
        yield made


def sign_in(visit: Visit, room: Room, language: str = "en") -> None:
    visit.sign_in_by(room.key, language)
    visit.until("live", lambda: visit.diagnostics("state") == "live", 30)
    visit.until("drawn", lambda: visit.diagnostics("drawn") == VEHICLES, 30)
