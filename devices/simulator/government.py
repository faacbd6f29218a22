"""The demonstration government from its files: what a registry needs, and how its fleets drive.

`load_government` is the door. Nothing here knows a database; whoever has one writes it in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from devices.simulator.errors import GovernmentError
from devices.simulator.nmea import Dialect
from devices.simulator.routes import Route, load_routes
from devices.simulator.timetable import Drive
from geo.units import kmh_to_mps

#: The demonstration shows a tenth of each fleet, and never fewer than this.
FEWEST = 3

Language = Literal["en", "zh-Hant"]
#: What a thing is called in both languages.
Names = Annotated[dict[Language, str], Field(min_length=2)]


class Oddity(StrEnum):
    """What is unusual about a device."""

    LATE = "late"
    BAD_CHECKSUM = "bad_checksum"
    SILENT = "silent"
    SERIAL = "serial"
    RECORDED = "recorded"


class _Read(BaseModel):
    """Something as it stands in a file: complete, and with nothing that nobody reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Input(_Read):
    """A signal at a device: what it says while a condition holds, and otherwise."""

    name: str
    #: `now_and_then`: for a minute in each quarter of an hour.
    when: Literal["moving", "stopped", "outward", "far_end", "now_and_then"]
    value: bool | float
    otherwise: bool | float
    #: Only of the vehicles of these numbers; none: of all. Of two of one name the later holds.
    numbers: list[int] = []


class FleetSpec(_Read):
    """How the vehicles of an application are called."""

    vehicle_class: str
    prefix: str
    name: Names
    plate: tuple[str, int] | None = None


class Application(_Read):
    """A department's use of the platform, and how its vehicles behave."""

    code: str
    department: str
    cluster: str
    stage: Literal["planned", "being_built", "implemented", "retired"]
    name: Names
    units: Annotated[int, Field(gt=0)]
    #: Seconds between reports: moving, (standing with the engine on,) stopped.
    interval_s: Annotated[list[Annotated[int, Field(gt=0)]], Field(min_length=2, max_length=3)]
    capabilities: list[str]
    contractor: bool = False
    #: In the open feed, so many seconds late; None: not in it.
    open_delay_s: Annotated[int, Field(ge=0)] | None = None
    inputs: list[Input] = []
    vehicles: FleetSpec
    dialect: str
    drive: Drive
    #: Codes of routes, or patterns of them.
    routes: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """The box in a vehicle."""

    department: str
    ref: str
    #: No fix of it can be older.
    accept_from: datetime
    oddity: Oddity | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """A vehicle, the device in it, and the route that it drives."""

    department: str
    ref: str
    application: Application
    #: Its number in the application, from 1.
    number: int
    name: Mapping[Language, str]
    #: Vessels have none.
    plate: str | None
    max_speed_mps: float
    device: Device
    route: Route
    dialect: Dialect

    @property
    def full_ref(self) -> str:
        """`{department}/{ref}`."""
        return f"{self.department}/{self.ref}"

    @property
    def vehicle_class(self) -> str:
        """What kind of vehicle it is."""
        return self.application.vehicles.vehicle_class

    @property
    def capabilities(self) -> Sequence[str]:
        """What it can do for an incident."""
        return self.application.capabilities

    @property
    def moving_interval_s(self) -> int:
        """Seconds between reports while it moves."""
        return self.application.interval_s[0]

    @property
    def stopped_interval_s(self) -> int:
        """Seconds between reports while it stands."""
        return self.application.interval_s[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Which crossings of a fence raise an alert, its ref that of its fence; or what else does."""

    department: str
    ref: str
    fence: str | None
    name: Mapping[Language, str]
    on_kinds: tuple[str, ...]
    severity: str
    #: What else it asks, as `rule add` has it.
    terms: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence:
    """A named area of a department."""

    department: str
    ref: str
    name: Mapping[Language, str]
    kind: Literal["polygon", "circle", "corridor"]
    #: What `geo.shapes.build_shape` takes: one of geometry, circle, corridor.
    definition: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Government:
    """All that the demonstration shows."""

    name: Mapping[Language, str]
    about: Mapping[Language, str]
    #: By ref, in the order of the file.
    clusters: Mapping[str, Mapping[Language, str]]
    departments: Mapping[str, Mapping[Language, str]]
    applications: Sequence[Application]
    vehicles: Sequence[Vehicle]
    fences: Sequence[Fence]
    rules: Sequence[Rule]


def load_government(folder: Path | None = None, *, scale: float = 0.1) -> Government:
    """The government of a folder's government.yaml, fences.yaml and routes.geojson.

    Without a folder it is the demonstration that comes along. `scale`, 0 to 1, is the share of each
    fleet that takes part, three vehicles at the least. Raises GovernmentError.
    """
    place = folder or Path(str(files("devices"))) / "demo"
    try:
        told = _GovernmentFile.model_validate(_yaml(place / "government.yaml"))
        fences = _FENCES.validate_python(_yaml(place / "fences.yaml"))
        routes = load_routes(place / "routes.geojson")
        _check_names(told, fences)
        return Government(
            name=told.name,
            about=told.about,
            clusters=told.clusters,
            departments=told.departments,
            applications=told.applications,
            vehicles=list(_vehicles(told, routes, scale)),
            fences=[fence.fence(dept) for dept, listed in fences.items() for fence in listed],
            rules=[
                *(
                    rule
                    for dept, listed in fences.items()
                    for f in listed
                    for rule in f.rules(dept)
                ),
                *(each.rule(dept) for dept, listed in told.rules.items() for each in listed),
            ],
        )
    except (OSError, ValidationError, yaml.YAMLError) as error:
        raise GovernmentError(value=" ".join(str(error).split())) from error


class _RuleEntry(_Read):
    kinds: Annotated[list[Literal["enter", "exit", "present"]], Field(min_length=1)]
    severity: Literal["info", "warning", "critical"]
    name: Names


class _FenceEntry(_Read):
    ref: str
    name: Names
    geometry: dict[str, Any] | None = None
    circle: dict[str, Any] | None = None
    corridor: dict[str, Any] | None = None
    rule: _RuleEntry | None = None

    def fence(self, department: str) -> Fence:
        kind: Literal["polygon", "circle", "corridor"]
        kind = "circle" if self.circle else "corridor" if self.corridor else "polygon"
        shape = self.model_dump(include={"geometry", "circle", "corridor"}, exclude_none=True)
        return Fence(
            department=department, ref=self.ref, name=self.name, kind=kind, definition=shape
        )

    def rules(self, department: str) -> list[Rule]:
        if self.rule is None:
            return []
        return [
            Rule(
                department=department,
                ref=self.ref,
                fence=self.ref,
                name=self.rule.name,
                on_kinds=tuple(self.rule.kinds),
                severity=self.rule.severity,
            )
        ]


class _FreeRule(_Read):
    """A rule that is not about crossings of one fence."""

    ref: str
    name: Names
    kind: Literal["silent", "duress", "sensor", "proximity"]
    severity: Literal["info", "warning", "critical"]
    fence: str | None = None
    outside: bool = False
    vehicles: list[str] = []
    silent_s: float | None = None
    sensor: str | None = None
    radius_m: float | None = None

    def rule(self, department: str) -> Rule:
        named = {"ref", "name", "kind", "severity", "fence"}
        return Rule(
            department=department,
            ref=self.ref,
            fence=self.fence,
            name=self.name,
            on_kinds=(self.kind,),
            severity=self.severity,
            terms=self.model_dump(exclude=named, exclude_defaults=True),
        )


class _GovernmentFile(_Read):
    name: Names
    about: Names
    accept_from: AwareDatetime
    clusters: dict[str, Names]
    departments: dict[str, Names]
    dialects: dict[str, Dialect]
    applications: list[Application]
    #: By department.
    rules: dict[str, list[_FreeRule]]
    oddities: dict[Oddity, list[str]]


_FENCES = TypeAdapter(dict[str, list[_FenceEntry]])


def _yaml(path: Path) -> object:
    with path.open(encoding="utf-8") as file:  # an open file tells its name in errors
        return yaml.safe_load(file)


def _check_names(told: _GovernmentFile, fences: Mapping[str, Sequence[_FenceEntry]]) -> None:
    """Refuse names that nothing answers to."""
    for application in told.applications:
        for name, known in (
            (application.department, told.departments),
            (application.cluster, told.clusters),
            (application.dialect, told.dialects),
        ):
            if name not in known:
                raise GovernmentError(value=f"{application.code}: {name}")
    for file, named in (("fences.yaml", fences), ("rules", told.rules)):
        for department in named:
            if department not in told.departments:
                raise GovernmentError(value=f"{file}: {department}")


def _vehicles(
    told: _GovernmentFile, routes: Mapping[str, Route], scale: float
) -> Iterator[Vehicle]:
    oddities = {ref: oddity for oddity, refs in told.oddities.items() for ref in refs}
    for series, application in enumerate(told.applications, start=1):
        ways = _routes_of(application, routes)
        count = min(application.units, max(FEWEST, round(application.units * scale)))
        for number in range(1, count + 1):
            ref = f"{application.vehicles.prefix}-{number:03d}"
            device = Device(
                department=application.department,
                ref=f"T{series:02d}{number:04d}",
                accept_from=told.accept_from,
                oddity=oddities.get(f"{application.department}/{ref}"),
            )
            yield Vehicle(
                department=application.department,
                ref=ref,
                application=application,
                number=number,
                name=_numbered(application.vehicles.name, number),
                plate=_plate(application.vehicles.plate, number),
                max_speed_mps=kmh_to_mps(application.drive.max_kmh),
                device=device,
                route=ways[(number - 1) % len(ways)],
                dialect=told.dialects[application.dialect],
            )


def _routes_of(application: Application, routes: Mapping[str, Route]) -> list[Route]:
    ways = [
        route
        for pattern in application.routes
        for code, route in routes.items()
        if fnmatchcase(code, pattern)
    ]
    if not ways:
        raise GovernmentError(value=f"{application.code}: {application.routes}")
    return ways


def _numbered(name: Mapping[Language, str], number: int) -> dict[Language, str]:
    return {language: text.format(n=number) for language, text in name.items()}


def _plate(series: tuple[str, int] | None, number: int) -> str | None:
    return None if series is None else f"{series[0]} {series[1] + number - 1}"
