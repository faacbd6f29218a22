"""What ingest reads from, from `MILEPOST_MQTT_URL` and `MILEPOST_SOURCES`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated
from urllib.parse import parse_qs, urlsplit

from pydantic import SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from devices.broker_url import BrokerPassword
from ingest.arrival import Source
from ingest.clock import Clock
from ingest.errors import BadSource
from ingest.sources.file import FileSource
from ingest.sources.mqtt import MqttSource
from ingest.sources.serial import SerialSource

DEFAULT_BAUD = 4800  # NMEA 0183's own


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

    def open_sources(self, clock: Clock, shard: int, serves: Callable[[str], bool]) -> list[Source]:
        """The sources of a shard, not yet entered: the broker, with a session of the shard's own
        (`{shard}` in its address is the number), and those of the departments that it serves.

        Raises BadSource naming the address that is wrong.
        """
        ours = (each for each in self.sources if serves(_device_of(each)[0]))
        made = [make_source(address, clock) for address in ours]
        if self.mqtt_url is not None:
            url = self.mqtt_url.get_secret_value().replace("{shard}", str(shard))
            url = BrokerPassword().put_into(url).get_secret_value()
            made.insert(0, MqttSource(url, client_id=f"milepost-ingest-{shard}", clock=clock))
        return made


def make_source(address: str, clock: Clock) -> Source:
    """The source of one address; raises BadSource."""
    parts = urlsplit(address)
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    department_ref, device_ref = _device_of(address)
    if not (parts.path and department_ref and device_ref):
        raise BadSource(address)
    if parts.scheme == "file":
        return FileSource(
            parts.path, department_ref=department_ref, device_ref=device_ref, clock=clock
        )
    baud = query.get("baud", str(DEFAULT_BAUD))
    if parts.scheme != "serial" or not baud.isdecimal():
        raise BadSource(address)
    return SerialSource(
        parts.path,
        department_ref=department_ref,
        device_ref=device_ref,
        baud=int(baud),
        clock=clock,
    )


def _device_of(address: str) -> tuple[str, str]:
    """Department and ref, empty where they are missing."""
    [full_ref] = parse_qs(urlsplit(address).query).get("device", [""])[-1:]
    department_ref, _, device_ref = full_ref.partition("/")
    return department_ref, device_ref
