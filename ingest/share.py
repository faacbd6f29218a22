"""Which shards a process should take, and which it should hand over. Pure.

The process with the fewest takes what is free. One with two more than another that has been there
for a while hands one over, and only when nothing is free: so the shares even out one by one, and a
process that keeps dying moves nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from tracker.leases import Lease, Look

SETTLED_S = 5.0
#: What is free for so long is taken by whoever sees it: those who should cannot.
PATIENCE_S = 6.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do now."""

    take: list[Lease]
    give: int | None = None


def plan(me: str, serving: Collection[int], look: Look) -> Plan:
    """For the process `me`, which serves those shards or is about to."""
    loads = dict.fromkeys([*look.workers, me], 0)
    for lease in look.leases:
        if lease.is_live and lease.holder is not None and lease.holder != me:
            loads[lease.holder] += 1
    loads[me] = len(serving)
    take = []
    for lease in look.leases:
        is_free = lease.shard not in serving and (not lease.is_live or lease.holder == me)
        if is_free and (loads[me] == min(loads.values()) or lease.idle_s > PATIENCE_S):
            take.append(lease)
            loads[me] += 1
    is_calm = all(lease.is_live for lease in look.leases) and not take
    return Plan(take, max(serving) if is_calm and _has_too_much(me, loads, look) else None)


def _has_too_much(me: str, loads: dict[str, int], look: Look) -> bool:
    """Of several with the most it is the first by name that hands over."""
    settled = [each for each, age_s in look.workers.items() if age_s >= SETTLED_S]
    least = min((loads[each] for each in settled), default=loads[me])
    richest = min(each for each in loads if loads[each] == max(loads.values()))
    return me == richest and loads[me] - least > 1
