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
    Application,
    Department,
    Fence,
    FenceVersion,
)
from tracker.models.seen import (
    SeenAlert,
    SeenChunk,
    SeenEvent,
    SeenFence,
    SeenFix,
    SeenLatest,
    SeenRule,
    SeenVehicle,
)
from tracker.reads.alerts import place_of_event
from tracker.reads.columns import rounded
from tracker.reads.motion import motion_name
from tracker.reads.vehicles import GRANTED, duty_status

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
            *(SeenVehicle.id.label("key"), SeenVehicle.ref.label("ref")),
            _full(SeenVehicle.ref).label("feature_id"),
            func.ST_SetSRID(
                func.ST_MakePoint(SeenLatest.lon, SeenLatest.lat), 4326, type_=Geometry
            ).label("geometry"),
            *(SeenLatest.fixed_at.label("starts_at"), SeenLatest.fixed_at.label("ends_at")),
            *(_full(SeenVehicle.ref).label("vehicle"), Department.ref.label("department")),
            *_names(SeenVehicle.name),
            *(SeenVehicle.plate, SeenVehicle.vehicle_class.label("class")),
            *(Application.ref.label("application"), duty_status().label("duty_status")),
            motion_name(SeenLatest.speed_mps, SeenLatest.ignition).label("motion"),
            *(SeenLatest.fixed_at, SeenLatest.received_at),
            *(rounded(SeenLatest.speed_mps, 2), rounded(SeenLatest.course_deg, 1)),
            *(rounded(SeenLatest.heading_deg, 1), rounded(SeenLatest.accuracy_m, 1)),
            *(rounded(SeenLatest.altitude_m, 1), SeenLatest.ignition),
            # As a filter `purpose` is what for one reads; so here it has a name of its own.
            *(each.label("granted_for") if each.name == "purpose" else each for each in GRANTED),
        )
        .select_from(SeenLatest)
        .join(SeenVehicle, SeenVehicle.id == SeenLatest.vehicle_id)
        .join(Department, Department.id == SeenVehicle.department_id)
        .outerjoin(Application, Application.id == SeenVehicle.application_id)
        .where(SeenVehicle.retired_at.is_(None))
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
    place = place_of_event(SeenFix.geom).scalar_subquery()
    return (
        select(
            *(SeenAlert.id.label("key"), cast(SeenAlert.id, Text).label("feature_id")),
            place.label("geometry"),
            func.coalesce(SeenEvent.time, SeenEvent.not_before, SeenEvent.not_after).label(
                "starts_at"
            ),
            func.coalesce(SeenEvent.time, SeenEvent.not_after).label("ends_at"),
            *(cast(SeenAlert.id, Text).label("alert"), Department.ref.label("department")),
            *(SeenEvent.kind, SeenAlert.severity, SeenAlert.state),
            _full(SeenVehicle.ref).label("vehicle"),
            *_names(SeenVehicle.name, "vehicle_name"),
            _full(SeenFence.ref).label("fence"),
            *_names(SeenFence.name, "fence_name"),
            _full(SeenRule.ref).label("rule"),
            *(
                SeenEvent.time,
                SeenEvent.not_before,
                SeenEvent.not_after,
                SeenEvent.late,
                SeenAlert.opened_at,
            ),
            *(SeenAlert.acknowledged_at, SeenAlert.closed_at, SeenAlert.close_reason),
        )
        .select_from(SeenAlert)
        .join(SeenEvent, SeenEvent.id == SeenAlert.event_id)
        .join(Department, Department.id == SeenAlert.department_id)
        .join(SeenVehicle, SeenVehicle.id == SeenAlert.vehicle_id)
        .outerjoin(SeenFence, SeenFence.id == SeenAlert.fence_id)
        .join(SeenRule, SeenRule.id == SeenAlert.rule_id)
        .subquery("alerts")
    )


def _tracks() -> Subquery:
    track = _full(SeenVehicle.ref) + "/" + iso(SeenChunk.started_at)
    return (
        select(
            *(SeenChunk.vehicle_id.label("key"), SeenVehicle.ref.label("ref")),
            *(track.label("feature_id"), SeenChunk.path.label("geometry")),
            *(SeenChunk.started_at.label("starts_at"), SeenChunk.ended_at.label("ends_at")),
            *(track.label("track"), Department.ref.label("department")),
            _full(SeenVehicle.ref).label("vehicle"),
            *_names(SeenVehicle.name, "vehicle_name"),
            *(SeenChunk.started_at, SeenChunk.ended_at, SeenChunk.fixes, SeenChunk.length_m),
            *(SeenChunk.moving_s, SeenChunk.idling_s, SeenChunk.stopped_s),
            rounded(SeenChunk.max_speed_mps, 2),
        )
        .select_from(SeenChunk)
        .join(SeenVehicle, SeenVehicle.id == SeenChunk.vehicle_id)
        .join(Department, Department.id == SeenChunk.department_id)
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
                " motion granted granted_for",
                number="speed_mps course_deg heading_deg accuracy_m altitude_m",
                boolean="ignition",
                time="fixed_at received_at granted_until",
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
