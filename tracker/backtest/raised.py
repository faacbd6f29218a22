"""The alerts that rules would have made of events, by the cool-down that the commit goes by."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from tracker.alerting import Candidate, cool_down
from tracker.backtest.world import World
from tracker.told import Told


@dataclass(frozen=True, slots=True)
class Raised:
    """An alert, and how many events joined it."""

    candidate: Candidate
    suppressed: int


@dataclass(frozen=True, slots=True)
class Found:
    """Of some vehicles, what is asked for: events, and alerts."""

    events: list[Told]
    alerts: list[Raised]


def raised(told: Sequence[Told], world: World) -> Found:
    """What is asked for, of all that would have been told of vehicles; in its order."""
    directory, scopes = world.directory, world.directory.fences.scopes
    asked = [each for each in told if world.rule is None or world.rule.matches(each.event, scopes)]
    candidates = [
        Candidate(told=each, rule=rule)
        for each in asked
        if each.event.cause != "scope"
        for rule in directory.rules_for(each.department_id, each.event)
    ]
    opening, joining = cool_down(candidates, defaultdict(list))
    joined = Counter((each.candidate.rule.id, each.opened_by) for each in joining)
    alerts = [Raised(each, joined[each.rule.id, each.told.id]) for each in opening]
    return Found(asked, alerts)
