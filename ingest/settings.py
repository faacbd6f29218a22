"""What ingest reads from: the broker, the table of sources, and addresses of the environment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from pydantic import SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from devices.broker_url import BrokerPassword
from ingest.arrival import Source
from ingest.clock import Clock
from ingest.entries import Entry
from ingest.errors import ReadTwice
from ingest.sources.mqtt import MqttSource
from ingest.table import read_address, read_table
from tracker.data_folder import DataFolder

TABLE = "sources.toml"


class IngestSettings(BaseSettings):
    """The broker, and any number of other sources (docs/sources.md).

    `MILEPOST_SOURCES` holds addresses apart by spaces, such as
    `serial:/dev/serial/by-id/…?device=FSD/box1&baud=9600` or `tcp://host:10110?device=FSD/box2`.
    """

    model_config = SettingsConfigDict(env_prefix="MILEPOST_")

    mqtt_url: SecretStr | None = None
    #: Whether `milepost run` keeps the broker, which then learns from ingest who may sign in.
    private_broker: bool = False
    #: A table of sources; without it `sources.toml` in the data folder is read if it is there.
    sources_file: Path | None = None
    sources: Annotated[tuple[str, ...], NoDecode] = ()

    @field_validator("sources", mode="before")
    @classmethod
    def _apart(cls, value: object) -> object:
        return tuple(value.split()) if isinstance(value, str) else value

    def table(self) -> Path | None:
        """The table that is read, if any."""
        if self.sources_file is not None:
            return self.sources_file
        usual = DataFolder().path / TABLE
        return usual if usual.exists() else None

    def entries(self) -> list[Entry]:
        """All sources but the broker; raises BadTable or BadSource naming what is wrong."""
        table = self.table()
        said = [] if table is None else read_table(table)
        return [*said, *(read_address(address) for address in self.sources)]

    def open_sources(self, clock: Clock, shard: int, serves: Callable[[str], bool]) -> list[Source]:
        """The sources of a shard, not yet entered: the broker, with a session of the shard's own
        (`{shard}` in its address is the number), and those of the departments that it serves.

        Raises as `entries` does, and ReadTwice.
        """
        ours = (each for each in self.entries() if serves(each.sender.department_ref))
        made = [entry.source(clock, shard) for entry in ours]
        if self.mqtt_url is not None:
            url = self.mqtt_url.get_secret_value().replace("{shard}", str(shard))
            url = BrokerPassword().put_into(url).get_secret_value()
            made.insert(0, MqttSource(url, client_id=f"milepost-ingest-{shard}", clock=clock))
        for name, count in Counter(source.name for source in made).items():
            if count > 1:
                raise ReadTwice(f"({name})")
        return made
