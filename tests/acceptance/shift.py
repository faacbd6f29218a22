"""A shift in a control room: a running service, two departments, vehicles that report by MQTT."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from geo.fix import Fix
from tests.integration.service import Service, running_service
from tracker.child import wait_for
from tracker.registry import New, NewDepartment, NewDevice, NewFence, NewRule, NewVehicle

HOSTILE = "<img src=x onerror=window.ran=1>${window.ran=1}</script>"
LON, DEPOT_LAT, RADIUS_M = 114.17, 22.30, 300
#: The jobs are done so many times, with vehicles of their own: by two hands in two languages.
TURNS = 4
#: North of the depot, ever farther; the even ones pump.
RANKED = [f"ENG-{n}" for n in range(6)]
#: What reports every ten minutes is late after half an hour, and silent after fifty minutes.
SLOW_S = 600
#: What is played back began so long ago: all of it is over, and within the last hour.
BEGAN = timedelta(minutes=40)
#: Seconds after that: up north through the depot, 10 s apart, and what it told only now.
WAY = [(10 * n, 22.285 + 0.0005 * n) for n in range(61)]
LATE_S, LATE_LON = 305, 114.1706
#: Another fence stood at that time only.
CORDON_S = 1200

Found = TypeVar("Found")


def beside(work: Callable[[], Found]) -> Found:
    """Do it in a thread of its own: this one's event loop is the browser's."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()


@dataclass(frozen=True)
class Place:
    """Where a vehicle was, and when: so long ago, or at a time."""

    lat: float
    age_s: float = 0.0
    lon: float = LON
    at: datetime | None = None


@dataclass(frozen=True)
class Shift:
    """A service, and a key to it."""

    service: Service
    key: str
    #: When what is played back began.
    past: datetime

    def report(self, ref: str, *places: Place, department: str = "FSD") -> None:
        """A vehicle tells by one message where it was; it is stored when this returns."""
        now = datetime.now(UTC)
        fixes = (
            Fix(
                fixed_at=place.at or now - timedelta(seconds=place.age_s),
                lon=place.lon,
                lat=place.lat,
                speed_mps=10.0,
                course_deg=0.0,
            )
            for place in places
        )
        self.service.report(f"box-{ref}", *fixes, department=department)

    def enter_depot(self, ref: str) -> None:
        """It drives in from the south, in a minute: one alert."""
        self.report(ref, Place(22.29, age_s=60.0), Place(DEPOT_LAT))

    def sql(self, statement: str, *values: object) -> object:
        """The first value of what the owner reads, or None."""
        rows = beside(lambda: self.service.fetch(statement, *values))
        return rows[0][0] if rows else None

    def alert(self, rule: str) -> str:
        """The id of the alert that a rule of the fire services raises."""
        found: list[object] = []

        def look() -> bool:
            found[:] = [
                self.sql(
                    "SELECT alert.id::text FROM alert JOIN rule ON rule.id = rule_id"
                    " WHERE rule.ref = $1",
                    rule,
                )
            ]
            return found != [None]

        assert wait_for(look, 30), f"{rule} raised nothing"
        return str(found[0])

    def stored(self, count: int) -> bool:
        """Whether there come to be so many fixes."""
        return wait_for(lambda: self.sql("SELECT count(*) FROM fix") == count, 30)


def _vehicles() -> Iterator[NewVehicle]:
    own = {"department": "FSD", "name_en": HOSTILE, "name_zh_hant": HOSTILE}
    slow = {"moving_interval_s": SLOW_S, "stopped_interval_s": SLOW_S}
    for number, ref in enumerate(RANKED):
        able = "pump" if number % 2 == 0 else "ladder"
        yield NewVehicle.model_validate({"ref": ref, **own, **slow, "capabilities": able})
    for ref in ("DUE", "OUT", "NEW", "PAST"):
        yield NewVehicle.model_validate({"ref": ref, **own, **slow})
    for turn in range(TURNS):
        for ref in ("MOVES", "TAKEN", "RINGS", "WAITS", "LOST"):
            plate = f"AM {turn}{len(ref)}{ord(ref[0])}"
            yield NewVehicle.model_validate({"ref": f"{ref}-{turn}", "plate": plate, **own})
    for ref in ("LENT", "HIDDEN"):
        theirs = {**own, "department": "HKPF", "ref": ref}
        yield NewVehicle.model_validate({**theirs, **slow})


def _rules() -> Iterator[NewRule]:
    def rule(ref: str, name: str, vehicle: str, **more: object) -> NewRule:
        said = {"ref": ref, "department": "FSD", "name_en": name, "name_zh_hant": name}
        return NewRule.model_validate({**said, "vehicles": [vehicle], **more})

    depot = {"on": ["enter"], "fence": "depot", "severity": "critical"}
    yield rule("past", HOSTILE, "PAST", **depot)
    for turn in range(TURNS):
        yield rule(f"taken-{turn}", HOSTILE, f"TAKEN-{turn}", **depot)
        yield rule(f"rings-{turn}", HOSTILE, f"RINGS-{turn}", **depot, escalate_after_s=1)
        yield rule(f"waits-{turn}", HOSTILE, f"WAITS-{turn}", **depot, escalate_after_s=3600)
        yield rule(f"lost-{turn}", HOSTILE, f"LOST-{turn}", on=["silent"], silent_s=300)


def things() -> list[New]:
    """Two departments, vehicles with boxes, fences, and who is to be told of whom."""
    vehicles = list(_vehicles())
    circle = {"circle": {"center": (LON, DEPOT_LAT), "radius_m": RADIUS_M}}
    other = {"circle": {"center": (LON, 22.34), "radius_m": RADIUS_M}}
    return [
        NewDepartment(ref="FSD", name_en="Fire Services", name_zh_hant="消防處"),
        NewDepartment(ref="HKPF", name_en="Police", name_zh_hant="警務處"),
        *vehicles,
        *(NewDevice(ref=f"box-{v.ref}", department=v.department, vehicle=v.ref) for v in vehicles),
        NewFence(
            ref="depot", department="FSD", name_en="Depot", name_zh_hant="車廠", definition=circle
        ),
        NewFence(
            ref="cordon",
            department="FSD",
            name_en="Cordon",
            name_zh_hant="封鎖區",
            definition=other,
        ),
        *_rules(),
    ]


@contextmanager
def on_shift() -> Iterator[Shift]:
    """The service, in which the vehicles that all jobs look at have reported."""
    with running_service(*things()) as service:
        past = datetime.now(UTC).replace(microsecond=0) - BEGAN
        made = Shift(service, service.key("manager@FSD", "administrator@FSD"), past)
        service.fetch("UPDATE fence_version SET in_force = tstzrange('2026-01-01', NULL)")
        for number, ref in enumerate(RANKED):
            made.report(ref, Place(22.31 + number / 100))
        made.report("DUE", Place(22.42, age_s=35 * 60))
        made.report("OUT", Place(22.43, age_s=58 * 60))
        lend(service)
        for ref in ("LENT", "HIDDEN"):
            made.report(ref, Place(22.44), department="HKPF")
        tell_the_past(made, told=len(RANKED) + 4)
        yield made


def lend(service: Service) -> None:
    """One vehicle of the police is shown to the fire services."""
    until = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
    service.milepost(
        *("grant", "add", "HKPF", "FSD", "--vehicle", "HKPF/LENT", "--until", until),
        *("--purpose", "the fire at the docks", "--by", "Lee", "--approver", "Ho"),
    )


def tell_the_past(shift: Shift, told: int) -> None:
    """What was half an hour ago: an alert of then, a fence that is gone, a fix that came late."""
    shift.report("PAST", *(Place(lat, at=shift.past + timedelta(seconds=s)) for s, lat in WAY))
    assert shift.stored(told + len(WAY))
    assert wait_for(lambda: shift.sql("SELECT count(*) FROM alert") == 1, 30)
    shift.sql("UPDATE fix SET received_at = fixed_at + interval '1 second'")
    shift.sql(
        "UPDATE alert SET opened_at = event.at + interval '2 seconds' FROM event"
        " WHERE event.id = alert.event_id"
    )
    shift.sql(
        "UPDATE fence_version SET in_force = tstzrange('2026-01-01', $1)"
        " WHERE fence_id = (SELECT id FROM fence WHERE ref = 'cordon')",
        shift.past + timedelta(seconds=CORDON_S),
    )
    late = shift.past + timedelta(seconds=LATE_S)
    shift.report("PAST", Place(DEPOT_LAT, lon=LATE_LON, at=late))
    assert shift.stored(told + len(WAY) + 1)
