"""Rule R41 by the conformance set: over what a case stored, a backtest tells what the case told.

Of each fence as it was, with its edits, its scopes and groups as of then, holidays, late and
implausible fixes: the same valid events, by id, and the same alerts with what joined them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from tracker import backtest
from tracker.backtest.answer import Side
from tracker.judge import Player

#: A backtest takes rules as having always been there; in cases with these they begin within.
NOT_AS_IT_WAS: Final = {"rule", "what_if"}
WHOLE: Final = {
    "from": datetime(2000, 1, 1, tzinfo=UTC),
    "to": datetime(2100, 1, 1, tzinfo=UTC),
}
FENCES: Final = """
SELECT p.ref, f.ref AS fence FROM fence AS f JOIN department AS p ON p.id = f.department_id
"""
#: Of silence, buttons and sensors, whose events are of no fence.
SIGNALS: Final = """
SELECT p.ref, r.ref AS rule FROM rule AS r JOIN department AS p ON p.id = r.department_id
WHERE r.on_kinds && ARRAY['silent', 'duress', 'sensor']
"""
#: What was late raised no alarm then; nothing is late to a backtest.
ALERTS: Final = """
SELECT e.id, r.ref AS rule, a.suppressed FROM alert AS a
JOIN event AS e ON e.id = a.event_id JOIN rule AS r ON r.id = a.rule_id
WHERE e.status = 'valid' AND NOT e.late
"""


async def check_backtest(player: Player, said: Mapping[str, Any]) -> None:
    """A backtest of each fence, and of each rule on signals, tells what a played case told."""
    if NOT_AS_IT_WAS & {kind for step in said["steps"] for kind in step}:
        return
    sides = [
        await _asked(player, department, kind, ref)
        for kind, statement in (("fence", FENCES), ("rule", SIGNALS))
        for department, ref in await player.owner.fetch(statement)
    ]
    stored = await player.owner.fetch("SELECT id, late FROM event WHERE status = 'valid'")
    late = {str(row["id"]) for row in stored if row["late"]}
    told = {
        (str(row["id"]), row["rule"], row["suppressed"]) for row in await player.owner.fetch(ALERTS)
    }
    events = {each["id"] for side in sides for each in side.events}
    alerts = {
        (each["event"], each["rule"].partition("/")[2], each["suppressed"])
        for side in sides
        for each in side.alerts
    }
    assert events == {str(row["id"]) for row in stored}
    assert {each for each in alerts if each[0] not in late} == told


async def _asked(player: Player, department: str, kind: str, ref: str) -> Side:
    question = backtest.Asked.model_validate(
        {"department": department, "subject": {kind: ref}, **WHOLE}
    )
    async with backtest.in_scope(player.dsn("milepost_api"), department) as reading:
        return (await backtest.answer(reading, question)).sides[0]
