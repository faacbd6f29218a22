"""Who may see what, in plain Python: departments, roles, contractors and grants.

It knows nothing of the service but the tables below; `permission_world` makes what they speak of.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, Literal

DEPARTMENTS: Final = [f"D{number:02}" for number in range(1, 15)]
VEHICLES: Final = ("OWN", "HIRED")
#: The model, written out a second time: role → what it may do. A change of the one table that is
#: meant changes this one too.
MAY: Final[dict[str, str]] = {
    "dispatcher": "vehicles:read positions:read tracks:read layers:read duty:write alerts:read"
    " alerts:act fences:read grants:read shares:write figures:read",
    "manager": "vehicles:read vehicles:write positions:read tracks:read layers:read duty:write"
    " alerts:read alerts:act fences:read fences:write grants:read shares:write subscriptions:read"
    " subscriptions:write devices:read figures:read",
    "administrator": "vehicles:read vehicles:write positions:read tracks:read layers:read"
    " duty:write alerts:read alerts:act fences:read fences:write grants:read grants:write"
    " shares:write subscriptions:read subscriptions:write devices:read devices:admin"
    " users:admin audit:read figures:read",
    "engineer": "vehicles:read devices:read devices:admin",
    "contractor": "vehicles:read positions:read tracks:read alerts:read",
    "auditor": "vehicles:read fences:read grants:read subscriptions:read devices:read audit:read"
    " figures:read",
    "platform": "vehicles:read fences:read grants:read subscriptions:read devices:read"
    " devices:admin departments:admin users:admin audit:read figures:read service:read",
    "steering": "figures:read",
}

#: Keys that are narrowed: of a role, and to which scopes. They may do what both allow.
NARROWED: Final = {
    "a map": ("dispatcher", "vehicles:read positions:read fences:write users:admin"),
    "a registry": ("administrator", "vehicles:read vehicles:write devices:read fences:read"),
}
#: By role or kind of key, what it may do.
ALLOWED: Final = {role: frozenset(said.split()) for role, said in MAY.items()} | {
    name: frozenset(MAY[role].split()) & frozenset(scopes.split())
    for name, (role, scopes) in NARROWED.items()
}

Level = Literal["position", "blurred", "presence"]


@dataclass(frozen=True, kw_only=True)
class Granting:
    """A grant from one department to the next one."""

    giver: str
    taker: str
    level: Level
    vehicles: tuple[str, ...] = ("OWN",)
    #: Whether it means them by their group `VG`.
    by_group: bool = False
    with_fence: bool = True
    #: What keeps it from telling: nothing, or it is not in force, or its area or hours are others.
    state: Literal["good", "asked", "revoked", "over", "to come", "elsewhere", "other hours"] = (
        "good"
    )

    @property
    def in_force(self) -> bool:
        """Whether its vehicles are found at all."""
        return self.state in ("good", "elsewhere", "other hours")

    def tells(self, what: str) -> bool:
        """Whether it tells that of its vehicles: `listed`, `placed`, `exact`, `alert`, `presence`
        (docs/grants.md, the table of ways to read)."""
        told = {
            "listed": True,
            "placed": self.level in ("position", "blurred"),
            "exact": self.level == "position",
            "alert": self.level != "blurred" and self.with_fence,
            "presence": self.level == "presence",
        }[what]
        return told and (self.state == "good" if what != "listed" else self.in_force)


def _chain(*given: dict[str, Any]) -> tuple[Granting, ...]:
    return tuple(
        Granting(giver=giver, taker=DEPARTMENTS[(place + 1) % len(DEPARTMENTS)], **said)
        for place, (giver, said) in enumerate(zip(DEPARTMENTS, given, strict=True))
    )


GRANTS: Final = _chain(
    {"level": "position"},
    {"level": "blurred", "with_fence": False},
    {"level": "presence"},
    {"level": "position", "state": "elsewhere"},
    {"level": "position", "state": "revoked"},
    {"level": "position", "state": "over"},
    {"level": "position", "state": "asked"},
    {"level": "position", "vehicles": ("HIRED",), "by_group": True},
    {"level": "position", "state": "other hours"},
    {"level": "position", "state": "to come"},
    {"level": "position", "vehicles": VEHICLES, "with_fence": False},
    {"level": "presence", "vehicles": ("HIRED",)},
    {"level": "blurred", "with_fence": False, "vehicles": ("HIRED",), "by_group": True},
    {"level": "position"},
)


#: Whose fence `S` is shared to whom, where it is `{owner}.S`.
SHARED: Final = {"D05": "D09"}


@dataclass(frozen=True)
class Asker:
    """A caller and what the model says of them."""

    #: Or the name of a narrowed key.
    role: str
    #: `*`: every department.
    place: str
    key: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    def may(self, permission: str | None) -> bool:
        return permission is None or permission in ALLOWED[self.role]

    def owns(self, department: str, vehicle: str | None = None) -> bool:
        """Whether a department's thing is theirs, or what is of a vehicle of it."""
        if self.role == "contractor":
            return department == self.place and vehicle == "HIRED"
        return self.place in ("*", department)

    def told(self, department: str, vehicle: str, what: str) -> bool:
        """Whether that is told to them of a vehicle, as their own or by a grant."""
        if self.owns(department, vehicle):
            return what != "presence"
        return self.role != "contractor" and any(
            each.giver == department
            and each.taker == self.place
            and vehicle in each.vehicles
            and each.tells(what)
            for each in GRANTS
        )

    def side_of(self, grant: Granting) -> bool:
        """Whether they are on one of its sides: whoever is reads it, and what it names."""
        return self.role != "contractor" and self.place in ("*", grant.giver, grant.taker)


#: What belongs to a vehicle; all else belongs to a department.
OF_VEHICLES: Final = {
    "vehicle": "listed",
    "placed": "placed",
    "track": "exact",
    "alert": "alert",
    "presence": "presence",
}
#: Told of a vehicle only where both are.
BOTH: Final = {"placed alert": ("placed", "alert")}


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a request names: a department, and one of its vehicles."""

    department: str
    vehicle: str


def is_there(asker: Asker, kind: str, target: Target) -> bool:
    """Whether a thing of that kind is there for them at all; else it is 404."""
    if kind in BOTH:
        return all(asker.told(target.department, target.vehicle, what) for what in BOTH[kind])
    if kind in OF_VEHICLES:
        return asker.told(target.department, target.vehicle, OF_VEHICLES[kind])
    if kind == "own vehicle":
        return asker.owns(target.department, target.vehicle)
    if kind == "grant":
        return any(each.giver == target.department and asker.side_of(each) for each in GRANTS)
    # A contractor sees of a department as a whole that it is there.
    return asker.owns(target.department, "HIRED" if kind == "department" else None)


#: How things show in an answer: by full ref, or by an id that `permission_world` knows.
SHOWN: Final = re.compile(r"\b(D\d\d)/((?:D\d\d-BOX-)?(?:OWN|HIRED)|F|R|VG|FG|SUB|(?:D\d\d\.)?S)\b")


#: As they show.
SHARED_REFS: Final = {f"{owner}/S" for owner in SHARED} | {
    f"{to}/{owner}.S" for owner, to in SHARED.items()
}


def fences_there(asker: Asker) -> set[str]:
    """All that are there for them beside `F` of their departments, as they show."""
    return {each for each in SHARED_REFS if asker.owns(each.partition("/")[0])}


def may_show(asker: Asker, department: str, ref: str, granted: bool) -> bool:
    """Whether that full ref may stand in any answer to them; `granted`: in one of grants, which
    name what they are of."""
    if asker.owns(department, "HIRED" if asker.role == "contractor" else None):
        # The fence and the rule of what happened to a contractor's vehicle are told with it.
        return asker.role != "contractor" or ref in ("F", "R") or ref.endswith("HIRED")
    if asker.role == "contractor" or ref == "S":
        return ref == "S" and SHARED.get(department) == asker.place
    mine = [each for each in GRANTS if each.giver == department and each.taker == asker.place]
    if granted:
        return bool(mine)
    if ref in VEHICLES:
        return asker.told(department, ref, "listed")
    if ref in ("F", "R"):
        return any(each.tells("alert") for each in mine)
    return False
