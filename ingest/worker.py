"""One ingest process: it takes its share of the shards, and serves each until it is lost."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ingest.accounts import MOVED_WITHIN_S, follow_registry
from ingest.broker_log import BROKER_LOG, BrokerLog
from ingest.clock import Clock
from ingest.loop import Ingest
from ingest.settings import IngestSettings
from ingest.share import plan
from ingest.sources.imported import ImportSource
from ingest.sources.mqtt import MqttSource
from ingest.sources.push import PushSource
from ingest.sources.replay import ReplaySource
from tracker.commit import Committer
from tracker.data_folder import DataFolder
from tracker.directory import FIRST_SHARD, Directory
from tracker.errors import DatabaseUnreachable, LeaseLost
from tracker.health_file import SUFFIX, HealthFile
from tracker.leases import BEAT_S, Claim, Lease, Leases, Look
from tracker.process import calm_the_collector

log = logging.getLogger(__name__)

LOOK_EACH_S = 0.2
HEALTH_EVERY_S = 1.0


@dataclass(slots=True)
class _Serving:
    """A shard that is ours, or about to be."""

    task: asyncio.Task[None]
    #: The database says so.
    is_held: bool = False
    #: Nothing published for it from now on is missed.
    is_ready: bool = False
    is_ending: bool = False

    def end(self) -> None:
        """Once: a second time would break off the last commit."""
        if not self.is_ending:
            self.is_ending = True
            self.task.cancel()


class Worker:
    """Takes shards, serves them, gives them back."""

    def __init__(self, settings: IngestSettings, dsn: str, leases: Leases) -> None:
        self._settings = settings
        self._dsn = dsn
        self._leases = leases
        self._serving: dict[int, _Serving] = {}
        self._said = ""

    async def run(self, ready: Callable[[], None]) -> None:
        """Until cancelled; calls `ready` when every shard is served and nothing is missed."""
        is_ready = False
        try:
            while True:
                look = await self._beat()
                if look is not None:
                    self._follow(look)
                    if not is_ready and self._is_ready(look):
                        is_ready = True
                        ready()
                await self._reap(BEAT_S)
        finally:
            for each in self._serving.values():
                each.end()
            await asyncio.gather(
                *(each.task for each in self._serving.values()), return_exceptions=True
            )
            with suppress(DatabaseUnreachable):  # then others wait until the lease has run out
                await self._leases.leave()

    async def _beat(self) -> Look | None:
        """Also notices which shards have been taken from us."""
        held = [shard for shard, each in self._serving.items() if each.is_held]
        try:
            look = await self._leases.beat()
        except DatabaseUnreachable as error:
            self._say(f"waiting: {error}")
            return None
        ours = {each.shard for each in look.leases if each.holder == self._leases.worker}
        for shard in held:
            if shard not in ours and not self._serving[shard].is_ending:
                log.error("shard %d: %s", shard, LeaseLost())
                self._serving[shard].end()
        return look

    def _follow(self, look: Look) -> None:
        found = plan(self._leases.worker, self._serving, look)
        for lease in found.take:
            task = asyncio.create_task(self._serve(lease))
            self._serving[lease.shard] = _Serving(task)
        if found.give is not None and not any(each.is_ending for each in self._serving.values()):
            log.info("handing shard %d over to a process that has fewer", found.give)
            self._serving[found.give].end()
        if self._serving:
            self._said = ""
        else:
            self._say("waiting: another process serves every shard")

    def _is_ready(self, look: Look) -> bool:
        return all(each.is_live for each in look.leases) and all(
            each.is_ready for each in self._serving.values()
        )

    async def _reap(self, within_s: float) -> None:
        """Wait, and forget what has ended; raises what it did not end by."""
        tasks = [each.task for each in self._serving.values()]
        if not tasks:
            await asyncio.sleep(within_s)
            return
        await asyncio.wait(tasks, timeout=within_s)
        for shard, each in list(self._serving.items()):
            if each.task.done():
                del self._serving[shard]
                if not each.task.cancelled():
                    each.task.result()

    async def _serve(self, lease: Lease) -> None:
        """One shard, from taking it to giving it back."""
        shard = lease.shard
        claim = Claim(self._leases.worker, lease.holder)
        try:
            committer = await Committer.open(self._dsn, shard=shard, claim=claim)
        except (LeaseLost, DatabaseUnreachable) as error:
            log.info("shard %d is not taken: %s", shard, error)
            return
        serving = self._serving[shard]
        serving.is_held = True
        calm_the_collector()
        try:
            await self._ingest(shard, committer, serving)
        except LeaseLost as error:
            log.error("shard %d: %s", shard, error)
        finally:
            await committer.close()

    async def _ingest(self, shard: int, committer: Committer, serving: _Serving) -> None:
        clock = Clock()
        sources = self._settings.open_sources(clock, shard, committer.directory.serves)
        waiting = (ReplaySource(committer), ImportSource(committer))
        ingest = Ingest(committer, [*sources, *waiting], clock)
        beside = [
            asyncio.create_task(_note_ready(ingest, serving)),
            asyncio.create_task(_tell_health(ingest, DataFolder().run / f"shard-{shard}{SUFFIX}")),
        ]
        for each in sources:
            if isinstance(each, PushSource):
                each.know(lambda: committer.accounts)
            if isinstance(each, MqttSource) and shard != FIRST_SHARD:
                _point(each, committer.directory, is_settled=False)
                beside.append(asyncio.create_task(_follow_departments(each, committer)))
        if self._settings.private_broker and shard == FIRST_SHARD:
            data = DataFolder()
            ingest.broker_log = BrokerLog(data.log / BROKER_LOG)
            beside.append(asyncio.create_task(follow_registry(data, committer)))
            beside.append(asyncio.create_task(ingest.broker_log.follow()))
        log.info("shard %d: reading from %s", shard, ", ".join(each.name for each in sources))
        try:
            await ingest.run()
        finally:
            for task in beside:
                task.cancel()

    def _say(self, what: str) -> None:
        if what != self._said:
            log.warning("%s", what)
            self._said = what


async def _note_ready(ingest: Ingest, serving: _Serving) -> None:
    await ingest.ready()
    serving.is_ready = True


async def _tell_health(ingest: Ingest, path: Path) -> None:
    """Say each second how it goes in a file too: the database may be away."""
    if not path.parent.is_dir():
        return  # the database and the broker are elsewhere, and so is whoever asks
    file, said = HealthFile(path), False
    try:
        while True:
            try:
                file.write(ingest.health())
            except OSError as error:
                if not said:
                    log.error("the health file cannot be written: %s", error)
                said = True
            await asyncio.sleep(HEALTH_EVERY_S)
    finally:
        file.close()


async def _follow_departments(source: MqttSource, committer: Committer) -> None:
    """Keep the topics of a shard at its departments.

    The first shard reads all topics instead, so that what is of no department is refused by
    somebody; what is of another shard's department it leaves alone. What is no longer ours is read
    until the other shard is certain to read it: so somebody always does.
    """
    before, since_s = committer.directory.shard_of, time.monotonic()
    while True:
        await asyncio.sleep(LOOK_EACH_S)
        directory = committer.known
        if directory is None:
            continue
        if directory.shard_of != before:
            before, since_s = directory.shard_of, time.monotonic()
        _point(source, directory, is_settled=time.monotonic() - since_s > MOVED_WITHIN_S)


def _point(source: MqttSource, directory: Directory, *, is_settled: bool) -> None:
    ours = {ref for ref in directory.shard_of if directory.serves(ref)}
    source.follow(ours, directory.shard_of.keys() - ours if is_settled else ())
