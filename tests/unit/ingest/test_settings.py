"""Addresses of sources, as a person writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.clock import Clock
from ingest.errors import BadSource, BadTable, ReadTwice
from ingest.settings import IngestSettings
from ingest.sources.file import FileSource
from ingest.sources.mqtt import MqttSource
from ingest.sources.serial import SerialSource
from ingest.table import read_address, read_table


def settings(monkeypatch: pytest.MonkeyPatch, **values: str) -> IngestSettings:
    for name in ("MQTT_URL", "SOURCES", "SOURCES_FILE"):
        monkeypatch.delenv(f"MILEPOST_{name}", raising=False)
    for name, value in values.items():
        monkeypatch.setenv(f"MILEPOST_{name}", value)
    return IngestSettings()


def everything(department_ref: str) -> bool:
    return True


async def test_sources_stand_apart_by_spaces(monkeypatch: pytest.MonkeyPatch) -> None:
    text = " serial:/dev/serial/by-id/x?device=FSD/box1&baud=9600  file:/a.nmea?device=FSD/box2\n"
    sources = settings(monkeypatch, SOURCES=text).open_sources(Clock(), 1, everything)
    assert [(type(each), each.name) for each in sources] == [
        (SerialSource, "serial:/dev/serial/by-id/x"),
        (FileSource, "file:/a.nmea"),
    ]


async def test_the_broker_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings(monkeypatch, MQTT_URL="mqtt://h", SOURCES="file:/a?device=D/b")
    sources = found.open_sources(Clock(), 1, everything)
    assert [type(each) for each in sources] == [MqttSource, FileSource]
    assert "mqtt://h" not in repr(found), "it may hold a password"


async def test_a_shard_reads_what_is_of_its_departments_and_has_a_session_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = "file:/a?device=FSD/box1 file:/b?device=HKPF/box1"
    found = settings(monkeypatch, MQTT_URL="mqtt://h", SOURCES=text)
    mqtt, file = found.open_sources(Clock(), 2, lambda department_ref: department_ref == "HKPF")
    assert isinstance(mqtt, MqttSource)
    assert (mqtt.client_id, file.name) == ("milepost-ingest-2", "file:/b")


async def test_nothing_to_read_from(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings(monkeypatch).open_sources(Clock(), 1, everything) == []


@pytest.mark.parametrize(
    ("address", "cure"),
    [
        ("", "kind must be one of serial, file, stdin, tcp, tcp-listen, udp, gpsd, mqtt"),
        ("/dev/ttyUSB0", "kind must be one of"),
        ("serial:/dev/ttyUSB0", "say either device = "),
        ("serial:/dev/ttyUSB0?device=D/b&department=D", "say either device = "),
        ("serial:/dev/ttyUSB0?device=box1", "device: String should match"),
        ("serial:/dev/ttyUSB0?device=/box1", "device: String should match"),
        ("serial:?device=FSD/box1", "path is missing"),
        ("serial:/dev/ttyUSB0?device=FSD/box1&baud=fast", "baud: Input should be a valid integer"),
        ("tcp://host?device=FSD/box1", "port is missing"),
        ("tcp://host:10110?device=FSD/box1&silense_s=3", "silense_s is no key of tcp: it has kind"),
        ("tcp://host:99999?device=FSD/box1", "Port out of range"),
        ("file:/a?device=FSD/box1&pace=slow", "pace: Input should be 'fast' or 'real'"),
        ("mqtt://host?framing=stream&department=D", 'framing = "stream" needs topic'),
        ("mqtt://host?device=D/b", "leave out device, department, topic"),
        ("gpsd://host?department=D", "gpsd is read for one device"),
    ],
)
def test_an_address_that_is_none_is_named_with_the_cure(address: str, cure: str) -> None:
    with pytest.raises(BadSource, match="must read like") as raised:
        read_address(address)
    said = str(raised.value).partition("This does not: ")[2]
    assert said.startswith(address.partition("?")[0])
    assert cure in said


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(BadSource, match="password_file") as raised:
        read_address("mqtt://me:s3cret@host")
    assert "s3cret" not in str(raised.value)


TABLE = """
[[source]]
kind = "tcp"      # a ship's multiplexer
host = "10.0.0.5"
port = 10110
department = "D"

[[ source ]]
kind = "gpsd"
device = "D/car"
"""


async def test_table_and_addresses_are_one_model(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "sources.toml"
    file.write_text(TABLE)
    both = "tcp://10.0.0.5:10110?department=D gpsd:?device=D/car"
    from_table = settings(monkeypatch, SOURCES_FILE=str(file))
    from_addresses = settings(monkeypatch, SOURCES=both)
    assert from_table.entries() == from_addresses.entries()
    sources = from_table.open_sources(Clock(), 1, lambda department_ref: True)
    assert [each.name for each in sources] == ["tcp:10.0.0.5:10110", "gpsd:127.0.0.1:2947"]


async def test_the_table_of_the_data_folder_is_read_without_being_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MILEPOST_DATA", str(tmp_path))
    assert settings(monkeypatch).entries() == []
    (tmp_path / "sources.toml").write_text(TABLE)
    assert len(settings(monkeypatch).entries()) == 2


def test_each_fault_of_a_table_is_named_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "t.toml"
    file.write_text(TABLE + 'spead = 3\n\n[[source]]\nkind = "carrier-pigeon"\n')
    with pytest.raises(BadTable) as raised:
        read_table(file)
    said = str(raised.value)
    assert f"{file}, line 11, entry 2 (gpsd): spead is no key of gpsd: it has kind, device" in said
    assert f"{file}, line 14, entry 3 (carrier-pigeon): kind must be one of serial" in said


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[[source]\n", "line 1"),
        ("[source]\nkind='udp'\n", "source"),
        ("[[sources]]\nkind='udp'\n", "sources"),
    ],
)
def test_a_file_that_is_no_table_is_refused(text: str, fault: str, tmp_path: Path) -> None:
    file = tmp_path / "t.toml"
    file.write_text(text)
    with pytest.raises(BadTable, match=fault):
        read_table(file)


async def test_one_place_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    twice = "udp://127.0.0.1:9000?device=D/a udp://127.0.0.1:9000?device=D/b"
    with pytest.raises(ReadTwice, match=r"udp:127\.0\.0\.1:9000"):
        settings(monkeypatch, SOURCES=twice).open_sources(Clock(), 1, lambda department_ref: True)
