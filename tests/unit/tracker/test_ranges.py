"""Ranges behave as a set of whole numbers does."""

from __future__ import annotations

import itertools

import asyncpg
from asyncpg import Range
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import Database
from tracker.ranges import Ranges

#: Close together, so that ranges meet and join; and the ends of what PostgreSQL takes.
numbers = st.one_of(st.integers(-5, 60), st.integers(1, 10**18))
lists = st.lists(numbers, max_size=80)


def pairs(ranges: Ranges) -> list[tuple[int, int]]:
    return list(ranges)


@given(lists, lists)
def test_as_a_set(added: list[int], asked: list[int]) -> None:
    ranges, truth = Ranges(added), set(added)
    assert len(ranges) == len(truth)
    assert [number in ranges for number in asked + added] == [
        number in truth for number in asked + added
    ]


@given(lists)
def test_ranges_are_disjoint_ascending_and_never_touch(added: list[int]) -> None:
    found = pairs(Ranges(added))
    assert all(first <= last for first, last in found)
    ends = [number for each in found for number in each]
    assert ends == sorted(ends)
    assert all(after[0] > before[1] + 1 for before, after in itertools.pairwise(found))


@given(st.lists(st.integers(1, 60)))
def test_upto_and_beyond_are_the_whole(added: list[int]) -> None:
    ranges, truth = Ranges(added), set(added)
    upto = next(n for n in range(62) if n + 1 not in truth)
    assert ranges.upto() == upto
    beyond = {n for first, last in ranges.beyond() for n in range(first, last + 1)}
    assert beyond == {n for n in truth if n > upto}


@given(lists)
def test_the_order_of_adding_does_not_matter(added: list[int]) -> None:
    assert pairs(Ranges(added)) == pairs(Ranges(sorted(added)))


@given(lists)
def test_reads_what_the_driver_gives(added: list[int]) -> None:
    ranges = Ranges(added)
    driver = [Range(first, last + 1) for first, last in ranges]
    read = Ranges.from_multirange(driver)
    assert pairs(read) == pairs(ranges)
    read.add(61)
    assert 61 in read


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(added=lists)
async def test_postgresql_reads_it_and_gives_it_back(database: Database, added: list[int]) -> None:
    connection = await asyncpg.connect(database.dsn("milepost_ingest"))
    try:
        back = await connection.fetchval(
            "SELECT $1::text::int8multirange", Ranges(added).to_multirange()
        )
    finally:
        await connection.close()
    assert pairs(Ranges.from_multirange(back)) == pairs(Ranges(added))


@given(lists, lists, lists)
def test_a_changed_set_is_another_one(before: list[int], more: list[int], less: list[int]) -> None:
    ranges = Ranges(before)
    changed = ranges.changed(more, less)
    assert pairs(changed) == pairs(Ranges((set(before) | set(more)) - set(less)))
    assert pairs(ranges) == pairs(Ranges(before))
