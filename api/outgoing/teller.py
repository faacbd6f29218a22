"""Tells: plans what is new, and sends what is due, each subscription in a lane of its own.

A lane has one delivery on its way a vehicle and few altogether, so memory is bounded and a slow
receiver delays itself alone. One that takes nothing is tried with one delivery at a time; when it
takes that, all that waited for it is due at once.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from api.outgoing.errors import Gone, NotTaken, Refused, TryLater
from api.outgoing.settings import TellSettings
from tracker.errors import TrackerError
from tracker.outbox import Outbox, Outcome, Subscription, Telling

log = logging.getLogger(__name__)

#: Deliveries of one subscription that are on their way at a time, each of another vehicle.
AT_ONCE: Final = 16
#: Beside a delivery's own time: for what the database takes before and after.
LEASE_SPARE_S: Final = 5.0
#: What a receiver's own `Retry-After` may ask at most.
RETRY_AFTER_MOST_S: Final = 3600.0
#: So many failures in a row, and nothing else, mean that the receiver is away.
AWAY_AFTER: Final = 3
ERROR_CHARACTERS: Final = 500
GRANT_ENDED: Final = "the grant that let it be told has ended"


class Channel(Protocol):
    """A way to a receiver."""

    async def send(self, telling: Telling, subscription: Subscription) -> None:
        """Return when the receiver has it; raises NotTaken."""


@dataclass(slots=True)
class _Lane:
    """What is remembered of a subscription between its turns."""

    failures: int = 0
    resume_at_s: float = 0.0
    task: asyncio.Task[None] | None = None


class Teller:
    """Sends from one outbox over some channels, by their kind."""

    def __init__(
        self, outbox: Outbox, channels: Mapping[str, Channel], settings: TellSettings
    ) -> None:
        self._outbox = outbox
        self._channels = channels
        self._settings = settings
        self._lanes: dict[int, _Lane] = {}

    async def run(self) -> None:
        """Go on until cancelled; while the database is away nothing is lost."""
        try:
            while True:
                try:
                    await self.turn()
                except TrackerError as error:
                    log.warning("nothing is told for now: %s", error)
                await asyncio.sleep(self._settings.poll_s)
        finally:
            await self.stop()

    async def turn(self) -> None:
        """Plan what is new, and start the lanes for which something waits; raises TrackerError."""
        while await self._outbox.plan():
            pass
        found = await self._outbox.subscriptions()
        self._forget({each.id for each in found})
        for subscription in found:
            lane = self._lanes.setdefault(subscription.id, _Lane())
            if lane.task is None and time.monotonic() >= lane.resume_at_s:
                lane.task = asyncio.create_task(self._run(lane, subscription))

    async def stop(self) -> None:
        """Let go of what is on its way; it is due again when its lease ends."""
        tasks = [lane.task for lane in self._lanes.values() if lane.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _forget(self, waiting: set[int]) -> None:
        for number in [n for n, lane in self._lanes.items() if not lane.task and n not in waiting]:
            del self._lanes[number]

    async def _run(self, lane: _Lane, subscription: Subscription) -> None:
        try:
            while time.monotonic() >= lane.resume_at_s and await self._batch(lane, subscription):
                pass
        except TrackerError as error:
            log.warning("telling stops for now: %s", error)
        finally:
            lane.task = None

    async def _batch(self, lane: _Lane, subscription: Subscription) -> bool:
        """Send what is due, one a vehicle; False when nothing is."""
        limit = 1 if lane.failures else AT_ONCE
        lease_s = self._settings.timeout_s + LEASE_SPARE_S
        due = await self._outbox.claim(subscription.id, limit=limit, lease_s=lease_s)
        if not due:
            return False
        outcomes = await asyncio.gather(*(self._try(each, subscription) for each in due))
        await self._outbox.settle(subscription.id, outcomes, give_up_s=self._settings.give_up_s)
        await self._learn(lane, subscription, outcomes)
        return True

    async def _try(self, telling: Telling, subscription: Subscription) -> Outcome:
        if not telling.may_go:
            return Outcome(outbox_id=telling.outbox_id, state="dead", error=GRANT_ENDED)
        try:
            await self._channels[subscription.kind].send(telling, subscription)
        except Gone as error:
            await self._outbox.disable(subscription.id, str(error))
            return self._later(telling, error)
        except Refused as error:
            said = str(error)[:ERROR_CHARACTERS]
            return Outcome(outbox_id=telling.outbox_id, state="dead", error=said)
        except TryLater as error:
            return self._later(telling, error)
        except Exception as error:  # a fault of ours must not stop a lane for good; it is logged
            log.exception("telling %s over %s failed", telling.id, subscription.kind)
            return self._later(telling, NotTaken(f"{type(error).__name__}: {error}"))
        return Outcome(outbox_id=telling.outbox_id, state="sent")

    def _later(self, telling: Telling, error: NotTaken) -> Outcome:
        delay_s = min(
            self._settings.first_retry_s * 2.0 ** min(telling.attempts - 1, 30),
            self._settings.most_retry_s,
        )
        # Apart from each other, so that what failed together does not come together.
        delay_s *= 1 + random.random() / 4  # noqa: S311  spreads load, guards nothing
        if isinstance(error, TryLater) and error.after_s is not None:
            delay_s = max(delay_s, min(error.after_s, RETRY_AFTER_MOST_S))
        said = str(error)[:ERROR_CHARACTERS]
        return Outcome(outbox_id=telling.outbox_id, state="waiting", error=said, delay_s=delay_s)

    async def _learn(
        self, lane: _Lane, subscription: Subscription, outcomes: list[Outcome]
    ) -> None:
        """Whether the receiver is there: slow down while it is not, catch up when it is back."""
        if all(each.state == "waiting" for each in outcomes):
            lane.failures += 1
            pause_s = self._settings.first_retry_s * 2.0 ** min(lane.failures - 1, 30)
            lane.resume_at_s = time.monotonic() + min(pause_s, self._settings.probe_s)
            return
        if lane.failures >= AWAY_AFTER:
            await self._outbox.hurry(subscription.id)
        lane.failures, lane.resume_at_s = 0, 0.0
