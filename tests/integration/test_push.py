"""Positions pushed over HTTP to a running service: by phones, and by a Traccar server."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from tests.integration.processes import children_of
from tests.integration.service import Service, free_port, running_service
from tracker.child import wait_for
from tracker.registry import New, NewDepartment, NewDevice, NewVehicle

WITHIN_S = 30.0
#: More than the service takes to say that the database is away.
ANSWER_S = 20.0
THINGS: list[New] = [
    NewDepartment(ref="FSD"),
    NewDepartment(ref="POL"),
    *(NewVehicle(ref=f"V-{ref}", department="FSD") for ref in ("phone", "truck", "killed", "out")),
    *(
        NewDevice(ref=ref, department="FSD", vehicle=f"V-{ref}")
        for ref in ("phone", "truck", "killed", "out")
    ),
    NewDevice(ref="traccar", department="FSD"),
    NewDevice(ref="spare", department="FSD"),
    NewDevice(ref="guessed", department="FSD"),
    NewDevice(ref="car", department="POL"),
]
_seconds = iter(range(1, 100_000))


@dataclass
class World:
    """The service and where pushes go."""

    service: Service
    url: str
    passwords: dict[str, str] = field(default_factory=dict)

    def sign_in(self, full_ref: str) -> httpx.BasicAuth:
        """Its name and password, made at the first call and known to ingest when this returns."""
        if full_ref not in self.passwords:
            made = self.service.milepost("device", "password", full_ref).strip()
            auth = httpx.BasicAuth(full_ref, made)

            def known() -> bool:
                probe = httpx.post(f"{self.url}/push/{full_ref}", content=b"[]", auth=auth)
                return probe.status_code == 200

            assert wait_for(known, WITHIN_S)
            self.passwords[full_ref] = made
        return httpx.BasicAuth(full_ref, self.passwords[full_ref])

    def push(self, full_ref: str, content: bytes, *, of: str | None = None) -> httpx.Response:
        """Push as this device, to the address of another where `of` names one."""
        return httpx.post(
            f"{self.url}/push/{of or full_ref}",
            content=content,
            auth=self.sign_in(full_ref),
            timeout=ANSWER_S,
        )

    def stored(self, device: str) -> list[asyncpg.Record]:
        """Fixes of a device, oldest first."""
        return self.service.fetch(
            "SELECT f.* FROM fix AS f JOIN device AS d ON d.id = f.device_id"
            " WHERE d.ref = $1 ORDER BY fixed_at",
            device,
        )

    def rejects(self, device: str) -> list[tuple[str, bytes, str]]:
        """Reason, bytes and source of what was refused."""
        rows = self.service.fetch(
            "SELECT reason, raw, source FROM reject WHERE claimed_ref = $1 ORDER BY id", device
        )
        return [tuple(row.values()) for row in rows]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    port = free_port()
    with pytest.MonkeyPatch.context() as environment:
        address = f"http://127.0.0.1:{port}?gateways=FSD/traccar"
        environment.setenv("MILEPOST_SOURCES", address)
        with running_service(*THINGS) as service:
            yield World(service, f"http://127.0.0.1:{port}")


def location(at: datetime | None = None, **members: object) -> bytes:
    """What a phone says of a place that it was at, another moment at each call."""
    at = at or datetime.now(UTC) - timedelta(hours=2) + timedelta(seconds=next(_seconds))
    said = {"_type": "location", "tst": int(at.timestamp()), "lat": 22.3, "lon": 114.17, "vel": 36}
    return json.dumps(said | members).encode()


def forwarded(unique_id: str, **members: object) -> bytes:
    """What a Traccar server says of a device of its own."""
    at = datetime.now(UTC) - timedelta(hours=2) + timedelta(seconds=next(_seconds))
    position: dict[str, Any] = {
        "fixTime": at.isoformat(timespec="milliseconds"),
        "valid": True,
        "outdated": False,
        "latitude": 22.31,
        "longitude": 114.18,
        "speed": 10.0,
        "course": 90.0,
        "altitude": 0.0,
        "accuracy": 0.0,
        "attributes": {"ignition": True, "batteryLevel": 60},
    }
    device = {"id": 1, "uniqueId": unique_id}
    return json.dumps({"position": position | members, "device": device}).encode()


def test_a_phones_position_is_stored_when_it_is_answered_and_once(world: World) -> None:
    payload = location(batt=50)
    for _ in range(2):
        answer = world.push("FSD/phone", payload)
        assert (answer.status_code, answer.json()) == (200, [])
        [row] = world.stored("phone")
    assert row["speed_mps"] == pytest.approx(10.0)
    assert json.loads(row["inputs"]) == {"battery_pct": 50}


def test_a_traccar_server_speaks_for_the_devices_of_its_department(world: World) -> None:
    assert world.push("FSD/traccar", forwarded("truck")).status_code == 200
    [row] = world.stored("truck")
    assert row["speed_mps"] == pytest.approx(5.144, abs=0.001)
    assert (row["ignition"], row["accuracy_m"]) == (True, None)
    answer = world.push("FSD/traccar", forwarded("truck", valid=False))
    assert (answer.status_code, len(world.stored("truck"))) == (200, 1)

    stranger = forwarded("unheard-of")
    answer = world.push("FSD/traccar", stranger)
    assert (answer.status_code, answer.headers["Milepost-Refused"]) == (202, "unknown_device")
    assert world.rejects("FSD/unheard-of") == [("unknown_device", stranger, "traccar")]
    world.service.milepost("vehicle", "add", "V-new", "--department", "FSD")
    world.service.milepost(
        *("device", "add", "unheard-of", "-d", "FSD", "--vehicle", "V-new", "--no-password")
    )
    world.service.milepost("rejects", "replay", "--device", "FSD/unheard-of")
    assert wait_for(lambda: len(world.stored("unheard-of")) == 1, WITHIN_S), "read again as it came"


def test_a_forwarded_position_that_names_no_device_is_nobodys(world: World) -> None:
    for named in ("", "a/b", "x" * 65, "\u0000"):
        payload = forwarded(named)
        answer = world.push("FSD/traccar", payload)
        assert answer.status_code == 422
        assert world.rejects("FSD/traccar")[-1] == ("form", payload, "traccar")


def test_who_is_not_signed_in_is_refused(world: World) -> None:
    address, mine = f"{world.url}/push/FSD/spare", world.sign_in("FSD/spare")
    wrong = [
        None,
        httpx.BasicAuth("FSD/spare", "wrong"),
        httpx.BasicAuth("FSD/nobody", "wrong"),
        httpx.BasicAuth("FSD/traccar", world.passwords["FSD/spare"]),
    ]
    for auth in wrong:
        answer = httpx.post(address, content=location(), auth=auth)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Basic")
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["type"] == "/problems/not-signed-in"
    for header in ("Basic", "Basic !", "Bearer abc", "Basic " + "Zm9v"):
        headers = {"Authorization": header, "Accept-Language": "zh-HK"}
        answer = httpx.post(address, content=location(), headers=headers)
        assert (answer.status_code, answer.json()["title"]) == (401, "請先登入")
    assert httpx.post(address, content=b"[]", auth=mine).status_code == 200


def test_guessing_is_slowed_down_and_does_not_stop_others(world: World) -> None:
    address = f"{world.url}/push/FSD/guessed"
    answers = [
        httpx.post(address, content=b"[]", auth=httpx.BasicAuth("FSD/guessed", f"guess {number}"))
        for number in range(12)
    ]
    assert [each.status_code for each in answers] == [401] * 10 + [429] * 2
    assert answers[-1].headers["Retry-After"] == "60"
    assert world.push("FSD/phone", b"[]").status_code == 200


def test_a_device_speaks_for_itself_alone(world: World) -> None:
    before = len(world.stored("phone"))
    assert world.push("FSD/spare", location(), of="FSD/phone").status_code == 403
    assert world.push("POL/car", location(), of="FSD/phone").status_code == 403
    assert world.push("POL/car", location(), of="POL/phone").status_code == 403
    assert world.push("FSD/spare", forwarded("phone")).status_code == 403, "it is no gateway"
    assert len(world.stored("phone")) == before
    assert httpx.get(f"{world.url}/push/FSD/phone").status_code == 404
    assert httpx.post(world.url).json()["type"] == "/problems/not-found"


def test_what_is_refused_is_not_called_stored(world: World) -> None:
    early, ahead = (
        location(datetime(1999, 1, 1, tzinfo=UTC)),
        location(datetime(2099, 1, 1, tzinfo=UTC)),
    )
    for payload in (early, ahead):
        answer = world.push("FSD/phone", payload)
        assert (answer.status_code, answer.json()) == (202, []), "OwnTracks reads it as a list"
        assert answer.headers["Milepost-Refused"] == "clock"
    answer = world.push("FSD/spare", location())
    assert (answer.status_code, answer.headers["Milepost-Refused"]) == (202, "unassigned")
    assert [reason for reason, _, _ in world.rejects("FSD/spare")] == ["unassigned"]
    assert [raw for _, raw, _ in world.rejects("FSD/phone")] == [early, ahead]


@pytest.mark.parametrize(
    ("payload", "reason", "words"),
    [
        (b"{", "json", "no JSON"),
        (b"\xff", "json", "no JSON"),
        (b"", "json", "no JSON"),
        (b'{"_type": "encrypted", "data": "x"}', "encrypted", "clear the encryption key"),
        (b'{"_type": "location", "tst": 1}', "form", "lat and lon"),
        (location(lat=91), "range", "outside what it can be"),
    ],
    ids=["json", "bytes", "empty", "encrypted", "form", "range"],
)
def test_what_cannot_be_read_is_kept_and_the_answer_says_why(
    world: World, payload: bytes, reason: str, words: str
) -> None:
    answer = world.push("FSD/phone", payload)
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert words in answer.json()["detail"]
    assert world.rejects("FSD/phone")[-1] == (reason, payload, "owntracks")


def test_of_an_array_the_good_ones_are_stored(world: World) -> None:
    before = len(world.stored("phone"))
    good, bad = json.loads(location()), {"_type": "location"}
    assert world.push("FSD/phone", json.dumps([good, bad]).encode()).status_code == 422
    assert len(world.stored("phone")) == before + 1


def test_what_is_too_large_or_too_slow_is_not_taken(world: World) -> None:
    padded = location(x="x" * 64 * 1024)
    assert world.push("FSD/phone", padded).status_code == 413

    def portions() -> Iterator[bytes]:
        yield from (b" " * 8192 for _ in range(9))

    address = f"{world.url}/push/FSD/phone"
    with httpx.Client(auth=world.sign_in("FSD/phone"), timeout=ANSWER_S) as client:
        assert client.post(address, content=portions()).status_code == 413
        assert client.post(address, content=location()).status_code == 200


def test_while_the_database_is_away_nothing_is_called_stored_and_nothing_is_lost(
    world: World,
) -> None:
    auth = world.sign_in("FSD/out")
    world.push("FSD/out", b"[]")
    postmaster = world.service.session.pid("PostgreSQL")
    database = [*children_of(postmaster), postmaster]
    sent = [location() for _ in range(230)]
    answers: list[httpx.Response] = []

    async def push_all() -> None:
        address, limits = f"{world.url}/push/FSD/out", httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(auth=auth, timeout=ANSWER_S, limits=limits) as client:
            pushes = (client.post(address, content=each) for each in sent)
            answers.extend(await asyncio.gather(*pushes))

    try:
        for pid in database:
            os.kill(pid, signal.SIGSTOP)
        asyncio.run(push_all())
    finally:
        for pid in database:
            os.kill(pid, signal.SIGKILL)
    assert {each.status_code for each in answers} == {503}
    said = [each.json()["type"] for each in answers]
    assert set(said) == {"/problems/unavailable", "/problems/crowded"}
    assert all(int(each.headers["Retry-After"]) > 0 for each in answers)
    kept = said.count("/problems/unavailable")
    assert kept == 200
    assert wait_for(lambda: _count(world, "out") == kept, 60), "what was taken is stored after all"
    for payload in sent:
        assert world.push("FSD/out", payload).status_code == 200
    assert _count(world, "out") == len(sent)


def _count(world: World, device: str) -> int:
    try:
        return len(world.stored(device))
    except (OSError, asyncpg.PostgresError):
        return -1


def test_after_kills_in_the_middle_of_answers_nothing_is_lost_or_doubled(world: World) -> None:
    auth = world.sign_in("FSD/killed")
    address = f"{world.url}/push/FSD/killed"
    sent = [location() for _ in range(400)]
    unanswered = list(sent)
    answered: list[bytes] = []
    stop = threading.Event()

    def phone() -> None:
        with httpx.Client(auth=auth, timeout=ANSWER_S) as client:
            while unanswered and not stop.is_set():
                try:
                    if client.post(address, content=unanswered[0]).status_code == 200:
                        answered.append(unanswered.pop(0))
                except httpx.TransportError:
                    stop.wait(0.05)

    sending = threading.Thread(target=phone)
    sending.start()
    try:
        for _ in range(4):
            before = len(answered)
            assert wait_for(lambda n=before: len(answered) > n + secrets.randbelow(40), WITHIN_S)  # type: ignore[misc]  # mypy knows no default of a lambda
            world.service.kill("ingest")
            promised = {json.loads(each)["tst"] for each in list(answered)}
            assert promised <= {row["fixed_at"].timestamp() for row in world.stored("killed")}
        assert wait_for(lambda: not unanswered, 60)
    finally:
        stop.set()
        sending.join()
    times = [row["fixed_at"].timestamp() for row in world.stored("killed")]
    assert times == [json.loads(each)["tst"] for each in sent]


def test_a_new_password_ends_the_old_one_and_a_retired_device_pushes_no_more(world: World) -> None:
    old = world.sign_in("POL/car")
    new = world.service.milepost("device", "password", "POL/car").strip()
    address = f"{world.url}/push/POL/car"

    def status(auth: httpx.BasicAuth) -> int:
        return httpx.post(address, content=b"[]", auth=auth).status_code

    assert wait_for(lambda: status(httpx.BasicAuth("POL/car", new)) == 200, WITHIN_S)
    assert status(old) == 401
    world.service.milepost("device", "retire", "POL/car")
    assert wait_for(lambda: status(httpx.BasicAuth("POL/car", new)) in (401, 429), WITHIN_S)


def test_the_health_of_ingest_counts_the_answers(world: World) -> None:
    world.push("FSD/phone", b"[]")

    def told() -> bool:
        [row] = world.service.fetch("SELECT counters->'sources' AS sources FROM ingest_health")
        [health] = [
            each for name, each in json.loads(row["sources"]).items() if name.startswith("http:")
        ]
        return bool(health["connected"] and health["answers"].get("200") and not health["waiting"])

    assert wait_for(told, WITHIN_S)
