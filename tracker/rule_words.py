"""A rule that is not saved, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from tracker import models
from tracker.explain import Language, called, explained
from tracker.rule_edits import NewRule, columns_of

#: What a fence is called that has neither name nor ref yet.
UNNAMED: Final = "–"


async def in_words(
    connection: AsyncConnection, new: NewRule, drawn: Mapping[str, str] | None = None
) -> dict[Language, str]:
    """What it would do, by language; raises Unknown or BadInput as saving it would. `drawn` is the
    name of its fence where that is not saved either."""
    saved = new if drawn is None else new.model_copy(update={"fence": None})
    columns = await columns_of(saved, connection)
    department = await _name(connection, models.Department, columns["department_id"])
    if drawn is None:
        fence = await _fence(connection, columns.get("fence_id"), columns.get("fence_group_id"))
    else:
        fence = called(drawn, new.fence or UNNAMED)
    told = {
        **columns,
        "zone": await connection.scalar(select(models.Installation.time_zone)),
        "vehicles": new.vehicles,
        "others": new.near,
    }
    return explained(told, department, fence)


async def _fence(
    connection: AsyncConnection, fence_id: int | None, group_id: int | None
) -> dict[str, str] | None:
    """The names of a fence or of a group of them; None: of neither."""
    if fence_id is not None:
        return await _name(connection, models.Fence, fence_id)
    return None if group_id is None else await _name(connection, models.FenceGroup, group_id)


async def _name(
    connection: AsyncConnection,
    model: type[models.Department | models.Fence | models.FenceGroup],
    id_: int,
) -> dict[str, str]:
    """By language; a fence without a name is called by its ref."""
    row = (await connection.execute(select(model.name, model.ref).where(model.id == id_))).one()
    return called(row.name, row.ref)
