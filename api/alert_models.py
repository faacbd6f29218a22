"""The shapes of alerts, of what is done to them, and of rules."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from api.models import Lat, Lon, Model, Name, Severity
from tracker.moments import Moment

AlertState = Literal["open", "acknowledged", "closed"]

NoteText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]
Person = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Alert(Model):
    """An event that matched a rule and wants a person."""

    id: UUID
    state: AlertState
    severity: Severity
    kind: Literal[
        "enter",
        "exit",
        "present",
        "dwell",
        "speed",
        "inside",
        "silent",
        "duress",
        "sensor",
        "proximity",
    ]
    vehicle: str
    vehicle_name: Name
    #: null: it has to do with no one fence.
    fence: str | None
    fence_name: Name | None
    #: The other vehicle of a proximity.
    other: str | None
    other_name: Name | None
    rule: str
    rule_name: Name
    #: What the rule said when it raised this; null: before versions of rules were kept.
    rule_version: int | None
    #: None where only `not_after` is known.
    time: datetime | None
    not_after: datetime
    opened_at: datetime
    #: Found in fixes that came after newer ones of the same vehicle.
    late: bool
    acknowledged_at: datetime | None
    closed_at: datetime | None
    close_reason: str | None
    acknowledged_by: str | None
    closed_by: str | None
    #: The last that was said of it.
    note: str | None
    assigned_to: str | None
    snoozed_until: datetime | None
    #: Nobody acknowledged it within its rule's time.
    escalated_at: datetime | None
    #: How many further events of its rule, vehicle and fence joined it in the rule's cool-down.
    suppressed: int
    last_event_at: datetime | None
    #: Grows with each change: for `If-Match`, in quotes.
    revision: int
    #: Later data disproved the event of a withdrawn one.
    event_status: Literal["valid", "withdrawn"]
    #: Of silent, duress, sensor and proximity: until when it went on; null: it does.
    ended_at: datetime | None
    #: Of a sensor whose input is a number: its extremes.
    lowest: float | None
    highest: float | None
    #: Of a proximity: how near they came.
    distance_m: float | None
    #: The fix that told it; null if it is not kept any more.
    lon: Lon | None
    lat: Lat | None


class Alerts(Model):
    """Alerts, the newest first; `next` leads to older ones."""

    alerts: list[Alert]
    next: str | None


class AlertsMessage(Model):
    """New and changed alerts in the live feed."""

    type: Literal["alerts"] = "alerts"
    alerts: list[Alert]


class AlertChange(Model):
    """What was done to an alert; `by` null: the service itself."""

    at: datetime
    by: str | None
    what: str
    note: str | None
    detail: dict[str, Any]
    revision: int


class AlertDetails(Alert):
    """An alert with all that was done to it, the oldest first."""

    changes: list[AlertChange]


class Said(Model):
    """What may be said with any change."""

    model_config = ConfigDict(extra="forbid")

    note: NoteText | None = None


class Acknowledge(Said):
    """I have seen it."""

    @property
    def change(self) -> dict[str, Any]:
        """As the domain calls it."""
        return {"what": "acknowledged", "note": self.note}


class Assign(Said):
    """It is for somebody; null: for nobody."""

    to: Person | None

    @property
    def change(self) -> dict[str, Any]:
        """As the domain calls it."""
        return {"what": "assigned", "note": self.note, "to": self.to}


class AddNote(Model):
    """A word about it."""

    model_config = ConfigDict(extra="forbid")

    note: NoteText

    @property
    def change(self) -> dict[str, Any]:
        """As the domain calls it."""
        return {"what": "noted", "note": self.note}


class Snooze(Said):
    """Let it sleep until then, seven days at most; null: wake it."""

    until: Moment | None

    @property
    def change(self) -> dict[str, Any]:
        """As the domain calls it."""
        return {"what": "snoozed", "note": self.note, "until": self.until}


class Close(Said):
    """It is done with; `false` counts against its rule's precision."""

    reason: Literal["handled", "false", "duplicate"]

    @property
    def change(self) -> dict[str, Any]:
        """As the domain calls it."""
        return {"what": "closed", "note": self.note, "reason": self.reason}


class Reopen(Said):
    """It was not: it asks for a person again."""

    @property
    def change(self) -> dict[str, Any]:
        """As the domain calls it."""
        return {"what": "reopened", "note": self.note}


Act = Acknowledge | Assign | AddNote | Snooze | Close | Reopen


class BulkAlert(Model):
    """One of the alerts of a bulk change, as it was read."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    #: Only at this revision; null: at any.
    revision: int | None = None


class Bulk(Model):
    """The same for many: exactly one of the changes."""

    model_config = ConfigDict(extra="forbid")

    alerts: list[BulkAlert] = Field(min_length=1, max_length=200)
    acknowledge: Acknowledge | None = None
    assign: Assign | None = None
    note: AddNote | None = None
    snooze: Snooze | None = None
    close: Close | None = None
    reopen: Reopen | None = None

    @property
    def acts(self) -> list[Act]:
        """The changes that were given."""
        given: list[Act | None] = [self.acknowledge, self.assign, self.note]
        given += [self.snooze, self.close, self.reopen]
        return [each for each in given if each is not None]


class BulkResult(Model):
    """How it went with one of them: 200, or the status and problem that it alone would have had."""

    id: UUID
    status: int
    problem: str | None


class BulkResults(Model):
    """One result an alert, in the order of the request."""

    results: list[BulkResult]


class RuleTerms(Model):
    """What a rule says."""

    name: Name
    on: list[str]
    #: A fence, or a group of fences; null: every fence of its department.
    fence: str | None
    #: Refs of vehicles and of groups of them; none: every vehicle.
    vehicles: list[str]
    #: {"days": […], "from": "18:00", "to": "08:00"}; null: always.
    window: dict[str, Any] | None
    dwell_s: float | None
    limit_kmh: float | None
    #: Only outside of all of the fences, of the kinds that are not about borders.
    outside: bool
    silent_s: float | None
    #: {"input": "temp_c", "op": ">", "value": 8}
    sensor: dict[str, Any] | None
    for_s: float | None
    radius_m: float | None
    #: Near these vehicles and groups; none: the vehicles among each other.
    near: list[str]
    severity: Severity
    cooldown_s: float | None
    escalate_after_s: int | None
    #: On trial: what it raises is counted, and told to nobody.
    shadow: bool


class RuleVersion(Model):
    """What a rule said from a time on, who made it so, and why."""

    version: int
    state: Literal["on", "shadow", "off"]
    since: datetime
    #: null: it stands.
    until: datetime | None
    made_by: str
    why: str | None
    terms: RuleTerms
    #: What it did in words.
    explained: Name


class RuleVersions(Model):
    """All versions of a rule, the newest first."""

    rule: str
    versions: list[RuleVersion]


class Rule(RuleTerms):
    """A rule, and how useful its alerts were."""

    rule: str
    department: str
    revision: int
    #: Of what it says now: `/versions` has them all.
    version: int
    disabled_at: datetime | None
    #: Ever opened.
    alerts: int
    #: Of those, closed by people as handled, and as false.
    useful: int
    false: int
    #: useful / (useful + false); null before anybody said so.
    precision: float | None
    #: What it does in words, as `milepost rule explain` says it.
    explained: Name


class Rules(Model):
    """The rules of the caller's departments."""

    rules: list[Rule]
