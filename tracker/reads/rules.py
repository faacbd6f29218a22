"""Rules, and how useful their alerts were, in one scope."""

from __future__ import annotations

from typing import Final

from sqlalchemy import ColumnElement, Float, Text, cast, func, select, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute

from tracker import sql
from tracker.explain import called, explained
from tracker.models import (
    Alert,
    Department,
    Fence,
    FenceGroup,
    Installation,
    Rule,
    Vehicle,
    VehicleGroup,
)
from tracker.reads.session import Row, Scope, rows_of

#: What a row is said in words with, and then does not hold any more.
_NAMES: Final = ("department_name", "fence_name", "zone")


async def rules(
    scope: Scope, *, department: str | None = None, ref: str | None = None
) -> list[Row]:
    """The rules, by full ref.

    rule, department, name, revision, version, on, fence (or a group of them; None: all), vehicles
    (refs of vehicles and groups; none: all), window, dwell_s, limit_kmh, outside, silent_s, sensor,
    for_s, radius_m, near (as vehicles), severity, cooldown_s, escalate_after_s, disabled_at,
    shadow (on trial), alerts (ever opened), useful and false (of those that people closed as
    handled, and as false), precision: useful / (useful + false), None before anybody said so,
    explained (what it does in words, by language).
    """
    useful = func.count().filter(Alert.close_reason == "handled")
    not_useful = func.count().filter(Alert.close_reason == "false")
    judged = (
        select(
            func.count().label("alerts"),
            useful.label("useful"),
            not_useful.label("false"),
            (cast(useful, Float) / func.nullif(useful + not_useful, 0)).label("precision"),
        )
        .where(Alert.rule_id == Rule.id, ~Alert.shadow)
        .lateral("judged")
    )
    prefix = Department.ref + "/"
    query = (
        select(
            (prefix + Rule.ref).label("rule"),
            Department.ref.label("department"),
            *(Rule.name, Rule.revision, Rule.version, Rule.on_kinds.label("on"), Rule.window),
            _members(Rule.vehicle_ids, Rule.vehicle_group_ids).label("vehicles"),
            *(Rule.dwell_s, Rule.limit_kmh, Rule.outside, Rule.silent_s, Rule.sensor, Rule.for_s),
            Rule.radius_m,
            _members(Rule.other_vehicle_ids, Rule.other_vehicle_group_ids).label("near"),
            (prefix + func.coalesce(Fence.ref, FenceGroup.ref)).label("fence"),
            *(Rule.severity, Rule.cooldown_s, Rule.escalate_after_s, Rule.disabled_at),
            Rule.shadow,
            *judged.c,
            Department.name.label("department_name"),
            func.coalesce(Fence.name, FenceGroup.name).label("fence_name"),
            select(Installation.time_zone).scalar_subquery().label("zone"),
        )
        .join(Department, Department.id == Rule.department_id)
        .outerjoin(Fence, Fence.id == Rule.fence_id)
        .outerjoin(FenceGroup, FenceGroup.id == Rule.fence_group_id)
        .join(judged, true())
        .order_by(Department.ref, Rule.ref)
    )
    if department is not None:
        query = query.where(Department.ref == department)
    if ref is not None:
        query = query.where(Rule.ref == ref)
    rows = await rows_of(scope, query)
    return [_in_words(row, row, row["department"]) for row in rows]


async def rule_versions(scope: Scope, *, department: str, ref: str) -> list[Row]:
    """The newest first: version, since, until (None: it stands), made_by, why, state (on, shadow or
    off), terms and explained (as `rules` has them; things by their names of now)."""
    found = await scope.exec_driver_sql(sql.text("rule_versions"), (department, ref))
    return [_in_words(dict(row), row["terms"], department) for row in found.mappings()]


def _in_words(row: Row, terms: Row, department: str) -> Row:
    """The row with what its terms do in words, instead of the names for that."""
    fence = terms["fence"]
    said = explained(
        {**terms, "on_kinds": terms["on"], "others": terms["near"], "zone": row["zone"]},
        called(row["department_name"], department),
        None if fence is None else called(row["fence_name"] or {}, fence.rpartition("/")[2]),
    )
    return {**{key: row[key] for key in row if key not in _NAMES}, "explained": said}


def _members(
    vehicle_ids: InstrumentedAttribute[list[int]], group_ids: InstrumentedAttribute[list[int]]
) -> ColumnElement[list[str]]:
    """The refs of vehicles, and of groups of them, that a rule names."""
    vehicles, groups = (
        func.array(
            select(named.ref)
            .where(named.id == func.any(ids))
            .order_by(named.ref)
            .scalar_subquery(),
            type_=ARRAY(Text),
        )
        for named, ids in (
            (Vehicle, vehicle_ids),
            (VehicleGroup, group_ids),
        )
    )
    return func.array_cat(vehicles, groups, type_=ARRAY(Text))
