"""How the outcome of a fence case is compared with what the case expects (tests/fence_cases)."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

Line = dict[str, Any]
KINDS = (
    *("present", "enter", "exit", "dwell", "speed", "inside", "stale"),
    *("silent", "duress", "sensor"),
)
OPENINGS = ("present", "enter")


def faults(case: Mapping[str, Any], lines: Sequence[Line]) -> list[str]:
    """What is missing, too much, or against what holds for every case."""
    expected, tolerance_s = case["expect"], case.get("tolerance_s", 0.5)
    events = [line for line in lines if line.get("kind") in KINDS]
    kinds = {line["id"]: line["kind"] for line in events}
    wanted = [{"status": "valid", "simulated": False, **each} for each in expected["events"]]
    found = unmatched(wanted, events, tolerance_s)
    told = [f"missing {each}" for each in found[0]]
    told += [f"too much {each}" for each in found[1] if each["status"] == "valid"]
    told += [f"{k['kind']} must not come" for k in events if k["kind"] in expected.get("none", ())]
    for what, key in (("alerts", "alert"), ("notes", "note"), ("refused", "refused")):
        if what in expected:
            those = [
                {**line, "event_kind": kinds.get(line.get("event", ""))}
                for line in lines
                if key in line
            ]
            missing, extra = unmatched(expected[what], those, tolerance_s)
            told += [f"missing {key} {each}" for each in missing]
            told += [f"too much {key} {each}" for each in extra]
    return [*told, *broken(events)]


def unmatched(
    wanted: Sequence[Line], found: Sequence[Line], tolerance_s: float
) -> tuple[list[Line], list[Line]]:
    """Those wanted that nothing was found for, and those found that nobody wanted."""
    left, missing = list(found), []
    # What says most is looked for first, so that it is not taken by what says less.
    for each in sorted(wanted, key=len, reverse=True):
        fitting = next((line for line in left if fits(each, line, tolerance_s)), None)
        if fitting is None:
            missing.append(each)
        else:
            left.remove(fitting)
    return missing, left


def fits(wanted: Line, line: Line, tolerance_s: float) -> bool:
    """Whether a line is as wanted, in the fields that are named."""
    return all(_same(key, value, line.get(key), tolerance_s) for key, value in wanted.items())


def _same(key: str, wanted: Any, found: Any, tolerance_s: float) -> bool:  # noqa: ANN401  values of JSON
    if (
        key in ("time", "not_before", "not_after", "ended_at")
        and wanted is not None
        and found is not None
    ):
        return abs((_time(wanted) - _time(found)).total_seconds()) <= tolerance_s
    if key in ("max_kmh", "length_s") and found is not None:
        return bool(abs(wanted - found) <= tolerance_s)
    return bool(wanted == found)


def _time(said: str) -> datetime:
    return datetime.fromisoformat(said)


def broken(events: Sequence[Line]) -> Iterator[str]:
    """Laws of every case: unique ids, openings and exits by turns."""
    if len({line["id"] for line in events}) < len(events):
        yield "an id comes twice"

    def whose(line: Line) -> tuple[str, str, bool]:
        return line["vehicle"], line["fence"], line["simulated"]

    changes = [e for e in events if e["kind"] in (*OPENINGS, "exit") and e["status"] == "valid"]
    for owner, those in itertools.groupby(sorted(changes, key=whose), whose):
        sides = [e["kind"] in OPENINGS for e in those]
        if sides != [n % 2 == 0 for n in range(len(sides))]:
            yield f"no turns at {owner}: {sides}"


def final(lines: Sequence[Line]) -> list[tuple[str, ...]]:
    """What no order, cut or repetition may change: the valid events and their ids."""
    return sorted(
        (line["id"], line["kind"], str(line["time"]), str(line["not_after"]))
        for line in lines
        if line.get("kind") in KINDS and line["status"] == "valid"
    )


def variants(case: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The same fixes shuffled and cut, doubled, and backwards; all received at the end."""
    fixes = [f for step in case["steps"] for f in (step.get("batch") or [step["fix"]])]
    times = [f[key] for f in fixes for key in ("time", "received_at") if f.get(key)]
    end = max(times, key=_time)
    fixes = [{**f, "received_at": end} for f in fixes]
    chance = random.Random(case["name"])  # noqa: S311  the same each time, no secret
    mixed = chance.sample(fixes * 2, len(fixes) * 2)
    cuts = [mixed[at : at + 7] for at in range(0, len(mixed), 7)]
    yield {**case, "steps": [{"batch": cut} for cut in cuts]}
    yield {**case, "steps": [{"fix": f} for f in reversed(fixes)]}
