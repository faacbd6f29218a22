"""What senders decide by themselves: which addresses are public, topics, CAP's types, words."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any
from uuid import UUID, uuid5

import pytest

from api.outgoing.cap import Surroundings, cap_alert, message_type
from api.outgoing.errors import TryLater
from api.outgoing.guard import Guard, is_public
from api.outgoing.mail import letter
from api.outgoing.mqtt import topic_of
from api.outgoing.words import LANGUAGES, headline, lines
from tracker.outbox import Earlier, Subscription, Telling, telling_id

EVENT = UUID("5a7d1f6e-0000-4000-8000-000000000001")
AT = datetime(2026, 11, 27, 4, 0, tzinfo=UTC)


def telling(type_: str = "milepost.fence.enter.v1", **body: Any) -> Telling:  # noqa: ANN401  whatever JSON has
    usual = {
        "event": str(EVENT), "revision": 0, "vehicle": "A/V", "vehicle_name": {"en": "Van"},
        "fence": "A/F", "kind": "enter", "time": AT.isoformat(), "alerts": [],
    }  # fmt: skip
    return Telling(
        outbox_id=1, type=type_, event_id=EVENT, revision=0, body=usual | body, created_at=AT,
        attempts=1,
    )  # fmt: skip


SUBSCRIPTION = Subscription(
    id=1, kind="email", target="a@b.example", secrets=[], department="A",
    department_name={"en": "A", "zh-Hant": "甲"},
)  # fmt: skip


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1", "172.16.0.1", "192.168.1.1", "127.0.0.1", "169.254.169.254",
        "100.64.0.1", "224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.2.1", "198.18.0.1",
        "0.0.0.1", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:10.0.0.1",
        "64:ff9b::a00:1", "2002:a00:1::", "2001:0:a00:1::", "2001:db8::1", "fec0::1",
    ],
)  # fmt: skip
def test_addresses_inside_are_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
def test_addresses_of_the_internet_are(address: str) -> None:
    assert is_public(ip_address(address))


def test_plain_http_goes_only_where_the_operator_allows_it() -> None:
    with pytest.raises(TryLater, match="only https"):
        asyncio.run(Guard().check("http://8.8.8.8/"))
    assert asyncio.run(Guard().check("https://8.8.8.8/")).port == 443
    allowed = asyncio.run(Guard(["10.1.0.0/16"]).check("http://10.1.2.3:81/"))
    assert (allowed.addresses, allowed.port) == (("10.1.2.3",), 81)
    with pytest.raises(TryLater, match="not public"):
        asyncio.run(Guard(["10.1.0.0/16"]).check("https://10.2.2.3/"))


def test_the_first_telling_has_the_events_id_and_later_ones_follow_from_it() -> None:
    assert telling_id(EVENT, 0) == EVENT
    assert telling_id(EVENT, 2) == uuid5(EVENT, "2")


def test_topics_are_by_kind() -> None:
    assert topic_of(telling(), SUBSCRIPTION) == "gov-out/1/A/enter"
    closed = telling("milepost.alert.closed.v1")
    assert topic_of(closed, SUBSCRIPTION) == "gov-out/1/A/alert"


def test_what_refers_to_nothing_is_an_alert() -> None:
    before = [Earlier(id=EVENT, created_at=AT)]
    withdrawn = telling(status="withdrawn")
    assert message_type(withdrawn, []) == "Alert"
    assert message_type(withdrawn, before) == "Cancel"
    for reason, expected in (("false", "Cancel"), ("handled", "Update"), ("over", "Update")):
        closed = telling(alerts=[{"close_reason": reason}])
        assert message_type(closed, before) == expected


@pytest.mark.parametrize("kind", ["enter", "exit", "present", "dwell", "speed", "inside", "stale"])
def test_every_kind_has_words_in_both_languages(kind: str) -> None:
    said = {headline(telling(kind=kind), language) for language in LANGUAGES}
    assert len(said) == 2
    assert all("A/V" in each for each in said)


@pytest.mark.parametrize(
    "what",
    ["acknowledged", "assigned", "noted", "snoozed", "closed", "reopened", "escalated"],
)
def test_every_change_has_words_in_both_languages(what: str) -> None:
    told = telling(change={"what": what, "by": "Lee", "note": "as said"})
    for language in LANGUAGES:
        assert "told." not in headline(told, language)
        assert "as said" in "\n".join(lines(told, language))


@pytest.mark.parametrize("reason", ["handled", "false", "duplicate", "over", "fence_deleted"])
def test_every_reason_has_words_in_both_languages(reason: str) -> None:
    told = telling(change={"what": "closed", "by": None, "reason": reason})
    for language in LANGUAGES:
        assert "told." not in headline(told, language)


def test_a_name_with_a_line_break_makes_no_header() -> None:
    told = telling(vehicle_name={"en": "x\r\nBcc: thief@c.example", "zh-Hant": "甲"})
    made = letter(told, SUBSCRIPTION, "milepost@b.example")
    assert made["Bcc"] is None
    assert "\n" not in made["Subject"]


@pytest.mark.parametrize(
    ("kind", "more", "english", "chinese"),
    [
        ("silent", {"fence": None}, "Van (A/V) has not been heard of for too long", "失去訊號"),
        ("silent", {}, "Van (A/V) has not been heard of for too long (A/F)", "（A/F）"),
        ("duress", {"fence": None}, "Van (A/V) calls for help", "求救"),
        ("sensor", {"fence": None}, "Van (A/V): a sensor is as it must not be", "感應器"),
        ("proximity", {"fence": None, "other": "A/W"}, "Van (A/V) is near to A/W", "接近 A/W"),
    ],
)
def test_signals_are_said_with_a_fence_and_without(
    kind: str, more: dict[str, Any], english: str, chinese: str
) -> None:
    told = telling(f"milepost.vehicle.{kind}.v1", kind=kind, **more)
    assert headline(told, "en") == english
    assert chinese in headline(told, "zh-Hant")
    around = Surroundings(sender="x.example", earlier=(), fence=None, exercise=False)
    assert b"None" not in cap_alert(told, SUBSCRIPTION, around)


def test_what_was_measured_is_said() -> None:
    sensor = {"input": "temp_c", "op": ">", "value": 8.0}
    warm = telling(kind="sensor", sensor=sensor, lowest=8.5, highest=12.0)
    assert "Sensor: temp_c, 8.5 – 12" in lines(warm, "en")
    near = telling(kind="proximity", other="A/W", distance_m=61.7)
    assert "最近距離：62 米" in lines(near, "zh-Hant")
