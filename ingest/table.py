"""The table of sources, from a TOML file or from addresses in one line: one model for both."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from devices.broker_url import shown
from ingest.entries import (
    AnyEntry,
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
from ingest.errors import BadSource, BadTable

_KINDS: Final[Mapping[str, type[Entry]]] = {
    "serial": SerialEntry,
    "file": FileEntry,
    "stdin": StdinEntry,
    "tcp": TcpEntry,
    "tcp-listen": TcpListenEntry,
    "udp": UdpEntry,
    "gpsd": GpsdEntry,
    "mqtt": MqttEntry,
    "http": HttpEntry,
}
_HEADER: Final = "[[source]]"
_ONE: TypeAdapter[Entry] = TypeAdapter(AnyEntry)


class _Table(BaseModel):
    """The file: a list of entries, checked one by one."""

    model_config = ConfigDict(extra="forbid")

    source: list[dict[str, Any]] = []


def read_table(path: Path) -> list[Entry]:
    """The entries of a TOML file; raises BadTable with the place and the cure of each fault."""
    try:
        text = path.read_text(encoding="utf-8")
        table = _Table.model_validate(tomllib.loads(text))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadTable(f"{path}: {error}") from error
    except ValidationError as error:
        said = ", ".join(str(each["loc"][0]) for each in error.errors())
        raise BadTable(f"{path}: {said}: a table holds {_HEADER} entries alone") from error
    entries: list[Entry] = []
    faults: list[str] = []
    for number, keys in enumerate(table.source, 1):
        try:
            entries.append(_ONE.validate_python(keys))
        except ValidationError as error:
            faults += _faults(error, keys, text, number)
    if faults:
        raise BadTable("\n".join(f"{path}, {fault}" for fault in faults))
    return entries


def read_address(address: str) -> Entry:
    """The entry of an address such as `tcp://host:10110?device=FSD/box1`; raises BadSource."""
    said = _said(address)
    try:
        return _ONE.validate_python(said)
    except ValidationError as error:
        cures = "; ".join(cure for _, cure in _cures(error, said))
        raise BadSource(f"{address}: {cures}") from error


def _said(address: str) -> dict[str, Any]:
    """The address as the keys of an entry."""
    try:
        parts = urlsplit(address)
        pairs = dict(parse_qsl(parts.query, keep_blank_values=True))
        port = parts.port
    except ValueError as error:
        raise BadSource(f"{address}: {error}") from error
    if parts.password is not None:
        raise BadSource(f"{shown(address)}: put the password into a file; say password_file=…")
    said: dict[str, Any] = {"kind": parts.scheme}
    if parts.hostname is not None:
        said["host"] = parts.hostname
    if port is not None:
        said["port"] = port
    if parts.username is not None:
        said["user"] = unquote(parts.username)
    if parts.path:
        said["path"] = unquote(parts.path)
    return said | pairs


def _faults(
    error: ValidationError, said: Mapping[str, Any], text: str, number: int
) -> Iterator[str]:
    for key, cure in _cures(error, said):
        kind = said.get("kind", "no kind")
        yield f"line {_line(text, number, key)}, entry {number} ({kind}): {cure}"


def _cures(error: ValidationError, said: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """For each fault the key and a sentence that names it."""
    kind = _KINDS.get(str(said.get("kind")))
    if kind is None:
        yield "kind", f"kind must be one of {', '.join(_KINDS)}"
        return
    keys = ("kind", *(key for key in kind.model_fields if key != "kind"))
    for fault in error.errors():
        place = [str(each) for each in fault["loc"] if each not in _KINDS]
        key = place[0] if place else ""
        if fault["type"] == "extra_forbidden":
            yield key, f"{key} is no key of {said['kind']}: it has {', '.join(keys)}"
        elif fault["type"] == "missing":
            yield key, f"{key} is missing"
        else:
            message = fault["msg"].removeprefix("Value error, ")
            yield key, f"{key}: {message}" if key else message


def _line(text: str, number: int, key: str) -> int:
    """Where the key of that entry stands, else where the entry begins."""
    begins = 0
    for at, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if bare.replace(" ", "").startswith(_HEADER):
            number -= 1
            if number < 0:
                break
            begins = at
        elif number == 0 and key and bare.partition("=")[0].strip().strip("\"'") == key:
            return at
    return begins
