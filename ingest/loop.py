"""The way of bytes: sources → decoding → batches → one commit each → acknowledgement.

Each stage holds a bounded amount. When the database is away the commit waits and nothing behind it
moves: the broker keeps what was not acknowledged.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

from ingest.acks import Acks
from ingest.arrival import Arrival, Awaited, Source
from ingest.broker_log import BrokerLog
from ingest.clock import Clock
from ingest.decoding import Rollover, Work
from ingest.gateway import AllDecoding
from ingest.lanes import Lanes
from ingest.sources.mqtt import MqttSource
from tracker.commit import Committer
from tracker.committed import Committed
from tracker.errors import DatabaseUnreachable, Unstorable
from tracker.message import Message, Refusal

log = logging.getLogger(__name__)

BATCH_MESSAGES = 2000
BATCH_FIXES = 2000
BACKLOG_FIXES = 250  # of these, that go to the backlog however much live traffic there is
SLICE_MESSAGES = 100  # decoded at one go: some milliseconds
BATCH_WAIT_S = 0.05  # how long the first message of a batch waits for more
IDLE_S = 0.25  # how often fences, rules and timers are looked at when nothing arrives
HEARS_AFTER_S = 10.0  # what the broker kept meanwhile comes first
RETRY_FIRST_S, RETRY_LAST_S = 0.1, 2.0
FINISH_WITHIN_S = 5.0  # for the last commit at a stop


@dataclass(slots=True)
class Counts:
    """What this process did since its start, for its health."""

    accepted: int = 0
    late: int = 0
    implausible: int = 0
    suppressed: int = 0
    repeated: int = 0
    acknowledged: int = 0
    events: int = 0
    alerts: int = 0
    commits: int = 0
    commit_seconds: float = 0.0
    #: Portions of the past that were gone over behind the commits.
    past_portions: int = 0
    #: Age of the oldest arrival in the last commit, seconds.
    commit_lag_s: float = 0.0
    #: Since when the database has not answered; None when it does.
    database_away_since: str | None = None
    rejected: Counter[str] = field(default_factory=Counter)
    #: Reports by AIS that made no fix, by (source, what).
    ais: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, committed: Committed) -> None:
        """Count one commit."""
        self.accepted += committed.stored
        self.late += committed.late
        self.implausible += committed.implausible
        self.suppressed += committed.suppressed
        self.repeated += committed.repeated
        self.events += committed.events
        self.alerts += committed.alerts
        self.commits += 1
        self.rejected.update(committed.refused)
        self.ais.update(committed.ais)

    def add_past(self, committed: Committed) -> None:
        """Count a portion of the past that was gone over behind the commits."""
        self.implausible += committed.implausible
        self.events += committed.events
        self.alerts += committed.alerts
        self.past_portions += 1


class Ingest:
    """One process's ingest of one shard."""

    def __init__(self, committer: Committer, sources: Sequence[Source], clock: Clock) -> None:
        self._committer = committer
        self._sources = sources
        self._clock = clock
        self._mqtt = next((each for each in sources if isinstance(each, MqttSource)), None)
        self._acks = Acks(self._publish)
        self._decoding = AllDecoding(self._rollover_of, committer.has_dealt)
        self._lanes = Lanes()
        self._batches: asyncio.Queue[list[tuple[Source, Work]]] = asyncio.Queue(1)
        #: Decoded, and not handed to the writer yet.
        self._ready: list[tuple[Source, Work]] = []
        self._ready_fixes = 0
        #: The registry as of the last commit that went well.
        self._directory = committer.directory
        self._by_name = {source.name: source for source in sources}
        self.counts = Counts()
        #: Since when (monotonic) the commit at hand has been tried; None between commits.
        self._commit_since_s: float | None = None
        #: When the broker was last away (monotonic), or we began to read.
        self._deaf_at_s = time.monotonic()
        #: Of the private broker, where there is one.
        self.broker_log: BrokerLog | None = None

    def _publish(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """To every broker of the contract: nobody knows on which one a device listens."""
        said = list(messages)
        for source in self._sources:
            if isinstance(source, MqttSource):
                source.publish(said)

    async def ready(self) -> None:
        """Wait until every message that is published from now on will be read."""
        if self._mqtt is not None:
            await self._mqtt.subscribed.wait()

    async def run(self) -> None:
        """Until cancelled; then what is read already is committed and acknowledged."""
        async with AsyncExitStack() as stack:
            for source in self._sources:
                await stack.enter_async_context(source)
            readers = [asyncio.create_task(self._read(source)) for source in self._sources]
            batcher = asyncio.create_task(self._batch())
            writer = asyncio.create_task(self._write())
            reporter = asyncio.create_task(self._report())
            tasks = (*readers, batcher, writer, reporter)
            try:
                # Not gather, which hands a cancellation on to the writer in the middle of a commit.
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
                for task in done:
                    task.result()
            finally:
                await _end(*readers, batcher, reporter)
                await self._finish(writer)

    async def _read(self, source: Source) -> None:
        async for burst in source.arrivals():
            await self._lanes.put(source, burst)
        log.info("%s has been read to its end", source.name)

    async def _batch(self) -> None:
        while True:
            await self._gather()
            await self._batches.put(self._ready)
            self._ready, self._ready_fixes = [], 0

    async def _gather(self) -> None:
        """Work for one commit: the first that comes, and what comes within a moment of it."""
        deadline_s, has_begun = time.monotonic() + IDLE_S, False
        while await self._fill():
            if self._ready and not has_begun:
                deadline_s, has_begun = time.monotonic() + BATCH_WAIT_S, True
            try:
                async with asyncio.timeout(max(deadline_s - time.monotonic(), 0)):
                    await self._lanes.wait()
            except TimeoutError:
                break
        self._add(self._decoding.expire(self._clock.now()))

    async def _fill(self) -> bool:
        """Decode what waits, live first; False when that is enough for one commit.

        A slice at a time: the commit before this one goes on between two of them.
        """
        while True:
            kept_fixes = BACKLOG_FIXES if self._lanes.backlog else 0
            for _ in range(SLICE_MESSAGES):
                has_live_room = self._has_room(BATCH_FIXES - kept_fixes)
                next_ = self._lanes.take_live() if has_live_room else None
                if next_ is None and self._has_room(BATCH_FIXES):
                    next_ = self._lanes.take_backlog()
                if next_ is None:
                    return has_live_room
                self._decode(*next_)
            await asyncio.sleep(0)

    def _has_room(self, fixes: int) -> bool:
        return self._ready_fixes < fixes and len(self._ready) < BATCH_MESSAGES

    def _decode(self, source: Source, arrival: Arrival) -> None:
        self._add(self._decoding.decode(arrival.origin or source.name, arrival), source)

    def _add(self, those: Sequence[Work], source: Source | None = None) -> None:
        for work in those:
            self._ready.append((source or self._by_name[work.source], work))
            self._ready_fixes += len(work.readings)

    async def _write(self) -> None:
        while True:
            batch = await self._batches.get()
            await self._commit_all(batch)
            self._batches.task_done()
            await self._go_over_past()

    async def _go_over_past(self) -> None:
        """Behind each commit a portion of what commits left for later; more while nothing waits."""
        try:
            while (committed := await self._committer.go_over_past()) is not None:
                self.counts.add_past(committed)
                if not self._batches.empty():
                    return
        except DatabaseUnreachable as error:
            log.warning("the past is gone over later: %s", error)

    async def _commit_all(self, batch: Sequence[tuple[Source, Work]]) -> None:
        messages = [work.message() for _, work in batch]
        started_s = time.monotonic()
        if not any(_says_something(each) for each in messages):
            await self._patiently([])
        else:
            await self._commit_apart(messages)
            self.counts.commit_seconds += time.monotonic() - started_s
            now = self._clock.now()
            live = [work.arrival for _, work in batch if _came_now(work)]
            oldest = min((each.received_at for each in live), default=now)
            self.counts.commit_lag_s = (now - oldest).total_seconds()
        self._acknowledge(batch)

    async def _commit_apart(self, messages: Sequence[Message]) -> None:
        """Commit; when one of them cannot be stored find it by halving, and keep it as a reject."""
        try:
            await self._patiently(messages)
        except Unstorable as error:
            if len(messages) > 1:
                middle = len(messages) // 2
                await self._commit_apart(messages[:middle])
                await self._commit_apart(messages[middle:])
                return
            log.error("a message cannot be stored and is kept as a reject: %s", error)
            await self._patiently([_refused_whole(messages[0])])

    async def _patiently(self, messages: Sequence[Message]) -> None:
        """Commit, however long the database is away; nothing is acknowledged meanwhile."""
        wait_s = RETRY_FIRST_S
        self._commit_since_s = time.monotonic()
        while True:
            try:
                self._committer.hears = self._hears()
                commit = self._committer.commit(messages) if messages else self._committer.refresh()
                committed = await commit
                break
            except DatabaseUnreachable as error:
                if self.counts.database_away_since is None:
                    self.counts.database_away_since = self._clock.now().isoformat()
                    log.error("nothing is acknowledged until this is over: %s", error)
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, RETRY_LAST_S)
        self._commit_since_s = None
        if self.counts.database_away_since is not None:
            log.info("the database is back")
            self.counts.database_away_since = None
        if committed is not None:
            self._directory = self._committer.directory
            self._clock.tell(committed.now)
            self.counts.add(committed)
            self._acks.durable(committed.receipts)
            for reject in committed.rejects:
                if isinstance(reject.message.handle, Awaited):
                    reject.message.handle.refused.append(str(reject.reason))

    def _hears(self) -> bool:
        """Whether what was sent has come: the broker is there, and has been for a while."""
        if self._mqtt is None:
            return True
        if not self._mqtt.is_connected:
            self._deaf_at_s = time.monotonic()
        return time.monotonic() - self._deaf_at_s >= HEARS_AFTER_S

    def _acknowledge(self, batch: Sequence[tuple[Source, Work]]) -> None:
        handles: dict[Source, list[object]] = {}
        for source, work in batch:
            handles.setdefault(source, []).append(work.arrival.handle)
        for source, those in handles.items():
            source.acknowledge(those)
            self.counts.acknowledged += len(those)

    async def _report(self) -> None:
        """Once a second: acknowledgements that are due, and a word on how it goes."""
        while True:
            await asyncio.sleep(1.0)
            self._acks.flush()
            try:
                await self._committer.report(self.health())
            except DatabaseUnreachable:
                log.debug("no health report while the database is away")

    def health(self) -> dict[str, Any]:
        """The counters as JSON."""
        counts, since_s = self.counts, self._commit_since_s
        return {
            "accepted": counts.accepted,
            "late": counts.late,
            "implausible": counts.implausible,
            "suppressed": counts.suppressed,
            "repeated": counts.repeated,
            "acknowledged": counts.acknowledged,
            "acks_sent": self._acks.sent,
            "events": counts.events,
            "alerts": counts.alerts,
            "commits": counts.commits,
            "past_portions": counts.past_portions,
            "past_waiting": self._committer.waiting,
            "commit_seconds": round(counts.commit_seconds, 3),
            "commit_lag_s": round(counts.commit_lag_s, 3),
            "commit_waits_s": 0.0 if since_s is None else round(time.monotonic() - since_s, 1),
            "database_away_since": counts.database_away_since,
            "waiting": len(self._lanes),
            "waiting_backlog": self._lanes.backlog,
            "broker_connected": self._mqtt is None or self._mqtt.is_connected,
            "rejected": dict(counts.rejected),
            "ais": _by_source(counts.ais),
            "sources": {source.name: source.health() for source in self._sources},
            "refused_by_broker": self.broker_log.health() if self.broker_log else None,
        }

    async def _finish(self, writer: asyncio.Task[None]) -> None:
        """Commit what has been read, unless the database is away, and tell the devices.

        What waits of a backlog is not acknowledged, so it comes again.
        """
        while waiting := self._lanes.take_live():
            self._decode(*waiting)
        self._add(self._decoding.finish())
        if self.counts.database_away_since is None and not writer.done():
            last = asyncio.create_task(self._hand_over_last())
            await asyncio.wait(
                (last, writer), timeout=FINISH_WITHIN_S, return_when=asyncio.FIRST_COMPLETED
            )
            await _end(last)
        await _end(writer)
        self._acks.flush(everything=True)

    async def _hand_over_last(self) -> None:
        await self._batches.put(self._ready)
        await self._batches.join()

    def _rollover_of(self, department_ref: str, device_ref: str) -> Rollover:
        device = self._directory.device(department_ref, device_ref)
        return device.rollover if device is not None else "off"


def _says_something(message: Message) -> bool:
    said = (message.readings, message.refusals, message.boot, message.replay, message.beside)
    return any(said)


def _came_now(work: Work) -> bool:
    """Whether it waited for nothing but us; not what was kept in the database for later."""
    return work.arrival.replay is None and not work.source.startswith("import:")


def _by_source(counts: Counter[tuple[str, str]]) -> dict[str, dict[str, int]]:
    by_source: dict[str, dict[str, int]] = {}
    for (source, what), count in counts.items():
        by_source.setdefault(source, {})[what] = count
    return by_source


async def _end(*tasks: asyncio.Task[None]) -> None:
    """Cancel and wait; whoever started them hears of their faults elsewhere."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _refused_whole(message: Message) -> Message:
    """The same message as a reject."""
    raw = message.payload or b"\n".join(each.raw for each in message.readings)
    return Message(
        source=message.source,
        topic=message.topic,
        department_ref=message.department_ref,
        device_ref=message.device_ref,
        received_at=message.received_at,
        refusals=[Refusal(raw=raw, reason="unstorable")],
        payload=message.payload,
        boot=message.boot,
        seq=message.seq,
        replay=message.replay,
        handle=message.handle,
    )
