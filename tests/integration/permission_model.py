"""Who may see what, in plain Python: departments, roles, contractors and grants, and of each
operation of the API what its path names and what it lists.

It knows nothing of the service but the tables below; `permission_world` makes what they speak of.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
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


@dataclass(frozen=True)
class Asker:
    """A caller and what the model says of them."""

    role: str
    #: `*`: every department.
    place: str
    key: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    def may(self, permission: str | None) -> bool:
        return permission is None or permission in MAY[self.role].split()

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
SHOWN: Final = re.compile(r"\b(D\d\d)/((?:D\d\d-BOX-)?(?:OWN|HIRED)|F|R|VG|FG|SUB)\b")


def may_show(asker: Asker, department: str, ref: str, granted: bool) -> bool:
    """Whether that full ref may stand in any answer to them; `granted`: in one of grants, which
    name what they are of."""
    if asker.owns(department, "HIRED" if asker.role == "contractor" else None):
        # The fence and the rule of what happened to a contractor's vehicle are told with it.
        return asker.role != "contractor" or ref in ("F", "R") or ref.endswith("HIRED")
    if asker.role == "contractor":
        return False
    mine = [each for each in GRANTS if each.giver == department and each.taker == asker.place]
    if granted:
        return bool(mine)
    if ref in VEHICLES:
        return asker.told(department, ref, "listed")
    if ref in ("F", "R"):
        return any(each.tells("alert") for each in mine)
    return False


@dataclass(frozen=True, kw_only=True)
class Operation:
    """What an operation's path or body names, what its answer lists, and what is asked beside."""

    #: A kind of `is_there`; None: nothing of anybody's.
    names: str | None = None
    #: The kind whose things, all that are there for the caller and no other, stand in the answer.
    lists: str | None = None
    query: str = ""
    #: With `{d}`, `{v}`, `{alert}` filled in.
    body: Any = None
    #: There is none of what it names, even for its owner.
    empty: bool = False


@dataclass(frozen=True)
class _Table:
    operations: dict[tuple[str, str], Operation] = field(default_factory=dict)

    def add(self, methods: str, path: str, **said: Any) -> None:  # noqa: ANN401  of Operation
        for method in methods.split():
            self.operations[method, path] = Operation(**said)


_FENCE: Final[dict[str, Any]] = {
    "type": "Feature",
    "geometry": None,
    "properties": {
        "department": "{d}",
        "ref": "NEW",
        "circle": {"center": [114.2, 22.3], "radius_m": 100},
    },
}
_RULE: Final = {"department": "{d}", "ref": "NEW", "on": ["enter"], "fence": "F"}
_NAME: Final = {"name": {"en": "new"}}
_PLACE: Final = "place=114.102,22.3"
_VEHICLE: Final = "/v1/vehicles/{department}/{ref}"


def _of_vehicles(table: _Table) -> None:
    table.add("get", "/v1/vehicles", lists="vehicle")
    table.add("get", _VEHICLE, names="vehicle")
    table.add("put", f"{_VEHICLE}/duty", names="own vehicle", body={"status": "available"})
    table.add("get", f"{_VEHICLE}/track", names="vehicle")
    for what in ("gaps", "odometer", "private", "stops", "trips"):
        table.add("get", f"{_VEHICLE}/{what}", names="own vehicle")
    table.add("get", "/v1/positions", lists="placed")
    table.add("get", "/v1/near", lists="placed", query=f"{_PLACE}&k=1000")
    table.add("get", "/v1/presence", lists="presence")
    table.add("get", "/v1/whereabouts", lists="vehicle", query="at={at}")
    table.add("get", "/v1/visits", lists="track", query=_PLACE + "&from={since}")
    table.add("get", "/v1/days", lists="own vehicle")
    window = "from={since}&to={soon}"
    table.add("get", "/v1/playback", query="from={before}&to={soon}")
    table.add("get", "/v1/playback/marks", names="vehicle", query=f"{window}&vehicle={{d}}/{{v}}")
    table.add("get", "/v1/playback/alerts", lists="alert", query=window)
    table.add("get", "/v1/playback/fences", lists="fence", query=window)
    table.add("get", "/v1/views/track/{department}/{ref}", names="vehicle")
    table.add("get", "/v1/views/heat/{department}/{ref}", names="vehicle")
    table.add("get", "/v1/views/heat/{department}", names="department")
    table.add("get", "/v1/views/near", query=_PLACE)
    table.add("get", "/v1/events", lists="placed")
    table.add("get", "/v1/shares", lists="share")
    table.add(
        "post",
        "/v1/shares",
        names="own vehicle",
        body={"vehicle": "{d}/{v}", "hours": 1, "purpose": "p"},
    )
    table.add("delete", "/v1/shares/{share}", names="share")
    table.add("get", "/v1/devices", lists="device")
    table.add("get", "/v1/devices/{department}/{ref}", names="device")
    table.add("get", "/v1/devices/{department}/{ref}/receipts", names="device")


def _of_alerts(table: _Table) -> None:
    table.add("get", "/v1/alerts", lists="alert", query="limit=1000")
    table.add("get", "/v1/alerts/{alert_id}", names="alert")
    for what, body in (
        *(("acknowledge", {}), ("assign", {"to": "anna"}), ("note", {"note": "seen"})),
        *(("snooze", {"until": "{tomorrow}"}), ("close", {"reason": "handled"}), ("reopen", {})),
    ):
        table.add("post", f"/v1/alerts/{{alert_id}}/{what}", names="own vehicle", body=body)
    # One answer for each of many: see the test of its own.
    bulk = {"alerts": [{"id": "{alert}"}], "note": {"note": "seen"}}
    table.add("post", "/v1/alerts/bulk", body=bulk)


def _of_fences(table: _Table) -> None:
    group = {"department": "{d}", "ref": "NEW"}
    fence = {**_FENCE, "properties": {**_FENCE["properties"], "ref": "F"}}
    for kind, path, body, changed in (
        ("fence", "/v1/fences", _FENCE, fence),
        ("rule", "/v1/rules", _RULE, {**_RULE, "ref": "R"}),
        ("vehicle-group", "/v1/vehicle-groups", group, _NAME),
        ("fence-group", "/v1/fence-groups", group, _NAME),
    ):
        one = f"{path}/{{department}}/{{ref}}"
        table.add("get", path, lists=kind)
        table.add("post", path, names=kind, body=body)
        table.add("get delete", one, names=kind)
        table.add("put", one, names=kind, body=changed)
        if kind.endswith("group"):
            member = "OWN" if kind == "vehicle-group" else "F"
            table.add("post", f"{one}/members", names=kind, body={"members": [member]})
            table.add("delete", f"{one}/members/{{member}}", names=kind)
    one = "/v1/fences/{department}/{ref}"
    table.add("get", f"{one}/versions", names="fence")
    table.add("get", f"{one}/shares", names="fence")
    table.add("post", f"{one}/shares", names="fence", body={"to": "{next}"})
    table.add("delete", f"{one}/shares/{{to}}", names="fence", empty=True)
    for what in ("figures", "versions"):
        table.add("get", f"/v1/rules/{{department}}/{{ref}}/{what}", names="rule")
    # A file, not JSON: see test_fence_import_api.py.
    table.add("post", "/v1/fences/import")
    table.add("get", "/v1/scopes")
    watching = {"department": "{d}", "vehicles": "VG", "fences": "FG"}
    table.add("post", "/v1/scopes", names="fence", body=watching)
    scope = "/v1/scopes/{department}/{vehicles}/{fences}"
    table.add("delete", scope, names="fence", empty=True)
    asked = {"department": "{d}", "subject": {"rule": "R"}, "from": "{since}", "to": "{at}"}
    table.add("get", "/v1/backtests", lists="backtest")
    table.add("post", "/v1/backtests", names="fence", body=asked)
    table.add("get delete", "/v1/backtests/{id}", names="backtest")


def _of_departments(table: _Table) -> None:
    table.add("get", "/v1/grants", lists="grant")
    table.add("get", "/v1/grants/{grant_id}", names="grant")
    table.add("post", "/v1/grants/{grant_id}/approve", names="giver")
    table.add("post", "/v1/grants/{grant_id}/revoke", names="giver")
    table.add(
        "post",
        "/v1/grants",
        names="grant",
        body={
            **{"from": "{d}", "to": "{next}", "level": "position", "vehicles": ["{d}/OWN"]},
            **{"fences": [], "purpose": "p", "valid_until": "{tomorrow}"},
        },
    )
    one = "/v1/subscriptions/{department}/{ref}"
    table.add("get", "/v1/subscriptions", lists="subscription")
    new = {"ref": "NEW", "department": "{d}", "kind": "mqtt"}
    table.add("post", "/v1/subscriptions", names="subscription", body=new)
    table.add("get delete", one, names="subscription")
    table.add("get", f"{one}/dead", names="subscription")
    table.add("get", f"{one}/tellings/{{number}}", names="subscription", empty=True)
    table.add("post", f"{one}/replay", names="subscription", body={})
    for what in ("enable", "rotate", "test"):
        table.add("post", f"{one}/{what}", names="subscription")
    table.add("get", "/v1/keys")
    key = {"label": "a program", "roles": ["dispatcher@{d}"]}
    table.add("post", "/v1/keys", names="key", body=key)
    table.add("delete", "/v1/keys/{key}", names="key", empty=True)
    table.add("get", "/v1/audit")
    table.add("get", "/v1/audit/vehicles/{department}/{ref}", names="own vehicle")
    table.add("get", "/v1/usage")
    table.add("get", "/v1/adoption")
    table.add("get", "/metrics")


def _of_the_registry(table: _Table) -> None:
    """As it is managed: `registered` belongs to a department, and no grant tells of it."""
    new, name = {"department": "{d}", "ref": "NEW"}, {"name": {"en": "new"}}
    for kind, path, acts in (
        ("registered", "/v1/registry/vehicles", ("retire", "restore")),
        ("registered device", "/v1/registry/devices", ("retire", "restore", "password")),
        ("contractor", "/v1/registry/contractors", ()),
    ):
        one = f"{path}/{{department}}/{{ref}}"
        table.add("get", path, lists=None if kind == "contractor" else kind)
        table.add("post", path, names=kind, body=new)
        table.add("get", one, names=kind)
        table.add("put", one, names=kind, body={} if "device" in kind else name)
        for act in acts:
            table.add("post", f"{one}/{act}", names=kind)
    devices = "/v1/registry/devices"
    several = {"devices": [{"department": "{d}", "ref": "NEW-2"}]}
    table.add("post", f"{devices}/batch", names="registered device", body=several)
    put_into = f"{devices}/{{department}}/{{ref}}/vehicle"
    table.add("put", put_into, names="registered device", body={"vehicle": "{v}"})
    one = "/v1/registry/departments"
    table.add("get", one)
    table.add("post", one, body={"ref": "NEW"})
    table.add("get", f"{one}/{{department}}", names="department")
    table.add("put", f"{one}/{{department}}", names="department", body=name)
    table.add("get", "/v1/rejects")
    table.add("get", "/v1/rejects/raw")
    table.add("post", "/v1/rejects/replay")
    # Somebody of that name there is nowhere: see test_users_api.py.
    one = "/v1/users/{login}"
    table.add("get", "/v1/users")
    table.add("post", "/v1/users")
    table.add("get", one, names="user", empty=True)
    table.add("put", one, names="user", empty=True, body={"name": "Nobody"})
    for act in ("disable", "enable", "password"):
        table.add("post", f"{one}/{act}", names="user", empty=True)
    for act in ("roles", "roles/end"):
        body = {"roles": ["dispatcher@{d}"]}
        table.add("post", f"{one}/{act}", names="user", empty=True, body=body)


def _of_the_console(table: _Table) -> None:
    table.add("get", "/v1/applications")
    shape = {"kind": "circle", "circle": {"center": [114.2, 22.3], "radius_m": 100}}
    # Judged and not kept, of a department of one's own.
    for what in ("positions", "rule", "shape"):
        table.add("post", f"/v1/drafts/{what}", body=shape)


def _of_layers(table: _Table) -> None:
    for path in ("", "/api", "/collections", "/conformance"):
        table.add("get", f"/ogc{path}")
    for path in ("", "/queryables"):
        table.add("get", f"/ogc/collections/{{collection}}{path}")
    table.add("get", "/ogc/tiles/{collection}")
    table.add("get", "/ogc/collections/{collection}/items", lists="layer", query="limit=1000")
    table.add("get", "/ogc/collections/{collection}/items/{feature}", names="layer")
    table.add("get", "/ogc/tiles/{collection}/{z}/{x}/{y}.mvt", lists="tile")
    moving = "/ogc/collections/movingfeatures"
    one = f"{moving}/items/{{department}}/{{ref}}"
    table.add("get", moving)
    table.add("get", f"{moving}/items", lists="placed", query="limit=1000")
    for path in ("", "/tgsequence", "/tproperties", "/tproperties/{property}"):
        table.add("get", one + path, names="vehicle")
    for what in ("acceleration", "distance", "velocity"):
        table.add("get", f"{one}/tgsequence/{{geometry}}/{what}", names="vehicle", empty=True)


def _operations() -> Mapping[tuple[str, str], Operation]:
    table = _Table()
    everything = (_of_vehicles, _of_alerts, _of_fences, _of_departments)
    for add in (*everything, _of_the_registry, _of_the_console, _of_layers):
        add(table)
    return table.operations


#: Every operation that needs more than somebody who is signed in.
OPERATIONS: Final = _operations()
#: What a collection's features are.
LAYERS: Final = {"vehicles": "placed", "fences": "fence", "alerts": "alert", "tracks": "track"}
#: Whom anybody may ask.
OPEN: Final = {
    ("get", "/healthz"),
    ("get", "/v1/sign-in"),
    ("post", "/v1/session"),
    ("get", "/v1/oidc/start"),
    ("get", "/v1/oidc/callback"),
    ("get", "/v1/shares/{share}"),
    ("get", "/v1/asyncapi.json"),
    ("get", "/openapi.json"),
    ("get", "/open/gtfs-rt/vehicle-positions.pb"),
    ("get", "/open/gtfs-rt/vehicle-positions.json"),
}
#: Whoever is signed in.
SIGNED_IN: Final = {
    ("get", "/v1/me"),
    ("get", "/v1/me/usage"),
    ("get", "/v1/console"),
    ("get", "/v1/places"),
    ("delete", "/v1/session"),
    ("get", "/v1/health"),
}
