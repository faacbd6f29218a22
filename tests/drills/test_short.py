"""The drills of scripts/drill in their short forms: the same code, small numbers."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.drills import stage
from tests.drills.backlog import DAY_MS, WITHIN_S, backlog
from tests.drills.clock import clock
from tests.drills.database_away import apart, database_away
from tests.drills.disk_full import disk_full, small_disk
from tests.drills.fleet import Plan
from tests.drills.partition import divided, partition
from tests.drills.poison import poison
from tests.drills.reconnect import reconnect
from tests.drills.slow_commit import slow_commit
from tests.drills.slow_consumer import slow_consumer
from tests.drills.stage import Outcome
from tests.integration.service import Service, served

BOXES = 20
#: Each drill has devices of its own.
FIRST = iter(range(1, 1000, BOXES))
#: Longer than any short form: the drill ends its fleet.
STEADY = {"count": BOXES, "fixes": 3000, "step_ms": 200}


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """One for all that leave it as they found it."""
    with stage.service_with(10 * BOXES) as running:
        yield running


def check(outcome: Outcome) -> None:
    """All conditions hold."""
    assert outcome.passes, str(outcome)


def test_a_held_lock(service: Service) -> None:
    check(slow_commit(service, Plan(first=next(FIRST), **STEADY), seconds=3))


def test_ingest_stands_still(service: Service) -> None:
    check(slow_consumer(service, Plan(first=next(FIRST), **STEADY), seconds=5))


def test_poison(service: Service) -> None:
    sizes = {"count": BOXES, "fixes": 40, "step_ms": 200}
    clean = Plan(first=next(FIRST), **sizes)
    check(
        poison(service, clean, Plan(first=next(FIRST), bad_permille=50, noise_permille=50, **sizes))
    )


def test_wrong_clocks(service: Service) -> None:
    check(clock(service, Plan(first=next(FIRST), count=BOXES, fixes=40, step_ms=200, skew=1)))


@pytest.mark.parametrize("order", [{"newest_first": 0}, {"newest_first": 1}])
def test_a_backlog_beside_live_ones(service: Service, order: dict[str, int]) -> None:
    live = Plan(first=next(FIRST), count=BOXES, fixes=600, step_ms=1000)
    old = Plan(
        first=next(FIRST),
        count=BOXES,
        fixes=430,
        epochs=100,
        step_ms=10_000,
        base_ms=stage.now_ms() - DAY_MS,
        rate=1000,
        **order,
    )
    check(backlog(service, live, old, WITHIN_S, p99_limit_ms=10_000))


def test_a_herd_comes_back(service: Service) -> None:
    check(reconnect(service, count=500, jitter_s=1.0))


def test_the_database_is_away() -> None:
    with apart(BOXES) as world:
        check(database_away(world, Plan(**STEADY), seconds=3))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_the_disk_is_full() -> None:
    with (
        stage.data_with(BOXES) as data,
        small_disk(data, 200) as ballast,
        served(data) as running,
    ):
        check(disk_full(running, ballast, Plan(**STEADY), seconds=3))


def test_the_ways_to_both_servers_are_cut() -> None:
    with divided(BOXES) as world:
        check(partition(world, Plan(**STEADY), seconds=3))
