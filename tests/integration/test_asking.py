"""The verbs that ask questions, run as a person runs them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.conftest import Database
from tests.integration.api_world import World, world_in
from tests.integration.service import verb


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    async with world_in(database) as made:
        await made.drive(
            "A/AMB-1",
            *((10.0 * k, 114.10 + k * 0.001, 22.30) for k in range(11)),
            speed_mps=10.0,
            course_deg=90.0,
            ignition=True,
        )
        await made.drive("B/AMB-1", (0, 114.2, 22.35))
        yield made


class Terminal:
    """Runs verbs on a world."""

    def __init__(self, world: World) -> None:
        self._environment = world.database.environment()
        self._start = world.started_at

    def time(self, second: float) -> str:
        return f"{self._start + timedelta(seconds=second):%Y-%m-%dT%H:%M:%SZ}"

    def __call__(self, *argv: str) -> str:
        done = verb(self._environment, *argv)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refused(self, *argv: str) -> str:
        done = verb(self._environment, *argv)
        assert done.returncode in (1, 2), done.stdout
        return done.stderr


@pytest.fixture
def say(world: World) -> Terminal:
    return Terminal(world)


def test_where(say: Terminal) -> None:
    now = say("where")
    assert now.splitlines()[0].split() == ["vehicle", "place", "fix", "age", "motion"]
    assert "A/AMB-1  22.30000, 114.11000" in now
    assert "B/AMB-1" not in say("where", "--department", "A")
    assert "A/AMB-1" not in say("where", "--box", "114.15,22.3,114.3,22.4")
    triangle = "POLYGON((114.1 22.2, 114.2 22.3, 114.1 22.4, 114.1 22.2))"
    assert "B/AMB-1" not in say("where", "--polygon", triangle)
    then = say("where", "A/AMB-1", "--at", say.time(15))
    assert "22.30000, 114.10150  between" in then
    told = json.loads(say("where", "--at", say.time(15), "--json"))["vehicles"]
    assert [each["known_by"] for each in told] == ["between", "nothing", "last", "nothing"]
    before_any_came = ("--at", say.time(15), "--known-at", say.time(-9))
    assert "not known" in say("where", "A/AMB-1", *before_any_came)
    assert "no such thing" in say.refused("where", "A/NONE")
    assert "--known-at goes with --at" in say.refused("where", "--known-at", say.time(1))


def test_near(say: Terminal) -> None:
    lines = say("near", "22.30, 114.10").splitlines()
    assert [line.split()[0] for line in lines] == ["vehicle", "A/AMB-1", "B/AMB-1"]
    assert "1.0 km" in lines[1]
    assert "090°" in lines[1]
    assert say("near", "22.30, 114.10", "--capability", "boat").strip() == "None that fits."
    grid = json.loads(say("near", "832591.3E 820351.4N", "-k", "1", "--json"))
    assert len(grid["vehicles"]) == 1
    assert say.refused("near", "somewhere")


def test_track_and_visits(say: Terminal) -> None:
    whole = say("track", "A/AMB-1")
    assert len(whole.splitlines()) == 12
    assert "36 km/h" in whole
    few = say("track", "A/AMB-1", "--simplify", "5").splitlines()
    assert few[-1].endswith("of 11 fixes, true to 5.0 m")
    assert len(few) < 8
    told = json.loads(say("track", "A/AMB-1", "--points", "5", "--json"))
    assert told["of"] == 11
    assert len(told["lon"]) <= 5

    lines = say("visits", "22.30, 114.1055", "--within", "20").splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("A/AMB-1")
    assert "0 m" in lines[1]
    nobody = ("--to", say.time(10), "--from", say.time(0))
    assert say("visits", "22.30, 114.1055", *nobody).startswith("Nobody")
    assert "31 days" in say.refused("visits", "22.3, 114.1", "--from", "2026-01-01")


async def test_trips_and_days(world: World, say: Terminal) -> None:
    await world.sql(
        "WITH v AS (SELECT id, department_id, application_id FROM vehicle WHERE ref = 'AMB-1' AND"
        " department_id = 1), t AS (INSERT INTO trip SELECT id, CAST(:at AS timestamptz),"
        " CAST(:at AS timestamptz) + interval '90 s', department_id, application_id, 114.1, 22.3,"
        " 114.11, 22.3, 1030, 90, 0, 10, 11, 'stop' FROM v), s AS (INSERT INTO stop SELECT id,"
        " CAST(:at AS timestamptz) + interval '90 s', NULL, department_id, 114.11, 22.3, 30, 2,"
        " 'move', 'open' FROM v), o AS (INSERT INTO odometer SELECT id, department_id, 12345, 60,"
        " CAST(:at AS timestamptz) FROM v) INSERT INTO vehicle_day SELECT id, '2026-11-20',"
        " department_id, application_id, 1030, 1, 1, 90, 0, 30, 120, 11, 10 FROM v",
        at=world.started_at,
    )
    journal = say("trips", "A/AMB-1").splitlines()
    assert [line.split()[0] for line in journal] == ["what", "trip", "stop", "odometer"]
    assert "1.0 km" in journal[1]
    assert "still there" in journal[2]
    assert "12.3 km" in journal[3]
    asked = ("--from", "2026-11-18", "--to", "2026-11-21")
    assert "2026-11-20  A/AMB-1" in say("days", *asked)
    rows = list(csv.DictReader(io.StringIO(say("days", "--by", "department", "--csv", *asked))))
    assert [(row["ref"], row["distance_m"], row["odometer_m"]) for row in rows] == [
        ("A", "1030.0", "")
    ]
    told = json.loads(say("days", "A/AMB-1", "--json", *asked))
    assert told["days"][0]["odometer_m"] == 12345
    assert say("days", "--from", "2026-01-01", "--to", "2026-01-02").startswith("Nothing")
