"""The shapes of fences, groups, scopes and rules, as they come in and as they leave."""

from __future__ import annotations

from collections.abc import Mapping, Set
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi.exceptions import RequestValidationError
from pydantic import ConfigDict, Field, ValidationError, model_validator

from api.changing import MOST_WHY
from api.models import Model, Name
from tracker.fence_edits import NewFence
from tracker.moments import Moment
from tracker.rows import Ref
from tracker.rule_edits import NewRule

Why = Annotated[str, Field(max_length=MOST_WHY, description="why, for whoever reads it later")]
State = Literal["in_force", "planned", "ended"]


class FenceProperties(Model):
    """A fence, and its version in force now, else the one planned next, else the last."""

    fence: str
    department: str
    ref: str
    name: Name
    description: Name
    kind: Literal["polygon", "circle", "corridor"]
    state: State
    version: int
    valid_from: datetime | None
    valid_until: datetime | None
    #: As it was drawn, where that is no polygon: {center, radius_m} or {line, each_side_m}.
    circle: dict[str, Any] | None = None
    corridor: dict[str, Any] | None = None
    #: Grows with each change; the ETag.
    revision: int
    #: "sync" where a folder of files says how it is.
    managed_by: str | None
    #: The fence of another department that it follows.
    shared_from: str | None
    #: Of the version: when, who, why.
    made_at: datetime
    made_by: str
    why: str | None


class FenceFeature(Model):
    """A fence as GeoJSON."""

    type: Literal["Feature"] = "Feature"
    #: A Polygon or a MultiPolygon; null only where HK1980 Grid was asked for and does not reach.
    geometry: dict[str, Any] | None
    properties: FenceProperties


class Fences(Model):
    """Fences as GeoJSON (RFC 7946)."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[FenceFeature]
    #: Where those after them are, if a limit was given and there are more.
    next: str | None = None


class FenceVersion(Model):
    """One version of a fence: in force when, made by whom, and why."""

    version: int
    state: Literal["in_force", "planned", "ended", "taken_back"]
    valid_from: datetime | None
    valid_until: datetime | None
    made_at: datetime
    made_by: str
    why: str | None
    ended_by: str | None
    ended_why: str | None
    geometry: dict[str, Any] | None
    circle: dict[str, Any] | None = None
    corridor: dict[str, Any] | None = None


class FenceVersions(Model):
    """All versions of a fence, the newest first."""

    fence: str
    versions: list[FenceVersion]


def without_answers(said: Any, names: Set[str]) -> Any:  # noqa: ANN401  whatever was sent
    """What was sent without what only answers say, so that an answer may be sent back changed."""
    if not isinstance(said, Mapping):
        return said
    return {key: value for key, value in said.items() if key not in names}


class _Given(Model):
    model_config = ConfigDict(extra="forbid", validate_by_name=True)


class FenceGivenProperties(_Given):
    """What is to be known of a fence. What only answers say may stand here and is not read."""

    #: Of a new one; later the path says it.
    department: Ref | None = None
    ref: Ref | None = None
    name: Name = Name()
    description: Name = Name()
    #: Instead of a geometry: {center: [lon, lat], radius_m}.
    circle: dict[str, Any] | None = None
    #: Or {line: [[lon, lat], …], each_side_m}.
    corridor: dict[str, Any] | None = None
    #: By default, and where it has passed, now.
    valid_from: Moment | None = None
    #: By default for ever.
    valid_until: Moment | None = None
    why: Why | None = None

    @model_validator(mode="before")
    @classmethod
    def _given(cls, said: Any) -> Any:  # noqa: ANN401  whatever was sent
        return without_answers(said, FenceProperties.model_fields.keys() - cls.model_fields.keys())


class FenceGiven(_Given):
    """A fence as a GeoJSON feature; a circle or a corridor goes before its geometry."""

    type: Literal["Feature"]
    geometry: dict[str, Any] | None = None
    properties: FenceGivenProperties
    id: Any = None
    bbox: Any = None

    @property
    def definition(self) -> dict[str, Any]:
        """The one shape it is drawn as."""
        drawn = {"circle": self.properties.circle, "corridor": self.properties.corridor}
        given = {key: value for key, value in drawn.items() if value is not None}
        outline: dict[str, Any] = {"geometry": self.geometry}
        return given or outline

    def new(self, department: str, ref: str, definition: Mapping[str, Any]) -> NewFence:
        """As it is to be stored; raises RequestValidationError."""
        said = self.properties
        values = {
            **{"department": department, "ref": ref, "definition": definition},
            **{"name_en": said.name.en, "name_zh_hant": said.name.zh_hant},
            "description_en": said.description.en,
            "description_zh_hant": said.description.zh_hant,
            **{"valid_from": said.valid_from, "valid_until": said.valid_until},
        }
        try:
            return NewFence.model_validate(values)
        except ValidationError as error:
            raise RequestValidationError(error.errors()) from error


class Changed(Model):
    """A fence that is there, and what of it would be, or was, changed."""

    ref: str
    what: list[str]


class RefusedFeature(Model):
    """What of a file cannot be a fence."""

    #: The feature in the file.
    where: str
    ref: str | None
    #: `self-crossing` and the like of a shape; feature, twice, past, shared or taken.
    code: str
    reason: Name
    #: Of a shape, [lon, lat].
    place: tuple[float, float] | None


class Counts(Model):
    """How many there are of each."""

    created: int
    changed: int
    unchanged: int
    refused: int


class Imported(Model):
    """What a file makes of a department's fences; of each list the first 1,000."""

    #: False: nothing was changed.
    done: bool
    counts: Counts
    created: list[str]
    changed: list[Changed]
    unchanged: list[str]
    refused: list[RefusedFeature]


class FenceShare(Model):
    """With which department a fence is or was shared."""

    to: str
    since: datetime | None
    until: datetime | None
    made_at: datetime
    made_by: str
    why: str | None
    ended_by: str | None
    ended_why: str | None


class FenceShares(Model):
    """The newest first."""

    fence: str
    shares: list[FenceShare]


class ShareGiven(_Given):
    """Let the vehicles of a department be watched by the fence."""

    to: Ref
    since: Moment | None = None
    until: Moment | None = None
    why: Why | None = None


class Membership(Model):
    """A vehicle or fence in a group."""

    member: str
    since: datetime | None
    until: datetime | None


class Group(Model):
    """A group of vehicles or of fences, and who is in it now or will be."""

    group: str
    department: str
    name: Name
    revision: int
    created_at: datetime
    ended_at: datetime | None
    members: list[Membership]


class Groups(Model):
    """The groups of the caller's departments."""

    groups: list[Group]


class GroupGiven(_Given):
    """A new group."""

    department: Ref
    ref: Ref
    name: Name = Name()


class GroupNames(_Given):
    """What may change of a group."""

    name: Name


class MembersGiven(_Given):
    """Who is to be in a group, by ref, from now or a later time on."""

    members: Annotated[list[Ref], Field(min_length=1, max_length=1_000)]
    since: Moment | None = None


class Watching(Model):
    """Vehicles of a group are watched by the fences of another."""

    department: str
    vehicles: str
    fences: str
    since: datetime | None
    until: datetime | None


class Watchings(Model):
    """The scopes of the caller's departments, now and later."""

    scopes: list[Watching]


class WatchingGiven(_Given):
    """A new scope: refs of a group of vehicles and of a group of fences."""

    department: Ref
    vehicles: Ref
    fences: Ref
    since: Moment | None = None


#: What only answers say of a rule.
_ANSWERED = frozenset(
    (
        "rule",
        "revision",
        "version",
        "disabled_at",
        "alerts",
        "useful",
        "false",
        "precision",
        "explained",
    )
)


class RuleGiven(NewRule):
    """A rule; what only answers say may stand here and is not read."""

    why: Why | None = None

    @model_validator(mode="before")
    @classmethod
    def _given(cls, said: Any) -> Any:  # noqa: ANN401  whatever was sent
        said = without_answers(said, _ANSWERED)
        if isinstance(said, dict) and isinstance(said.get("name"), Mapping):
            name = said.pop("name")
            said.setdefault("name_en", name.get("en", ""))
            said.setdefault("name_zh_hant", name.get("zh-Hant", ""))
        return said
