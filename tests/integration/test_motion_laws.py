"""Any order, batching and repetition of a vehicle's fixes, with the worker at work between.

They give the tracks, trips, stops, gaps, days and odometer of one computation over the whole.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from geo.limits import DEFAULT_GAP_MS
from tests.conftest import Database
from tests.integration.motion_world import MotionWorld, Seen, as_rows, motion_world, told, truth

#: What a vehicle does, how long in seconds, and how often it reports.
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["stand", "go", "crawl", "silence", "jump"]),
        st.sampled_from([60, 310, 900, 3700]),
        st.sampled_from([20, 60, 200]),
    ),
    min_size=1,
    max_size=7,
)
SPEEDS_MPS = {"stand": 0.0, "go": 12.0, "crawl": 0.8, "silence": 15.0, "jump": 0.0}
DEGREE_M = 102_000.0
#: A minute apart, three kilometres on.
STANDS = [Seen(second, 114.13, 22.3, 0.0, False) for second in range(260, 1_160, 60)]


def driven(steps: list[tuple[str, int, int]]) -> list[Seen]:
    """Fixes of a vehicle that does this; speeds and ignition are known in some steps only."""
    fixes: list[Seen] = []
    second, lon = 0, 114.1
    for number, (what, lasts_s, every_s) in enumerate(steps):
        speed_mps = SPEEDS_MPS[what]
        ignition = (True, None, False)[number % 3]
        for _ in range(max(lasts_s // every_s, 1)):
            jumped = 0.9 if what == "jump" else 0.0
            told_mps = None if number % 4 == 3 else speed_mps
            if what != "silence":
                fixes.append(Seen(second, lon + jumped, 22.3, told_mps, ignition))
            second += every_s
            lon += speed_mps * every_s / DEGREE_M
            if what == "jump":
                break
    return fixes


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[list[Seen]], list[bool]]:
    """Batches of a shuffled track with some of it twice, and behind which the worker runs."""
    track = driven(draw(STEPS))
    again = draw(st.lists(st.sampled_from(track), max_size=4)) if track else []
    late = draw(st.sets(st.sampled_from(track), max_size=6)) if track else set()
    arrivals = [seen for seen in track if seen not in late] + again + sorted(late)
    if draw(st.booleans()):
        arrivals = list(draw(st.permutations(arrivals)))
    cuts = sorted(draw(st.sets(st.integers(0, len(arrivals)), max_size=5)))
    batches = [arrivals[a:b] for a, b in itertools.pairwise([0, *cuts, len(arrivals)])]
    return batches, [draw(st.booleans()) for _ in batches]


@pytest.fixture
async def world(database: Database) -> AsyncIterator[MotionWorld]:
    async with motion_world(database) as made:
        yield made


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(delivery=deliveries(), fixes_a_slice=st.sampled_from([7, 40, 12_000]))
@example(  # What closes the first gap comes late, and less than the rest is gone over at once.
    delivery=([STANDS[1:], [Seen(0, 114.1, 22.3, 0.0, True)], STANDS[:1]], [False, True, False]),
    fixes_a_slice=7,
)
async def test_order_batching_and_repetition_change_nothing(
    world: MotionWorld, delivery: tuple[list[list[Seen]], list[bool]], fixes_a_slice: int
) -> None:
    await world.wipe()
    job = world.job(fixes_a_slice)
    async with world.committer() as committer:
        for batch, works in zip(*delivery, strict=True):
            await committer.commit([world.message(seen) for seen in batch])
            if works:
                await job.drain()
    await job.drain()

    fixes = await world.fixes()
    stored = await world.stored()
    assert told(stored) == as_rows(truth(fixes, DEFAULT_GAP_MS))
    for row in stored["track_chunk"]:
        inside = (fixes.fixed_ms >= row["started_at"].timestamp() * 1000) & (
            fixes.fixed_ms <= row["ended_at"].timestamp() * 1000
        )
        assert row["way"].count(",") == inside.sum() - 1
    assert await world.owner.fetchval("SELECT count(*) FROM past_change") == 0
