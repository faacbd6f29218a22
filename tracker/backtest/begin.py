"""Where a vehicle's past begins to matter: the stored state before a window that a world holds in.

Fences that were there are in the states as they were. Of others nothing is stored; but where a
settled vehicle was far from them, it had no visit there, and nothing of before can matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

import shapely

from geo.borders import WIDEST_BAND_M
from geo.crossing import VehicleState, renewed
from geo.distance import FULL_TURN_DEG, HALF_TURN_DEG, degree_lengths_m
from tracker import sql
from tracker.backtest.world import LEAD, SPEED_LEAD, World
from tracker.memories import from_checkpoint
from tracker.past import ALWAYS

if TYPE_CHECKING:
    import asyncpg

    from tracker.connect import Connection

#: Checkpoints of a vehicle that are read at once: first the last, then of a day, then of a month.
PAGES: Final = (1, 48, 1500)
#: A place this far from a shape is beyond its band, whatever rounding does.
FAR_M: Final = 2 * WIDEST_BAND_M
#: So near to 180 degrees or a pole nothing is called far.
EDGE_DEG: Final = 0.1


class Begin(NamedTuple):
    """A vehicle's fixes after a time, on from a state; None: from nothing."""

    after: datetime
    state: VehicleState | None


async def begins(
    connection: Connection, world: World, vehicle_ids: Sequence[int], before: datetime
) -> dict[int, Begin]:
    """For each vehicle where to begin, so that all from `before` on is as it would have been."""
    search = _Search(world, before)
    found: dict[int, Begin] = {}
    for page in PAGES:
        left = [vehicle for vehicle in vehicle_ids if vehicle not in found]
        if not left:
            break
        rows = await connection.fetch(
            sql.text("checkpoints_before"), left, [before] * len(left), page
        )
        seen = {vehicle: list(its) for vehicle, its in groupby(rows, lambda row: row[0])}
        for vehicle in left:
            of_it = list(seen.get(vehicle, ()))
            begin = search.among(of_it, is_last=page == PAGES[-1], is_all=len(of_it) < page)
            if begin is not None:
                found[vehicle] = begin
    return found


@dataclass(frozen=True, slots=True)
class _Search:
    world: World
    before: datetime

    @property
    def reach(self) -> timedelta:
        """How far back it looks for one that is better than the last."""
        if not self.world.is_as_it_was:
            return LEAD
        return SPEED_LEAD if self.world.looks_at_speed else timedelta(0)

    def among(self, rows: Sequence[asyncpg.Record], *, is_last: bool, is_all: bool) -> Begin | None:
        """The begin that these checkpoints, the newest first, tell; None: ask for more."""
        earliest = self.before - self.reach
        for row in rows:
            state = self._kept(from_checkpoint(row["state"], self.world.directory.watches))
            if self._holds(state):
                return Begin(row["fixed_at"], state)
            if row["fixed_at"] <= earliest or (is_last and not is_all and row is rows[-1]):
                return self._as_far_as(row["fixed_at"], state)
        return Begin(ALWAYS, None) if is_all else None

    def _as_far_as(self, fixed_at: datetime, state: VehicleState) -> Begin:
        """Far enough: visits of before are taken as they are, or begin with that fix."""
        if self.world.is_as_it_was:
            return Begin(fixed_at, state)
        return Begin(fixed_at - timedelta(milliseconds=1), None)

    def _kept(self, state: VehicleState) -> VehicleState:
        """Without the visits of fences that are not asked for, or were not as they are now."""
        ids = self.world.directory.fences.ids if self.world.is_as_it_was else frozenset()
        visits = {f: visit for f, visit in state.memory.visits.items() if f in ids}
        memory = state.memory._replace(visits=visits)
        return renewed(state._replace(memory=memory), self.world.directory.watches)

    def _holds(self, state: VehicleState) -> bool:
        """Whether all that mattered before it is in it."""
        if self.world.is_as_it_was:
            return not (self.world.looks_at_speed and state.inside)
        return state.error_m <= WIDEST_BAND_M and self._is_far(state)

    def _is_far(self, state: VehicleState) -> bool:
        _, lon, lat, _ = state.seen
        if HALF_TURN_DEG - abs(lon) < EDGE_DEG or abs(lat) > HALF_TURN_DEG / 2 - EDGE_DEG:
            return False
        reach_deg = FAR_M / float(min(degree_lengths_m(abs(lat))))
        # An area across the antimeridian runs on beyond 180 degrees.
        places = shapely.points([lon, lon + FULL_TURN_DEG], [lat, lat])
        return not any(
            shapely.dwithin(shape, places, reach_deg).any() for shape in self.world.shapes
        )
