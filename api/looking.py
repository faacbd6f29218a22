"""Looking at positions: for what, and written down before anything is shown."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import unquote

from fastapi import Depends, Header, Query
from starlette.requests import HTTPConnection

from api.caller import ChosenDepartment, InCaller, token_of, who
from api.errors import PurposeMissing
from api.service import service_of
from tracker.audit import Entry
from tracker.reads import Caller, Row

PURPOSE_HEADER: Final = "Milepost-Purpose"
_LEAST, _MOST = 3, 200

_PurposeHeader = Annotated[
    str | None,
    Header(
        alias=PURPOSE_HEADER,
        description="what for you read where vehicles were; percent-encoded beyond ASCII."
        " It stands in the audit. Here or in `purpose`.",
    ),
]
_PurposeQuery = Annotated[
    str | None, Query(alias="purpose", description="the same, where no header can be sent")
]


class Looking:
    """How a request looks at positions. Its methods raise as `Auditor.add` does."""

    def __init__(
        self, connection: HTTPConnection, caller: Caller, purpose: str | None = None
    ) -> None:
        self._connection = connection
        self._caller = caller
        self._auditor = service_of(connection).auditor
        self._purpose = purpose

    async def live(
        self, what: str, *, department_id: int | None = None, vehicle: Row | None = None
    ) -> None:
        """Now: one row a session, scope and day. Of a vehicle, or all of a scope."""
        departments = self._departments(department_id, vehicle)
        vehicles = () if vehicle is None else (vehicle["id"],)
        shown = hashlib.sha256((token_of(self._connection) or "").encode()).digest()
        session = (shown, what, departments, vehicles)

        def made() -> Entry:
            return self._entry(what, departments, vehicles)

        await self._auditor.once(session, made)

    async def each(
        self,
        what: str,
        *,
        department_id: int | None = None,
        vehicle: Row | None = None,
        window: tuple[datetime, datetime] | None = None,
    ) -> None:
        """One row for this request: a read of history, or an export."""
        vehicles = () if vehicle is None else (vehicle["id"],)
        departments = self._departments(department_id, vehicle)
        await self._auditor.add(self._entry(what, departments, vehicles, window))

    def _departments(self, department_id: int | None, vehicle: Row | None) -> frozenset[int]:
        if vehicle is not None:
            ids = {ref: number for number, ref in self._caller.refs.items()}
            return frozenset({ids[vehicle["department"]]})
        if department_id is not None:
            return frozenset({department_id})
        return self._caller.department_ids

    def _entry(
        self,
        what: str,
        departments: Collection[int],
        vehicles: Collection[int],
        window: tuple[datetime, datetime] | None = None,
    ) -> Entry:
        since, until = window or (None, None)
        return Entry(
            by=who(self._connection, self._caller),
            what=what,
            departments=departments,
            vehicles=vehicles,
            scope=None if vehicles else scope_of(self._caller, departments),
            since=since,
            until=until,
            purpose=self._purpose,
        )


def scope_of(caller: Caller, departments: Collection[int]) -> dict[str, Any]:
    """All vehicles of these departments, in refs, or of their contractors, by id."""
    _, contractors = caller.sight
    return {
        "departments": sorted(caller.refs[number] for number in departments),
        "vehicles": {"contractors": sorted(contractors)} if contractors else "all",
    }


def stated(purpose: str | None) -> str:
    """The purpose; raises PurposeMissing."""
    said = (purpose or "").strip()
    if not (_LEAST <= len(said) <= _MOST and said.isprintable()):
        raise PurposeMissing
    return said


def stated_in(connection: HTTPConnection) -> str:
    """The purpose in a request's header or query; raises PurposeMissing."""
    header = connection.headers.get(PURPOSE_HEADER)
    return stated(_decoded(header) or connection.query_params.get("purpose"))


def _decoded(header: str | None) -> str | None:
    """HTTP brings Latin-1; programs send UTF-8, or percent-encoded."""
    if header is None:
        return None
    text = unquote(header)
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _looking(connection: HTTPConnection, caller: InCaller) -> Looking:
    return Looking(connection, caller)


async def _looking_back(
    connection: HTTPConnection,
    caller: InCaller,
    header: _PurposeHeader = None,
    query: _PurposeQuery = None,
) -> Looking:
    purpose = stated(_decoded(header) or query)
    quotas = service_of(connection).quotas
    await quotas.take(connection.scope, caller, "history")
    return Looking(connection, caller, purpose)


#: At where vehicles are now.
InLooking = Annotated[Looking, Depends(_looking)]
#: At where they were: only for a stated purpose, and within a smaller budget.
InLookingBack = Annotated[Looking, Depends(_looking_back)]


@dataclass(frozen=True, slots=True)
class Chosen:
    """At the vehicles of `?department=`, or of all that the caller sees."""

    department_id: int | None
    looking: Looking


def _chosen(looking: InLooking, department_id: ChosenDepartment) -> Chosen:
    return Chosen(department_id, looking)


def _chosen_back(looking: InLookingBack, department_id: ChosenDepartment) -> Chosen:
    return Chosen(department_id, looking)


InChosen = Annotated[Chosen, Depends(_chosen)]
InChosenBack = Annotated[Chosen, Depends(_chosen_back)]
