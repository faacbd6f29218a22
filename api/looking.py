"""Looking at positions: for what, and written down before anything is shown."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import unquote

from fastapi import Depends, Header, Query
from starlette.requests import HTTPConnection

from api.caller import ChosenDepartment, InCaller, InScope, token_of, who
from api.errors import PurposeMissing
from api.service import service_of
from tracker.audit import Entry
from tracker.reads import Caller, Granted, Row, Scope, granted_vehicles

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


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is shown: a vehicle, or all of departments and what others granted."""

    departments: frozenset[int]
    vehicle_id: int | None = None
    granted: Granted = frozenset()


class Looking:
    """How a request looks at positions. Its methods raise as `Auditor.add` does."""

    def __init__(
        self,
        connection: HTTPConnection,
        caller: Caller,
        scope: Scope | None,
        purpose: str | None = None,
    ) -> None:
        """`scope` tells which vehicles others granted; None: the caller says it, or shows none."""
        self._connection = connection
        self._caller = caller
        self._scope = scope
        self._auditor = service_of(connection).auditor
        self._purpose = purpose

    async def live(
        self,
        what: str,
        *,
        department_id: int | None = None,
        vehicle: Row | None = None,
        granted: Granted | None = None,
    ) -> None:
        """Now: one row a session, scope and day. Of a vehicle, or all of a scope."""
        seen = await self._seen(department_id, vehicle, granted)
        shown = hashlib.sha256((token_of(self._connection) or "").encode()).digest()

        def made() -> Entry:
            return self._entry(what, seen)

        await self._auditor.once((shown, what, seen), made)

    async def each(
        self,
        what: str,
        *,
        department_id: int | None = None,
        vehicle: Row | None = None,
        window: tuple[datetime, datetime] | None = None,
    ) -> None:
        """One row for this request: a read of history, or an export."""
        seen = await self._seen(department_id, vehicle, None)
        await self._auditor.add(self._entry(what, seen, window))

    async def _seen(
        self, department_id: int | None, vehicle: Row | None, granted: Granted | None
    ) -> _Seen:
        own = self._caller.department_ids
        if vehicle is not None:
            owner = frozenset({int(vehicle["department_id"])})
            # What is seen by a grant is told to both sides.
            return _Seen(owner | own if vehicle["granted"] else owner, vehicle["id"])
        if department_id is not None:
            return _Seen(frozenset({department_id}))
        if granted is None and self._scope is not None:
            granted = await granted_vehicles(self._scope)
        return _Seen(own, granted=granted or frozenset())

    def _entry(
        self, what: str, seen: _Seen, window: tuple[datetime, datetime] | None = None
    ) -> Entry:
        since, until = window or (None, None)
        return Entry(
            by=who(self._connection, self._caller),
            what=what,
            departments=seen.departments | {number for number, _ in seen.granted},
            vehicles=() if seen.vehicle_id is None else (seen.vehicle_id,),
            scope=None if seen.vehicle_id is not None else _scope_of(self._caller, seen),
            since=since,
            until=until,
            purpose=self._purpose,
        )


def _scope_of(caller: Caller, seen: _Seen) -> dict[str, Any]:
    """All vehicles of departments, in refs, or of their contractors, by id; and which vehicles of
    others, by refs, a grant shows beside."""
    _, contractors = caller.sight
    definition: dict[str, Any] = {
        "departments": sorted(caller.refs[number] for number in seen.departments),
        "vehicles": {"contractors": sorted(contractors)} if contractors else "all",
    }
    return definition | (
        {"granted": sorted(ref for _, ref in seen.granted)} if seen.granted else {}
    )


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


async def _looking(connection: HTTPConnection, caller: InCaller, scope: InScope) -> Looking:
    return Looking(connection, caller, scope)


async def _looking_back(
    connection: HTTPConnection,
    caller: InCaller,
    scope: InScope,
    header: _PurposeHeader = None,
    query: _PurposeQuery = None,
) -> Looking:
    purpose = stated(_decoded(header) or query)
    quotas = service_of(connection).quotas
    await quotas.take(connection.scope, caller, "history")
    return Looking(connection, caller, scope, purpose)


#: At where vehicles are now.
InLooking = Annotated[Looking, Depends(_looking)]
#: At where they were: only for a stated purpose, and within a smaller budget.
InLookingBack = Annotated[Looking, Depends(_looking_back)]


@dataclass(frozen=True, slots=True)
class Chosen:
    """At the vehicles of `?department=`, or of all that the caller sees."""

    department_id: int | None
    looking: Looking


async def _chosen(looking: InLooking, department_id: ChosenDepartment) -> Chosen:
    return Chosen(department_id, looking)


async def _chosen_back(looking: InLookingBack, department_id: ChosenDepartment) -> Chosen:
    return Chosen(department_id, looking)


InChosen = Annotated[Chosen, Depends(_chosen)]
InChosenBack = Annotated[Chosen, Depends(_chosen_back)]
