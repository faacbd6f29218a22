"""What devices say beside fixes, through the real ingest: AIS, health, birth and last will."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from pyais.encode import encode_msg
from pyais.messages import MessageType18

from devices.simulator.sender import Sender
from tests.integration.boxes import Boxes, say
from tests.integration.service import Service, running_service
from tracker.child import wait_for
from tracker.registry import New, NewDepartment, NewDevice, NewVehicle

WITHIN_S = 40.0
REFS = ("box", "mute", "station", "newborn", "launch")
THINGS: tuple[New, ...] = (
    NewDepartment(ref="D"),
    NewDepartment(ref="E"),
    *(NewVehicle(ref=f"V-{ref}", department="D") for ref in REFS),
    *(NewDevice(ref=ref, department="D", vehicle=f"V-{ref}") for ref in REFS[:-1]),
    NewVehicle(ref="V-tug", department="E"),
    NewDevice(ref="tug", department="E", vehicle="V-tug", mmsi="477000002"),
)
#: A device of its own connection with a last will, for a test to kill.
DEVICE = """
import sys, time
from urllib.parse import urlsplit
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion
from devices.simulator.sender import Sender

client = Client(CallbackAPIVersion.VERSION2)
sender = Sender(client, "D", "box", sys.argv[2])
client.will_set(sender.state_topic, sender.state(online=False), qos=1, retain=True)
client.on_connect = lambda *_: sender.announce(online=True)
client.connect("127.0.0.1", urlsplit(sys.argv[1]).port)
client.loop_forever()
"""


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running_service(*THINGS) as running:
        yield running


@pytest.fixture
def boxes(service: Service) -> Iterator[Boxes]:
    with Boxes(service.mqtt_url) as made:
        yield made


def asked(service: Service, path: str, department: str = "D") -> Any:  # noqa: ANN401  any JSON
    token = service.milepost("key", "add", "--role", f"administrator@{department}").strip()
    answer = httpx.get(f"{service.web_url}{path}", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    return answer.json()


def shown(service: Service, ref: str) -> Any:  # noqa: ANN401  any JSON
    return json.loads(service.milepost("device", "show", f"D/{ref}", "--json"))


def is_online(service: Service, ref: str) -> bool | None:
    state = shown(service, ref)["state"]
    return None if state is None else bool(state["online"])


def ship(mmsi: str, at: datetime, *, lon: float = 114.17) -> bytes:
    said = MessageType18.create(mmsi=mmsi, lon=lon, lat=22.29, speed=8.0, second=at.second)
    [sentence] = encode_msg(said, talker_id="AI", sentence_type="VDM")
    return f"{sentence}\r\n".encode()


def start_device(service: Service, boot: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", DEVICE, service.mqtt_url, boot]
    return subprocess.Popen(command)  # noqa: S603  the test's own command line


def test_birth_kill_and_return(service: Service, boxes: Boxes) -> None:
    first = start_device(service, "b1")
    try:
        assert wait_for(lambda: is_online(service, "box") is True, WITHIN_S)
        assert "1 online" in service.milepost("status")
        assert "online" in service.milepost("device", "list")
    finally:
        first.kill()
        first.wait(WITHIN_S)
    assert wait_for(lambda: is_online(service, "box") is False, WITHIN_S)
    assert asked(service, "/v1/devices/D/box")["online"] is False
    again = start_device(service, "b2")
    try:
        assert wait_for(lambda: is_online(service, "box") is True, WITHIN_S)
        before = shown(service, "box")["state"]
        assert before["boot"] == "b2"
        # What still comes of the first start, then something to see that it has been read.
        boxes.publish("gov/1/D/box/state", b'{"online":false,"boot":"b1"}')
        boxes.publish("gov/1/D/box/state", b'{"online":true,"boot":"b2"}')
        boxes.publish("gov/1/D/box/nmea", b"#b2,1\n")
        assert wait_for(lambda: boxes.is_dealt("box", "b2", 1), WITHIN_S)
        assert shown(service, "box")["state"] == before
    finally:
        again.kill()
        again.wait(WITHIN_S)


def test_ingest_that_was_killed_reads_the_states_that_the_broker_kept(
    service: Service, boxes: Boxes
) -> None:
    sender: Sender = boxes.sender("D", "newborn")
    sender.announce(online=True).wait_for_publish(WITHIN_S)
    assert wait_for(lambda: is_online(service, "newborn") is True, WITHIN_S)
    before = shown(service, "newborn")["state"]
    service.kill("ingest")
    sender.publish([])
    assert wait_for(lambda: not boxes.unacked(), WITHIN_S)
    assert shown(service, "newborn")["state"] == before
    assert asked(service, "/v1/devices/D/newborn")["firmware"] == "simulator 1"


def test_a_state_that_is_none_is_a_reject(service: Service, boxes: Boxes) -> None:
    boxes.publish("gov/1/D/mute/state", b'{"online":"yes","boot":"b"}')
    boxes.publish("gov/1/D/mute/state", b"")
    assert wait_for(lambda: "form" in service.milepost("rejects", "list"), WITHIN_S)
    assert is_online(service, "mute") is None


def test_ships_that_a_station_hears(service: Service, boxes: Boxes) -> None:
    """The launch of its own department moves; the tug of another one and a stranger are counted."""
    made = service.milepost(
        "device", "add", "launch", "-d", "D", "--vehicle", "V-launch", "--mmsi", "477123456"
    )
    assert "password" not in made, "a transponder does not sign in"
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=2)
    own = say(f"GPRMC,{at:%H%M%S},A,2218.0000,N,11410.0000,E,0.0,90.0,{at:%d%m%y},,")
    heard = b"".join(ship(mmsi, at) for mmsi in ("477123456", "477000002", "477999999"))
    boxes.publish("gov/1/D/station/nmea", b"#s1,1\n" + own + heard)
    assert wait_for(lambda: boxes.is_dealt("station", "s1", 1), WITHIN_S)
    features = asked(service, "/v1/positions")["features"]
    sources = {each["properties"]["vehicle"]: each["properties"]["source"] for each in features}
    assert sources == {"D/V-station": "receiver", "D/V-launch": "ais"}
    launch = asked(service, "/v1/vehicles/D/V-launch")["position"]
    assert launch["geometry"]["coordinates"] == [pytest.approx(114.17), pytest.approx(22.29)]
    assert launch["properties"]["fixed_at"].startswith(f"{at:%Y-%m-%dT%H:%M:%S}")
    assert asked(service, "/v1/positions", "E")["features"] == []
    assert asked(service, "/v1/devices/D/launch")["mmsi"] == "477123456"
    assert wait_for(lambda: "2 reports by AIS of others" in service.milepost("status"), WITHIN_S)
    assert "477" not in service.milepost("rejects", "list")


def test_how_a_receiver_goes(service: Service, boxes: Boxes) -> None:
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=30)

    def epoch(minute: int, status: str, *more: str) -> bytes:
        at = start + timedelta(minutes=minute)
        place = "2218.0000,N,11410.0000,E" if status == "A" else ",,,"
        return say(*more, f"GPRMC,{at:%H%M%S},{status},{place},0.0,,{at:%d%m%y},,")

    said = [
        epoch(0, "A", "GPTXT,01,01,02,ANTSTATUS=OK"),
        *(epoch(minute, "V") for minute in range(10, 13)),
        epoch(13, "V", "GPTXT,01,01,02,ANTSTATUS=OPEN"),
    ]
    for seq, sentences in reversed(list(enumerate(said, start=1))):
        boxes.publish("gov/1/D/mute/nmea", b"#m1,%d\n" % seq + sentences)
        boxes.publish("gov/1/D/mute/nmea", sentences)
    assert wait_for(lambda: boxes.ack("mute", "m1").get("upto") == len(said), WITHIN_S)

    def minute(number: int) -> str:
        return f"{start + timedelta(minutes=number):%Y-%m-%dT%H:%M}"

    device = asked(service, "/v1/devices/D/mute")
    assert device["antenna"] == "open"
    assert device["no_fix_since"].startswith(minute(10))
    assert [
        (each["kind"], each["detail"], each["since"][:16], each["until"][:16])
        for each in device["notices"]
    ] == [
        ("antenna", "open", minute(13), minute(13)),
        ("no_fix", "", minute(10), minute(13)),
        ("antenna", "ok", minute(0), minute(0)),
    ]
    assert "no fix      since" in service.milepost("device", "show", "D/mute")
    boxes.publish("gov/1/D/mute/nmea", b"#m1,6\n" + epoch(20, "A"))
    assert wait_for(lambda: boxes.is_dealt("mute", "m1", 6), WITHIN_S)
    assert asked(service, "/v1/devices/D/mute")["no_fix_since"] is None
