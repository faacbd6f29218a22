"""Who is watched by what: groups of vehicles by groups of fences, each for a time (rule R31)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from math import inf
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt


class Span(NamedTuple):
    """For times from_ms < t <= until_ms, as the versions of fences."""

    from_ms: float = -inf
    until_ms: float = inf

    def holds(self, at_ms: int) -> bool:
        """Whether a time lies in it."""
        return self.from_ms < at_ms <= self.until_ms


class Member(NamedTuple):
    """A vehicle or a fence in a group for a time."""

    member_id: int
    group_id: int
    span: Span


class Pair(NamedTuple):
    """Vehicles of a group are watched by fences of another for a time."""

    department_id: int
    vehicle_group_id: int
    fence_group_id: int
    span: Span


class Scopes:
    """Which fences watch which vehicles; in a department without pairs each fence watches all."""

    def __init__(
        self,
        vehicles: Iterable[Member] = (),
        fences: Iterable[Member] = (),
        pairs: Iterable[Pair] = (),
    ) -> None:
        """Sort members and pairs by whom they are about."""
        self._vehicles, self._fences = _by_member(vehicles), _by_member(fences)
        self._pairs: dict[tuple[int, int], list[Span]] = defaultdict(list)
        self.departments: set[int] = set()
        for pair in pairs:
            self._pairs[pair.vehicle_group_id, pair.fence_group_id].append(pair.span)
            self.departments.add(pair.department_id)
        self.moments_ms = self._moments()

    def __bool__(self) -> bool:
        """Whether any department has pairs."""
        return bool(self.departments)

    def watches(self, department_id: int, vehicle_id: int, fence_id: int, at_ms: int) -> bool:
        """Whether a fence of the department watches the vehicle at a time."""
        if department_id not in self.departments:
            return True
        return any(
            span.holds(at_ms)
            for vehicle in self._vehicles.get(vehicle_id, ())
            if vehicle.span.holds(at_ms)
            for fence in self._fences.get(fence_id, ())
            if fence.span.holds(at_ms)
            for span in self._pairs.get((vehicle.group_id, fence.group_id), ())
        )

    def groups_of(self, vehicle_id: int, at_ms: int) -> set[int]:
        """The groups that a vehicle is in at a time."""
        found = self._vehicles.get(vehicle_id, ())
        return {each.group_id for each in found if each.span.holds(at_ms)}

    def fences_of(self, group_ids: Iterable[int]) -> set[int]:
        """The fences that are, were or will be in any of the groups."""
        wanted = set(group_ids)
        return {
            fence_id
            for fence_id, members in self._fences.items()
            if any(each.group_id in wanted for each in members)
        }

    def unpaired(self) -> Scopes:
        """The same groups, where each fence watches all."""
        made = Scopes()
        made._vehicles, made._fences = self._vehicles, self._fences
        return made

    def _moments(self) -> npt.NDArray[np.int64]:
        if not self.departments:
            return np.empty(0, dtype=np.int64)
        spans = [each.span for group in (self._vehicles, self._fences) for m in group.values()
                 for each in m]  # fmt: skip
        spans += [span for listed in self._pairs.values() for span in listed]
        bounds = {bound for span in spans for bound in span if abs(bound) != inf}
        return np.array(sorted(bounds), dtype=np.int64)


def _by_member(members: Iterable[Member]) -> dict[int, list[Member]]:
    sorted_out: dict[int, list[Member]] = defaultdict(list)
    for member in members:
        sorted_out[member.member_id].append(member)
    return sorted_out


EVERYBODY: Final = Scopes()
