"""Sides along ways, walked as columns: what one fix a batch tells, and takes up again."""

from __future__ import annotations

from collections.abc import Callable

from geo.crossing import step
from geo.fences import FenceIndex, FenceVersion
from geo.fix import FixBatch

OUT_S = (114.105, 22.295)
IN_BAND_N = (114.105, 22.31002)
OUT_N = (114.105, 22.3105)


def test_r3_the_next_fix_shows_that_a_way_into_the_band_passed_through(
    fence: Callable[..., FenceVersion], fixes: Callable[..., FixBatch]
) -> None:
    """One fix a batch: what was told of the way is interpolated after all."""
    index = FenceIndex([fence()])
    rows = [(0, *OUT_S), (100, *IN_BAND_N), (110, *OUT_N)]
    states = step({}, fixes(rows[0]), index, {}).states
    entered = step(states, fixes(rows[1]), index, {})
    [enter] = entered.events
    left = step(entered.states, fixes(rows[2]), index, {})
    [exit_] = left.events
    assert (enter.kind, enter.interpolated) == ("enter", False)
    assert (exit_.kind, exit_.interpolated) == ("exit", True)
    assert left.restated == (enter._replace(interpolated=True),)
    assert step({}, fixes(*rows), index, {}).events == [*left.restated, exit_]
