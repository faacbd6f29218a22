"""What a vehicle's past leaves behind for its next fix: plain tuples that can be stored as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from geo.event import Kind
from geo.fix import DEFAULT_ERROR_M


class HeldFix(NamedTuple):
    """A fix out of reach of the last good one, until the next fix decides (rule R9)."""

    #: Milliseconds since 1970-01-01T00:00Z.
    fixed_ms: int
    #: WGS 84 degrees.
    lon: float
    #: WGS 84 degrees.
    lat: float
    #: Owner at that time.
    department_id: int
    #: As in `FixBatch`.
    error_m: float = DEFAULT_ERROR_M
    speed_mps: float | None = None
    ignition: int = -1
    inputs: Mapping[str, bool | float | str] | None = None


class Seen(NamedTuple):
    """Where a vehicle is taken to have been at the time of a fix."""

    ms: int
    lon: float
    lat: float
    error_m: float


class Parked(NamedTuple):
    """A vehicle that stands, and the place where its fixes are judged (rule R8)."""

    lon: float
    lat: float
    #: The last fix that was used, when the newest one is a single one far off.
    stray: Seen | None = None


class Crossing(NamedTuple):
    """A meeting with a border: its time, and the fixes before and after it."""

    at_ms: int
    after_ms: int
    until_ms: int


class Change(NamedTuple):
    """The last change of side that was told of a fence, by the crossing that it is of."""

    kind: Kind
    version: int
    crossing: Crossing
    interpolated: bool


class Told(NamedTuple):
    """An event of a visit that an exit before its time would withdraw."""

    kind: Kind
    rule_id: int | None
    at_ms: int
    version: int


class Owed(NamedTuple):
    """What silence hid at its time; the next fix inside tells it (rule R24)."""

    kind: Kind
    rule_id: int
    at_ms: int
    #: Not told by a fix from this time on.
    until_ms: int | None


class Episode(NamedTuple):
    """Fixes over a speed limit, in a row until it is told, then until it ends (rule R30)."""

    first_ms: int
    last_ms: int
    max_mps: float
    #: Since when fixes have been at or under the limit.
    slow_ms: int | None
    told: bool


#: The parts of a visit that say what is in doubt,
NO_DOUBT: Final = (None, None)
#: and those that a fix changes without changing the side.
NOTHING_PENDING: Final = ((), (), (), ())


class Running(NamedTuple):
    """What a rule watches for goes on: a silence, or fixes at which an input is as it asks."""

    first_ms: int
    #: The last fix at which it held.
    last_ms: int
    #: The last fix that said anything of it.
    seen_ms: int
    #: Since when fixes have said that it does not hold.
    lapsed_ms: int | None
    lowest: float | None
    highest: float | None
    #: The fence that is named, and its version.
    fence_id: int | None
    fence_version: int | None
    told: bool


class Visit(NamedTuple):
    """How a vehicle stands with one fence: inside, or perhaps about to change."""

    inside: bool
    #: When the visit began: dwell counts from here.
    opened_ms: int = 0
    #: When the side was told last; nothing that comes may be earlier.
    changed_ms: int = 0
    #: Of a stretch on the other side that proves nothing yet: the crossing that it began with,
    crossing: Crossing | None = None
    #: and the first fix of the row there.
    row_ms: int | None = None
    last: Change | None = None
    told: tuple[Told, ...] = ()
    owed: tuple[Owed, ...] = ()
    #: By rule id.
    episodes: tuple[tuple[int, Episode], ...] = ()
    #: Speeds (time, m/s) of fixes on the other side, until it is known which side holds.
    speeds: tuple[tuple[int, float], ...] = ()
    #: When a rule is due next, silence apart; None: not looked for yet.
    due_ms: float | None = None

    @property
    def is_busy(self) -> bool:
        """Whether the next fix changes more of it than its side, and what is in doubt of that; or
        lets go of it, when it is over: it ended without a fix."""
        return self[6:10] != NOTHING_PENDING or not (self[0] or self[3])

    @property
    def in_doubt(self) -> bool:
        """Whether it has met a border, and on which side it is does not stand yet."""
        return self[3:5] != NO_DOUBT


NO_VISITS: Final[Mapping[int, Visit]] = MappingProxyType({})


class Memory(NamedTuple):
    """All that the last fix alone does not tell."""

    parked: Parked | None = None
    #: Fixes used before the last one, back to the last that is good for every fence, each worse
    #: than the one before it; and the last one. Empty while the last fix is good for every fence.
    trail: tuple[Seen, ...] = ()
    #: By fence id: where it is inside, or has a crossing that proves nothing yet.
    visits: Mapping[int, Visit] = NO_VISITS
    #: By rule id: what goes on of signals.
    signals: tuple[tuple[int, Running], ...] = ()
    #: When the last jump was believed (rule R9), while a fix from before it, in the trail or seen
    #: last, may still be gone on from: no way leads past it.
    jumped_ms: int | None = None
    #: The next time at which a rule has something to tell, silence apart.
    due_ms: float = inf
    #: The next fix changes a signal, or more of a visit than its side and the doubt about that.
    busy: bool = False
    #: A fix faster than this concerns a rule.
    fast_mps: float = inf

    @property
    def inside(self) -> frozenset[int]:
        """Ids of the fences it is inside of."""
        return frozenset([fence_id for fence_id, visit in self.visits.items() if visit.inside])


NOTHING: Final = Memory()


def to_json(memory: Memory) -> dict[str, Any] | None:
    """The memory for storing, without what rules make of it; None where there is nothing in it."""
    kept: dict[str, Any] = {}
    if memory.parked is not None:
        kept["parked"] = memory.parked
    if memory.trail:
        kept["trail"] = memory.trail
    if memory.signals:
        kept["signals"] = memory.signals
    if memory.jumped_ms is not None:
        kept["jumped_ms"] = memory.jumped_ms
    if memory.visits:
        kept["visits"] = {str(fence): visit[:10] for fence, visit in sorted(memory.visits.items())}
    return kept or None


def from_json(kept: Mapping[str, Any] | None) -> Memory:
    """The memory as it was, but for `due_ms` and `fast_mps`, which the rules of today decide."""
    if not kept:
        return NOTHING
    parked = kept.get("parked")
    return Memory(
        parked=None
        if parked is None
        else Parked(parked[0], parked[1], None if parked[2] is None else Seen(*parked[2])),
        trail=tuple(Seen(*seen) for seen in kept.get("trail", ())),
        visits={int(fence): _visit(visit) for fence, visit in kept.get("visits", {}).items()},
        signals=tuple((rule, Running(*each)) for rule, each in kept.get("signals", ())),
        jumped_ms=kept.get("jumped_ms"),
    )


def _as(kind: type[Any], values: list[Any] | None) -> Any:  # noqa: ANN401  of that kind, or None
    return None if values is None else kind(*values)


def _visit(values: list[Any]) -> Visit:
    visit = Visit(*values)
    last = values[5]
    return visit._replace(
        crossing=_as(Crossing, values[3]),
        last=None if last is None else Change(last[0], last[1], Crossing(*last[2]), last[3]),
        told=tuple(Told(*each) for each in visit.told),
        owed=tuple(Owed(*each) for each in visit.owed),
        episodes=tuple((rule, Episode(*each)) for rule, each in visit.episodes),
        speeds=tuple((ms, mps) for ms, mps in visit.speeds),
    )
