"""What cannot be read, or cannot be true, is kept with bytes and reason, and stops nothing."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from ingest.decoding import WAIT_FOR_DATE
from tests.integration.boxes import Boxes, say
from tests.integration.service import Service, running_service
from tracker.child import wait_for
from tracker.registry import New, NewDepartment, NewDevice, NewVehicle

WITHIN_S = 30.0
GGA = "GPGGA,{at:%H%M%S},2218.0000,N,11410.0000,E,1,09,0.9,5.0,M,,,,"
RMC = "GPRMC,{at:%H%M%S},A,2218.0000,N,11410.0000,E,10.0,90.0,{at:%d%m%y},,"
NOISE = b"\xff\xfe\x00 not a sentence"
WRONG_SUM = b"$GPGGA,010203,2218.0000,N,11410.0000,E,1,09,0.9,5.0,M,,,,*00"
CUT = b"$GPGGA,010203,2218.0000,N"
RANGE = say("GPGGA,010203,9918.0000,N,11410.0000,E,1,09,0.9,5.0,M,,,,").rstrip()
#: It has a calendar's last day, and the next epoch is past midnight.
LAST_DAY = say("GPZDA,235959,31,12,9999,,", "GPGGA,000001,2218.0,N,11410.0,E,1,09,0.9,5.0,M,,,,")


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def epoch(at: datetime) -> bytes:
    """Two good sentences."""
    return say(RMC.format(at=at), GGA.format(at=at))


def nmea(boot: str, *lines: bytes) -> bytes:
    """Lines that are refused, as message 1, with a good epoch after them."""
    return b"\n".join([b"#%s,1" % boot.encode(), *lines, epoch(now())])


def batch(boot: str, *fixes: Mapping[str, Any]) -> bytes:
    """Members of a batch, as message 1, with a good one after them."""
    members = [*fixes, {"t": now().isoformat(), "lat": 22.3, "lon": 114.1}]
    return json.dumps({"boot": boot, "seq": 1, "fixes": members}).encode()


def fix_at(at: datetime, lat: float = 22.3, lon: float = 114.1) -> dict[str, Any]:
    return {"t": at.isoformat(), "lat": lat, "lon": lon}


@dataclass(frozen=True)
class Case:
    """A message, and what must come of it."""

    name: str
    kind: str
    payload: Callable[[str], bytes]
    #: (reason, bytes) of each reject; None for the bytes: the whole payload.
    rejects: tuple[tuple[str, bytes | None], ...]
    #: How many good fixes are in it, and are stored.
    stored: int = 1
    #: Whether its number can be told, so that it is acknowledged and named in `bad`.
    numbered: bool = True


def member(fix: Mapping[str, Any]) -> bytes:
    return json.dumps(fix).encode()


FUTURE = fix_at(now() + timedelta(days=1))
TOO_EARLY = fix_at(datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC))
NULL_ISLAND = fix_at(now(), lat=0, lon=0)
HUGE = {"t": "2026-01-01T00:00:00Z", "lat": 10**400, "lon": 1}
NOWHERE = fix_at(now(), lat=91)

CASES = [
    Case("noise", "nmea", lambda b: nmea(b, NOISE), (("noise", NOISE),)),
    Case("checksum", "nmea", lambda b: nmea(b, WRONG_SUM), (("checksum", WRONG_SUM),)),
    Case("cut", "nmea", lambda b: nmea(b, CUT), (("cut", CUT),)),
    Case("range", "nmea", lambda b: nmea(b, RANGE), (("range", RANGE),)),
    Case(
        "several",
        "nmea",
        lambda b: nmea(b, WRONG_SUM, CUT, WRONG_SUM),
        (("checksum", WRONG_SUM), ("cut", CUT), ("checksum", WRONG_SUM)),
    ),
    Case(
        "wrong-header",
        "nmea",
        lambda b: b"#%s,one\n" % b.encode() + epoch(now()),
        (("header", b"#wrong-header,one"),),
        numbered=False,
    ),
    Case(
        "header-bytes",
        "nmea",
        lambda b: b"#%s,1,in.door=\xff\x00\n" % b.encode() + epoch(now()),
        (("header", b"#header-bytes,1,in.door=\xff\x00"),),
        numbered=False,
    ),
    Case(
        "not-json",
        "fix",
        lambda b: b'{"boot":"b","seq":1,"fixes":[',
        (("json", None),),
        stored=0,
        numbered=False,
    ),
    Case(
        "no-fixes",
        "fix",
        lambda b: b'{"boot":"%s","seq":1}' % b.encode(),
        (("form", None),),
        stored=0,
    ),
    Case("wrong-member", "fix", lambda b: batch(b, {"a": 1}), (("form", b'{"a": 1}'),)),
    Case("huge-number", "fix", lambda b: batch(b, HUGE), (("form", member(HUGE)),)),
    Case("out-of-range", "fix", lambda b: batch(b, NOWHERE), (("range", member(NOWHERE)),)),
    Case("future", "fix", lambda b: batch(b, FUTURE), (("clock", None),)),
    Case("too-early", "fix", lambda b: batch(b, TOO_EARLY), (("clock", None),)),
    Case(
        "null-island",
        "fix",
        lambda b: batch(b, NULL_ISLAND),
        (("null_island", member(NULL_ISLAND)),),
    ),
    Case(
        "oversized",
        "nmea",
        lambda b: b"#%s,1\n" % b.encode() + b"x" * (64 * 1024),
        (("oversized", None),),
        stored=0,
    ),
    Case(
        "oversized-batch",
        "fix",
        lambda b: json.dumps({"boot": b, "seq": 1, "fixes": [], "x": "x" * 250_000}).encode(),
        (("oversized", None),),
        stored=0,
    ),
]


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    names = [case.name for case in CASES]
    things: list[New] = [NewDepartment(ref="D"), NewDepartment(ref="E")]
    for name in [*names, "good", "flood", "last-day"]:
        things.append(NewVehicle(ref=f"V-{name}", department="D"))
        things.append(NewDevice(ref=name, department="D", vehicle=f"V-{name}"))
    things.append(NewDevice(ref="in-no-vehicle", department="D"))
    with running_service(*things) as running:
        yield running


@pytest.fixture(scope="module")
def boxes(service: Service) -> Iterator[Boxes]:
    with Boxes(service.mqtt_url) as connected:
        yield connected


@pytest.fixture(autouse=True)
def _good_fixes_are_not_delayed(
    request: pytest.FixtureRequest, service: Service, boxes: Boxes
) -> Iterator[None]:
    """Whatever a test sends: a good message after it is stored and acknowledged."""
    yield
    boot = re.sub(r"[^A-Za-z0-9._-]", "-", request.node.name)[:64]
    boxes.publish("gov/1/D/good/nmea", b"#%s,1\n" % boot.encode() + epoch(now()))
    assert wait_for(lambda: boxes.is_dealt("good", boot, 1), WITHIN_S)
    assert boxes.ack("good", boot)["bad"] == []


def rejects(service: Service, topic: str) -> list[asyncpg.Record]:
    return service.fetch(
        "SELECT r.*, d.ref AS device, p.ref AS department FROM reject AS r"
        " LEFT JOIN device AS d ON d.id = r.device_id"
        " LEFT JOIN department AS p ON p.id = r.department_id WHERE topic = $1 ORDER BY r.id",
        topic,
    )


def stored(service: Service, device: str) -> int:
    query = "SELECT count(*) FROM fix WHERE device_id = (SELECT id FROM device WHERE ref = $1)"
    return int(service.fetch(query, device)[0][0])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_refused_with_reason_and_bytes(case: Case, service: Service, boxes: Boxes) -> None:
    topic, payload = f"gov/1/D/{case.name}/{case.kind}", case.payload(case.name)
    boxes.publish(topic, payload)
    wait_for(lambda: len(rejects(service, topic)) >= len(case.rejects), WITHIN_S)
    rows = rejects(service, topic)
    assert [(row["reason"], row["raw"]) for row in rows] == [
        (reason, payload if raw is None else raw) for reason, raw in case.rejects
    ]
    stamp = (case.name, 1) if case.numbered else (None, None)
    assert {(row["source"], row["device"], row["department"]) for row in rows} == {
        ("mqtt", case.name, "D")
    }
    assert {(row["boot"], row["seq"]) for row in rows} == {stamp}
    assert stored(service, case.name) == case.stored
    if case.numbered:
        assert wait_for(lambda: boxes.is_dealt(case.name, case.name, 1), WITHIN_S)
        assert boxes.ack(case.name, case.name)["bad"] == [1]


@pytest.mark.parametrize(
    ("topic", "reason"),
    [
        ("gov/1/D/stranger/nmea", "unknown_device"),
        ("gov/1/Z/stranger/fix", "unknown_device"),
        ("gov/1/E/good/nmea", "department"),
        ("gov/1//good/nmea", "topic"),
    ],
)
def test_nobody_we_know(topic: str, reason: str, service: Service, boxes: Boxes) -> None:
    payload = b"#b,1\n" + epoch(now())
    boxes.publish(topic, payload)
    assert wait_for(lambda: bool(rejects(service, topic)), WITHIN_S)
    [row] = rejects(service, topic)
    found = (row["reason"], row["raw"], row["source"], row["device"], row["department"])
    assert found == (reason, payload, "mqtt", None, None)


def test_a_device_in_no_vehicle(service: Service, boxes: Boxes) -> None:
    topic, payload = "gov/1/D/in-no-vehicle/nmea", b"#b,1\n" + epoch(now())
    boxes.publish(topic, payload)
    assert wait_for(lambda: boxes.is_dealt("in-no-vehicle", "b", 1), WITHIN_S)
    [row] = rejects(service, topic)
    assert (row["reason"], row["raw"]) == ("unassigned", payload)
    assert (row["device"], row["department"]) == ("in-no-vehicle", "D")
    assert boxes.ack("in-no-vehicle", "b")["bad"] == [1]


def test_the_end_of_the_calendar_costs_one_message(service: Service, boxes: Boxes) -> None:
    topic = "gov/1/D/last-day/nmea"
    boxes.publish(topic, b"#b,1\n" + LAST_DAY)
    # Its date is refused, so its position waits for one in vain.
    assert wait_for(lambda: boxes.is_dealt("last-day", "b", 1), WITHIN_S + WAIT_FOR_DATE.seconds)
    assert boxes.ack("last-day", "b")["bad"] == [1]
    assert rejects(service, topic)
    boxes.publish(topic, b"#b,2\n" + epoch(now()))
    assert wait_for(lambda: stored(service, "last-day") == 1, WITHIN_S)


def test_a_flood_is_kept_up_to_its_bound_and_counted(service: Service, boxes: Boxes) -> None:
    topic, count = "gov/1/D/flood/nmea", 1140
    lines = [b"$GPTXT,line %d*00\n" % number for number in range(count)]
    for seq in range(1, 7):
        part = lines[(seq - 1) * 190 : seq * 190]
        boxes.publish(topic, b"#b,%d\n" % seq + b"".join(part))
    assert wait_for(lambda: boxes.is_dealt("flood", "b", 6), WITHIN_S)
    assert boxes.ack("flood", "b")["bad"] == [1, 2, 3, 4, 5, 6]
    rows = rejects(service, topic)
    assert [row["raw"] for row in rows] == [line.rstrip() for line in lines[:1000]]
    [day] = service.fetch(
        "SELECT refused FROM reject_day"
        " WHERE sender = 'device:' || (SELECT id FROM device WHERE ref = 'flood')",
    )
    assert day["refused"] == count


def test_the_broker_refuses_what_is_larger_still(service: Service) -> None:
    parts = urlsplit(service.mqtt_url)
    refused = threading.Event()
    client = Client(CallbackAPIVersion.VERSION2, client_id="too-large")
    client.on_disconnect = lambda *_: refused.set()
    client.connect(parts.hostname or "", parts.port or 1883)
    client.loop_start()
    try:
        client.publish("gov/1/D/good/nmea", b"#large,1\n" + b"x" * (256 * 1024), qos=1)
        assert refused.wait(WITHIN_S)
    finally:
        client.disconnect()
        client.loop_stop()
    assert service.fetch("SELECT 1 FROM reject WHERE boot = 'large'") == []


def test_every_refusal_is_counted(service: Service, boxes: Boxes) -> None:
    boxes.publish("gov/1/D/good/nmea", b"#counted,1\n" + WRONG_SUM + b"\n" + epoch(now()))
    assert wait_for(lambda: boxes.is_dealt("good", "counted", 1), WITHIN_S)
    [total] = service.fetch("SELECT sum(refused)::int AS refused FROM reject_day")

    def counted() -> dict[str, int]:
        [row] = service.fetch("SELECT counters::text FROM ingest_health")
        rejected: dict[str, int] = json.loads(row["counters"])["rejected"]
        return rejected

    assert wait_for(lambda: sum(counted().values()) == total["refused"], WITHIN_S)
    by_reason = service.fetch("SELECT reason, count(*)::int AS n FROM reject GROUP BY reason")
    assert counted().keys() == {row["reason"] for row in by_reason}
    assert all(counted()[row["reason"]] >= row["n"] for row in by_reason)
    assert f"{total['refused']} refused" in service.milepost("status")
