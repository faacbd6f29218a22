"""What is asked: a rule or a fence, saved or not, a window, and perhaps another to compare with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from tracker.moments import Moment
from tracker.rows import Ref

#: Two fences or rules tell the same where their times are no farther apart.
TOLERANCE_S: Final = 120.0
#: What a fence or a rule is called that has no name yet.
UNNAMED: Final = "trial"


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


#: A ref, perhaps with the number of a version.
RuleName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}(@[1-9][0-9]{0,5})?$")
]
Instant = Annotated[Moment, AfterValidator(_utc)]


class Subject(BaseModel):
    """A rule, or a fence; by its ref, or whole as it would be added, without its department.

    Both, where neither is saved: the rule, of that shape alone.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: "night" as it is; "night@2" as that version was; or a rule that is not saved:
    #: {"on": ["enter"], "fence": "depot", ...}.
    rule: RuleName | Mapping[str, Any] | None = Field(
        default=None, examples=["night", "night@2", {"on": ["dwell"], "dwell_s": 600}]
    )
    #: "depot" as it was; "depot@2", had this version always been there; or a shape that is not
    #: saved: {"circle": {...}}, {"corridor": {...}} or {"geometry": {...}}.
    fence: str | Mapping[str, Any] | None = Field(
        default=None,
        examples=["depot@2", {"circle": {"center": [114.16, 22.28], "radius_m": 300}}],
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.rule is None and self.fence is None:
            raise ValueError("give `rule` or `fence`")
        if None not in (self.rule, self.fence) and (
            isinstance(self.rule, str) or isinstance(self.fence, str)
        ):
            raise ValueError("give either `rule` or `fence`, or both whole as they are to be")
        return self


class Asked(BaseModel):
    """A backtest as it is asked for."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    department: Ref
    subject: Subject
    #: It is told what only this tells, what only the subject tells, and what both do.
    compare: Subject | None = None
    #: Of events at or after this,
    since: Instant = Field(alias="from")
    #: and before this.
    until: Instant = Field(alias="to")
    #: Refs; none: all of the department.
    vehicles: Sequence[Ref] = Field(default=(), max_length=1000)
    tolerance_s: float = Field(default=TOLERANCE_S, ge=0, le=3600)

    @property
    def rules(self) -> list[str]:
        """The names of rules in it."""
        subjects = (self.subject, self.compare)
        return [each.rule for each in subjects if each is not None and isinstance(each.rule, str)]

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if not self.since < self.until:
            raise ValueError("`from` must be before `to`")
        return self
