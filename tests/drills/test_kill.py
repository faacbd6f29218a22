"""kill -9 of ingest, broker and PostgreSQL under load: what was acknowledged is stored, once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from uuid import UUID

import asyncpg
import pytest

from geo import crossing
from geo.event_id import event_id
from geo.fences import FenceIndex, FenceVersion
from geo.shapes import build_shape
from tests.drills.load import SQUARE, Box, Load, box_ref, columns, vehicle_ref
from tests.integration.service import Service, running_service
from tracker.ranges import Ranges
from tracker.registry import New, NewDepartment, NewDevice, NewFence, NewRule, NewVehicle

BOXES = 20
PER_SECOND = 400.0
PROGRESS = 600  # acknowledged messages between two kills
WITHIN_S = 90.0


def wait(what: str, condition: Callable[[], bool], within_s: float = WITHIN_S) -> None:
    """Wait for a condition, or fail saying which."""
    deadline_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline_s, f"waited in vain: {what}"
        time.sleep(0.05)


def wait_for_progress(load: Load, when: str) -> None:
    """Wait until so many more messages are acknowledged."""
    goal = load.acked + PROGRESS
    wait(f"progress {when}", lambda: load.acked > goal)


@pytest.mark.parametrize("victim", ["ingest", "Mosquitto", "PostgreSQL"])
def test_nothing_acknowledged_is_lost_and_nothing_doubled(victim: str) -> None:
    with running_service(*registered()) as service:
        load = Load(service.mqtt_url, department="D", count=BOXES, per_second=PER_SECOND)
        try:
            load.start()
            for kill in range(3):
                wait_for_progress(load, f"before kill {kill + 1}")
                service.kill(victim)
            wait_for_progress(load, "after the last kill")
            load.stop()
            wait("every message acknowledged", lambda: load.settle() == 0)
            asyncio.run(compare(service, load))
        finally:
            load.close()


def registered() -> list[New]:
    """One department, its vehicles and devices, the square, and a rule for both ways."""
    things: list[New] = [NewDepartment(ref="D")]
    for number in range(BOXES):
        vehicle = vehicle_ref(number)
        things.append(NewVehicle(ref=vehicle, department="D"))
        things.append(NewDevice(ref=box_ref(number), department="D", vehicle=vehicle))
    things.append(NewFence(ref="square", department="D", definition={"geometry": SQUARE}))
    things.append(NewRule(ref="border", department="D", fence="square"))
    return things


async def compare(service: Service, load: Load) -> None:
    """The history checker: what was sent, beside what the database holds."""
    database = await asyncpg.connect(service.dsn("postgres"))
    try:
        stored = await database.fetch(
            "SELECT d.ref, (extract(epoch FROM f.fixed_at) * 1000)::bigint AS ms"
            " FROM fix AS f JOIN device AS d ON d.id = f.device_id"
            " JOIN department AS p ON p.id = d.department_id WHERE p.ref = $1",
            load.department,
        )
        assert len(stored) == load.sent
        assert {(row["ref"], row["ms"]) for row in stored} == {
            (box.ref, ms) for box in load.boxes for ms in box.sent
        }
        receipts = await database.fetch(
            "SELECT d.ref, r.dealt FROM receipt AS r JOIN device AS d ON d.id = r.device_id"
            " JOIN department AS p ON p.id = d.department_id WHERE p.ref = $1",
            load.department,
        )
        assert {row["ref"]: list(Ranges.from_multirange(row["dealt"])) for row in receipts} == {
            box.ref: [(1, box.sender.seq)] for box in load.boxes
        }
        expected = {id_ for box in load.boxes for id_ in true_events(box)}
        events = await database.fetch(
            "SELECT e.* FROM event AS e JOIN department AS p ON p.id = e.department_id"
            " WHERE p.ref = $1 ORDER BY e.vehicle_id, e.not_after",
            load.department,
        )
        valid = {row["id"] for row in events if row["status"] == "valid"}
        wrong = valid ^ expected
        assert not wrong, "\n".join(
            [f"missing or extra: {wrong}"]
            + [str(dict(row)) for row in events if row["id"] in wrong]
            + [str(each) for box in load.boxes for each in events_of(box) if each[0] in wrong]
        )
        assert len(expected) > len(load.boxes), "the load crosses the border"
        # An amendment keeps its alert, so a present may inherit one that no rule asks for.
        alerts = await database.fetch(
            "SELECT a.event_id FROM alert AS a JOIN event AS e ON e.id = a.event_id"
            " JOIN department AS p ON p.id = e.department_id"
            " WHERE a.close_reason IS DISTINCT FROM 'withdrawn' AND e.kind <> 'present'"
            " AND p.ref = $1",
            load.department,
        )
        assert sorted(row["event_id"] for row in alerts) == sorted(
            id_ for id_ in expected if id_ not in first_sightings(load)
        )
    finally:
        await database.close()


def events_of(box: Box) -> list[tuple[UUID, str]]:
    """What must have happened to the vehicle, judged at one go: ids and kinds."""
    fence = f"{box.department}/square"
    square = FenceVersion(
        fence_id=1,
        ref=fence,
        department_id=1,
        version=1,
        geometry=build_shape({"geometry": SQUARE}),
        from_ms=0,
        until_ms=None,
    )
    found = crossing.step({}, columns(box.sent), FenceIndex([square]), {}).events
    vehicle = f"{box.department}/{vehicle_ref(int(box.ref.removeprefix('box')))}"
    return [(event_id(vehicle, fence, 1, event.kind, event.moment), event.kind) for event in found]


def true_events(box: Box) -> list[UUID]:
    """Their ids."""
    return [id_ for id_, _ in events_of(box)]


def first_sightings(load: Load) -> set[UUID]:
    """Ids of the events that the rule does not ask for: found inside at the first fix."""
    return {id_ for box in load.boxes for id_, kind in events_of(box) if kind == "present"}
