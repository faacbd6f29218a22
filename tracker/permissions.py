"""What each role may do: the one table of it. docs/security.md says why.

A permission is `thing:what`. A route of the API declares the one that it needs; a caller with it
in no department is answered 403, and with it in some sees the rows of those and of no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, get_args

Permission = Literal[
    "vehicles:read",  # which vehicles there are, and their duty; no position
    "vehicles:write",  # register, edit and retire them, and the firms that drive them
    "positions:read",  # where they are now, also live
    "tracks:read",  # where they were: tracks, trips, visits, days, private times, views
    "layers:read",  # OGC features and tiles: positions, tracks, fences and alerts in one
    "duty:write",  # what a vehicle is doing
    "alerts:read",
    "alerts:act",  # acknowledge, assign, note, snooze, close, reopen
    "fences:read",  # and rules, groups, and how rules on trial go
    "fences:write",  # and backtests
    "grants:read",  # what departments let each other see
    "grants:write",  # ask for it, approve, revoke
    "shares:write",  # links to one vehicle, for hours
    "subscriptions:read",
    "subscriptions:write",
    "devices:read",
    "devices:admin",  # enrol, edit and retire them, their passwords, replays
    "departments:admin",  # make and name departments
    "users:admin",  # people, keys and their roles
    "audit:read",
    "figures:read",  # counts of the whole government, no position
    "service:read",  # how the service itself goes
]
Role = Literal[
    "dispatcher",
    "manager",
    "administrator",
    "engineer",
    "contractor",
    "auditor",
    "platform",
    "steering",
]

_DISPATCHER: Final[frozenset[Permission]] = frozenset(
    {
        "vehicles:read",
        "positions:read",
        "tracks:read",
        "layers:read",
        "duty:write",
        "alerts:read",
        "alerts:act",
        "fences:read",
        "grants:read",
        "shares:write",
        "figures:read",
    }
)
_MANAGER: Final[frozenset[Permission]] = _DISPATCHER | frozenset[Permission](
    {
        "vehicles:write",
        "fences:write",
        "subscriptions:read",
        "subscriptions:write",
        "devices:read",
    }
)

PERMISSIONS: Final[Mapping[Role, frozenset[Permission]]] = {
    "dispatcher": _DISPATCHER,
    "manager": _MANAGER,
    "administrator": _MANAGER
    | frozenset[Permission]({"devices:admin", "users:admin", "audit:read", "grants:write"}),
    "engineer": frozenset({"vehicles:read", "devices:read", "devices:admin"}),
    # Of the contractor's own vehicles only: row security sees to that.
    "contractor": frozenset({"vehicles:read", "positions:read", "tracks:read", "alerts:read"}),
    # How it is used, not where anybody is.
    "auditor": frozenset(
        {
            "vehicles:read",
            "fences:read",
            "grants:read",
            "subscriptions:read",
            "devices:read",
            "audit:read",
            "figures:read",
        }
    ),
    # Who runs the platform sees where vehicles are only by another role beside this one.
    "platform": frozenset(
        {
            "vehicles:read",
            "fences:read",
            "grants:read",
            "subscriptions:read",
            "devices:read",
            "devices:admin",
            "departments:admin",
            "users:admin",
            "audit:read",
            "figures:read",
            "service:read",
        }
    ),
    "steering": frozenset({"figures:read"}),
}
ROLES: Final[tuple[Role, ...]] = get_args(Role)
#: Roles of the whole government, never of one department.
EVERYWHERE: Final[frozenset[Role]] = frozenset({"platform", "steering"})
ALL_PERMISSIONS: Final[frozenset[Permission]] = frozenset(get_args(Permission))
