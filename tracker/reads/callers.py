"""Who calls, and what they may do where."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select

from tracker.models import Department, Installation
from tracker.permissions import ALL_PERMISSIONS, PERMISSIONS, Permission, Role
from tracker.reads.session import Reader, Row, Scope, rows_of
from tracker.secrets import Secret

#: The departments whose rows are seen, and the contractors whose vehicles alone are, if any.
Sight = tuple[frozenset[int], frozenset[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A role that somebody holds."""

    role: Role
    #: None: in every department, also in those that come later.
    department_id: int | None = None
    #: Of a contractor: whose vehicles.
    contractor_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Whoever asks, and the departments in which they may do what they ask for."""

    #: `user:anna`, `key:mp_0123abcd`, `oidc:{subject}`, `demo:{role}`: the same for the same caller
    #: always; audit and quotas name them so.
    id: str
    #: For people.
    label: str
    held: frozenset[Held]
    #: What a key is narrowed to; None: all that its roles allow.
    scopes: frozenset[Permission] | None = None
    #: Refs of the departments by id: of all in which a role is held, or `within` one permission.
    refs: Mapping[int, str]
    #: Nothing is answered from then on; None: that is asked of the database each time.
    expires_at: datetime | None = None

    @property
    def department_ids(self) -> frozenset[int]:
        """The departments."""
        return frozenset(self.refs)

    @property
    def permissions(self) -> frozenset[Permission]:
        """What they may do anywhere."""
        allowed: frozenset[Permission] = frozenset()
        for each in self.held:
            allowed |= PERMISSIONS[each.role]
        return allowed if self.scopes is None else allowed & self.scopes

    @property
    def platform(self) -> bool:
        """Whether they are of the platform office."""
        return any(each.role == "platform" for each in self.held)

    @property
    def roles(self) -> list[Role]:
        """The roles, each once."""
        return sorted({each.role for each in self.held})

    @property
    def sight(self) -> Sight:
        """What a scope needs to know of them."""
        contractors = {each.contractor_id for each in self.held} - {None}
        return self.department_ids, frozenset(number for number in contractors if number)

    def within(self, permission: Permission) -> Caller:
        """The same caller in the departments where they may do this; in none, maybe."""
        held = [each for each in self.held if permission in PERMISSIONS[each.role]]
        if permission not in self.permissions:
            held = []
        return replace(self, refs=_refs(held, self.refs))


def caller_with(
    held: Iterable[Held],
    departments: Mapping[int, str],
    *,
    id: str,
    label: str,
    scopes: Iterable[str] | None = None,
    expires_at: datetime | None = None,
) -> Caller:
    """A caller with these roles, `departments` being all that there are.

    A contractor is nothing else beside: whose scope is narrowed to vehicles sees those only.
    """
    holds = frozenset(held)
    contracts = frozenset(each for each in holds if each.role == "contractor")
    holds = contracts or holds
    return Caller(
        id=id,
        label=label,
        held=holds,
        scopes=None if scopes is None else ALL_PERMISSIONS & frozenset(scopes),
        refs=_refs(holds, departments),
        expires_at=expires_at,
    )


def _refs(held: Iterable[Held], departments: Mapping[int, str]) -> dict[int, str]:
    where = {each.department_id for each in held}
    if None in where:
        return dict(departments)
    return {number: ref for number, ref in departments.items() if number in where}


def held_of(stored: Iterable[Mapping[str, Any]]) -> list[Held]:
    """Roles as the database has them; what this version does not know gives no right."""
    return [Held(**each) for each in stored if each["role"] in PERMISSIONS]


_FOUND: Final = ("hash", "id", "label", "scopes", "held")


async def caller_of(reader: Reader, secret: Secret) -> Caller | None:
    """Whose key or session this is; None if it is unknown, has ended, or its user is disabled."""
    found = func.callers_of(secret.name).table_valued(*_FOUND)
    async with reader.scope(()) as scope:
        rows = (await scope.execute(select(found))).all()
        for row in rows:
            if hmac.compare_digest(bytes(row.hash), secret.digest):
                departments = await department_refs(scope)
                return caller_with(
                    held_of(row.held), departments, id=row.id, label=row.label, scopes=row.scopes
                )
    return None


async def department_refs(scope: Scope) -> dict[int, str]:
    """The refs of all departments by id."""
    return {row.id: row.ref for row in await scope.execute(select(Department.id, Department.ref))}


async def installation(reader: Reader) -> Row:
    """`name` of the government (empty before `milepost init`) and whether it is a `demo`."""
    async with reader.scope(()) as scope:
        found = await rows_of(scope, select(Installation.name, Installation.demo))
    return found[0] if found else {"name": {}, "demo": False}


async def departments(reader: Reader, ids: frozenset[int] | None = None) -> list[Row]:
    """All departments, or those of some ids: `department` and `name`, by ref."""
    query = select(Department.ref.label("department"), Department.name).order_by(Department.ref)
    if ids is not None:
        query = query.where(Department.id.in_(ids))
    async with reader.scope(()) as scope:
        return await rows_of(scope, query)


async def department_names(scope: Scope) -> dict[str, dict[str, str]]:
    """The names of all departments by ref."""
    rows = await rows_of(scope, select(Department.ref, Department.name))
    return {row["ref"]: row["name"] for row in rows}
