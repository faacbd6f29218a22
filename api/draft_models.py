"""The shapes of what is not saved yet, and of what is said of it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from api.crs import Pair
from api.fence_models import RuleGiven
from api.models import Model, Name
from geo.shapes import MAX_VERTICES


class ShapeGiven(Model):
    """One of the three shapes that a fence can have; see `POST /v1/fences`."""

    model_config = ConfigDict(extra="forbid")

    geometry: dict[str, Any] | None = None
    circle: dict[str, Any] | None = None
    corridor: dict[str, Any] | None = None


class ShapeJudged(Model):
    """The area that would be watched, in degrees: of a circle or corridor its outline."""

    geometry: dict[str, Any]


class RuleDraft(RuleGiven):
    """A rule that is not saved, perhaps of a fence that is not saved either."""

    #: What the rule's fence is to be called that is not there yet.
    fence_name: Name | None = None


class PositionsGiven(Model):
    """Positions, x before y; of a closed ring the first one twice."""

    model_config = ConfigDict(extra="forbid")

    positions: Annotated[list[Pair], Field(max_length=MAX_VERTICES + 1)]


class PositionsTold(Model):
    """The same positions in both; of HK1980 Grid null where it does not reach."""

    degrees: list[Pair | None]
    grid: list[Pair | None]
