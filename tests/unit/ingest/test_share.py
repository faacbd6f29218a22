"""Who takes which shard: laws of the plan, and a small world in which it is carried out."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from ingest.share import PATIENCE_S, SETTLED_S, plan
from tracker.leases import Lease, Look


@dataclass
class World:
    """Shards and their holders, processes and their ages."""

    holders: dict[int, str | None]
    ages_s: dict[str, float] = field(default_factory=dict)
    idle_s: float = 0.0

    def look(self) -> Look:
        return Look(
            workers=self.ages_s,
            leases=[
                Lease(shard=shard, holder=who, is_live=who in self.ages_s, idle_s=self.idle_s)
                for shard, who in self.holders.items()
            ],
        )

    def of(self, worker: str) -> set[int]:
        return {shard for shard, who in self.holders.items() if who == worker}

    def step(self, worker: str) -> bool:
        """One process carries out its plan; whether there was anything to do."""
        found = plan(worker, self.of(worker), self.look())
        for lease in found.take:
            self.holders[lease.shard] = worker
        if found.give is not None:
            self.holders[found.give] = None
        return bool(found.take) or found.give is not None


worlds = st.builds(
    lambda holders, workers: World(
        dict(enumerate(holders, start=1)), dict.fromkeys(workers, SETTLED_S)
    ),
    st.lists(st.sampled_from([None, "a", "b", "c", "dead"]), min_size=1, max_size=12),
    st.sets(st.sampled_from("abcd"), min_size=1),
)


@given(worlds)
def test_any_state_comes_to_rest_with_every_shard_served_and_even_shares(world: World) -> None:
    for _ in range(100):
        if not any([world.step(worker) for worker in sorted(world.ages_s)]):
            break
    else:
        raise AssertionError(world)
    loads = [len(world.of(worker)) for worker in world.ages_s]
    assert sum(loads) == len(world.holders)
    assert max(loads) - min(loads) <= 1


@given(worlds, st.sampled_from("abcd"))
def test_nothing_is_taken_from_one_that_lives(world: World, me: str) -> None:
    for lease in plan(me, world.of(me), world.look()).take:
        assert lease.holder not in world.ages_s


def test_a_process_that_has_just_come_gets_what_is_free_and_nothing_of_others() -> None:
    world = World({1: "a", 2: "a", 3: None}, {"a": 60.0, "b": 0.1})
    assert not world.step("a")
    assert world.step("b")
    assert world.holders == {1: "a", 2: "a", 3: "b"}
    world = World({1: "a", 2: "a"}, {"a": 60.0, "b": SETTLED_S - 0.1})
    assert not world.step("a")
    world.ages_s["b"] = SETTLED_S
    assert world.step("a")
    assert world.holders == {1: "a", 2: None}


def test_one_shard_at_a_time_is_handed_over_and_none_while_one_is_free() -> None:
    world = World({1: "a", 2: "a", 3: "a", 4: "a"}, {"a": 60.0, "b": 60.0})
    assert plan("a", world.of("a"), world.look()).give == 4
    world.holders[4] = None
    assert plan("a", world.of("a"), world.look()).give is None


def test_what_nobody_else_takes_is_taken_in_the_end() -> None:
    world = World({1: "a", 2: None}, {"a": 60.0, "stuck": 60.0}, idle_s=PATIENCE_S)
    assert not world.step("a")
    world.idle_s += 0.1
    assert world.step("a")
