"""Long stretches of the past are gone over behind what is live, and come out as if sorted."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from tests.conftest import Database
from tests.integration.test_fence_laws import Point, enrol, fix_of, message, truth
from tracker import behind, past_work
from tracker.commit import Committer
from tracker.message import Message

INSIDE, OUTSIDE = 12, 0


@dataclass
class World:
    database: Database
    owner: asyncpg.Connection[asyncpg.Record]
    start: datetime

    async def committer(self) -> Committer:
        return await Committer.open(self.database.dsn("milepost_ingest"))

    def messages(self, track: list[Point]) -> list[Message]:
        return [message(fix_of(self.start, point)) for point in track]

    async def events(self) -> set[UUID]:
        rows = await self.owner.fetch("SELECT id FROM event WHERE status = 'valid'")
        return {row["id"] for row in rows}

    async def waits(self) -> int:
        found: int = await self.owner.fetchval("SELECT count(*) FROM past_work")
        return found


@pytest.fixture
async def world(database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr(past_work, "AT_ONCE", 20)
    monkeypatch.setattr(behind, "PORTION", 30)
    monkeypatch.setattr(behind, "SOME_MORE", 5)
    await enrol(database)
    owner = await asyncpg.connect(database.dsn("milepost_owner"))
    # Later than the fence and the rules; the clock does not come so far.
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1)
    yield World(database, owner, start)
    await owner.close()


def wandering(seed: int, seconds: range) -> list[Point]:
    """In and out of the fence, with all that makes doubt."""
    chance = random.Random(seed)  # noqa: S311  a test's own, no secret
    return [
        (
            second,
            chance.choice((OUTSIDE, 3, 6, 9, INSIDE)),
            chance.choice((None, 3.0, 15.0, 40.0, 700.0)),
            chance.choice((None, True, False)),
            chance.choice((None, 0.5, 10.0, 15.0)),
        )
        for second in seconds
        if second % 400 > 60 or second % 7 == 0
    ]


async def finish(committer: Committer) -> int:
    portions = 0
    while await committer.go_over_past() is not None:
        portions += 1
    return portions


async def test_a_backlog_waits_and_comes_out_as_the_sorted_whole(world: World) -> None:
    track = wandering(1, range(0, 9000, 20))
    live = [point for point in track if point[0] >= 8800]
    backlog = [point for point in track if point[0] < 8800]
    committer = await world.committer()
    try:
        await committer.commit(world.messages(live))
        before = await world.events()
        stored = await committer.commit(world.messages(backlog))
        assert (stored.stored, stored.late) == (len(backlog), len(backlog))
        # Durable and not judged yet; what is live goes on.
        assert await world.events() == before
        assert (await world.waits(), committer.waiting) == (1, 1)
        assert await finish(committer) > 5
        assert await world.events() == truth(world.start, track)
        assert await world.waits() == 0
    finally:
        await committer.close()


async def test_what_is_too_much_for_one_commit_waits_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past_work, "AT_ONCE_IN_ALL", 5)
    track = wandering(1, range(0, 240, 20))
    committer = await world.committer()
    try:
        await committer.commit(world.messages(track[-1:]))
        await committer.commit(world.messages(track[:-1]))
        assert await world.waits() == 1
        await finish(committer)
        assert await world.events() == truth(world.start, track)
    finally:
        await committer.close()


@pytest.mark.parametrize("seed", range(4))
async def test_any_order_with_portions_and_kills_between(world: World, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  a test's own, no secret
    track = wandering(seed, range(0, 7000, 25))
    arrivals = chance.sample(track * 2, len(track) * 2)
    committer = await world.committer()
    try:
        while arrivals:
            some = chance.randint(1, 120)
            await committer.commit(world.messages(arrivals[:some]))
            arrivals = arrivals[some:]
            for _ in range(chance.randint(0, 2)):
                await committer.go_over_past()
            if chance.random() < 0.3:
                committer.abandon()
                committer = await world.committer()
        await finish(committer)
        assert await world.events() == truth(world.start, track)
        # And what is kept for later leads on: one more late fix, judged at once or not.
        more: list[Point] = [(3501, OUTSIDE, 3.0, None, None)]
        await committer.commit(world.messages(more))
        await finish(committer)
        assert await world.events() == truth(world.start, track + more)
    finally:
        await committer.close()


async def test_another_process_that_took_the_shard_is_not_disturbed(world: World) -> None:
    track = wandering(2, range(0, 4000, 20))
    committer = await world.committer()
    await committer.commit(world.messages(track[-1:]))
    await committer.commit(world.messages(track[:-1]))
    other = await world.committer()
    try:
        with pytest.raises(Exception, match="Another ingest process"):
            await committer.go_over_past()
        assert await world.waits() == 1
        await finish(other)
        assert await world.events() == truth(world.start, track)
    finally:
        committer.abandon()
        await other.close()
