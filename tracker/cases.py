"""Fence cases as they are written: JSON in, times and fixes out. See tests/fence_cases."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from geo.fix import Fix
from tracker.errors import BadInput
from tracker.message import Message, Reading, Refusal

Json = Mapping[str, Any]
DEFAULT_DEPARTMENT: Final = "D"
SHAPES: Final = ("geometry", "circle", "corridor")
#: Refused like the sentences of a receiver that says it has no fix.
INVALID: Final = "void"
OLDEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
ROLLOVERS: Final = tuple(timedelta(weeks=weeks) for weeks in (1024, 2048))
FULL_LAT_DEG, FULL_LON_DEG = 90.0, 180.0


@dataclass(frozen=True, slots=True)
class Case:
    """One case: what is there before its steps, and the steps."""

    name: str
    said: Json

    @property
    def settings(self) -> Json:
        """Zone, holidays, territory, clock."""
        return _object(self.said.get("settings"))

    @property
    def departments(self) -> list[str]:
        """Refs of its departments, those only named by what they own too."""
        listed = list(self.said.get("departments") or [])
        made = [*self.said.get("vehicles", ()), *self.said.get("fences", ())]
        made += [step["fence"] for step in self.steps if "fence" in step]
        listed = listed or [DEFAULT_DEPARTMENT]
        return list(
            dict.fromkeys([*listed, *(d for each in made if (d := each.get("department")))])
        )

    @property
    def steps(self) -> Sequence[Json]:
        """What happens, in order of arrival."""
        return list(self.said.get("steps", ()))

    def department_of(self, thing: Json) -> str:
        """Whose a fence, a vehicle or a rule is."""
        return str(thing.get("department") or self.departments[0])

    def vehicles(self) -> dict[str, Json]:
        """Every vehicle by its id, those only named in fixes, groups and the like too."""
        found: dict[str, Json] = {v["id"]: v for v in self.said.get("vehicles", ())}
        named = [fix["vehicle"] for fix in self.fixes()]
        for members in _object(self.said.get("groups")).get("vehicles", {}).values():
            named += members
        named += [
            step["assign"]["vehicle"] for step in self.steps if "vehicle" in step.get("assign", ())
        ]
        for ref in named:
            found.setdefault(ref, {"id": ref})
        return found

    def fixes(self) -> Iterator[Json]:
        """The fixes of all steps."""
        for step in self.steps:
            yield from step.get("batch", ())
            if "fix" in step:
                yield step["fix"]

    def begins(self) -> datetime:
        """Where the clock starts."""
        if said := self.settings.get("clock"):
            return moment(said)
        for step in self.steps:
            times = [arrival(each) for each in _fixes_of(step)]
            if "clock" in step:
                times.append(moment(step["clock"]))
            times += [moment(each["at"]) for each in step.values() if _has_time(each)]
            if times:
                return min(times)
        return datetime.now(UTC)


def _fixes_of(step: Json) -> list[Json]:
    return [*step.get("batch", ()), *([step["fix"]] if "fix" in step else [])]


def _has_time(said: object) -> bool:
    return isinstance(said, Mapping) and "at" in said


def _object(said: object) -> Json:
    return said if isinstance(said, Mapping) else {}


def read_case(path: Path) -> Case:
    """A case from its file; raises BadInput."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        return Case(str(said["name"]), said)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(f"({path}: {error!r})") from error


def moment(said: str) -> datetime:
    """A time as cases have it; without a zone it is UTC."""
    read = datetime.fromisoformat(said)
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def arrival(fix: Json) -> datetime:
    """When a fix arrives by what it says: as said, else at its own time."""
    return moment(fix.get("received_at") or fix["time"])


def shape_of(said: Json) -> dict[str, Any]:
    """The one of the three shapes that is given."""
    return {key: said[key] for key in SHAPES if key in said}


def message_of(fix: Json, department: str, now: datetime) -> Message:
    """What ingest makes of such a fix: a reading, or a refusal of what no fix can be."""
    raw = json.dumps({"vehicle": fix["vehicle"], "time": fix["time"]}).encode()
    received_at = moment(fix["received_at"]) if fix.get("received_at") else now
    at = moment(fix["time"])
    readings, refusals = [], []
    if _is_invalid(fix, at, received_at):
        refusals.append(Refusal(raw, INVALID))
    else:
        readings.append(Reading(_fix(fix, at), raw))
    return Message(
        source="case",
        department_ref=department,
        device_ref=fix["vehicle"],
        received_at=received_at,
        readings=readings,
        refusals=refusals,
    )


def _is_invalid(fix: Json, at: datetime, received_at: datetime) -> bool:
    """Rule R35, as far as a decoder tells."""
    lon, lat = float(fix["lon"]), float(fix["lat"])
    on_earth = abs(lon) <= FULL_LON_DEG and abs(lat) <= FULL_LAT_DEG
    if fix.get("valid") is False or not (math.isfinite(lon) and math.isfinite(lat) and on_earth):
        return True
    age = received_at - at
    return at < OLDEST or any(abs(age - weeks) <= timedelta(days=1) for weeks in ROLLOVERS)


def _fix(said: Json, at: datetime) -> Fix:
    def number(key: str) -> float | None:
        return None if said.get(key) is None else float(said[key])

    return Fix(
        fixed_at=at.replace(microsecond=at.microsecond // 1000 * 1000),
        lon=float(said["lon"]),
        lat=float(said["lat"]),
        accuracy_m=number("accuracy_m"),
        hdop=number("hdop"),
        speed_mps=number("speed_mps"),
        course_deg=number("course_deg"),
        ignition=said.get("ignition"),
        inputs=said.get("inputs") or {},
    )
