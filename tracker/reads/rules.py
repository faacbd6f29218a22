"""Rules, and how useful their alerts were, in one scope."""

from __future__ import annotations

from sqlalchemy import Float, cast, func, select, true

from tracker.models import Alert, Department, Fence, FenceGroup, Rule
from tracker.reads.session import Row, Scope, rows_of


async def rules(scope: Scope) -> list[Row]:
    """All rules, by full ref.

    rule, department, name, on, fence (or a group of them; None: all), severity, cooldown_s,
    escalate_after_s, disabled_at, shadow (on trial), alerts (ever opened), useful and false (of
    those that people closed as handled, and as false), precision: useful / (useful + false), None
    before anybody said so.
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
            *(Rule.name, Rule.on_kinds.label("on")),
            (prefix + func.coalesce(Fence.ref, FenceGroup.ref)).label("fence"),
            *(Rule.severity, Rule.cooldown_s, Rule.escalate_after_s, Rule.disabled_at),
            Rule.shadow,
            *judged.c,
        )
        .join(Department, Department.id == Rule.department_id)
        .outerjoin(Fence, Fence.id == Rule.fence_id)
        .outerjoin(FenceGroup, FenceGroup.id == Rule.fence_group_id)
        .join(judged, true())
        .order_by(Department.ref, Rule.ref)
    )
    return await rows_of(scope, query)
