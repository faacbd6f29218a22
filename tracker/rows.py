"""Rows as people add them: a public name, names in two languages, and where they are stored."""

from __future__ import annotations

from collections.abc import Mapping
from functools import singledispatch
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints
from sqlalchemy import Table, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from tracker import models
from tracker.errors import BadInput, Taken, Unknown
from tracker.models.base import REF_PATTERN

Ref = Annotated[str, StringConstraints(pattern=REF_PATTERN)]


class New(BaseModel):
    """What all additions share: a public name and names for people in two languages."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    ref: Ref
    name_en: str = ""
    name_zh_hant: str = ""

    @property
    def name(self) -> dict[str, str]:
        """Names by language; a missing one is the other, or the ref."""
        return names_of(self.ref, self.name_en, self.name_zh_hant)


def names_of(ref: str, english: str, chinese: str) -> dict[str, str]:
    """Names by language; a missing one is the other, or the ref."""
    english = english or chinese or ref
    return {"en": english, "zh-Hant": chinese or english}


@singledispatch
async def add(new: New, connection: AsyncConnection) -> int:
    """Store it; returns its id. Raises Taken, Unknown (a department, vehicle …) or BadInput."""
    raise NotImplementedError(type(new))


async def insert_new(
    connection: AsyncConnection, model: type[models.Base], new: New, values: Mapping[str, object]
) -> int:
    """Store a row of its names and these values; returns its id. Raises Taken or BadInput."""
    table = table_of(model)
    row = {"ref": new.ref, "name": new.name, **values}
    columns = {key: value for key, value in row.items() if key in table.c}
    try:
        result = await connection.execute(insert(table).values(columns).returning(table.c.id))
    except IntegrityError as error:
        raise refusal(error, table, new.ref) from error
    return int(result.scalar_one())


def refusal(error: IntegrityError, table: Table, ref: str) -> Taken | BadInput:
    """What it means that a row could not be stored: its name is in use, or it cannot be."""
    if "uq_" in str(error.orig):
        return Taken(f"({table.name} {ref})")
    return BadInput(f"({table.name} {ref}: {error.orig})")


async def id_of(
    connection: AsyncConnection,
    model: type[models.Base],
    ref: str,
    department_id: int | None = None,
) -> int:
    """The id of what is called so, in a department or at all; raises Unknown."""
    table = table_of(model)
    query = select(table.c.id).where(table.c.ref == ref)
    if department_id is not None:
        query = query.where(table.c.department_id == department_id)
    found = (await connection.execute(query)).scalar_one_or_none()
    if found is None:
        raise Unknown(f"No {table.name} is called {ref}.")
    return int(found)


def table_of(model: type[models.Base]) -> Table:
    """The table of a model."""
    table = model.__table__
    assert isinstance(table, Table)  # noqa: S101  every model here maps one table
    return table
