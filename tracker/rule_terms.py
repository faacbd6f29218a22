"""Rules on silence, buttons, sensors and nearness as people write them, and what goes together."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictStr,
    ValidationInfo,
    field_validator,
)

from geo.signals import ORDERED, TRUTHS

KINDS: Final = ("silent", "duress", "sensor", "proximity")
#: What a button is called that nobody named.
USUAL_BUTTON: Final = "duress is on"
_WRITTEN: Final = re.compile(r"\s*([\w.-]+)\s*(?:(>=|<=|>|<)|\s(is not|is)\s)\s*(\S.*?)\s*")

#: What only rules of one kind take, and which.
ONLY_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "silent_s": ("silent",),
    "sensor": ("duress", "sensor"),
    "for_s": ("sensor",),
    "radius_m": ("proximity",),
    "near": ("proximity",),
}


class NewComparison(BaseModel):
    """An input of a device and what it is compared with: `bottom_door is open`, `temp_c > 8`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input: Annotated[str, Field(pattern=r"^[\w.-]{1,64}$")]
    op: Literal["is", "is_not", ">", ">=", "<", "<="]
    value: Annotated[StrictBool | StrictFloat | StrictStr, Field(union_mode="left_to_right")]

    @field_validator("value")
    @classmethod
    def _comparable(cls, value: bool | float | str, info: ValidationInfo) -> bool | float | str:
        if info.data.get("op") in ORDERED and not isinstance(value, float):
            raise ValueError(f"{info.data['op']} compares with a number, which {value} is not")
        return value


def comparison_of(written: str) -> dict[str, Any]:
    """A comparison as people write it, as NewComparison has it; raises ValueError."""
    match = _WRITTEN.fullmatch(written)
    if match is None:
        raise ValueError(
            f"`{written}` is no comparison: write `bottom_door is open` or `temp_c > 8`"
        )
    name, ordered, same, value = match.groups()
    return {"input": name, "op": ordered or same.replace(" ", "_"), "value": _value(value)}


def _value(written: str) -> bool | float | str:
    if written.lower() in TRUTHS:
        return TRUTHS[written.lower()]
    try:
        return float(written)
    except ValueError:
        return written


def with_usual(said: Mapping[str, Any]) -> dict[str, Any]:
    """What a rule on duress has where nothing is said: the usual button, and it is critical."""
    given = {key: value for key, value in said.items() if value is not None}
    kinds = given.get("on", ())
    said_kinds = kinds.split() if isinstance(kinds, str) else kinds
    if isinstance(said_kinds, Collection) and "duress" in said_kinds:
        return {"sensor": USUAL_BUTTON, "severity": "critical", **given}
    return given


def faults(on: Collection[str], given: Mapping[str, Any]) -> Iterator[str]:
    """Why a rule makes no sense: its kinds, and what else was given of it."""
    kind = next((each for each in KINDS if each in on), None)
    if kind is not None and len(on) > 1:
        yield f"a rule on {kind} is on that alone: make another rule for the rest"
    for name, kinds in ONLY_OF.items():
        if given.get(name) and kind not in kinds:
            yield f"`{name}` is only for rules on {' and '.join(kinds)}"
    if kind == "sensor" and not given.get("sensor"):
        yield "a rule on sensor needs `sensor`: `bottom_door is open`"
    if kind == "proximity" and not given.get("radius_m"):
        yield "a rule on proximity needs `radius_m`"
    if kind == "duress" and given.get("cooldown_s"):
        yield "a rule on duress has no `cooldown_s`: every press is told"
    if given.get("outside") and kind is None:
        yield "`outside` is only for rules on silent, duress, sensor and proximity"
    if given.get("outside") and not given.get("fence"):
        yield "`outside` needs a `fence`: outside of what?"
