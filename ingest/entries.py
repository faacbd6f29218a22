"""What an entry of the table of sources may say; the keys are those of TOML and of addresses."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import quote

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from ingest.arrival import Source
from ingest.clock import Clock
from ingest.errors import BadSource
from ingest.sources.file import FileSource, StdinSource
from ingest.sources.gpsd import GpsdSource
from ingest.sources.http_server import Listener
from ingest.sources.mqtt import MqttSource
from ingest.sources.mqtt_stream import DEVICE, MqttStreamSource
from ingest.sources.push import PushSource
from ingest.sources.serial import SerialSource
from ingest.sources.stream import Sender
from ingest.sources.tcp import TcpListener, TcpSource
from ingest.sources.udp import UdpSource

PUSH_PORT = 8090
GPSD_PORT = 2947
MQTT_PORT = 1883

_REF = "[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
Ref = Annotated[str, StringConstraints(pattern=f"^{_REF}$")]
FullRef = Annotated[str, StringConstraints(pattern=f"^{_REF}/{_REF}$")]
Text = Annotated[str, StringConstraints(min_length=1)]
Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]


def _listed(said: object) -> object:
    """In an address a list is one word, apart by commas."""
    return tuple(said.split(",")) if isinstance(said, str) else said


class Entry(BaseModel):
    """What every entry says: who is heard there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: The one device that is heard there, as DEPARTMENT/REF.
    device: FullRef | None = None
    #: Of several devices, their department; the lines name them, by `s:` in their tag blocks.
    department: Ref | None = None

    @property
    def place(self) -> str:
        """Where it is, for people."""
        raise NotImplementedError

    @model_validator(mode="after")
    def _names_its_devices(self) -> Self:
        if (self.device is None) == (self.department is None):
            raise ValueError(
                'say either device = "DEPARTMENT/REF", or department = "DEPARTMENT" where tag'
                " blocks name the devices"
            )
        return self

    @property
    def sender(self) -> Sender:
        """Who is heard."""
        department_ref, _, device_ref = (self.device or "").partition("/")
        return Sender(self.department or department_ref, device_ref)

    def source(self, clock: Clock, shard: int) -> Source:
        """The source, not yet entered."""
        raise NotImplementedError


class LinesEntry(Entry):
    """Where lines of NMEA come from as they are."""

    #: `optional` for old gear that sends none: then nothing tells a cut sentence from a whole one.
    checksum: Literal["required", "optional"] = "required"

    @property
    def sender(self) -> Sender:
        """Who is heard, and whether without checksums too."""
        return super().sender._replace(needs_checksum=self.checksum == "required")


class SerialEntry(LinesEntry):
    """A serial port; by-id paths keep their meaning when plugs move."""

    kind: Literal["serial"]
    path: Text
    #: `auto`: found out by listening.
    baud: Annotated[int, Field(gt=0)] | Literal["auto"] = "auto"

    @property
    def place(self) -> str:
        """The port."""
        return f"{self.path} at {'any' if self.baud == 'auto' else self.baud} baud"

    def source(self, clock: Clock, shard: int) -> Source:
        """A port."""
        return SerialSource(
            self.path,
            sender=self.sender,
            baud=self.baud,
            clock=clock,
        )


class FileEntry(LinesEntry):
    """A recording."""

    kind: Literal["file"]
    path: Text
    #: `real` plays it in the time of its fixes.
    pace: Literal["fast", "real"] = "fast"

    @property
    def place(self) -> str:
        """The file."""
        return self.path if self.pace == "fast" else f"{self.path} in real time"

    def source(self, clock: Clock, shard: int) -> Source:
        """A file."""
        return FileSource(
            self.path,
            pace=self.pace,
            sender=self.sender,
            clock=clock,
        )


class StdinEntry(LinesEntry):
    """What is piped into the program."""

    kind: Literal["stdin"]

    @property
    def place(self) -> str:
        """Standard input."""
        return "standard input"

    def source(self, clock: Clock, shard: int) -> Source:
        """Standard input."""
        return StdinSource(sender=self.sender, clock=clock)


class TcpEntry(LinesEntry):
    """A host that sends to whoever connects."""

    kind: Literal["tcp"]
    host: Text
    port: Port
    #: Without a byte for so long the connection is made anew.
    silence_s: Seconds = 60.0

    @property
    def place(self) -> str:
        """Host and port."""
        return f"{self.host}:{self.port}"

    def source(self, clock: Clock, shard: int) -> Source:
        """A connection."""
        return TcpSource(
            self.host,
            self.port,
            silence_s=self.silence_s,
            sender=self.sender,
            clock=clock,
        )


class TcpListenEntry(LinesEntry):
    """A port where devices connect and send."""

    kind: Literal["tcp-listen"]
    host: Text = "127.0.0.1"
    port: Port
    #: At a time; one more is refused.
    connections: Annotated[int, Field(ge=1, le=10_000)] = 64
    silence_s: Seconds = 300.0

    @property
    def place(self) -> str:
        """Where it listens."""
        return f"{self.host}:{self.port}"

    def source(self, clock: Clock, shard: int) -> Source:
        """A listener."""
        return TcpListener(
            self.host,
            self.port,
            connections=self.connections,
            silence_s=self.silence_s,
            sender=self.sender,
            clock=clock,
        )


class UdpEntry(LinesEntry):
    """A port that takes datagrams of whole lines."""

    kind: Literal["udp"]
    host: Text = "127.0.0.1"
    port: Port

    @property
    def place(self) -> str:
        """Where it listens."""
        return f"{self.host}:{self.port}"

    def source(self, clock: Clock, shard: int) -> Source:
        """A port."""
        return UdpSource(
            self.host,
            self.port,
            sender=self.sender,
            clock=clock,
        )


class GpsdEntry(Entry):
    """A receiver at a gpsd, which reads it and tells its fixes."""

    kind: Literal["gpsd"]
    host: Text = "127.0.0.1"
    port: Port = GPSD_PORT
    #: The receiver as gpsd names it (/dev/ttyUSB0); without one, the first that has a fix.
    path: Text | None = None
    silence_s: Seconds = 60.0

    @property
    def place(self) -> str:
        """gpsd, and the receiver."""
        return f"{self.host}:{self.port}{f' receiver {self.path}' if self.path else ''}"

    @model_validator(mode="after")
    def _of_one_device(self) -> Self:
        if self.device is None:
            raise ValueError('gpsd is read for one device: say device = "DEPARTMENT/REF"')
        return self

    def source(self, clock: Clock, shard: int) -> Source:
        """A connection."""
        return GpsdSource(
            self.host,
            self.port,
            path=self.path,
            silence_s=self.silence_s,
            sender=self.sender,
            clock=clock,
        )


class MqttEntry(LinesEntry):
    """A further broker: of the contract's messages, or of bytes as a gateway forwards them."""

    kind: Literal["mqtt"]
    host: Text = "127.0.0.1"
    port: Port = MQTT_PORT
    user: Text | None = None
    #: Where the user's password stands; never the password itself.
    password_file: Path | None = None
    framing: Literal["message", "stream"] = "message"
    #: With `stream`: which topics, as a filter; a level `{device}` names the device.
    topic: Text | None = None

    @property
    def place(self) -> str:
        """The broker, and what is read there."""
        return f"{self.host}:{self.port}{f' topic {self.topic}' if self.topic else ''}"

    @model_validator(mode="after")
    def _names_its_devices(self) -> Self:
        if self.framing == "message":
            if self.device or self.department or self.topic or self.checksum == "optional":
                raise ValueError(
                    "the topics of the contract name the devices, and its lines have checksums:"
                    ' leave out device, department, topic and checksum, or say framing = "stream"'
                )
            return self
        if self.topic is None:
            raise ValueError('framing = "stream" needs topic = "…", the filter to read')
        if (self.device is None) == (self.department is None) or (
            self.device and self.names_by_topic
        ):
            raise ValueError(
                'say department = "DEPARTMENT" where tag blocks or a topic level {device} name the'
                ' devices, and device = "DEPARTMENT/REF" where all is of one'
            )
        return self

    @property
    def names_by_topic(self) -> bool:
        """Whether a level of the topic names the device."""
        return self.topic is not None and DEVICE in self.topic.split("/")

    def url(self) -> str:
        """Its address with user and password; raises OSError where the file cannot be read."""
        who = ""
        if self.user is not None:
            password = ""
            if self.password_file is not None:
                text = self.password_file.read_text(encoding="utf-8").strip()
                password = f":{quote(text, safe='')}"
            who = f"{quote(self.user, safe='')}{password}@"
        return f"mqtt://{who}{self.host}:{self.port}"

    def source(self, clock: Clock, shard: int) -> Source:
        """A session of its own at the broker; raises BadSource."""
        try:
            url = self.url()
        except OSError as error:
            raise BadSource(f"mqtt {self.place}: {error}") from error
        short = hashlib.sha256(self.place.encode()).hexdigest()[:8]
        client_id = f"milepost-ingest-{shard}-{short}"
        if self.topic is not None:
            return MqttStreamSource(
                url,
                topic=self.topic,
                client_id=client_id,
                sender=self.sender,
                clock=clock,
            )
        name = f"mqtt:{self.host}:{self.port}"
        return MqttSource(url, client_id=client_id, clock=clock, name=name)


class HttpEntry(Entry):
    """A port where phones with OwnTracks and Traccar servers push; each device signs in itself."""

    kind: Literal["http"]
    host: Text = "127.0.0.1"
    port: Port = PUSH_PORT
    cert_file: Path | None = None
    key_file: Path | None = None
    #: A proxy of yours on this machine's network speaks TLS.
    behind_proxy: bool = False
    #: Devices that push for others of their department, such as FSD/traccar.
    gateways: Annotated[tuple[FullRef, ...], BeforeValidator(_listed)] = ()

    @property
    def place(self) -> str:
        """Where it listens."""
        return f"{self.host}:{self.port}"

    @model_validator(mode="after")
    def _names_its_devices(self) -> Self:
        if self.device or self.department:
            raise ValueError("pushes name their devices themselves: leave out device, department")
        return self

    @property
    def listener(self) -> Listener:
        """Where and how it listens."""
        return Listener(
            host=self.host,
            port=self.port,
            cert_file=self.cert_file,
            key_file=self.key_file,
            behind_proxy=self.behind_proxy,
        )

    def source(self, clock: Clock, shard: int) -> Source:
        """A listener; raises PushOutside or PushCertificate."""
        return PushSource(self.listener, gateways=self.gateways, clock=clock)


AnyEntry = Annotated[
    SerialEntry
    | FileEntry
    | StdinEntry
    | TcpEntry
    | TcpListenEntry
    | UdpEntry
    | GpsdEntry
    | MqttEntry
    | HttpEntry,
    Field(discriminator="kind"),
]
