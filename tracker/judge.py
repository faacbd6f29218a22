"""Playing a fence case through the real commit path, in a database of its own."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from pydantic import ValidationError
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from geo.errors import GeoError
from geo.shapes import WORLD, Territory, build_shape
from tracker import alert_life, fence_edits, rule_edits, what_if
from tracker.alert_life import REASONS, Change
from tracker.cases import Case, arrival, message_of, moment, shape_of
from tracker.commit import Committer
from tracker.errors import NotNow, TrackerError, Unknown
from tracker.registry import NewDepartment, NewDevice, NewFence, NewVehicle, add
from tracker.rule_edits import NewFenceGroup, NewRule, NewScope, NewVehicleGroup
from tracker.scratch import ScratchServer, set_clock
from tracker.verdict import events_of, printed

Said = Mapping[str, Any]
Step = Callable[[Any], Awaitable[None]]


async def play(case: Case, server: ScratchServer) -> list[dict[str, Any]]:
    """Play a case; what the database holds at the end, as lines. Raises TrackerError."""
    async with server.database() as name:
        owner = await asyncpg.connect(server.dsn("milepost_owner", name))
        url = server.dsn("milepost_owner", name).replace("postgresql:", "postgresql+asyncpg:", 1)
        engine = create_async_engine(url, poolclass=NullPool)
        try:
            player = Player(case, owner, engine, server.dsn("milepost_ingest", name))
            await player.prepare()
            for step in case.steps:
                await player.take(step)
            return await player.lines()
        finally:
            await player.end()
            await engine.dispose()
            await owner.close()


class Player:
    """A case that is being played."""

    def __init__(
        self,
        case: Case,
        owner: asyncpg.Connection[asyncpg.Record],
        engine: AsyncEngine,
        ingest_dsn: str,
    ) -> None:
        self._case = case
        self._owner = owner
        self._engine = engine
        self._dsn = ingest_dsn
        self._now = case.begins()
        self._refused: list[dict[str, Any]] = []
        self._simulated: list[dict[str, Any]] = []
        self._committer: Committer | None = None
        box = case.settings.get("territory")
        self._territory = WORLD if box is None else Territory(*box)
        self._steps: dict[str, Step] = {
            "fix": lambda said: self._commit([said]),
            "batch": self._commit,
            "clock": self._clock,
            "fence": self._fence,
            "rule": self._rule,
            "assign": self._assign,
            "ack": self._acknowledge,
            "close": self._close,
            "what_if": self._what_if,
            "restart": self._restart,
        }

    async def prepare(self) -> None:
        """Put in place what is there before the first step."""
        await set_clock(self._owner, self._now)
        settings = self._case.settings
        await self._owner.set_type_codec(
            "jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads
        )
        await self._owner.execute(
            "UPDATE installation SET time_zone = coalesce($1, time_zone), holidays = $2,"
            " territory = $3",
            settings.get("timezone"),
            settings.get("holidays"),
            settings.get("territory"),
        )
        async with self._engine.begin() as connection:
            await self._enrol(connection)
        for fence in self._case.said.get("fences", ()):
            await self._fence({"op": "create", **fence, "always": True})
        async with self._engine.begin() as connection:
            await self._group(connection)
        for rule in self._case.said.get("rules", ()):
            await self._rule(rule)
        await self._owner.execute("UPDATE rule SET created_at = '2000-01-01Z'")
        self._committer = await Committer.open(self._dsn)

    async def take(self, step: Said) -> None:
        """Play one step, then let happen what is due."""
        for kind, said in step.items():
            if kind not in self._steps:
                raise Unknown(f"No step is called {kind}.")
            await self._steps[kind](said)
        if self._committer is not None:
            await self._committer.refresh()

    async def lines(self) -> list[dict[str, Any]]:
        """What the case has come to."""
        found = await printed(self._owner)
        events = events_of([*found["events"], *self._simulated])
        name = {"case": self._case.name}
        return [name | line for line in (*events, *found["rest"], *self._refused)]

    async def end(self) -> None:
        """Let go of the shard."""
        if self._committer is not None:
            await self._committer.close()

    async def _enrol(self, connection: AsyncConnection) -> None:
        for ref in self._case.departments:
            await add(NewDepartment(ref=ref), connection)
        for ref, said in self._case.vehicles().items():
            department = self._case.department_of(said)
            vehicle = NewVehicle(
                ref=ref,
                department=department,
                moving_interval_s=max(1, round(said.get("interval_s", 10))),
                heartbeat_s=max(1, round(said.get("heartbeat_s", 3600))),
                max_speed_mps=said.get("max_speed_mps"),
            )
            await add(vehicle, connection)
            await add(NewDevice(ref=ref, department=department, vehicle=ref), connection)

    async def _group(self, connection: AsyncConnection) -> None:
        scopes = self._case.said.get("scopes") or ()
        vehicles, fences = self._members("vehicles"), self._members("fences")
        for department in self._case.departments:
            for ref in vehicles:
                await add(NewVehicleGroup(ref=ref, department=department), connection)
            for ref in fences:
                await add(NewFenceGroup(ref=ref, department=department), connection)
            for scope in scopes:
                await rule_edits.watch(NewScope(department=department, **scope), connection)
        for ref, members in vehicles.items():
            for each in members:
                await rule_edits.join(connection, "vehicle", (self._owner_of(each), each), ref)
        for ref, members in fences.items():
            for each in members:
                await rule_edits.join(connection, "fence", self._fence_named(each), ref)

    def _members(self, kind: str) -> dict[str, list[str]]:
        """Members at the start by group; also of the groups that only scopes and steps name."""
        groups = dict((self._case.said.get("groups") or {}).get(kind, {}))
        named = [scope[kind] for scope in self._case.said.get("scopes") or ()]
        for step in self._case.steps:
            said = step.get("assign", {})
            if kind.removesuffix("s") in said:
                named += [said[key] for key in ("to", "out_of") if said.get(key)]
        return {**{ref: [] for ref in named}, **groups}

    def _owner_of(self, vehicle: str) -> str:
        return self._case.department_of(self._case.vehicles().get(vehicle, {}))

    def _fence_named(self, ref: str) -> tuple[str, str]:
        return self._departments_of(ref)[0], ref

    def _departments_of(self, fence: str) -> list[str]:
        """Those that have a fence of that name, at some time."""
        steps = [step["fence"] for step in self._case.steps if "fence" in step]
        made = [*self._case.said.get("fences", ()), *steps]
        owners = [self._case.department_of(said) for said in made if said.get("id") == fence]
        return list(dict.fromkeys(owners)) or self._case.departments[:1]

    async def _commit(self, fixes: list[Said]) -> None:
        for fix in fixes:
            self._now = max(self._now, arrival(fix))
        await set_clock(self._owner, self._now)
        messages = [message_of(fix, self._owner_of(fix["vehicle"]), self._now) for fix in fixes]
        assert self._committer is not None  # noqa: S101  it was prepared
        await self._committer.commit(messages)

    async def _clock(self, said: str) -> None:
        self._now = max(self._now, moment(said))
        await set_clock(self._owner, self._now)

    def _at(self, said: Said) -> datetime:
        return moment(said["at"]) if said.get("at") else self._now

    async def _fence(self, said: Said) -> None:
        name, at = (self._fence_named(said["id"])[0], said["id"]), self._at(said)
        if said.get("department"):
            name = (str(said["department"]), said["id"])
        try:
            async with self._engine.begin() as connection:
                if said["op"] in ("delete", "disable"):
                    await fence_edits.end(connection, name, at=at)
                elif said["op"] == "edit" or await _exists(self._owner, name):
                    await fence_edits.edit(connection, name, shape_of(said), at=at)
                else:
                    new = NewFence(ref=name[1], department=name[0], definition=shape_of(said))
                    in_force = fence_edits.ALWAYS if said.get("always") else Range(at, None)
                    await fence_edits.create(connection, new, in_force=in_force)
        except (GeoError, TrackerError, ValidationError) as error:
            self._refuse("fence", said["id"], error)

    async def _rule(self, said: Said) -> None:
        try:
            async with self._engine.begin() as connection:
                for department in await self._rule_departments(said):
                    await add(_new_rule(said, department), connection)
        except (TrackerError, ValidationError) as error:
            self._refuse("rule", said["id"], error)

    async def _rule_departments(self, said: Said) -> list[str]:
        if said.get("department"):
            return [str(said["department"])]
        fence = said.get("fence")
        if fence is not None and fence not in self._case.said.get("groups", {}).get("fences", {}):
            return self._departments_of(fence)
        named = _listed(said.get("vehicles"))
        known = self._case.vehicles()
        owners = {self._owner_of(each) for each in named if each in known}
        return sorted(owners) or self._case.departments

    async def _assign(self, said: Said) -> None:
        at = self._at(said)
        async with self._engine.begin() as connection:
            if "vehicle" in said:
                member = (self._owner_of(said["vehicle"]), said["vehicle"])
                await self._move(connection, "vehicle", member, said, at)
            else:
                await self._move(connection, "fence", self._fence_named(said["fence"]), said, at)

    async def _move(
        self,
        connection: AsyncConnection,
        kind: Any,  # noqa: ANN401  "vehicle" or "fence"
        member: tuple[str, str],
        said: Said,
        at: datetime,
    ) -> None:
        if said.get("out_of"):
            await rule_edits.leave(connection, kind, member, said["out_of"], at=at)
        if said.get("to"):
            await rule_edits.join(connection, kind, member, said["to"], since=at)

    async def _newest_alert(self, said: Said) -> Any:  # noqa: ANN401  an id, or None
        return await self._owner.fetchval(
            "SELECT a.id FROM alert AS a JOIN rule AS r ON r.id = a.rule_id"
            " JOIN vehicle AS v ON v.id = a.vehicle_id JOIN event AS e ON e.id = a.event_id"
            " WHERE r.ref = $1 AND v.ref = $2 ORDER BY e.at DESC, a.opened_at DESC LIMIT 1",
            said["rule"],
            said["vehicle"],
        )

    async def _acknowledge(self, said: Said) -> None:
        try:
            alert_id = await self._newest_alert(said)
            if alert_id is None:
                raise Unknown("There is no such alert.")
            await self._change(alert_id, Change(what="acknowledged", note=said.get("note")), said)
        except (NotNow, Unknown) as error:
            self._refuse("ack", said["rule"], error)

    async def _close(self, said: Said) -> None:
        alert_id = await self._newest_alert(said)
        if alert_id is None:
            return
        words = said.get("reason")
        reason = next((each for each in REASONS if each == words), REASONS[0])
        # What is closed already stays as it is.
        with suppress(NotNow):
            await self._change(alert_id, Change(what="closed", reason=reason, note=words), said)

    async def _change(self, alert_id: UUID, change: Change, said: Said) -> None:
        async with self._engine.begin() as connection:
            await alert_life.change(connection, alert_id, change, by=said.get("by") or "judge")

    async def _what_if(self, said: Said) -> None:
        fence = said["fence"]
        try:
            shape = build_shape(shape_of(fence), self._territory)
        except GeoError as error:
            self._refuse("fence", fence["id"], error)
            return
        name = (self._case.department_of(fence), fence["id"])
        question = what_if.Question(name, shape, moment(said["from"]), moment(said["to"]))
        self._simulated += await what_if.answer(
            self._owner, question, self._now, len(self._simulated)
        )

    async def _restart(self, said: object) -> None:
        if self._committer is not None and said:
            self._committer.abandon()
            self._committer = await Committer.open(self._dsn)

    def _refuse(self, what: str, ref: str, error: Exception) -> None:
        self._refused.append({"refused": what, "id": ref, "reason": str(error)})


def _listed(said: object) -> list[str]:
    if said is None:
        return []
    return [said] if isinstance(said, str) else [str(each) for each in said]  # type: ignore[attr-defined]  # a list of names


def _new_rule(said: Said, department: str) -> NewRule:
    on = said.get("on", ())
    row = {
        "ref": said["id"],
        "department": department,
        "on": [on] if isinstance(on, str) else list(on),
        "vehicles": _listed(said.get("vehicles")),
    }
    for key in (
        *("fence", "window", "dwell_s", "limit_kmh", "cooldown_s", "severity"),
        *("outside", "silent_s", "sensor", "for_s"),
    ):
        if said.get(key) is not None:
            row[key] = said[key]
    return NewRule.model_validate(row)


async def _exists(owner: asyncpg.Connection[asyncpg.Record], name: tuple[str, str]) -> bool:
    found: bool = await owner.fetchval(
        "SELECT EXISTS (SELECT FROM fence AS f JOIN department AS p ON p.id = f.department_id"
        " WHERE p.ref = $1 AND f.ref = $2)",
        *name,
    )
    return found
