"""What ingest reads from, from `MILEPOST_MQTT_URL` and `MILEPOST_SOURCES`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import SplitResult, parse_qs, urlsplit

from pydantic import SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from devices.broker_url import BrokerPassword
from ingest.arrival import Source
from ingest.clock import Clock
from ingest.errors import BadSource
from ingest.sources.file import FileSource
from ingest.sources.http_server import Listener
from ingest.sources.mqtt import MqttSource
from ingest.sources.push import PushSource
from ingest.sources.serial import SerialSource

PUSH_PORT = 8090


class IngestSettings(BaseSettings):
    """Sources: the broker, and any number of ports and files.

    `MILEPOST_SOURCES` holds addresses apart by spaces, each of one device:
    `serial:/dev/serial/by-id/…?device=FSD/box1&baud=9600` or `file:/path.nmea?device=FSD/box2`.
    """

    model_config = SettingsConfigDict(env_prefix="MILEPOST_")

    mqtt_url: SecretStr | None = None
    #: Whether `milepost run` keeps the broker, which then learns from ingest who may sign in.
    private_broker: bool = False
    sources: Annotated[tuple[str, ...], NoDecode] = ()

    @field_validator("sources", mode="before")
    @classmethod
    def _apart(cls, value: object) -> object:
        return tuple(value.split()) if isinstance(value, str) else value

    def open_sources(self, clock: Clock, shard: int) -> list[Source]:
        """The sources, not yet entered; raises BadSource naming the address that is wrong."""
        made = [make_source(address, clock) for address in self.sources]
        if self.mqtt_url is not None:
            url = BrokerPassword().put_into(self.mqtt_url.get_secret_value()).get_secret_value()
            made.insert(0, MqttSource(url, client_id=f"milepost-ingest-{shard}", clock=clock))
        return made


def make_source(address: str, clock: Clock) -> Source:
    """The source of one address; raises BadSource."""
    parts = urlsplit(address)
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    if parts.scheme == "http":
        return push_source(parts, query, clock)
    department_ref, _, device_ref = query.get("device", "").partition("/")
    if not (parts.path and department_ref and device_ref):
        raise BadSource(address)
    if parts.scheme == "file":
        return FileSource(
            parts.path, department_ref=department_ref, device_ref=device_ref, clock=clock
        )
    baud = query.get("baud", "auto")
    if parts.scheme != "serial" or not (baud == "auto" or baud.isdecimal()):
        raise BadSource(address)
    return SerialSource(
        parts.path,
        department_ref=department_ref,
        device_ref=device_ref,
        baud=int(baud) if baud != "auto" else "auto",
        clock=clock,
    )


def push_source(parts: SplitResult, query: Mapping[str, str], clock: Clock) -> Source:
    """The listener of `http://host:port?gateways=FSD/traccar&cert_file=…&key_file=…`."""
    try:
        listener = Listener(
            host=parts.hostname or "127.0.0.1",
            port=parts.port or PUSH_PORT,
            cert_file=Path(query["cert_file"]) if "cert_file" in query else None,
            key_file=Path(query["key_file"]) if "key_file" in query else None,
            behind_proxy=query.get("behind_proxy") == "true",
        )
    except ValueError as error:
        raise BadSource(parts.geturl()) from error
    gateways = [each for each in query.get("gateways", "").split(",") if each]
    return PushSource(listener, gateways=gateways, clock=clock)
