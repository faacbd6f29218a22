"""The payloads of the MQTT contract as models: reading them and describing them is the same truth.

What is wrong in an optional member costs that member, never the fix or the message around it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Final, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    WithJsonSchema,
)

from devices.json_values import is_text, moment, number
from geo.fix import Fix

BOOT_PATTERN = "[A-Za-z0-9._-]{1,64}"
SEQ_LIMIT = 10**18
#: The first line of an `nmea` payload, in groups: boot, seq, and what else it says.
HEADER_PATTERN = rf"#({BOOT_PATTERN}),([1-9][0-9]{{0,17}})((?:,[A-Za-z0-9._]+=[!-+\--~]*)*)\r?"
ACCURACY_LIMIT_M = 1_000_000
INPUT_LIMIT = 256  # characters
WHOLE_LIMIT = 2**31  # what a database column takes

#: Events of a fix by which a crew says what it is doing, by a button of the device.
DUTY_PREFIX = "duty_"
DUTY_EVENTS = tuple(
    DUTY_PREFIX + status
    for status in ("available", "assigned", "en_route", "at_scene", "leaving", "off_duty")
)

#: The event by which a crew calls for help; stored as the input of that name.
DURESS: Final = "duress"

#: What pydantic calls a number outside its bounds.
_RANGE_FAULTS = frozenset({"greater_than_equal", "less_than_equal", "greater_than", "less_than"})

Inputs = Mapping[str, bool | float | str]
Problem = Literal["form", "range"]


def _moment(value: object) -> datetime:
    if (found := moment(value)) is None:
        raise ValueError("no instant with its zone")
    return found


def _inputs(said: object) -> Inputs:
    """The inputs that are a truth, a number or a text that can be stored; others are ignored."""
    if not isinstance(said, dict):
        return {}
    return {
        name: value
        for name, value in said.items()
        if is_text(name)
        and (isinstance(value, bool) or number(value) is not None or is_text(value))
    }


def _duty(said: object) -> str | None:
    """The last duty status among the events."""
    known = [each for each in said if each in DUTY_EVENTS] if isinstance(said, list) else []
    return known[-1].removeprefix(DUTY_PREFIX) if known else None


def _text(value: object) -> str:
    if not isinstance(value, str) or not is_text(value):
        raise ValueError("no text that can be stored")
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < WHOLE_LIMIT:
        raise ValueError("no number that can be stored")
    return value


Moment = Annotated[
    datetime,
    PlainValidator(_moment),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Boot = Annotated[
    str,
    Field(
        pattern=f"^{BOOT_PATTERN}$",
        description="Names one start of the device. New at each start, never used again.",
    ),
]
Seq = Annotated[
    int,
    Field(
        ge=1,
        lt=SEQ_LIMIT,
        description="The number of the message in its boot: from 1, without holes, one counter"
        " over `nmea` and `fix`.",
    ),
]
Text = Annotated[
    str,
    PlainValidator(_text),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": INPUT_LIMIT}),
]
Whole = Annotated[
    int,
    PlainValidator(_whole),
    WithJsonSchema({"type": "integer", "minimum": 0, "exclusiveMaximum": WHOLE_LIMIT}),
]
Direction = Annotated[float, Field(ge=0, le=360), AfterValidator(lambda deg: deg % 360)]


class _Payload(BaseModel):
    """Strict about types, as JSON is; members that it does not know are ignored."""

    model_config = ConfigDict(strict=True, frozen=True, allow_inf_nan=False)


class Stamp(_Payload):
    """The start of the device and the number of the message in it."""

    boot: Boot
    seq: Seq


class FixMember(_Payload):
    """One position solution. SI units, degrees true, WGS 84; missing or null is unknown, not 0."""

    fixed_at: Annotated[
        Moment, Field(alias="t", description="The receiver's time, RFC 3339 with its zone.")
    ]
    lat: Annotated[float, Field(ge=-90, le=90, description="Degrees north.")]
    lon: Annotated[float, Field(ge=-180, le=180, description="Degrees east.")]
    altitude_m: Annotated[
        Annotated[float, Field(ge=-12_000, le=100_000)] | None,
        Field(alias="alt", description="Metres above mean sea level."),
    ] = None
    speed_mps: Annotated[
        Annotated[float, Field(ge=0, le=1_000)] | None,
        Field(alias="spd", description="Speed over ground, metres a second."),
    ] = None
    course_deg: Annotated[
        Direction | None,
        Field(alias="crs", description="Direction of motion, degrees clockwise from true north."),
    ] = None
    heading_deg: Annotated[
        Direction | None,
        Field(
            alias="hdg", description="Where the nose points, of a compass or gyro; degrees true."
        ),
    ] = None
    accuracy_m: Annotated[
        Annotated[float, Field(ge=0, le=ACCURACY_LIMIT_M)] | None,
        Field(alias="acc", description="Stated horizontal error, metres."),
    ] = None
    hdop: Annotated[
        Annotated[float, Field(ge=0, le=1_000)] | None,
        Field(description="Horizontal dilution of precision."),
    ] = None
    satellites: Annotated[
        Annotated[float, Field(ge=0, le=1_000), AfterValidator(round)] | None,
        Field(alias="sat", description="Satellites used in the solution."),
    ] = None
    ignition: Annotated[bool | None, Field(alias="ign", description="Is the ignition on?")] = None
    inputs: Annotated[
        Inputs,
        PlainValidator(_inputs),
        WithJsonSchema(
            {
                "type": "object",
                "propertyNames": {"minLength": 1, "maxLength": INPUT_LIMIT},
                "additionalProperties": {
                    "anyOf": [
                        {"type": "boolean"},
                        {"type": "number"},
                        {"type": "string", "minLength": 1, "maxLength": INPUT_LIMIT},
                    ]
                },
            }
        ),
        Field(alias="in", description="Further inputs by name: a truth, a number or a text."),
    ] = {}

    duty: Annotated[
        str | None,
        PlainValidator(_duty),
        WithJsonSchema({"type": "array", "items": {"type": "string"}}),
        Field(
            alias="ev",
            description="What happened at this fix. Read today: a duty status that the crew set,"
            f" {', '.join(DUTY_EVENTS)}; of several the last; and {DURESS}, the same as that input"
            " being true. Others are ignored.",
        ),
    ] = None


class FixBatch(Stamp):
    """A batch of fixes, newest last or in any order. A member that is none is refused alone."""

    sent: Annotated[
        Moment | None, Field(description="The device's clock at sending; not stored today.")
    ] = None
    fixes: list[FixMember]


class State(_Payload):
    """How a device is: its birth, a change of its configuration, or its last will. Retained."""

    model_config = ConfigDict(populate_by_name=True)

    online: Annotated[bool, Field(description="false in the last will and before a clean end.")]
    boot: Boot
    firmware: Annotated[Text | None, Field(alias="fw", description="Version of its firmware.")] = (
        None
    )
    protocol: Annotated[
        Whole | None, Field(alias="proto", description="Version of this contract: 1.")
    ] = None
    config_rev: Annotated[
        Whole | None, Field(description="The revision of `config` that it runs.")
    ] = None
    config_error: Annotated[
        Text | None, Field(alias="config_err", description="Why it did not take a newer one.")
    ] = None


class Ack(_Payload):
    """Which messages of a boot are dealt with, durably: stored, or refused for good."""

    boot: Boot
    upto: Annotated[int, Field(ge=0, description="Every message from 1 to this one; 0: none yet.")]
    also: Annotated[
        list[tuple[int, int]],
        WithJsonSchema(
            {
                "type": "array",
                "items": {
                    "type": "array",
                    "items": {"type": "integer", "minimum": 1},
                    "minItems": 2,
                    "maxItems": 2,
                },
            }
        ),
        Field(description="Ranges beyond `upto`, both ends included."),
    ] = []
    bad: Annotated[
        list[int],
        Field(description="Of these, messages in which something was refused; the newest hundred."),
    ] = []


Model = TypeVar("Model", bound=_Payload)


def read(model: type[Model], said: object) -> Model | Problem:
    """`said` as the model: what is wrong in an optional member counts as not said.

    `form`: a member that must be there is not, or is of another kind; `range`: a number that
    cannot be, whichever member it is in.
    """
    try:
        return model.model_validate(said)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
    members = {str(fault["loc"][0]): fault["type"] for fault in faults if fault["loc"]}
    needed = {each.alias or name for name, each in model.model_fields.items() if each.is_required()}
    if not isinstance(said, dict) or any(
        name in needed and kind not in _RANGE_FAULTS for name, kind in members.items()
    ):
        return "form"
    if not _RANGE_FAULTS.isdisjoint(members.values()):
        return "range"
    return model.model_validate({name: said[name] for name in said if name not in members})


def read_fix(said: object) -> Fix | Problem:
    """A member of `fixes` as a fix, or why it is none."""
    one = read(FixMember, said)
    if not isinstance(one, FixMember):
        return one
    fix = Fix(**one.__dict__)
    return replace(fix, inputs={**fix.inputs, DURESS: True}) if _calls_for_help(said) else fix


def _calls_for_help(said: object) -> bool:
    events = said.get("ev") if isinstance(said, dict) else None
    return isinstance(events, list) and DURESS in events
