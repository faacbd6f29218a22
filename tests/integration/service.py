"""`milepost run` as a person starts it, in a data folder of its own, with things registered."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import asyncpg
import paho.mqtt.publish

from devices.simulator.nmea import sentences
from geo.fix import Fix
from tests.integration.processes import passing_folder
from tests.integration.session import Session
from tests.integration.signed_in import DIALECT
from tracker import registry
from tracker.access import as_owner, database
from tracker.child import wait_for
from tracker.data_folder import DataFolder
from tracker.postgres import private_dsn
from tracker.registry import New
from tracker.roles import Role
from tracker.schema import migrate

MILEPOST = (sys.executable, "-m", "milepost")
#: A verb that takes longer hangs.
VERB_S = 300.0


@dataclass(frozen=True)
class Service:
    """A running Milepost."""

    data: DataFolder
    session: Session
    web_port: int

    @property
    def mqtt_url(self) -> str:
        """Where devices publish."""
        return f"mqtt://127.0.0.1:{self.data.ports()['mqtt']}"

    @property
    def web_url(self) -> str:
        """Where people look."""
        return f"http://127.0.0.1:{self.web_port}"

    def dsn(self, role: Role) -> str:
        """The database, as a role."""
        return private_dsn(self.data, role)

    def fetch(self, query: str, *values: object) -> list[asyncpg.Record]:
        """Ask its database, past all scopes."""

        async def inside() -> list[asyncpg.Record]:
            database = await asyncpg.connect(self.dsn("postgres"))
            try:
                return await database.fetch(query, *values)
            finally:
                await database.close()

        return asyncio.run(inside())

    def milepost(self, *argv: str) -> str:
        """Run a verb beside it; its output."""
        return milepost(self.data, *argv)

    def key(self, *roles: str, label: str = "Chan") -> str:
        """A new key with these roles: `manager@FSD`."""
        argv = [word for role in roles for word in ("--role", role)]
        made = self.milepost("key", "add", *argv, "--label", label).split()
        return next(word for word in made if word.startswith("mp_"))

    def report(self, device: str, *fixes: Fix, department: str = "FSD") -> None:
        """A device tells fixes in one message, as a receiver says them."""
        paho.mqtt.publish.single(
            f"gov/1/{department}/{device}/nmea",
            "\n".join(line for fix in fixes for line in sentences(fix, DIALECT)),
            qos=1,
            hostname="127.0.0.1",
            port=self.data.ports()["mqtt"],
        )

    def kill(self, name: str) -> None:
        """kill -9 of one of its processes, whole group; returns when another has taken over."""
        before = self.session.pid(name)
        self.session.kill(name)
        assert wait_for(lambda: self.session.pid(name) != before, 60), f"{name} did not come back"


def milepost(data: DataFolder, *argv: str) -> str:
    """Run a verb on a data folder; its output."""
    done = verb({"MILEPOST_DATA": str(data.path)}, *argv)
    assert done.returncode == 0, done.stderr
    return done.stdout


def said(environment: Mapping[str, str], *argv: str, code: int = 0) -> str:
    """Run a verb that ends with that code; all that it says."""
    done = verb(environment, *argv)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def verb(environment: Mapping[str, str], *argv: str) -> subprocess.CompletedProcess[str]:
    """Run a verb to its end, whatever that is."""
    return subprocess.run(  # noqa: S603  the test's own command line
        [*MILEPOST, *argv],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=VERB_S,
    )


@contextmanager
def running_service(*things: New, options: Sequence[str] = ()) -> Iterator[Service]:
    """Start a service in which these things are registered, in their order."""
    with registered(*things) as data, served(data, options) as service:
        yield service


@contextmanager
def registered(*things: New) -> Iterator[DataFolder]:
    """The data folder of a service that does not run yet."""
    with passing_folder() as data:
        with database(data) as addresses:
            asyncio.run(migrate(addresses.require("milepost_owner"), addresses.address("postgres")))

            async def enrol() -> None:
                async with as_owner(addresses) as connection:
                    for thing in things:
                        await registry.add(thing, connection)

            asyncio.run(enrol())
        yield data


@contextmanager
def served(data: DataFolder, options: Sequence[str] = ()) -> Iterator[Service]:
    """Start `milepost run` on a data folder, and wait until it takes messages."""
    port = free_port()
    if "mqtt" not in data.ports():
        # Who comes back to a usual port that was free for a moment would find another's broker.
        data.create()
        data.set_port("mqtt", free_port())
    command = (*MILEPOST, "run", "--data", str(data.path), "--port", str(port), *options)
    with Session(*command) as session:
        session.expect("ingest is ready", 120)
        session.expect("serve is ready", 120)
        yield Service(data, session, port)


def free_port() -> int:
    """A TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
