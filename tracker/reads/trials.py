"""What rules on trial would have raised, which no other read sees; in one scope."""

from __future__ import annotations

from sqlalchemy import text

from tracker import sql
from tracker.reads.session import Row, Scope

#: Row security hides what rules on trial made from whoever does not ask for it.
SHOW = text("SET LOCAL app.shadow = 'on'")
HIDE = text("SET LOCAL app.shadow = 'off'")


async def rule_figures(scope: Scope, *, department: str, ref: str, days: int) -> Row | None:
    """How a rule goes, of the last days; None: no such rule.

    rule, state (live, shadow or off), shadow, alerts, suppressed (that joined them), useful, false,
    unsaid (of the alerts: closed as handled, as false, and the rest), would_raise, would_suppress
    (the same of its trial), shadow_events (dwells and the like that only its trial made).
    """
    await scope.execute(SHOW)
    found = await scope.exec_driver_sql(sql.text("rule_figures"), (department, ref, days))
    row = found.mappings().one_or_none()
    await scope.execute(HIDE)
    return None if row is None else dict(row)
