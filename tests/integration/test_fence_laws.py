"""Laws R2, R27, R37, R39 and R40 through the commit, with all that the rules of doubt remember.

Tracks at a border, with accuracies, engines, speeds and silences, under rules on dwell and speed:
in any order, cut, repetition and with the process begun anew between, the valid events and their
ids are those of the sorted whole.
"""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from geo import crossing
from geo.event import Event
from geo.event_id import event_id
from geo.fences import FenceIndex, FenceVersion
from geo.fix import Fix, unix_ms
from geo.shapes import build_shape
from geo.watch import Watch, Watches
from tests.conftest import Database
from tests.integration.commit_world import FENCE, SQUARE
from tracker import backtest, past, registry
from tracker.commit import Committer
from tracker.message import Message, Reading
from tracker.registry import NewDepartment, NewDevice, NewRule, NewVehicle
from tracker.sorting import Placed

DWELL_S, LIMIT_KMH = 60.0, 40.0
#: Seconds, latitude step, accuracy, ignition, speed.
Point = tuple[int, int, float | None, bool | None, float | None]
#: In metres from the southern border, to the north.
STEPS_M = (-400.0, -60.0, -30.0, -12.0, -7.0, -3.0, 0.0, 3.0, 7.0, 12.0, 30.0, 60.0, 400.0)
points = st.tuples(
    # Three stretches with silences between, long enough for checkpoints.
    st.one_of(st.integers(0, 500), st.integers(1900, 2300), st.integers(4100, 4500)),
    st.integers(0, len(STEPS_M) - 1),
    st.sampled_from([None, 3.0, 15.0, 40.0, 700.0]),
    st.sampled_from([None, True, False]),
    st.sampled_from([None, 0.5, 10.0, 15.0]),
)
tracks = st.lists(points, min_size=1, max_size=20, unique_by=lambda point: point[0])


def fix_of(start: datetime, point: Point) -> Fix:
    second, step, accuracy_m, ignition, speed_mps = point
    return Fix(
        fixed_at=start + timedelta(seconds=second),
        lon=114.105,
        lat=22.3 + STEPS_M[step] / 110_750.0,
        accuracy_m=accuracy_m,
        ignition=ignition,
        speed_mps=speed_mps,
    )


def message(fix: Fix) -> Message:
    return Message(
        source="test",
        department_ref="D",
        device_ref="box",
        received_at=fix.fixed_at,
        readings=[Reading(fix=fix, raw=b"raw")],
    )


def truth(start: datetime, track: list[Point]) -> set[UUID]:
    """Ids of the events of the sorted whole."""
    placed = [
        past.point_of(Placed(1, 1, 1, fix.fixed_at, unix_ms(fix.fixed_at), fix))
        for fix in (fix_of(start, point) for point in sorted(track, key=lambda each: each[0]))
    ]
    version = FenceVersion(
        fence_id=1,
        ref="D/square",
        department_id=1,
        version=1,
        geometry=build_shape(SQUARE),
        from_ms=0,
        until_ms=None,
    )

    def everybody(vehicle_id: int, at_ms: int) -> bool:
        return True

    watches = Watches(
        [
            Watch(1, 1, "dwell", None, everybody, dwell_ms=round(DWELL_S * 1000)),
            Watch(2, 1, "speed", None, everybody, limit_kmh=LIMIT_KMH),
        ]
    )
    columns = past.columns([(1, placed)])
    stepped = crossing.step({}, columns, FenceIndex([version]), {}, watches)
    refs = {None: None, 1: "D/long", 2: "D/fast"}

    def id_of(event: Event) -> UUID:
        rule = refs[event.rule_id]
        return event_id("D/V", "D/square", 1, event.kind, event.moment, rule)

    return {id_of(event) for event in stepped.events}


async def enrol(database: Database) -> None:
    """A vehicle, the fence, and rules on dwell and speed."""
    async with database.transaction() as connection:
        for thing in (
            NewDepartment(ref="D"),
            NewVehicle(ref="V", department="D"),
            NewDevice(ref="box", department="D", vehicle="V"),
            FENCE,
            NewRule(ref="long", department="D", on=["dwell"], dwell_s=DWELL_S),
            NewRule(ref="fast", department="D", on=["speed"], limit_kmh=LIMIT_KMH),
        ):
            await registry.add(thing, connection)


@pytest.fixture
async def enrolled(database: Database) -> Database:
    await enrol(database)
    return database


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(track=tracks, seed=st.integers(0, 1_000_000))
@example(
    # A fix that the fence does not use, where a checkpoint would be: the crossing lies before it.
    track=[
        (4352, 12, 700.0, False, 10.0),
        (0, 3, 700.0, False, 15.0),
        (6, 3, None, None, 0.5),
        (4366, 12, 40.0, False, 15.0),
        (4, 12, 3.0, True, 15.0),
        (4102, 7, 700.0, False, 15.0),
        (4103, 9, 40.0, False, 15.0),
    ],
    seed=201,
)
@example(
    # A dwell is over before the fix that shows the visit's beginning, on a way of two minutes.
    track=[
        (2021, 12, None, None, None),
        (0, 0, None, None, None),
        (1900, 0, None, None, None),
    ],
    seed=13,
)
async def test_any_order_cut_and_repetition_give_the_sorted_run(
    enrolled: Database, track: list[Point], seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311  drawn by hypothesis, no secret
    arrivals = chance.sample(track * 2, len(track) * 2)
    cuts = sorted(chance.sample(range(len(arrivals) + 1), min(4, len(arrivals))))
    # Later than the fence and the rules; the clock does not come so far.
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1)
    owner = await asyncpg.connect(enrolled.dsn("milepost_owner"))
    try:
        await wipe(owner)
        committer = await Committer.open(enrolled.dsn("milepost_ingest"))
        try:
            for low, high in itertools.pairwise([0, *cuts, len(arrivals)]):
                batch = [message(fix_of(start, point)) for point in arrivals[low:high]]
                await committer.commit(batch)
                if chance.random() < 0.3:
                    await committer.reload()
        finally:
            await committer.close()
        rows = await owner.fetch(
            "SELECT id, kind, fence_id, at, rule_id FROM event WHERE status = 'valid'"
        )
        assert {row["id"] for row in rows} == truth(start, track)
        await check_backtest(enrolled, rows, start, chance)
        sides = [row["kind"] for row in sorted(rows, key=lambda r: (r["at"], r["kind"] != "exit"))]
        changes = [kind == "exit" for kind in sides if kind in ("enter", "present", "exit")]
        assert changes == [bool(n % 2) for n in range(len(changes))]
    finally:
        await owner.close()


async def test_a_checkpoint_that_a_late_fix_disproved_is_gone(enrolled: Database) -> None:
    """Inside at 0 and at 2000: one visit. Outside between them: two, and the dwell is another."""
    inside, outside = len(STEPS_M) - 1, 0
    arrivals: list[list[Point]] = [
        [(0, inside, 3.0, None, None)],
        [(2000, inside, 3.0, None, None)],
        [(2100, inside, 3.0, None, None)],
        [(1000, outside, 3.0, None, None)],
        [(2050, inside, 3.0, None, None)],
    ]
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1)
    owner = await asyncpg.connect(enrolled.dsn("milepost_owner"))
    try:
        committer = await Committer.open(enrolled.dsn("milepost_ingest"))
        for batch in arrivals:
            await committer.commit([message(fix_of(start, point)) for point in batch])
            if batch[0][0] == 2000:
                assert await owner.fetchval("SELECT count(*) FROM checkpoint") == 1
        await committer.close()
        rows = await owner.fetch("SELECT id FROM event WHERE status = 'valid'")
        assert {row["id"] for row in rows} == truth(start, list(itertools.chain(*arrivals)))
    finally:
        await owner.close()


async def check_backtest(
    database: Database, stored: list[asyncpg.Record], start: datetime, chance: random.Random
) -> None:
    """A backtest of a part of the time tells what was told of it, whatever it begins at.

    Of the fence as it was by id; of the same shape as if it were not saved by kind and time.
    """
    since = start + timedelta(seconds=chance.choice([-10, 300, 1800, 2100, 4050, 4200]))
    until = since + timedelta(seconds=chance.choice([100, 400, 2500, 6000]))
    is_saved = chance.random() < 0.5
    fence = "square" if is_saved else {"ref": "square", **SQUARE}
    asked = backtest.Asked.model_validate(
        {"department": "D", "subject": {"fence": fence}, "from": since, "to": until}
    )
    async with backtest.in_scope(database.dsn("milepost_api"), "D") as reading:
        [side] = (await backtest.answer(reading, asked)).sides
    within = [row for row in stored if since <= row["at"] < until]
    if is_saved:
        assert {each["id"] for each in side.events} == {str(row["id"]) for row in within}
    kinds = sorted((row["at"], row["kind"], row["rule_id"] is None) for row in within)
    assert sorted((e["at"], e["kind"], e["rule"] is None) for e in side.events) == kinds


async def wipe(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    await connection.execute(
        "DELETE FROM alert_change; DELETE FROM alert_event; DELETE FROM alert;"
        " DELETE FROM event; DELETE FROM outbox; DELETE FROM fix;"
        " DELETE FROM latest; DELETE FROM fence_state; DELETE FROM checkpoint; DELETE FROM reject"
    )
