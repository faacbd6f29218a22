"""What is changed of fences, and what the clock and the calendar do, is seen at once.

From cause to the line of the event stream, and to the strip and the map of a browser, through a
running service. How long it took is said by `scripts/bench seen`; here is only waited for, and
nothing is asked of the machine.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from queue import Queue
from threading import Semaphore
from typing import Final

from tests.acceptance.browser import Visit, visiting
from tests.bench.seen import CAUSES, THINGS, Line, begin_on_a_working_day, lines_of_causes
from tests.integration.service import running_service

WITHIN_S: Final = 30.0

#: Notes which alerts stand in the strip while the vehicle has its ring on the map.
OBSERVE: Final = """() => {
  window.shown = new Set();
  const look = () => {
    if (window.milepost.ringed().includes('FSD/AMB-1'))
      for (const row of document.querySelectorAll('[data-testid=strip-alert]'))
        window.shown.add(row.dataset.alert);
    requestAnimationFrame(look);
  };
  look();
}"""


def test_fences_over_a_vehicle_windows_and_holidays_are_seen_by_whoever_watches() -> None:
    told: Queue[Line] = Queue()
    gone_on = Semaphore(0)

    def tell(line: Line) -> None:
        told.put(line)
        gone_on.acquire(timeout=WITHIN_S)

    with running_service(*THINGS) as service:
        begin_on_a_working_day(service)
        token = service.key("administrator@FSD")
        with (
            visiting(service.web_url) as visit,
            ThreadPoolExecutor(1) as beside,
            ExitStack() as at_the_end,
        ):
            # Nobody waits for what is not seen.
            at_the_end.callback(gone_on.release, len(CAUSES))
            visit.sign_in_by(token)
            visit.until("live", lambda: visit.diagnostics("state") == "live", WITHIN_S)
            visit.page.evaluate(OBSERVE)
            doing = beside.submit(lines_of_causes, service, token, 1, tell)
            lines = {}
            for cause in CAUSES:
                lines[cause] = told.get(timeout=3 * WITHIN_S)
                visit.until(
                    f"{cause} on the page", partial(is_shown, visit, lines[cause]), WITHIN_S
                )
                gone_on.release()
            doing.result()
            # Not how fast, but that nothing waits for a poll of minutes.
            assert all(line.took_s < WITHIN_S for line in lines.values())
            alerts = visit.page.request.get(f"{visit.origin}/v1/alerts").json()["alerts"]
            rules = {alert["id"]: alert["rule"] for alert in alerts}
            # On a holiday a rule on working days says nothing; then it is none any more.
            by_clock = [rules[alert] for cause in CAUSES[-2:] for alert in lines[cause].alerts]
            assert by_clock == ["FSD/night", "FSD/work"]
            assert "FSD/quiet" not in rules.values()
            assert visit.errors == []


def is_shown(visit: Visit, line: Line) -> bool:
    """Whether its alerts stood in the strip, and the vehicle had its ring."""
    return set(line.alerts) <= set(visit.page.evaluate("[...window.shown]"))
