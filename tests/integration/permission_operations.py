"""Of each operation of the API what its path names and what it lists, for `permission_model`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final


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
    table.add("get", "/v1/backtests/{id}", names="backtest")
    table.add("post", "/v1/backtests/{id}/cancel", names="backtest")


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
    table.add("put", one, names="subscription", body={**new, "ref": "SUB"})
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
    table.add("get", "/v1/audit/chain")
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
    ("put", "/v1/me/password"),
    ("get", "/v1/health"),
}
