"""Addresses of sources, as a person writes them."""

from __future__ import annotations

import pytest

from ingest.clock import Clock
from ingest.errors import BadSource
from ingest.settings import IngestSettings, make_source
from ingest.sources.file import FileSource
from ingest.sources.mqtt import MqttSource
from ingest.sources.serial import SerialSource


def settings(monkeypatch: pytest.MonkeyPatch, **values: str) -> IngestSettings:
    for name in ("MQTT_URL", "SOURCES"):
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
    "address",
    [
        "",
        "/dev/ttyUSB0",
        "serial:/dev/ttyUSB0",
        "serial:/dev/ttyUSB0?device=box1",
        "serial:/dev/ttyUSB0?device=/box1",
        "serial:/dev/ttyUSB0?device=FSD/",
        "serial:?device=FSD/box1",
        "serial:/dev/ttyUSB0?device=FSD/box1&baud=fast",
        "tcp://host:10110?device=FSD/box1",
    ],
)
def test_an_address_that_is_none_is_named(address: str) -> None:
    with pytest.raises(BadSource, match="serial:/dev/ttyUSB0") as raised:
        make_source(address, Clock())
    assert str(raised.value).endswith(address)
