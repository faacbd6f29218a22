"""What the worker runs of this: telling, escalating, and clearing away."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from api.outgoing.cap import CapBody
from api.outgoing.guard import Guard
from api.outgoing.http import Poster
from api.outgoing.mail import Mail
from api.outgoing.mqtt import open_mqtt
from api.outgoing.settings import MqttSettings, SmtpSettings, TellSettings
from api.outgoing.teller import Channel, Teller
from api.outgoing.webhook import Webhook, cloud_event_body
from tracker.outbox import Outbox


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
