"""What is changed of fences, and what clock and calendar do, is told to whoever watches at once.

From cause to the line of the event stream, through a running service. How long it took is said by
`scripts/bench seen`; here is only waited for, and nothing is asked of the machine.
"""

from __future__ import annotations

from tests.bench.seen import CAUSES, seen


def test_fences_over_a_vehicle_windows_and_holidays_are_seen_by_whoever_watches() -> None:
    took_s = seen(rounds=1)
    assert list(took_s) == list(CAUSES)
    # Not how fast, but that nothing waits for a poll of minutes.
    assert all(each < 30.0 for rounds in took_s.values() for each in rounds)
