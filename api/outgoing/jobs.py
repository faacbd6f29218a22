"""What `milepost tell` does: telling, escalating, and clearing away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from api.outgoing.cap import CapBody
from api.outgoing.guard import Guard
from api.outgoing.http import Poster
from api.outgoing.mail import Mail
from api.outgoing.mqtt import open_mqtt
from api.outgoing.settings import MqttSettings, SmtpSettings, TellSettings
from api.outgoing.teller import Channel, Teller
from api.outgoing.webhook import Webhook, cloud_event_body
from tracker import alert_life
from tracker.connect import reading_engine
from tracker.errors import TrackerError
from tracker.outbox import Outbox
from tracker.process import until_stopped
from tracker.reads import told as database_told

log = logging.getLogger(__name__)

ESCALATE_EVERY_S: Final = 1.0
PRUNE_EVERY_S: Final = 60.0
RETRY_S: Final = 2.0


@asynccontextmanager
async def open_teller(dsn: str, settings: TellSettings | None = None) -> AsyncIterator[Teller]:
    """A teller with all its channels, as the role `milepost_worker`; raises DatabaseUnreachable."""
    settings = settings or TellSettings()
    poster = Poster(Guard(settings.allow), timeout_s=settings.timeout_s)
    outbox = await Outbox.open(dsn)
    try:
        with open_mqtt(MqttSettings(), timeout_s=settings.timeout_s) as mqtt:
            channels: dict[str, Channel] = {
                "webhook": Webhook(poster, cloud_event_body),
                "cap": Webhook(poster, CapBody(outbox, settings.cap_sender)),
                "mqtt": mqtt,
                "email": Mail(SmtpSettings(), timeout_s=settings.timeout_s),
            }
            yield Teller(outbox, channels, settings)
    finally:
        await outbox.close()


async def run(dsn: str) -> None:
    """Do all of it, as the role `milepost_worker`, until SIGTERM or SIGINT."""
    await until_stopped(_work(dsn))


async def _work(dsn: str) -> None:
    # None of them ends by itself but by a fault of ours.
    async with asyncio.TaskGroup() as group:
        for job in (_tell(dsn), _escalate(dsn), _prune(dsn)):
            group.create_task(job)


async def _tell(dsn: str) -> None:
    while True:
        try:
            async with open_teller(dsn) as teller:
                await teller.run()
        except TrackerError as error:
            log.warning("nothing is told for now: %s", error)
            await asyncio.sleep(RETRY_S)


async def _escalate(dsn: str) -> None:
    engine = reading_engine(dsn, size=1)
    try:
        await every(ESCALATE_EVERY_S, lambda: alert_life.escalate(engine))
    finally:
        await engine.dispose()


async def _prune(dsn: str) -> None:
    async def prune() -> int:
        outbox = await Outbox.open(dsn)
        try:
            return await outbox.prune()
        finally:
            await outbox.close()

    await every(PRUNE_EVERY_S, prune)


async def every(seconds: float, job: Callable[[], Awaitable[object]]) -> None:
    """Do it again and again until cancelled; while the database is away it is tried later."""
    while True:
        try:
            with database_told():
                await job()
        except TrackerError as error:
            log.warning("later: %s", error)
        await asyncio.sleep(seconds)
