"""The API with something of everything in it, for schemathesis to judge."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from tests.conftest import Database
from tests.integration.api_world import Served, World, served, things_of, world_in

CONFIGURATION = Path(__file__).parents[1] / "web" / "schemathesis.toml"
#: Of the document's examples, with the vehicles and fences of the world.
DEPARTMENTS = ("FSD", "HKPF")
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Verdict:
    """What schemathesis says: all of it, and of each fault in a line operation, status and body."""

    told: str
    faults: list[str]
    #: Operations that it asked, and that there are.
    asked: str
    there: str


@dataclass(frozen=True)
class Judged:
    """A running API, and the keys of who asks it."""

    api: Served
    world: World

    def judge(self, who: str, *options: str, seed: int = 1, most_s: float) -> Verdict:
        """Let schemathesis ask it as somebody, in a folder where nothing is of an earlier run."""
        address, token = f"{self.api.url}/openapi.json", self.world.tokens[who]
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.xml"
            done = subprocess.run(  # noqa: S603  the test's own command line
                [*_command(address, token, seed), "--report-junit-path", str(report), *options],
                cwd=folder,
                env=os.environ | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
                capture_output=True,
                text=True,
                check=False,
                timeout=most_s,
            )
            faults = _faults(report) if report.exists() else []
        told = done.stdout + done.stderr
        if done.returncode and not faults:
            faults = [f"schemathesis ended with {done.returncode}: {told[-1000:]}"]
        selected = next((line for line in told.splitlines() if "Operations:" in line), "")
        asked, there = re.findall(r"\d+", selected) or ("none", "unknown")
        return Verdict(told, faults, asked, there)


def _command(address: str, token: str, seed: int) -> list[str]:
    return [
        str(Path(sys.executable).with_name("schemathesis")),
        *("--config-file", str(CONFIGURATION), "run", address),
        *("-H", f"Authorization: Bearer {token}", "--seed", str(seed)),
        *("--warnings", "off", "--no-shrink", "--generation-database", "none"),
    ]


def _faults(report: Path) -> list[str]:
    """Each failed operation of a report in the form of JUnit, in one line."""
    return [
        f"{case.get('name')}: {' '.join((fault.text or fault.get('message') or '').split())}"
        for case in ElementTree.parse(report).iter("testcase")  # noqa: S314  written by the line above
        for fault in case
        if fault.tag in ("failure", "error")
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
