"""`milepost ingest --check`: what each source would do, and what stands in its way."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from devices.broker_url import BrokerPassword
from ingest.broker import greets
from ingest.entries import (
    MQTT_PORT,
    Entry,
    FileEntry,
    GpsdEntry,
    HttpEntry,
    MqttEntry,
    SerialEntry,
    StdinEntry,
    TcpEntry,
    TcpListenEntry,
    UdpEntry,
)
from ingest.errors import IngestError
from ingest.settings import IngestSettings
from tracker import reads, registry
from tracker.hosts import is_loopback

if TYPE_CHECKING:
    from tracker.access import Owner

WITHIN_S: Final = 3.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is so; `cure` says what to do where it is wrong."""

    said: str
    cure: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a source would do."""

    kind: str
    place: str
    findings: tuple[Finding, ...]

    @property
    def is_well(self) -> bool:
        """Whether nothing has to be done."""
        return all(finding.cure is None for finding in self.findings)

    def lines(self) -> Iterator[str]:
        """For a person: the source, then what is so, then what to do."""
        yield f"{'ok   ' if self.is_well else 'wrong'} {self.kind} {self.place}"
        for finding in self.findings:
            yield f"        {finding.said}"
            if finding.cure is not None:
                yield f"        -> {finding.cure}"


class Known:
    """What the registry says of senders; asked once."""

    def __init__(self, connection: Owner | None) -> None:
        """None: the database does not run, so nobody can say."""
        self._connection = connection

    async def sender(self, entry: Entry) -> Finding:
        """Who is heard there, and whether they are registered."""
        if entry.device is not None:
            return await self._device(entry.device)
        if entry.department is None:
            named = "paths" if isinstance(entry, HttpEntry) else "topics"
            return Finding(f"the devices of all departments, by their {named}")
        who = f"devices of {entry.department}, by the names in tag blocks (s:)"
        if isinstance(entry, MqttEntry) and entry.names_by_topic:
            who = f"devices of {entry.department}, by a level of the topic"
        if self._connection is None:
            return Finding(f"{who}; whether it is registered, the database would know")
        if entry.department in await registry.refs(self._connection, "department"):
            return Finding(who)
        return Finding(
            f"{who}: no such department", f"milepost department add {entry.department} --name …"
        )

    async def _device(self, full_ref: str) -> Finding:
        if self._connection is None:
            return Finding(f"{full_ref}; whether it is registered, the database would know")
        department, _, ref = full_ref.partition("/")
        found = await reads.device(self._connection, department=department, ref=ref)
        if found is None:
            return Finding(
                f"{full_ref}, which is not registered: all it says would be refused",
                f"milepost device add {ref} --department {department} --vehicle …",
            )
        if found["retired_at"] is not None:
            return Finding(f"{full_ref}, which is retired", "name the device that replaced it")
        if found["vehicle"] is None:
            return Finding(
                f"{full_ref}, which is in no vehicle: its fixes would be refused",
                f"milepost device assign {full_ref} --vehicle …",
            )
        return Finding(f"{full_ref}, registered, in {found['vehicle']}")


async def check(settings: IngestSettings, known: Known, *, is_running: bool) -> list[Report]:
    """A report a source; `is_running`: the service of this data folder runs, and has its ports.

    Raises BadTable or BadSource as `settings.entries` does.
    """
    reports = [_broker(settings)]
    for entry in settings.entries():
        findings = (await known.sender(entry), *_place(entry, is_running=is_running))
        reports.append(Report(kind=_kind(entry), place=entry.place, findings=findings))
    return reports


def _kind(entry: Entry) -> str:
    return str(getattr(entry, "kind", ""))


def _broker(settings: IngestSettings) -> Report:
    senders = Finding("the devices of all departments, by their topics")
    if settings.mqtt_url is None:
        own = Finding("milepost run starts its own; MILEPOST_MQTT_URL names another")
        return Report(kind="broker", place="the private one", findings=(senders, own))
    parts = urlsplit(settings.mqtt_url.get_secret_value())
    host, port = parts.hostname or "127.0.0.1", parts.port or MQTT_PORT
    file = BrokerPassword().mqtt_password_file
    credential = "no password"
    if file is not None:
        credential = f"the password in {file} (MILEPOST_MQTT_PASSWORD_FILE)"
    elif parts.password is not None:
        credential = "the password in MILEPOST_MQTT_URL"
    signs_in = _signs_in(parts.username, credential, file)
    return Report(
        kind="broker",
        place=f"{host}:{port} (MILEPOST_MQTT_URL)",
        findings=(senders, signs_in, _broker_answers(host, port)),
    )


def _signs_in(user: str | None, credential: str, file: Path | None) -> Finding:
    if user is None:
        return Finding("signs in without a name")
    cure = None if file is None else _unreadable(file)
    return Finding(f"signs in as {user} with {credential}", cure)


def _broker_answers(host: str, port: int) -> Finding:
    if greets(host, port, WITHIN_S):
        return Finding("the broker answers")
    return Finding("no MQTT broker answers", "is it running, and are host and port right?")


def _place(entry: Entry, *, is_running: bool) -> Iterator[Finding]:
    match entry:
        case SerialEntry():
            yield _path(Path(entry.path), "the port", "plug it in; ls /dev/serial/by-id shows them")
        case FileEntry():
            yield _path(Path(entry.path), "the file", "it is waited for; is the path right?")
        case StdinEntry():
            yield Finding("read until it ends")
        case TcpEntry():
            yield _answers(entry.host, entry.port)
        case GpsdEntry():
            yield _gpsd(entry)
        case MqttEntry():
            secret = f"the password in {entry.password_file}"
            no_secret = entry.password_file is None
            yield _signs_in(entry.user, "no password" if no_secret else secret, entry.password_file)
            yield _broker_answers(entry.host, entry.port)
        case HttpEntry():
            yield _bound(entry, is_running=is_running)
            yield _safe(entry)
        case TcpListenEntry() | UdpEntry():
            yield _bound(entry, is_running=is_running)
            if not is_loopback(entry.host):
                yield Finding(
                    "OPEN TO OTHER MACHINES, and asks for no password: whoever reaches this port"
                    " can report positions of these devices; keep it in a network of its own"
                )


def _safe(entry: HttpEntry) -> Finding:
    """Whether passwords can come in there."""
    said = f"takes pushes at {entry.listener.url}/push/DEPARTMENT/DEVICE, each with its password"
    try:
        entry.listener.check()
    except IngestError as error:
        return Finding(said, str(error))
    return Finding(said)


def _path(path: Path, what: str, cure: str) -> Finding:
    if not path.exists():
        return Finding(f"{what} is not there", cure)
    if problem := _unreadable(path):
        return Finding(f"{what} is there", problem)
    return Finding(f"{what} is there and can be read")


def _unreadable(path: Path) -> str | None:
    if os.access(path, os.R_OK):
        return None
    return f"{path} cannot be read by this user: chmod, chown, or for ports: adduser USER dialout"


def _answers(host: str, port: int) -> Finding:
    try:
        with socket.create_connection((host, port), timeout=WITHIN_S):
            return Finding("it answers")
    except socket.gaierror as error:
        return Finding(f"no such host: {error.strerror}", "is the name right, and does DNS work?")
    except OSError as error:
        return Finding(f"no answer: {error}", "does it run, and does a firewall let us through?")


def _gpsd(entry: GpsdEntry) -> Finding:
    """gpsd says at once what it is."""
    try:
        with (
            socket.create_connection((entry.host, entry.port), timeout=WITHIN_S) as connection,
            connection.makefile("rb") as lines,
        ):
            said = json.loads(lines.readline(4096))
            return Finding(f"gpsd {said['release']} answers")
    except (OSError, ValueError, KeyError, TypeError) as error:
        return Finding(f"no gpsd there: {error}", "is gpsd running? systemctl status gpsd")


def _bound(entry: TcpListenEntry | UdpEntry | HttpEntry, *, is_running: bool) -> Finding:
    kind = socket.SOCK_DGRAM if isinstance(entry, UdpEntry) else socket.SOCK_STREAM
    family = socket.AF_INET6 if ":" in entry.host else socket.AF_INET
    with socket.socket(family, kind) as probe:
        if kind == socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((entry.host, entry.port))
        except OSError as error:
            if is_running:
                return Finding(f"{error.strerror}, which is as it should be: the service runs")
            return Finding(f"cannot listen there: {error.strerror}", "choose another port")
    return Finding("nobody else listens there")
