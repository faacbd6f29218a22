"""Several ingest processes: one killed, one paused; each vehicle's history is that of one writer."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from tests.drills.load import SQUARE, Load, box_ref, vehicle_ref
from tests.drills.test_kill import compare, wait, wait_for_progress
from tests.integration.boxes import Boxes, say
from tests.integration.service import Service, running_service
from tracker import registry
from tracker.access import as_owner, database
from tracker.registry import New, NewDepartment, NewDevice, NewFence, NewRule, NewVehicle

BOXES = 10
PER_SECOND = 150.0
SERVED_WITHIN_S = 5.0
SHARDS = {"D": 1, "E": 2}
EPOCH = say(
    "GPRMC,120000,A,2218.0000,N,11410.0000,E,10.0,90.0,231126,,",
    "GPGGA,120000,2218.0000,N,11410.0000,E,1,09,0.9,5.0,M,,,,",
)


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """Two processes, two shards."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MILEPOST_INGEST_WORKERS", "2")
        with running_service(*things()) as running:
            running.session.expect("ingest-2 is ready", 60)
            yield running


def things() -> Iterator[New]:
    """Vehicles in two departments of different shards, each with a square of its own."""
    for department, shard in SHARDS.items():
        yield NewDepartment(ref=department, shard=shard)
        for number in range(BOXES):
            vehicle = vehicle_ref(number)
            yield NewVehicle(ref=vehicle, department=department)
            yield NewDevice(ref=box_ref(number), department=department, vehicle=vehicle)
        yield NewFence(ref="square", department=department, definition={"geometry": SQUARE})
        yield NewRule(ref="border", department=department, fence="square")


@contextmanager
def loads(service: Service) -> Iterator[dict[str, Load]]:
    """A load in each department; at the end nothing of it may be missing or wrong."""
    found = {
        department: Load(
            service.mqtt_url, department=department, count=BOXES, per_second=PER_SECOND
        )
        for department in SHARDS
    }
    try:
        for load in found.values():
            load.start()
        yield found
        for load in found.values():
            load.stop()
        for load in found.values():
            wait("every message acknowledged", lambda load=load: load.settle() == 0)
        for department, load in found.items():
            asyncio.run(compare(service, load, department))
    finally:
        for load in found.values():
            load.close()


def query(service: Service, statement: str) -> list[asyncpg.Record]:
    async def inside() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(service.dsn("postgres"))
        try:
            return await connection.fetch(statement)
        finally:
            await connection.close()

    return asyncio.run(inside())


def pids(service: Service) -> dict[int, int]:
    """The process that serves each shard."""
    rows = query(
        service,
        "SELECT f.id, w.name FROM feed AS f JOIN ingest_worker AS w ON w.id = f.holder"
        " WHERE f.id > 0",
    )
    return {row["id"]: int(row["name"].rpartition(":")[2]) for row in rows}


def wait_for_even_shares(service: Service) -> dict[int, int]:
    """Until each process serves one shard."""
    wait("a shard for each process", lambda: len(set(pids(service).values())) == len(SHARDS))
    return pids(service)
