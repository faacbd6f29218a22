"""Two departments with everything that the API shows, and the API as a real server."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from sqlalchemy import text

from api.app import create_app
from api.raw_requests import RawRequests
from api.settings import ApiSettings, BasemapSettings, OidcSettings
from geo.fix import Fix
from tests.conftest import Database
from tracker import registry
from tracker.child import answers, wait_for
from tracker.commit import Committer
from tracker.message import Message, Reading
from tracker.people import add_key

DEADLINE_S = 20.0
#: What for tests read history.
PURPOSE = "a test"
#: Quotas that no test reaches by chance.
MANY = 1_000_000
#: A square that AMB-1 of each department drives through.
SQUARE = [[114.10, 22.30], [114.11, 22.30], [114.11, 22.31], [114.10, 22.31], [114.10, 22.30]]
CIRCLE = {"circle": {"center": [114.2, 22.35], "radius_m": 500}}


@dataclass
class World:
    """A database with two departments, A and B, and a way to let their vehicles report."""

    database: Database
    committer: Committer
    started_at: datetime
    tokens: dict[str, str] = field(default_factory=dict)
    _seq: int = 0

    async def drive(
        self,
        vehicle: str,
        *places: tuple[float, float, float],
        **said: Any,  # noqa: ANN401  fields of Fix
    ) -> None:
        """Commit fixes of `A/AMB-1` at (seconds after the start, lon, lat)."""
        department, ref = vehicle.split("/")
        for after_s, lon, lat in places:
            self._seq += 1
            fixed_at = self.started_at + timedelta(seconds=after_s)
            fix = replace(Fix(fixed_at=fixed_at, lon=lon, lat=lat), **said)
            message = Message(
                source="mqtt",
                department_ref=department,
                device_ref=f"{department}-BOX-{ref}",
                received_at=datetime.now(UTC),
                boot="b",
                seq=self._seq,
                readings=[Reading(fix=fix, raw=b"x")],
            )
            await self.committer.commit([message])

    async def cross_square(self, vehicle: str, *, start_s: float = 0.0) -> None:
        """Into the square and out of it: two alerts."""
        await self.drive(
            vehicle,
            (start_s, 114.105, 22.295),
            (start_s + 20, 114.105, 22.305),
            (start_s + 40, 114.105, 22.315),
            speed_mps=12.3,
            course_deg=359.0,
        )

    async def sql(self, statement: str, **values: object) -> Any:  # noqa: ANN401  any type of SQL
        """Run a statement as the owner; returns the first value if there is one."""
        async with self.database.transaction("milepost_owner") as connection:
            result = await connection.execute(text(statement), values)
            first = result.scalar() if result.returns_rows else None
        return first

    async def add(self, *new: registry.New) -> None:
        """Register things as the owner."""
        async with self.database.transaction("milepost_owner") as connection:
            for each in new:
                await registry.add(each, connection)

    async def give_key(self, name: str, *roles: str, scopes: Sequence[str] = ()) -> str:
        """A key with roles: `dispatcher@A`."""
        async with self.database.transaction("milepost_owner") as connection:
            made = await add_key(connection, label=name, roles=roles, days=1, scopes=scopes or None)
        self.tokens[name] = made
        return made


def things_of(department: str) -> list[registry.New]:
    """What a department owns: two vehicles with devices, two fences and a rule."""
    english, chinese = f"{department} thing", f"{department} 物件"
    return [
        registry.NewDepartment(ref=department, name_en=english, name_zh_hant=chinese),
        registry.NewApplication(
            ref=f"{department}-USE",
            department=department,
            stage="implemented",
            cluster="emergency",
        ),
        *(
            registry.NewVehicle(
                department=department,
                ref=ref,
                name_en=english,
                name_zh_hant=chinese,
                plate=f"{department} 1234",
                application=f"{department}-USE",
                vehicle_class="ambulance",
                capabilities="ambulance",
            )
            for ref in ("AMB-1", "AMB-2")
        ),
        *(
            registry.NewDevice(department=department, ref=f"{department}-BOX-{ref}", vehicle=ref)
            for ref in ("AMB-1", "AMB-2")
        ),
        registry.NewFence(
            department=department,
            ref=f"{department}-SQUARE",
            definition={"geometry": {"type": "Polygon", "coordinates": [SQUARE]}},
        ),
        registry.NewFence(department=department, ref=f"{department}-CIRCLE", definition=CIRCLE),
        registry.NewRule(department=department, ref=f"{department}-RULE", severity="critical"),
    ]


@asynccontextmanager
async def world_in(database: Database, *, demo: bool = False) -> AsyncIterator[World]:
    """Departments A and B, with keys `A`, `B`, `both` and `platform`."""
    started_at = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
    setting_up = World(database, None, started_at)  # type: ignore[arg-type]  # opened below
    await setting_up.sql(
        "UPDATE installation SET demo = :demo, daily_from = '2026-11-01', name = CAST("
        '\'{"en": "Demo Administration", "zh-Hant": "示範政府"}\' AS jsonb)',
        demo=demo,
    )
    await setting_up.add(
        registry.NewCluster(ref="emergency", name_en="Emergency", name_zh_hant="緊急服務"),
        *things_of("A"),
        *things_of("B"),
    )
    # The fences were there before the vehicles drove.
    await setting_up.sql("UPDATE fence_version SET in_force = tstzrange('2026-01-01', NULL)")
    for name, places in {"A": "A", "B": "B", "both": "AB"}.items():
        await setting_up.give_key(name, *(f"administrator@{place}" for place in places))
    await setting_up.give_key("platform", "platform@*", "administrator@*")
    setting_up.committer = await Committer.open(database.dsn("milepost_ingest"))
    try:
        yield setting_up
    finally:
        await setting_up.committer.close()


@dataclass(frozen=True)
class Served:
    """A running API."""

    port: int

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def live_url(self) -> str:
        """Where its live feed is."""
        return f"ws://127.0.0.1:{self.port}/v1/live"

    def client(self, token: str | None = None, **headers: str) -> httpx.AsyncClient:
        """A client with a bearer token."""
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        headers.setdefault("Milepost-Purpose", PURPOSE)
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=DEADLINE_S)


@contextmanager
def served(
    dsn: str,
    static: Path | None = None,
    settings: ApiSettings | None = None,
    *,
    oidc: OidcSettings | None = None,
    basemap: BasemapSettings | None = None,
    port: int = 0,
) -> Iterator[Served]:
    """The API on a port (0: a free one), in a thread with its own event loop."""
    settings = settings or ApiSettings(
        key_requests=MANY,
        key_history=MANY,
        department_requests=MANY,
        department_history=MANY,
        address_requests=MANY,
    )
    if static is not None:
        settings = settings.model_copy(update={"static": static})
    # With its protocol named asyncio switches Nagle's delay off: 40 ms an answer.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        port = listening.getsockname()[1]
        listening.listen(128)
        config = uvicorn.Config(
            create_app(settings, dsn, oidc, basemap),
            log_level="warning",
            http=RawRequests,
            root_path=settings.root_path,
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=5,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=_run, args=(server, listening))
        thread.start()
        try:
            assert wait_for(lambda: server.started and answers("127.0.0.1", port), DEADLINE_S)
            yield Served(port)
        finally:
            server.should_exit = True
            thread.join(DEADLINE_S)
            assert not thread.is_alive()


def _run(server: uvicorn.Server, listening: socket.socket) -> None:
    asyncio.run(server.serve(sockets=[listening]))
