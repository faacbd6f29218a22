"""Rules as people give them, checked whole and stored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)
from sqlalchemy import exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from geo.windows import WORKING
from tracker import models, rule_versions
from tracker.calendar import calendar_of
from tracker.edits import Name, locked
from tracker.errors import BadInput, NotNow, Unknown
from tracker.fence_rows import NOBODY, Author
from tracker.rows import New, Ref, add, id_of, insert_new, table_of
from tracker.rule_terms import NewComparison, comparison_of, faults, with_usual

#: A ref, or a full ref.
FENCE_PATTERN = r"^([A-Za-z0-9][A-Za-z0-9._-]{0,63}/)?[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "working"]
Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")]


class NewWindow(BaseModel):
    """Times of the week; past midnight they belong to the day they begin on."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    days: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    from_: Annotated[Clock, Field(alias="from")] = "00:00"
    to: Clock = "24:00"

    @property
    def stored(self) -> dict[str, Any]:
        """As the table has it."""
        return {"days": list(self.days), "from": _of_day(self.from_), "to": _of_day(self.to)}


def _of_day(said: str) -> str:
    return "00:00" if said == "24:00" else time.fromisoformat(said).strftime("%H:%M")


class NewRule(New):
    """A rule that makes alerts of events: what, who, where, when, how urgent."""

    department: Ref
    on: Sequence[
        Literal[
            "enter",
            "exit",
            "present",
            "inside",
            "dwell",
            "speed",
            "silent",
            "duress",
            "sensor",
            "proximity",
        ]
    ] = ("enter", "exit")
    #: A fence, also another department's that is shared, or a group of fences; None: every fence,
    #: and of silence, buttons, sensors and nearness: anywhere.
    fence: Annotated[str, StringConstraints(pattern=FENCE_PATTERN)] | None = None
    #: Of those: only outside of all of the fences.
    outside: bool = False
    #: Vehicles and groups of vehicles; none: every vehicle.
    vehicles: Sequence[Ref] = ()
    window: NewWindow | None = None
    dwell_s: Annotated[float, Field(gt=0, le=31_536_000)] | None = None
    limit_kmh: Annotated[float, Field(gt=0, le=1_000)] | None = None
    #: Of a silence: how long; None: what is usual for the vehicle.
    silent_s: Annotated[float, Field(ge=10, le=31_536_000)] | None = None
    #: Of duress and sensor: which input, and what it must be.
    sensor: NewComparison | None = None
    #: Of a sensor: for so long.
    for_s: Annotated[float, Field(ge=0, le=86_400)] | None = None
    #: Of a proximity: nearer than this,
    radius_m: Annotated[float, Field(gt=0, le=100_000)] | None = None
    #: to these vehicles and groups; none: the vehicles among each other.
    near: Sequence[Ref] = ()
    #: 0 is none.
    cooldown_s: Annotated[float, Field(ge=0, le=31_536_000)] | None = None
    escalate_after_s: Annotated[int, Field(gt=0)] | None = None
    severity: Literal["info", "warning", "critical"] = "warning"
    #: On trial: what it raises is counted, and told to nobody.
    shadow: bool = False

    @model_validator(mode="before")
    @classmethod
    def _usual(cls, said: Any) -> Any:  # noqa: ANN401  whatever was given
        return with_usual(said) if isinstance(said, dict) else said

    @field_validator("sensor", mode="before")
    @classmethod
    def _written(cls, said: Any) -> Any:  # noqa: ANN401  whatever was given
        return comparison_of(said) if isinstance(said, str) else said

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for fault in faults(self.on, self.__dict__):
            raise ValueError(fault)
        if not self.on:
            raise ValueError("`on` names no kind of event")
        if "dwell" in self.on and self.dwell_s is None:
            raise ValueError("a rule on dwell needs `dwell_s`")
        if "speed" in self.on and self.limit_kmh is None:
            raise ValueError("a rule on speed needs `limit_kmh`")
        return self


@add.register
async def _rule(new: NewRule, connection: AsyncConnection) -> int:
    return await create(connection, new)


async def create(connection: AsyncConnection, new: NewRule, author: Author = NOBODY) -> int:
    """Make a rule, its first version; its id. Raises Unknown, Taken or BadInput."""
    made = await insert_new(connection, models.Rule, new, await columns_of(new, connection))
    await rule_versions.keep(connection, made, author)
    return made


async def replace(
    connection: AsyncConnection,
    new: NewRule,
    author: Author = NOBODY,
    *,
    expected: int | None = None,
) -> None:
    """Let the rule of that name be what `new` says, also for late data, and be on.

    Raises Unknown, Stale at another revision than expected, or BadInput.
    """
    found = await _locked(connection, (new.department, new.ref), expected)
    values = {"fence_id": None, "fence_group_id": None, **await columns_of(new, connection)}
    await _changed(connection, found.id, author, name=new.name, disabled_at=None, **values)


async def disable(
    connection: AsyncConnection,
    rule: Name,
    author: Author = NOBODY,
    *,
    expected: int | None = None,
) -> None:
    """Let a rule raise nothing more; raises Unknown, Stale, or NotNow where it is off."""
    found = await _locked(connection, rule, expected)
    if found.disabled_at is not None:
        raise NotNow(f"({rule[0]}/{rule[1]} is off)")
    await _changed(connection, found.id, author, disabled_at=func.milepost_now())


async def _locked(connection: AsyncConnection, rule: Name, expected: int | None = None) -> Any:  # noqa: ANN401  a row of the driver
    columns = ("disabled_at",)
    return await locked(connection, models.Rule, rule, *columns, what="rule", expected=expected)


async def _changed(
    connection: AsyncConnection, rule_id: int, author: Author, **values: object
) -> None:
    more = {**values, "revision": models.Rule.revision + 1}
    await connection.execute(update(models.Rule).where(models.Rule.id == rule_id).values(more))
    await rule_versions.keep(connection, rule_id, author)


async def columns_of(new: NewRule, connection: AsyncConnection) -> dict[str, Any]:
    """The columns of a rule; raises Unknown or BadInput."""
    department_id = await id_of(connection, models.Department, new.department)
    if new.window is not None:
        await _check_holidays(connection, new.window)
    return {
        "department_id": department_id,
        "on_kinds": list(new.on),
        **await _where(connection, department_id, new),
        **await _who(connection, department_id, new.vehicles),
        **await _near(connection, department_id, new.near),
        "outside": new.outside,
        "silent_s": new.silent_s,
        "sensor": None if new.sensor is None else new.sensor.model_dump(),
        "for_s": new.for_s or None,
        "radius_m": new.radius_m,
        "severity": new.severity,
        "window": None if new.window is None else new.window.stored,
        "dwell_s": new.dwell_s,
        "limit_kmh": new.limit_kmh,
        "cooldown_s": new.cooldown_s or None,
        "escalate_after_s": new.escalate_after_s,
        "shadow": new.shadow,
    }


async def set_shadow(
    connection: AsyncConnection, rule: Name, author: Author = NOBODY, *, on: bool
) -> None:
    """Put a rule (department, ref) on trial, or let it go live, from now on; raises Unknown.

    What it raised before stays what it was: told, or told to nobody.
    """
    found = await _locked(connection, rule)
    await _changed(connection, found.id, author, shadow=on)


async def _check_holidays(connection: AsyncConnection, window: NewWindow) -> None:
    """A rule that needs holidays needs a list of this year's (rule R22)."""
    if WORKING not in window.days:
        return
    home = models.Installation
    row = (
        await connection.execute(select(home.time_zone, home.holidays, func.milepost_now()))
    ).one()
    calendar = calendar_of(row[0], row[1])
    year = row[2].astimezone(calendar.zone).year
    if year not in calendar.holidays:
        raise BadInput(f"(there is no list of the public holidays of {year}: add it first)")


async def _where(
    connection: AsyncConnection, department_id: int, new: NewRule
) -> dict[str, int | None]:
    """The fence of that name, else the group; a full ref may be one that is shared with it."""
    if new.fence is None:
        return {}
    owner, _, ref = new.fence.rpartition("/")
    if owner not in ("", new.department):
        return {"fence_id": await _shared_fence(connection, department_id, new.fence)}
    try:
        return {"fence_id": await id_of(connection, models.Fence, ref, department_id)}
    except Unknown:
        group = await _group(connection, models.FenceGroup, ref, department_id)
        if group is None:
            raise
        return {"fence_group_id": group}


async def _shared_fence(connection: AsyncConnection, department_id: int, full_ref: str) -> int:
    """The fence here that follows that one of another department, as long as it is shared."""
    fence, version = models.Fence, models.FenceVersion
    query = select(fence.id).where(
        fence.department_id == department_id,
        fence.shared_from == full_ref,
        exists().where(
            version.fence_id == fence.id,
            func.upper_inf(version.in_force) | (func.upper(version.in_force) > func.milepost_now()),
        ),
    )
    found = await connection.scalar(query)
    if found is None:
        raise Unknown(f"(fence {full_ref})")
    return int(found)


async def _who(
    connection: AsyncConnection, department_id: int, names: Sequence[str]
) -> dict[str, list[int]]:
    """Groups and vehicles of these names."""
    groups, vehicles = [], []
    for name in names:
        group = await _group(connection, models.VehicleGroup, name, department_id)
        if group is not None:
            groups.append(group)
        else:
            vehicles.append(await id_of(connection, models.Vehicle, name, department_id))
    return {"vehicle_ids": vehicles, "vehicle_group_ids": groups}


async def _near(
    connection: AsyncConnection, department_id: int, names: Sequence[str]
) -> dict[str, list[int]]:
    """The same as those that vehicles may be near to."""
    found = await _who(connection, department_id, names)
    return {f"other_{column}": ids for column, ids in found.items()}


async def _group(
    connection: AsyncConnection, model: type[models.Base], ref: str, department_id: int
) -> int | None:
    try:
        return await id_of(connection, model, ref, department_id)
    except Unknown:
        return None


class NewVehicleGroup(New):
    """A group of vehicles of a department."""

    department: Ref


class NewFenceGroup(New):
    """A group of fences of a department."""

    department: Ref


class NewScope(BaseModel):
    """The vehicles of a group are watched by the fences of another."""

    department: Ref
    vehicles: Ref
    fences: Ref


@add.register
async def _vehicle_group(new: NewVehicleGroup, connection: AsyncConnection) -> int:
    owner = {"department_id": await id_of(connection, models.Department, new.department)}
    return await insert_new(connection, models.VehicleGroup, new, owner)


@add.register
async def _fence_group(new: NewFenceGroup, connection: AsyncConnection) -> int:
    owner = {"department_id": await id_of(connection, models.Department, new.department)}
    return await insert_new(connection, models.FenceGroup, new, owner)


async def watch(
    new: NewScope, connection: AsyncConnection, *, since: datetime | None = None
) -> None:
    """From a time on, by default always, the pair holds; raises Unknown."""
    department_id = await id_of(connection, models.Department, new.department)
    await connection.execute(
        insert(table_of(models.FenceScope)).values(
            department_id=department_id,
            vehicle_group_id=await id_of(
                connection, models.VehicleGroup, new.vehicles, department_id
            ),
            fence_group_id=await id_of(connection, models.FenceGroup, new.fences, department_id),
            during=func.tstzrange(since, None),
        )
    )


#: The owner of a table of members, and what they are members of.
MEMBERS = {
    "vehicle": (models.VehicleGroupMember, models.VehicleGroup, models.Vehicle, "vehicle_id"),
    "fence": (models.FenceGroupMember, models.FenceGroup, models.Fence, "fence_id"),
}


async def join(
    connection: AsyncConnection,
    kind: Literal["vehicle", "fence"],
    member: tuple[str, str],
    group: str,
    *,
    since: datetime | None = None,
) -> None:
    """Put a vehicle or fence (department, ref) into a group from a time on; raises Unknown."""
    of_group, groups, members, column = MEMBERS[kind]
    department_id = await id_of(connection, models.Department, member[0])
    await connection.execute(
        insert(table_of(of_group)).values(
            {
                "department_id": department_id,
                "group_id": await id_of(connection, groups, group, department_id),
                column: await id_of(connection, members, member[1], department_id),
                "during": func.tstzrange(since, None),
            }
        )
    )


async def leave(
    connection: AsyncConnection,
    kind: Literal["vehicle", "fence"],
    member: tuple[str, str],
    group: str,
    *,
    at: datetime,
) -> None:
    """Take it out of the group at a time; raises Unknown."""
    of_group, groups, members, column = MEMBERS[kind]
    department_id = await id_of(connection, models.Department, member[0])
    table = table_of(of_group)
    await connection.execute(
        table.update()
        .where(
            table.c.group_id == await id_of(connection, groups, group, department_id),
            table.c[column] == await id_of(connection, members, member[1], department_id),
            table.c.during.contains(at.astimezone(UTC)),
        )
        .values(during=func.tstzrange(func.lower(table.c.during), at))
    )
