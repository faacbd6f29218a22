"""What the tests of sources share: epochs of known seconds, what became of them, and peers."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import xor

import asyncpg

from tests.integration.boxes import say
from tests.integration.service import Service
from tracker.registry import New, NewDepartment, NewDevice, NewVehicle

WITHIN_S = 40.0
START = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)


def epoch(number: int, device: str = "", *, north: bool = False) -> bytes:
    """The two sentences of one second, with a tag block each where a device is named.

    `north` is elsewhere, for a second device of the same seconds.
    """
    at = START + timedelta(seconds=number)
    place = "2224.0000,N,11354.0000,E" if north else "2218.0000,N,11410.0000,E"
    lines = say(
        f"GPRMC,{at:%H%M%S},A,{place},10.0,90.0,{at:%d%m%y},,",
        f"GPGGA,{at:%H%M%S},{place},1,09,0.9,5.0,M,,,,",
    )
    return b"".join(tag(device) + line for line in lines.splitlines(keepends=True))


def tag(device: str) -> bytes:
    """A tag block that names a device; nothing for none."""
    body = f"s:{device}"
    checksum = reduce(xor, body.encode())
    return f"\\{body}*{checksum:02X}\\".encode() if device else b""


def registered(refs: Iterable[str]) -> list[New]:
    """A department D, and these devices in a vehicle each."""
    things: list[New] = [NewDepartment(ref="D")]
    for ref in refs:
        things.append(NewVehicle(ref=f"V-{ref}", department="D"))
        things.append(NewDevice(ref=ref, department="D", vehicle=f"V-{ref}"))
    return things


@dataclass(frozen=True)
class Stored:
    """What a service made of what it read."""

    service: Service

    def said(self, words: str) -> int:
        """How often ingest said that."""
        return (self.service.data.log / "ingest.log").read_text().count(words)

    def fetch(self, query: str, *values: object) -> list[asyncpg.Record]:
        """Ask the database."""
        return self.service.fetch(query, *values)

    def epochs(self, device: str) -> list[int]:
        """The seconds that are stored whole, with altitude and speed."""
        rows = self.fetch(
            "SELECT fixed_at FROM fix WHERE device_id = (SELECT id FROM device WHERE ref = $1)"
            " AND altitude_m IS NOT NULL AND speed_mps IS NOT NULL ORDER BY 1",
            device,
        )
        return [round((row["fixed_at"] - START).total_seconds()) for row in rows]

    def refused(self, source: str) -> list[tuple[str, bytes]]:
        """Reason and bytes of what was refused of a source."""
        rows = self.fetch("SELECT reason, raw FROM reject WHERE source = $1 ORDER BY id", source)
        return [tuple(row.values()) for row in rows]

    def health(self, source: str) -> dict[str, object]:
        """What ingest says of a source."""
        rows = self.fetch("SELECT counters->'sources'->$1 AS said FROM ingest_health", source)
        said: dict[str, object] = json.loads(rows[0]["said"] or "{}") if rows else {}
        return said


class Server:
    """A host that sends to whoever connects, one connection after another."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(WITHIN_S)
        self.port: int = self._listener.getsockname()[1]

    def accept(self) -> socket.socket:
        """The next that connects."""
        connection, _ = self._listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def close(self) -> None:
        """Listen no more."""
        self._listener.close()
