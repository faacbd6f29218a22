"""What is offered as features, each layer a fixed list of columns over rows of one scope.

This is the one place that says which columns a filter, a tile or a feature may hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from geoalchemy2 import Geometry
from sqlalchemy import ColumnElement, SQLColumnExpression, Text, cast, func, literal, select
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.selectable import Subquery

from tracker.models import (
    Alert,
    Application,
    Department,
    Event,
    Fence,
    FenceVersion,
    Fix,
    Latest,
    Rule,
    TrackChunk,
    Vehicle,
)
from tracker.reads.alerts import place_of_event
from tracker.reads.columns import rounded
from tracker.reads.motion import motion_name
from tracker.reads.vehicles import duty_status

#: What a property holds: text, a number, true or false, or an instant.
Kind = Literal["text", "number", "boolean", "time"]

#: A chunk of a track lasts at most so long (database law 1).
LONGEST_CHUNK: Final = timedelta(minutes=30)
_TIME_FORMAT: Final = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """Features of one kind.

    `rows` has the properties by name, and beside them feature_id, geometry (WGS 84), starts_at,
    ends_at (None: goes on), ref, and those that `key` names.
    """

    name: str
    rows: Subquery
    #: Columns that order features and tell them apart; the last page's last ones are its cursor.
    key: Mapping[str, Callable[[str], Any]]
    descending: bool
    #: Columns whose values, joined by `/`, are a feature's id.
    id_parts: Mapping[str, Callable[[str], Any]]
    properties: Mapping[str, Kind]
    geometry: Literal["point", "any"]
    #: Whether its geometry is a column with a GiST index, not computed from others.
    indexed: bool
    #: How much of all rows is looked at for their extent: `beginning` where they are too many for
    #: more, `times` where a place costs a look at the fixes.
    extent: Literal["whole", "times", "beginning"] = "whole"
    #: None: a feature may last for ever.
    longest: timedelta | None = None


def moment(text: str) -> datetime:
    """An instant as we write it; raises ValueError."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(text)
    return found


def iso(column: SQLColumnExpression[datetime]) -> ColumnElement[str]:
    """An instant as text, to the microsecond, in UTC."""
    return func.to_char(func.timezone("UTC", column), _TIME_FORMAT, type_=Text)


def _full(ref: InstrumentedAttribute[str]) -> ColumnElement[str]:
    return Department.ref + "/" + ref


def _names(name: Any, prefix: str = "name") -> tuple[ColumnElement[str], ...]:  # noqa: ANN401  a JSONB column
    return (
        name.op("->>")(literal("en", Text)).cast(Text).label(f"{prefix}_en"),
        name.op("->>")(literal("zh-Hant", Text)).cast(Text).label(f"{prefix}_zh_hant"),
    )


def _vehicles() -> Subquery:
    return (
        select(
            *(Vehicle.id.label("key"), Vehicle.ref.label("ref")),
            _full(Vehicle.ref).label("feature_id"),
            func.ST_SetSRID(func.ST_MakePoint(Latest.lon, Latest.lat), 4326, type_=Geometry).label(
                "geometry"
            ),
            *(Latest.fixed_at.label("starts_at"), Latest.fixed_at.label("ends_at")),
            *(_full(Vehicle.ref).label("vehicle"), Department.ref.label("department")),
            *_names(Vehicle.name),
            *(Vehicle.plate, Vehicle.vehicle_class.label("class")),
            *(Application.ref.label("application"), duty_status().label("duty_status")),
            motion_name(Latest.speed_mps, Latest.ignition).label("motion"),
            *(Latest.fixed_at, Latest.received_at),
            *(rounded(Latest.speed_mps, 2), rounded(Latest.course_deg, 1)),
            *(rounded(Latest.heading_deg, 1), rounded(Latest.accuracy_m, 1)),
            *(rounded(Latest.altitude_m, 1), Latest.ignition),
        )
        .select_from(Latest)
        .join(Vehicle, Vehicle.id == Latest.vehicle_id)
        .join(Department, Department.id == Vehicle.department_id)
        .outerjoin(Application, Application.id == Vehicle.application_id)
        .where(Vehicle.retired_at.is_(None))
        .subquery("vehicles")
    )


def _fences() -> Subquery:
    return (
        select(
            *(Fence.id.label("key"), Fence.ref.label("ref"), _full(Fence.ref).label("feature_id")),
            FenceVersion.geom.label("geometry"),
            func.lower(FenceVersion.in_force).label("starts_at"),
            func.upper(FenceVersion.in_force).label("ends_at"),
            *(_full(Fence.ref).label("fence"), Department.ref.label("department")),
            *_names(Fence.name),
            *(Fence.kind, FenceVersion.version),
            func.lower(FenceVersion.in_force).label("in_force_from"),
            func.upper(FenceVersion.in_force).label("in_force_until"),
        )
        .select_from(FenceVersion)
        .join(Fence, Fence.id == FenceVersion.fence_id)
        .join(Department, Department.id == Fence.department_id)
        .where(FenceVersion.in_force.contains(func.milepost_now()))
        .subquery("fences")
    )


def _alerts() -> Subquery:
    place = place_of_event(Fix.geom).scalar_subquery()
    return (
        select(
            *(Alert.id.label("key"), cast(Alert.id, Text).label("feature_id")),
            place.label("geometry"),
            func.coalesce(Event.time, Event.not_before, Event.not_after).label("starts_at"),
            func.coalesce(Event.time, Event.not_after).label("ends_at"),
            *(cast(Alert.id, Text).label("alert"), Department.ref.label("department")),
            *(Event.kind, Alert.severity, Alert.state),
            _full(Vehicle.ref).label("vehicle"),
            *_names(Vehicle.name, "vehicle_name"),
            _full(Fence.ref).label("fence"),
            *_names(Fence.name, "fence_name"),
            _full(Rule.ref).label("rule"),
            *(Event.time, Event.not_before, Event.not_after, Event.late, Alert.opened_at),
            *(Alert.acknowledged_at, Alert.closed_at, Alert.close_reason),
        )
        .select_from(Alert)
        .join(Event, Event.id == Alert.event_id)
        .join(Department, Department.id == Alert.department_id)
        .join(Vehicle, Vehicle.id == Alert.vehicle_id)
        .outerjoin(Fence, Fence.id == Alert.fence_id)
        .join(Rule, Rule.id == Alert.rule_id)
        .subquery("alerts")
    )


def _tracks() -> Subquery:
    track = _full(Vehicle.ref) + "/" + iso(TrackChunk.started_at)
    return (
        select(
            *(TrackChunk.vehicle_id.label("key"), Vehicle.ref.label("ref")),
            *(track.label("feature_id"), TrackChunk.path.label("geometry")),
            *(TrackChunk.started_at.label("starts_at"), TrackChunk.ended_at.label("ends_at")),
            *(track.label("track"), Department.ref.label("department")),
            _full(Vehicle.ref).label("vehicle"),
            *_names(Vehicle.name, "vehicle_name"),
            *(TrackChunk.started_at, TrackChunk.ended_at, TrackChunk.fixes, TrackChunk.length_m),
            *(TrackChunk.moving_s, TrackChunk.idling_s, TrackChunk.stopped_s),
            rounded(TrackChunk.max_speed_mps, 2),
        )
        .select_from(TrackChunk)
        .join(Vehicle, Vehicle.id == TrackChunk.vehicle_id)
        .join(Department, Department.id == TrackChunk.department_id)
        .subquery("tracks")
    )


def _kinds(**columns: str) -> dict[str, Kind]:
    """Properties in the order of `rows`, from the names of each kind."""
    found: dict[str, Kind] = {}
    for kind in ("text", "number", "boolean", "time"):
        found |= dict.fromkeys(columns.get(kind, "").split(), kind)
    return found


LAYERS: Final[Mapping[str, Layer]] = {
    layer.name: layer
    for layer in (
        Layer(
            name="vehicles",
            rows=_vehicles(),
            key={"key": int},
            descending=False,
            id_parts={"department": str, "ref": str},
            properties=_kinds(
                text="vehicle department name_en name_zh_hant plate class application duty_status"
                " motion",
                number="speed_mps course_deg heading_deg accuracy_m altitude_m",
                boolean="ignition",
                time="fixed_at received_at",
            ),
            geometry="point",
            indexed=False,
        ),
        Layer(
            name="fences",
            rows=_fences(),
            key={"key": int},
            descending=False,
            id_parts={"department": str, "ref": str},
            properties=_kinds(
                text="fence department name_en name_zh_hant kind",
                number="version",
                time="in_force_from in_force_until",
            ),
            geometry="any",
            indexed=True,
        ),
        Layer(
            name="alerts",
            rows=_alerts(),
            key={"opened_at": moment, "key": UUID},
            descending=True,
            id_parts={"key": UUID},
            properties=_kinds(
                text="alert department kind severity state vehicle vehicle_name_en"
                " vehicle_name_zh_hant fence fence_name_en fence_name_zh_hant rule close_reason",
                boolean="late",
                time="time not_before not_after opened_at acknowledged_at closed_at",
            ),
            geometry="point",
            indexed=False,
            extent="times",
        ),
        Layer(
            name="tracks",
            rows=_tracks(),
            key={"starts_at": moment, "key": int},
            descending=True,
            id_parts={"department": str, "ref": str, "starts_at": moment},
            properties=_kinds(
                text="track department vehicle vehicle_name_en vehicle_name_zh_hant",
                number="fixes length_m moving_s idling_s stopped_s max_speed_mps",
                time="started_at ended_at",
            ),
            geometry="any",
            indexed=True,
            extent="beginning",
            longest=LONGEST_CHUNK,
        ),
    )
}
