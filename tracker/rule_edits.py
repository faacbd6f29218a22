"""Rules as people give them, checked whole and stored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from geo.windows import WORKING
from tracker import models
from tracker.calendar import calendar_of
from tracker.errors import BadInput, Unknown
from tracker.rows import New, Ref, add, id_of, insert_new, table_of

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
    on: Sequence[Literal["enter", "exit", "present", "inside", "dwell", "speed"]] = (
        "enter",
        "exit",
    )
    #: A fence or a group of fences; None: every fence.
    fence: Ref | None = None
    #: Vehicles and groups of vehicles; none: every vehicle.
    vehicles: Sequence[Ref] = ()
    window: NewWindow | None = None
    dwell_s: Annotated[float, Field(gt=0, le=31_536_000)] | None = None
    limit_kmh: Annotated[float, Field(gt=0, le=1_000)] | None = None
    #: 0 is none.
    cooldown_s: Annotated[float, Field(ge=0, le=31_536_000)] | None = None
    escalate_after_s: Annotated[int, Field(gt=0)] | None = None
    severity: Literal["info", "warning", "critical"] = "warning"
    #: On trial: what it raises is counted, and told to nobody.
    shadow: bool = False

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.on:
            raise ValueError("`on` names no kind of event")
        if "dwell" in self.on and self.dwell_s is None:
            raise ValueError("a rule on dwell needs `dwell_s`")
        if "speed" in self.on and self.limit_kmh is None:
            raise ValueError("a rule on speed needs `limit_kmh`")
        return self


@add.register
async def _rule(new: NewRule, connection: AsyncConnection) -> int:
    department_id = await id_of(connection, models.Department, new.department)
    if new.window is not None:
        await _check_holidays(connection, new.window)
    return await insert_new(
        connection,
        models.Rule,
        new,
        {
            "department_id": department_id,
            "on_kinds": list(new.on),
            **await _where(connection, department_id, new.fence),
            **await _who(connection, department_id, new.vehicles),
            "severity": new.severity,
            "window": None if new.window is None else new.window.stored,
            "dwell_s": new.dwell_s,
            "limit_kmh": new.limit_kmh,
            "cooldown_s": new.cooldown_s or None,
            "escalate_after_s": new.escalate_after_s,
            "shadow": new.shadow,
        },
    )


async def set_shadow(connection: AsyncConnection, rule: tuple[str, str], *, on: bool) -> None:
    """Put a rule (department, ref) on trial, or let it go live, from now on; raises Unknown.

    What it raised before stays what it was: told, or told to nobody.
    """
    department_id = await id_of(connection, models.Department, rule[0])
    rule_id = await id_of(connection, models.Rule, rule[1], department_id)
    await connection.execute(
        update(table_of(models.Rule)).where(models.Rule.id == rule_id).values(shadow=on)
    )


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
    connection: AsyncConnection, department_id: int, fence: str | None
) -> dict[str, int | None]:
    """The fence of that name, else the group."""
    if fence is None:
        return {}
    try:
        return {"fence_id": await id_of(connection, models.Fence, fence, department_id)}
    except Unknown:
        group = await _group(connection, models.FenceGroup, fence, department_id)
        if group is None:
            raise
        return {"fence_group_id": group}


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
