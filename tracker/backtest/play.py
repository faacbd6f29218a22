"""Going over stored fixes in the order of their time with a world's fences and rules. Reads only.

Vehicle by vehicle the fixes of the window are stepped through, and those behind it until nothing
that they tell can lie within it any more. Memory is a bounded number of fixes, and the events.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from geo import crossing
from geo.crossing import StepResult, VehicleState
from geo.event import Event, Key
from geo.fix import FixBatch, from_unix_ms, unix_ms
from geo.limits import DEFAULT_LIMITS
from tracker.backtest.begin import begins
from tracker.backtest.fixes import read_next
from tracker.backtest.world import World
from tracker.past import FOREVER
from tracker.told import Told, told_of

if TYPE_CHECKING:
    from tracker.connect import Connection

#: Vehicles that are gone through together, and fixes of each that are read at once.
VEHICLES: Final = 50
FIXES: Final = 2000
#: Behind a window first so many, for most are settled soon.
FIXES_BEHIND: Final = 50


class Reading(Protocol):
    """Opens a short transaction that sees what the caller may see."""

    def __call__(self) -> AbstractAsyncContextManager[Connection]:
        """A transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Events of since <= at < until are told; the database's clock stands at `now`."""

    since: datetime
    until: datetime
    now: datetime


async def play(
    reading: Reading, world: World, span: Span
) -> AsyncIterator[tuple[Sequence[int], list[Told]]]:
    """By and by, so many vehicles and what would have been told of them, in its order."""
    ids = world.vehicle_ids
    for low in range(0, len(ids), VEHICLES):
        some = ids[low : low + VEHICLES]
        yield some, await _Going(reading, world, span).over(some)


class _Going:
    """Some vehicles, gone through together."""

    def __init__(self, reading: Reading, world: World, span: Span) -> None:
        self._reading = reading
        self._world = world
        self._span = span
        self._states: dict[int, VehicleState] = {}
        #: The last fix of each that was read.
        self._last: dict[int, datetime] = {}
        self._events: dict[Key, Event] = {}

    async def over(self, vehicle_ids: Sequence[int]) -> list[Told]:
        """What would have been told of them."""
        async with self._reading() as connection:
            found = await begins(connection, self._world, vehicle_ids, self._span.since)
        self._last = {vehicle: begin.after for vehicle, begin in found.items()}
        self._states = {v: begin.state for v, begin in found.items() if begin.state is not None}
        going: Iterable[int] = vehicle_ids
        while going := await self._read_on(going, self._span.until, FIXES):
            pass
        ended = await self._settle(vehicle_ids)
        await asyncio.to_thread(self._let_time_pass, ended)
        told = sorted(self._events.values(), key=lambda event: event.order)
        first_ms, until_ms = unix_ms(self._span.since), unix_ms(self._span.until)
        within = [event for event in told if first_ms <= event.at_ms < until_ms]
        return told_of(within, self._world.directory)

    async def _settle(self, vehicle_ids: Sequence[int]) -> list[int]:
        """Go on behind the window; returns the vehicles of which there is no more."""
        going, ended, most = set(vehicle_ids), [], FIXES_BEHIND
        while going:
            more = set(await self._read_on(sorted(going), FOREVER, most))
            ended += sorted(going - more)
            going = {vehicle for vehicle in more if not self._is_settled(vehicle)}
            most = min(most * 4, FIXES)
        return ended

    def _is_settled(self, vehicle_id: int) -> bool:
        state = self._states.get(vehicle_id)
        limits = self._world.directory.limits.get(vehicle_id, DEFAULT_LIMITS)
        return (
            state is not None
            and state.fixed_ms >= unix_ms(self._span.until)
            and state.is_settled(limits.gap_ms)
        )

    async def _read_on(self, going: Iterable[int], until: datetime, most: int) -> list[int]:
        """So many fixes more of each; returns the vehicles that may have more still."""
        after = {vehicle: self._last[vehicle] for vehicle in going}
        async with self._reading() as connection:
            batch = await read_next(connection, after, until, most)
        if not len(batch):
            return []
        counts = await asyncio.to_thread(self._step, batch)
        return [vehicle for vehicle, count in counts.items() if count == most]

    def _step(self, batch: FixBatch) -> dict[int, int]:
        directory = self._world.directory
        watched = (directory.fences, directory.limits, directory.watches)
        self._adopt(crossing.step(self._states, batch, *watched))
        ids, counts = np.unique(batch.vehicle_id, return_counts=True)
        order = np.lexsort((batch.fixed_ms, batch.vehicle_id))
        last = np.searchsorted(batch.vehicle_id[order], ids, "right") - 1
        last_ms = batch.fixed_ms[order][last]
        for vehicle, ms in zip(ids.tolist(), last_ms.tolist(), strict=True):
            self._last[vehicle] = from_unix_ms(ms)
        return dict(zip(ids.tolist(), counts.tolist(), strict=True))

    def _let_time_pass(self, vehicle_ids: Sequence[int]) -> None:
        """What was due since the last fixes of all."""
        directory = self._world.directory
        states = {v: self._states[v] for v in vehicle_ids if v in self._states}
        watched = (directory.limits, directory.watches)
        now_ms = unix_ms(self._span.now)
        self._adopt(crossing.rejudge(states, directory.fences, now_ms, *watched))

    def _adopt(self, stepped: StepResult) -> None:
        self._states.update(stepped.states)
        for event in (*stepped.events, *stepped.restated):
            self._events[event.key] = event
        for event in stepped.withdrawn:
            self._events.pop(event.key, None)
