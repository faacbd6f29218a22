"""What is refused can be seen, read again once its cause is cured, and followed as it happens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from paho.mqtt import publish

from devices.simulator.nmea import Dialect, sentences
from geo.fix import Fix
from tests.integration.service import MILEPOST, Service, running_service
from tests.integration.session import Session
from tracker.child import wait_for
from tracker.registry import NewDepartment, NewDevice, NewFence, NewRule, NewVehicle

WITHIN_S = 20.0
GGA_FIRST = Dialect(talker="GN", sentences=["GGA", "RMC"])
SOUTH, INSIDE = (114.105, 22.295), (114.105, 22.305)
SQUARE = {
    "geometry": {
        "type": "Polygon",
        "coordinates": [
            [[114.10, 22.30], [114.11, 22.30], [114.11, 22.31], [114.10, 22.31], [114.10, 22.30]]
        ],
    }
}


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    things = (
        NewDepartment(ref="D"),
        *(NewVehicle(ref=ref, department="D") for ref in ("V", "W", "X")),
        NewDevice(ref="known", department="D", vehicle="V"),
        NewDevice(ref="spare", department="D"),
        NewFence(ref="square", department="D", definition=SQUARE),
        NewRule(ref="border", department="D", fence="square"),
    )
    with running_service(*things) as running:
        # The fence was there before the vehicles drove.
        running.fetch("UPDATE fence_version SET in_force = tstzrange('2026-01-01', NULL)")
        yield running


def said(place: tuple[float, float], ago_s: float = 5.0) -> bytes:
    """What a receiver says of a place that it was at so long ago."""
    moment = GGA_FIRST.instant(datetime.now(UTC) - timedelta(seconds=ago_s))
    lines = sentences(Fix(fixed_at=moment, lon=place[0], lat=place[1]), GGA_FIRST)
    return "".join(f"{line}\r\n" for line in lines).encode()


def send(service: Service, device: str, payload: bytes) -> None:
    port = service.data.ports()["mqtt"]
    publish.single(f"gov/1/D/{device}/nmea", payload, qos=1, hostname="127.0.0.1", port=port)


def listed(service: Service, *options: str) -> list[dict[str, Any]]:
    lines = service.milepost("rejects", "list", "--json", *options).splitlines()
    return [json.loads(line) for line in lines]


def wait_for_rejects(service: Service, device: str, count: int) -> None:
    def arrived() -> bool:
        rows = service.fetch("SELECT FROM reject WHERE claimed_ref = $1", f"D/{device}")
        return len(rows) >= count

    assert wait_for(arrived, WITHIN_S)


def receipt(service: Service, device: str) -> dict[str, Any]:
    [boot] = json.loads(service.milepost("device", "receipt", f"D/{device}", "--json"))["boots"]
    return dict(boot)


def fixes_of(service: Service, vehicle: str) -> int:
    [row] = service.fetch(
        "SELECT count(*) FROM fix AS f JOIN vehicle AS v ON v.id = f.vehicle_id WHERE v.ref = $1",
        vehicle,
    )
    return int(row["count"])


def test_what_a_stranger_said_is_stored_once_when_its_device_is_registered(
    service: Service,
) -> None:
    messages = [b"#b,1,ign=1\n" + said(SOUTH, 30), b"#b,2\n" + said(INSIDE, 10)]
    for message in messages:
        send(service, "stranger", message)
    of_it = ("--device", "D/stranger")
    wait_for_rejects(service, "stranger", 2)
    assert {row["reason"] for row in listed(service, *of_it)} == {"unknown_device"}

    assert "0 stored now, 2 refused again" in service.milepost("rejects", "replay", *of_it)
    assert [row["reason"] for row in listed(service, *of_it)] == ["unknown_device"] * 2
    assert fixes_of(service, "W") == 0

    service.milepost("device", "add", "stranger", "-d", "D", "--vehicle", "W", "--no-password")
    assert "2 rejects would be" in service.milepost("rejects", "replay", *of_it, "--dry-run")
    assert "2 stored now, 0 refused again" in service.milepost("rejects", "replay", *of_it)
    assert all(row["replayed_at"] for row in listed(service, *of_it))
    assert "0 stored now, 0 refused again" in service.milepost("rejects", "replay", *of_it)

    for message in messages:
        send(service, "stranger", message)
    send(service, "stranger", b"#b,4\n" + said(INSIDE, 2))
    assert wait_for(lambda: fixes_of(service, "W") == 3, WITHIN_S)
    events = service.fetch(
        "SELECT e.kind, e.status FROM event AS e JOIN vehicle AS v ON v.id = e.vehicle_id"
        " WHERE v.ref = 'W'",
    )
    assert [tuple(row) for row in events] == [("enter", "valid")]
    [state] = service.fetch(
        "SELECT ignition FROM fix AS f JOIN vehicle AS v ON v.id = f.vehicle_id"
        " WHERE v.ref = 'W' ORDER BY fixed_at LIMIT 1",
    )
    assert state["ignition"] is True
    told = receipt(service, "stranger")
    assert (told["upto"], told["also"], told["missing"]) == (2, [[4, 4]], [[3, 3]])
    assert (told["dealt"], told["stored"], told["refused"]) == (3, 3, 0)


def test_an_unassigned_devices_fixes_are_stored_when_it_is_assigned(service: Service) -> None:
    send(service, "spare", b"#s,1\n" + said(SOUTH, 8) + said(SOUTH, 7) + b"$GPRMC,broken*00\r\n")
    send(service, "spare", b"#s,2\n" + said(SOUTH, 6))
    wait_for_rejects(service, "spare", 3)
    told = receipt(service, "spare")
    assert (told["dealt"], told["stored"], told["refused"]) == (2, 0, 2)
    heard_at = told["last_at"]
    reasons = [(each["seq"], each["reason"]) for each in told["rejects"]]
    assert sorted(reasons) == [(1, "checksum"), (1, "unassigned"), (2, "unassigned")]

    service.milepost("device", "assign", "D/spare", "--vehicle", "X")
    answer = service.milepost("rejects", "replay", "--device", "D/spare")

    assert "2 stored now, 0 refused again" in answer
    assert fixes_of(service, "X") == 3
    told = receipt(service, "spare")
    assert (told["dealt"], told["stored"], told["refused_ranges"]) == (2, 1, [[1, 1]])
    assert told["last_at"] == heard_at
    assert len(listed(service, "--device", "D/spare")) == 3


def test_a_list_for_people_holds_no_control_characters(service: Service) -> None:
    send(service, "known", b"#c,1\n\x1b[2Jhello\x07\n")
    wait_for_rejects(service, "known", 1)
    text = service.milepost("rejects", "list", "--device", "D/known", "--reason", "noise")
    assert r"\x1b[2Jhello\x07" in text
    assert "#c,1" in text
    assert all(character.isprintable() for character in text.rstrip("\n"))
    assert service.milepost("rejects", "list", "--since", "2099-01-01") == "Nothing was refused.\n"


def test_more_than_is_kept_a_day_is_told_as_a_count(service: Service) -> None:
    noise = b"".join(b"x%d\r\n" % number for number in range(1005))
    send(service, "known", b"#c,2\n" + noise)
    wait_for_rejects(service, "known", 1000)
    *_, day = listed(service, "--device", "D/known", "--limit", "5000")
    assert day["sender"] == "D/known"
    assert day["only_counted"] == day["refused"] - 1000 > 0


def test_a_tail_shows_each_sentence_and_what_becomes_of_it(service: Service) -> None:
    folder = f"MILEPOST_DATA={service.data.path}"
    with Session("/usr/bin/env", folder, *MILEPOST, "device", "tail", "D/known") as tail:
        tail.expect("Listening to D/known")
        send(service, "known", b"#t,1\n" + said(INSIDE) + b"$GPRMC,broken*00\r\n")
        tail.expect(r"nmea  boot t number 1, \d+ bytes, not durable yet")
        tail.expect(r"GGA .*22\.30500 N 114\.10500 E")
        tail.expect("- +refused, checksum: the checksum does not fit")
        tail.expect(r"taken    .* 22\.30500, 114\.10500 for D/V")
        tail.expect("ack   boot t: durable 1; refused in 1")
        send(service, "known", b"#t,1\n" + said(INSIDE))
        tail.expect("boot t number 1, .* sent again: it is durable already")


def test_the_receipts_are_for_those_who_may_see_the_device(service: Service) -> None:
    send(service, "known", b"#r,1\n" + said(INSIDE))
    send(service, "known", b"#r,3\n" + said(INSIDE))
    asked = "/v1/devices/D/known/receipts"
    token = service.milepost("key", "add", "--role", "administrator@D").strip()
    with httpx.Client(base_url=service.web_url, headers={"Authorization": f"Bearer {token}"}) as d:
        assert wait_for(lambda: _boot(d, asked).get("dealt") == 2, WITHIN_S)
        boot = _boot(d, asked)
        assert (boot["upto"], boot["also"], boot["missing"]) == (1, [[3, 3]], [[2, 2]])
        assert (boot["stored"], boot["refused"], boot["holes"]) == (2, 0, 1)
        [known] = [
            each for each in d.get("/v1/devices").json()["devices"] if each["device"] == "D/known"
        ]
        assert known["vehicle"] == "D/V"
        assert known["last_heard_at"] >= boot["last_at"]
        assert d.get("/v1/devices/D/none/receipts").status_code == 404
    text = service.milepost("device", "receipt", "D/known", "--boot", "r")
    assert "durable up to  1, also 3" in text
    assert "dealt with     2 = 2 stored whole + 0 with something refused" in text
    assert "missing        1: 2" in text


def _boot(client: httpx.Client, path: str) -> dict[str, Any]:
    boots = client.get(path, params={"boot": "r"}).json()["boots"]
    return dict(boots[0]) if boots else {}
