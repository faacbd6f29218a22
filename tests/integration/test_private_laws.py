"""Laws of private times: whatever comes first, the fixes or the declaration, the same is stored."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import asyncpg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.conftest import Database
from tests.integration.test_commit_laws import Track, check, enrol, message, tracks, wipe
from tracker.commit import Committer
from tracker.keeping import private
from tracker.keeping.private import Keeps


class Declared(NamedTuple):
    """A private time, in seconds after the start."""

    first: int
    end: int | None
    keeps: Keeps

    def holds(self, second: int) -> bool:
        return self.first <= second and (self.end is None or second < self.end)


class Delivery(NamedTuple):
    """A track, what comes one after the other, and what of it is private."""

    track: Track
    #: Each a batch of fixes, or a declaration.
    steps: list[Track | Declared]

    @property
    def declared(self) -> list[Declared]:
        return [step for step in self.steps if isinstance(step, Declared)]

    def keeps(self, second: int) -> set[str]:
        return {each.keeps for each in self.declared if each.holds(second)}


@st.composite
def declarations(draw: st.DrawFn) -> Declared:
    first = draw(st.integers(0, 200))
    length = draw(st.none() | st.integers(1, 120))
    keeps = draw(st.sampled_from(["nothing", "presence"]))
    return Declared(first, None if length is None else first + length, keeps)  # type: ignore[arg-type]  # one of the two


@st.composite
def deliveries(draw: st.DrawFn) -> Delivery:
    track = draw(tracks)
    arrivals = draw(st.permutations(track + draw(st.lists(st.sampled_from(track), max_size=4))))
    cuts = sorted(draw(st.sets(st.integers(0, len(arrivals)), max_size=5)))
    steps: list[Track | Declared] = [
        list(arrivals[a:b]) for a, b in itertools.pairwise([0, *cuts, len(arrivals)])
    ]
    for each in draw(st.lists(declarations(), min_size=1, max_size=3)):
        steps.insert(draw(st.integers(0, len(steps))), each)
    return Delivery(track, steps)


#: All that there was becomes private: the vehicle is nowhere, and then somewhere.
ALL_GONE = Delivery(
    [(0, 0), (10, 3), (20, 4), (60, 1)],
    [[(0, 0), (10, 3), (20, 4)], Declared(0, 50, "nothing"), [(60, 1)]],
)
#: The last fix before it becomes the latest one again.
BACK = Delivery(
    [(0, 0), (10, 3), (20, 4)], [[(0, 0), (10, 3), (20, 4)], Declared(5, None, "nothing")]
)
#: A time that keeps presence becomes one that keeps nothing.
STRICTER = Delivery(
    [(0, 0), (10, 3)],
    [[(10, 3)], Declared(5, 15, "presence"), [], Declared(10, 20, "nothing"), [(0, 0)]],
)


@pytest.fixture
async def enrolled(database: Database) -> Database:
    await enrol(database)
    return database


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(delivery=deliveries())
@example(delivery=ALL_GONE)
@example(delivery=BACK)
@example(delivery=STRICTER)
async def test_fixes_and_declarations_in_any_order_leave_the_same(
    enrolled: Database, delivery: Delivery
) -> None:
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1)
    owner = await asyncpg.connect(enrolled.dsn("milepost_owner"))
    try:
        await wipe(owner)
        await owner.execute("DELETE FROM private_interval; DELETE FROM presence")
        committer = await Committer.open(enrolled.dsn("milepost_ingest"))
        for step in delivery.steps:
            if isinstance(step, Declared):
                await declare(enrolled, start, step)
            else:
                await committer.commit([message(start, point) for point in step])
        while await committer.refresh() is not None:
            pass
        await committer.close()
        await check_kept(owner, start, delivery)
    finally:
        await owner.close()


async def declare(database: Database, start: datetime, declared: Declared) -> None:
    async with database.transaction() as connection:
        await private.declare(
            connection,
            "D/V",
            since=start + timedelta(seconds=declared.first),
            until=None if declared.end is None else start + timedelta(seconds=declared.end),
            keeps=declared.keeps,
            by="test",
        )


async def check_kept(
    owner: asyncpg.Connection[asyncpg.Record], start: datetime, delivery: Delivery
) -> None:
    kept = [point for point in delivery.track if not delivery.keeps(point[0])]
    if kept:
        await check(owner, start, kept)
    else:
        for table in ("fix WHERE fixed_at > '-infinity'", "latest", "fence_state"):
            assert await owner.fetch(f"SELECT * FROM {table}") == []  # noqa: S608  our own tables
        assert await owner.fetch("SELECT * FROM event WHERE status = 'valid'") == []
    presence = await owner.fetch("SELECT fixed_at, inside FROM presence ORDER BY 1")
    # Places 2 to 6 lie in the square, the first and the last of them on its border.
    assert [(row["fixed_at"], row["inside"]) for row in presence] == [
        (start + timedelta(seconds=second), [1] if 2 <= place <= 6 else [])
        for second, place in sorted(delivery.track)
        if delivery.keeps(second) == {"presence"}
    ]
    assert await owner.fetch("SELECT * FROM private_interval WHERE applied_at IS NULL") == []
