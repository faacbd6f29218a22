"""The fences and rules of a question, as the engine needs them: those that were, or would be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pydantic import ValidationError

from geo.areas import Area
from geo.fences import FenceIndex, FenceVersion
from geo.scope import Scopes
from geo.shapes import build_shape
from geo.signals import Signals
from geo.watch import Watches
from geo.windows import WORKING, Calendar
from tracker import directory as registry
from tracker import models, private_times, sql
from tracker.backtest.question import UNNAMED, Asked, Subject
from tracker.directory import ALWAYS_MS, Directory
from tracker.errors import BadInput, Unknown
from tracker.rule_edits import NewRule
from tracker.rules import Rule, rule_of

if TYPE_CHECKING:
    from tracker.connect import Connection

T = TypeVar("T")

#: What versions of rules say beside what a rule is given as.
OF_VERSIONS: Final = ("name", "off")
#: Ids of what is not saved: no row has them.
NEW_ID: Final = 0
#: A visit that may have begun before the window is looked for no farther back than this,
LEAD: Final = timedelta(days=31)
#: and an episode of speed no farther than this.
SPEED_LEAD: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What would have watched, and whom."""

    #: For people: "rule FSD/night", "fence FSD/depot@2".
    name: str
    #: With the fences and rules of the question only.
    directory: Directory
    #: Only events that this rule matches are asked for; None: all.
    rule: Rule | None
    #: Those that it may be about, ascending.
    vehicle_ids: Sequence[int]
    #: Whether vehicles stood with these fences as their stored states say.
    is_as_it_was: bool

    @property
    def shapes(self) -> list[Area]:
        """All that is watched."""
        return [version.geometry for version in self.directory.fences.versions]

    @property
    def looks_at_speed(self) -> bool:
        """Whether an episode may be going on when the window begins."""
        return any("speed" in rule.on_kinds for rule in self.directory.rules.values())


class Known:
    """What the caller may see of the registry, and worlds made of it."""

    def __init__(self, directory: Directory, calendar: Calendar, asked: Asked) -> None:
        self._directory = directory
        self.calendar = calendar
        self._asked = asked
        self._groups: dict[str, dict[str, int]] = {}
        self._department_id = 0
        #: By full ref and number: versions of rules that are asked for.
        self._said: dict[str, Mapping[str, Any]] = {}
        self.vehicle_ids: list[int] = []

    @classmethod
    async def load(cls, connection: Connection, asked: Asked) -> Known:
        """Read inside the caller's transaction; raises Unknown for what the caller cannot see."""
        directory = await registry.load_watching(connection)
        self = cls(directory, await registry.calendar_in(connection), asked)
        found = await connection.fetchval(
            "SELECT id FROM department WHERE ref = $1", asked.department
        )
        if found is None:
            raise Unknown(f"(department {asked.department})")
        self._department_id = found
        for table, query in (
            ("vehicle", "SELECT ref, id FROM vehicle_group WHERE department_id = $1"),
            ("fence", "SELECT ref, id FROM fence_group WHERE department_id = $1"),
        ):
            rows = await connection.fetch(query, found)
            self._groups[table] = {row["ref"]: row["id"] for row in rows}
        ids = {v.full_ref: v.id for v in directory.vehicles.values() if v.department_id == found}
        wanted = [self._full(ref) for ref in asked.vehicles] or list(ids)
        self.vehicle_ids = sorted({_known(ids, ref, "vehicle") for ref in wanted})
        whole = set(self.vehicle_ids)
        await private_times.load_whole(connection, directory.private, whole)
        rows = await connection.fetch(sql.text("asked_rule_versions"), found, asked.rules)
        self._said = {row["name"]: row["terms"] for row in rows}
        return self

    def world(self, subject: Subject) -> World:
        """What a subject makes of it; raises Unknown, BadInput or a ShapeError."""
        return self._of_rule(subject) if subject.rule is not None else self._of_fence(subject)

    def _of_rule(self, subject: Subject) -> World:
        said = subject.rule
        drawn = None if subject.fence is None else self._new_version(_whole(subject.fence))
        if isinstance(said, str) and "@" in said:
            terms = _known(self._said, self._full(said), "version of a rule")
            name = f"rule {self._full(said)}"
            ref = {"ref": said.partition("@")[0]}
            rule = self._new_rule({k: v for k, v in terms.items() if k not in OF_VERSIONS} | ref)
        elif isinstance(said, str):
            named = {rule.full_ref: rule for rule in self._rules()}
            rule = _known(named, self._full(said), "rule, switched on,")
            name = f"rule {rule.full_ref}@{rule.version}"
        else:
            rule = self._new_rule(_whole(said), drawn)
            name = f"rule {rule.full_ref} (not saved)"
            if drawn is not None:
                name = f"rule {rule.full_ref}, fence {drawn.ref} (neither saved)"
        if rule.nearness is not None:
            raise BadInput("(who was near whom is judged live only: there is no backtest of it)")
        scopes = self._scopes(drawn)
        versions = self._watched(rule, scopes) if drawn is None else [drawn]
        vehicles = self.vehicle_ids
        if rule.vehicle_ids and not rule.vehicle_group_ids:
            vehicles = [vehicle for vehicle in vehicles if vehicle in rule.vehicle_ids]
        return World(
            name=name,
            directory=self._with(versions, [rule], scopes, signals=True),
            rule=rule,
            vehicle_ids=vehicles,
            is_as_it_was=drawn is None,
        )

    def _watched(self, rule: Rule, scopes: Scopes) -> list[FenceVersion]:
        ids = rule.fence_ids(scopes)
        return [v for v in self._versions() if ids is None or v.fence_id in ids]

    def _of_fence(self, subject: Subject) -> World:
        said = subject.fence
        if isinstance(said, str):
            ref, _, number = said.partition("@")
            versions = self._saved(self._full(ref), number)
            name = f"fence {self._full(said)}"
        else:
            versions = [self._new_version(_whole(said))]
            name = f"fence {versions[0].ref} (not saved)"
        fence_id = versions[0].fence_id
        scopes = self._scopes(versions[0])
        rules = [
            rule
            for rule in self._rules()
            if (ids := rule.fence_ids(scopes)) is None or fence_id in ids
        ]
        return World(
            name=name,
            directory=self._with(versions, rules, scopes),
            rule=None,
            vehicle_ids=self.vehicle_ids,
            is_as_it_was=isinstance(said, str) and "@" not in said,
        )

    def _saved(self, full_ref: str, number: str) -> list[FenceVersion]:
        """All versions of a fence, or one as if it had always been there."""
        versions = [v for v in self._versions() if v.ref == full_ref]
        if not versions:
            raise Unknown(f"(fence {full_ref})")
        if not number:
            return versions
        found = [v for v in versions if str(v.version) == number]
        if not found:
            raise Unknown(f"(fence {full_ref} has no version {number})")
        return [replace(found[0], from_ms=ALWAYS_MS, until_ms=None)]

    def _new_version(self, said: Mapping[str, Any]) -> FenceVersion:
        """Of a fence that is not there, or the next one of a fence that is."""
        shape = {key: value for key, value in said.items() if key != "ref"}
        full_ref = self._full(str(said.get("ref", UNNAMED)))
        before = [v for v in self._versions() if v.ref == full_ref]
        return FenceVersion(
            fence_id=before[0].fence_id if before else NEW_ID,
            ref=full_ref,
            department_id=self._department_id,
            version=max((v.version for v in before), default=0) + 1,
            geometry=build_shape(shape),
            from_ms=ALWAYS_MS,
            until_ms=None,
        )

    def _scopes(self, version: FenceVersion | None) -> Scopes:
        """Who is watched by what; a fence that is not there yet is in no group."""
        scopes = self._directory.fences.scopes
        is_new = version is not None and version.fence_id == NEW_ID
        return scopes.unpaired() if is_new else scopes

    def _new_rule(self, said: Mapping[str, Any], drawn: FenceVersion | None = None) -> Rule:
        """A rule that is not saved; of that shape, where one is given."""
        department = self._asked.department
        if drawn is not None and self._full(str(said.get("fence") or drawn.ref)) != drawn.ref:
            raise BadInput(f"(the rule is about {said['fence']}, and the shape is {drawn.ref})")
        here = {} if drawn is None else {"fence": drawn.ref.partition("/")[2]}
        try:
            new = NewRule.model_validate({"ref": UNNAMED, **said, **here, "department": department})
        except ValidationError as error:
            raise BadInput(f"(the rule: {error})") from error
        if new.window is not None and WORKING in new.window.days:
            self._check_holidays()
        row: dict[str, Any] = dict.fromkeys(models.Rule.__table__.columns.keys())
        row |= {key: value for key, value in new.model_dump().items() if key in row}
        row |= {
            "id": NEW_ID,
            "full_ref": self._full(new.ref),
            "department_id": self._department_id,
            "on_kinds": list(new.on),
            "window": None if new.window is None else new.window.stored,
            "cooldown_s": new.cooldown_s or None,
            "created_at": self._asked.since,
            "shadow": False,
            **(self._where(new.fence) if drawn is None else {"fence_id": drawn.fence_id}),
            **self._who(new.vehicles),
            **{f"other_{column}": ids for column, ids in self._who(new.near).items()},
        }
        return replace(rule_of(row, self.calendar), created_ms=ALWAYS_MS)

    def _check_holidays(self) -> None:
        zone = self.calendar.zone
        for moment in (self._asked.since, self._asked.until):
            year = moment.astimezone(zone).year
            if year not in self.calendar.holidays:
                raise BadInput(f"(there is no list of the public holidays of {year}: add it first)")

    def _where(self, ref: str | None) -> dict[str, int | None]:
        if ref is None:
            return {"fence_id": None, "fence_group_id": None}
        refs = {full_ref: id_ for id_, full_ref in self._directory.fence_refs.items()}
        if (fence_id := refs.get(self._full(ref))) is not None:
            return {"fence_id": fence_id, "fence_group_id": None}
        return {"fence_id": None, "fence_group_id": _known(self._groups["fence"], ref, "fence")}

    def _who(self, refs: Iterable[str]) -> dict[str, list[int]]:
        ids = {vehicle.full_ref: vehicle.id for vehicle in self._directory.vehicles.values()}
        groups = self._groups["vehicle"]
        named = list(refs)
        return {
            "vehicle_group_ids": [groups[ref] for ref in named if ref in groups],
            "vehicle_ids": [
                _known(ids, self._full(ref), "vehicle") for ref in named if ref not in groups
            ],
        }

    def _full(self, ref: str) -> str:
        return ref if "/" in ref else f"{self._asked.department}/{ref}"

    def _versions(self) -> list[FenceVersion]:
        every = self._directory.fences.versions
        return [version for version in every if version.department_id == self._department_id]

    def _rules(self) -> list[Rule]:
        """Those of the department, as if each had always been there."""
        every = self._directory.rules.values()
        own = [rule for rule in every if rule.department_id == self._department_id]
        return [replace(rule, created_ms=ALWAYS_MS) for rule in own]

    def _with(
        self,
        versions: Sequence[FenceVersion],
        rules: Sequence[Rule],
        scopes: Scopes,
        *,
        signals: bool = False,
    ) -> Directory:
        known = self._directory
        made = Directory(
            version=known.version,
            devices=[],
            vehicles=list(known.vehicles.values()),
            rules=list(rules),
        )
        made.private = known.private
        made.fences = FenceIndex(versions, scopes)
        made.fence_refs = {version.fence_id: version.ref for version in versions}
        retired_ms = made.retired_ms
        made.watches = Watches(
            (watch for rule in rules for watch in rule.watches(scopes)),
            Signals(
                signal for rule in rules if signals for signal in rule.signals(scopes, retired_ms)
            ),
        )
        return made


def _whole(said: str | Mapping[str, Any] | None) -> Mapping[str, Any]:
    """What is given whole; `Subject` lets nothing else come here."""
    return said if isinstance(said, Mapping) else {}


def _known(those: Mapping[str, T], ref: str, what: str) -> T:
    try:
        return those[ref]
    except KeyError:
        raise Unknown(f"(no {what} is called {ref})") from None
