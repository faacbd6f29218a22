"""The API with something of everything in it, for schemathesis to judge."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import Database
from tests.integration.api_world import Served, World, served, things_of, world_in

CONFIGURATION = Path(__file__).parents[1] / "web" / "schemathesis.toml"
#: Of the document's examples, with the vehicles and fences of the world.
DEPARTMENTS = ("FSD", "HKPF")
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Judged:
    """A running API, and the keys of who asks it."""

    api: Served
    world: World

    def judge(
        self, who: str, *options: str, seed: int = 1, most_s: float
    ) -> subprocess.CompletedProcess[str]:
        """Let schemathesis ask it as somebody; its code is 0 where it found nothing."""
        return subprocess.run(  # noqa: S603  the test's own command line
            _command(f"{self.api.url}/openapi.json", self.world.tokens[who], seed, options),
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=most_s,
        )


def _command(address: str, token: str, seed: int, options: Sequence[str]) -> list[str]:
    return [
        str(Path(sys.executable).with_name("schemathesis")),
        *("--config-file", str(CONFIGURATION), "run", address),
        *("-H", f"Authorization: Bearer {token}", "--seed", str(seed)),
        *("--warnings", "off", "--no-shrink", *options),
    ]


async def judged_world(database: Database) -> World:
    """Departments with vehicles that drove, and keys: `administrator` of all, `office`."""
    async with world_in(database) as world:
        for department in DEPARTMENTS:
            await world.add(*things_of(department))
        await world.sql("UPDATE fence_version SET in_force = tstzrange('2026-01-01', NULL)")
        for department in DEPARTMENTS:
            await world.cross_square(f"{department}/AMB-1")
            await world.drive(f"{department}/AMB-2", (0, 114.2, 22.35))
        roles = [f"administrator@{department}" for department in DEPARTMENTS]
        await world.give_key("administrator", *roles)
        await world.give_key("office", "platform@*")
        return world


@contextmanager
def judged(world: World) -> Iterator[Judged]:
    """The API on it."""
    with served(world.database.dsn("milepost_api")) as api:
        yield Judged(api, world)
