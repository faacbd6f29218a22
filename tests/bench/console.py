"""scripts/bench console: the console in a browser with so many vehicles that all move each second.

The service's own database, API and live feed; fixes are committed beside, as ingest does. Chromium
draws without a graphics card, so frames a second say little, and milliseconds on the page's main
thread say much. Beside the figures stand their bars. The last line is JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import CDPSession, Response
from sqlalchemy.ext.asyncio import create_async_engine

from tests.acceptance.browser import Visit, visiting
from tests.bench.ingest import percentile
from tests.bench.moving import driving, register
from tests.bench.processes import below, cpu_seconds, resident_mb
from tests.integration.processes import passing_folder
from tests.integration.service import MILEPOST, free_port
from tracker.access import database
from tracker.child import wait_for
from tracker.people import add_key
from tracker.schema import migrate

#: So long a page is still beginning once it can be used.
STARTING_TICKS = 10
#: What docs/performance.md holds each figure against.
BARS = {
    "main_ms_a_tick": 50,
    "longest_task_ms": 50,
    "arrival_to_draw_p95_ms": 100,
    "browser_cpu_ms_a_tick": 700,
    "memory_growth_percent_an_hour": 5,
    "first_usable_s": 3,
    "code_gzipped_kb": 650,
    "requests_elsewhere": 0,
    "back_live_s": 5,
}
#: Notes when a binary frame came and when vehicles were handed to the graphics card after it, and
#: every task that held the page for over 50 ms.
WATCH = """
window.bench = {arrived: null, delays: [], longest: 0};
new PerformanceObserver(list => {
  for (const task of list.getEntries()) bench.longest = Math.max(bench.longest, task.duration);
}).observe({type: 'longtask'});
const Plain = WebSocket;
window.WebSocket = class extends Plain {
  constructor(...all) {
    super(...all);
    this.addEventListener('message', ({data}) => {
      if (typeof data !== 'string') bench.arrived ??= performance.now();
    });
  }
};
const draw = WebGL2RenderingContext.prototype.drawArrays;
WebGL2RenderingContext.prototype.drawArrays = function(mode, ...rest) {
  draw.call(this, mode, ...rest);
  if (mode !== this.POINTS || bench.arrived === null) return;
  bench.delays.push(performance.now() - bench.arrived);
  bench.arrived = null;
};
"""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What one run measured; memory is the page's process, with its graphics beside."""

    vehicles: int
    followed: int
    seconds: float
    ticks_a_second: float
    main_ms_a_tick: float
    longest_task_ms: float
    #: Before that, from the first usable page to ten ticks later: programs of the map are linked.
    longest_task_starting_ms: float
    arrival_to_draw_p95_ms: float
    browser_cpu_ms_a_tick: float
    memory_mb: float
    memory_growth_percent_an_hour: float
    first_usable_s: float
    code_gzipped_kb: float
    requests_elsewhere: int
    back_live_s: float
    empty_page_main_ms_a_second: float


@contextmanager
def api(data: Path, port: int) -> Iterator[None]:
    """`milepost serve` on a data folder whose database runs, until it is left."""
    command = [*MILEPOST, "serve", "--port", str(port)]
    environment = os.environ | {"MILEPOST_DATA": str(data)}
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, env=environment, stdout=quiet, stderr=quiet) as process:  # noqa: S603  our own
        try:
            if not wait_for(lambda: is_up(port), 60):
                raise SystemExit("the API did not start")
            yield
        finally:
            process.kill()


def is_up(port: int) -> bool:
    """It answers."""
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz").close()
    except (urllib.error.URLError, ConnectionError):
        return False
    return True


async def make_key(dsn: str) -> str:
    """Of a dispatcher of all departments."""
    engine = create_async_engine(dsn.replace("postgresql://", "postgresql+asyncpg://", 1))
    try:
        async with engine.begin() as connection:
            return await add_key(connection, label="bench", roles=["dispatcher@*"], days=1)
    finally:
        await engine.dispose()


class Watched:
    """A visit whose page, processes and frames are measured."""

    def __init__(self, visit: Visit) -> None:
        self.visit = visit
        self.code: dict[str, bytes] = {}
        self._cdp: CDPSession = visit.page.context.new_cdp_session(visit.page)
        self._cdp.send("Performance.enable")
        visit.page.add_init_script(WATCH)
        visit.page.on("response", self._keep)

    def _keep(self, response: Response) -> None:
        if response.url.endswith((".js", ".css", ".mjs")):
            self.code[response.url] = response.body()

    def main_s(self) -> float:
        """Seconds that the main thread has worked."""
        metrics = self._cdp.send("Performance.getMetrics")["metrics"]
        return float(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))

    def bench(self, what: str) -> Any:  # noqa: ANN401  whatever the page says
        """What the page noted."""
        return self.visit.page.evaluate(f"bench.{what}")

    def begin(self) -> None:
        """Forget what was noted while it started."""
        self.visit.page.evaluate("bench.delays = [], bench.longest = 0")


def chromium() -> list[int]:
    """The processes of the browser that this process started."""
    return [pid for pid in below(os.getpid()) if "chromium" in command(pid)]


def command(pid: int) -> str:
    """Its command line."""
    return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")


def renderers_mb() -> float:
    """Resident memory of the pages' processes."""
    return sum(resident_mb(pid) for pid in chromium() if "--type=renderer" in command(pid))


def opened(watched: Watched, key: str, vehicles: int) -> float:
    """Sign in; seconds from the address to a list and a map with every vehicle."""
    visit = watched.visit
    visit.page.request.post(f"{visit.origin}/v1/session", data={"key": key})
    began_s = time.monotonic()
    visit.page.goto(visit.origin)
    visit.page.get_by_test_id("map").wait_for()
    visit.until(
        "every vehicle in the list and on the map",
        lambda: min(visit.diagnostics("vehicles"), visit.diagnostics("drawn")) >= vehicles,
        60,
    )
    return time.monotonic() - began_s


def follow(watched: Watched, count: int) -> None:
    """Follow so many vehicles of the list; of more than one each has a map."""
    page = watched.visit.page
    page.get_by_test_id("vehicle-list").focus()
    for _ in range(count):
        page.keyboard.press("j")
        page.keyboard.press("f")
    if count > 1:
        page.get_by_test_id("follow-mark").nth(count - 1).wait_for()


def started(watched: Watched) -> float:
    """Wait until the map has everything it draws with; its longest task until then, in ms."""
    watched.begin()
    shown = watched.visit.diagnostics("tick") + STARTING_TICKS
    watched.visit.until("ticks", lambda: bool(watched.visit.diagnostics("tick") >= shown), 60)
    return float(round(watched.bench("longest")))


def soak(watched: Watched, seconds: float) -> dict[str, float]:
    """Let it run; what it cost a tick, and how its memory grew by the hour."""
    page = watched.visit.page
    starting_ms = started(watched)
    watched.begin()
    before = (watched.main_s(), watched.visit.diagnostics("tick"), cpu_of_browser())
    samples: list[tuple[float, float]] = []
    began_s = time.monotonic()
    while (passed_s := time.monotonic() - began_s) < seconds:
        samples.append((passed_s, renderers_mb()))
        page.wait_for_timeout(1000)
    ticks = watched.visit.diagnostics("tick") - before[1]
    return {
        "ticks_a_second": round(ticks / passed_s, 2),
        "main_ms_a_tick": round((watched.main_s() - before[0]) * 1000 / ticks, 1),
        "browser_cpu_ms_a_tick": round((cpu_of_browser() - before[2]) * 1000 / ticks),
        "arrival_to_draw_p95_ms": percentile(watched.bench("delays"), 0.95),
        "longest_task_ms": round(watched.bench("longest")),
        "longest_task_starting_ms": starting_ms,
        "memory_mb": samples[-1][1],
        "memory_growth_percent_an_hour": growth(samples),
    }


def cpu_of_browser() -> float:
    """CPU seconds of all its processes."""
    return sum(cpu_seconds(pid) for pid in chromium())


def growth(samples: list[tuple[float, float]]) -> float:
    """Percent an hour, from the lowest of the second third to the lowest of the last: what the
    collector leaves, not what it has yet to fetch."""
    third = len(samples) // 3
    early, late = min(samples[third : 2 * third], key=_mb), min(samples[2 * third :], key=_mb)
    hours = max(late[0] - early[0], 1) / 3600
    return round((late[1] - early[1]) / early[1] * 100 / hours, 1)


def _mb(sample: tuple[float, float]) -> float:
    return sample[1]


def empty_page(origin: str) -> float:
    """Main-thread ms a second of a page that shows nothing, under the same watch."""
    with visiting(origin) as visit:
        watched = Watched(visit)
        visit.page.goto(f"{origin}/healthz")
        before = watched.main_s()
        visit.page.wait_for_timeout(3000)
        return round((watched.main_s() - before) * 1000 / 3, 1)


def measure(options: argparse.Namespace) -> Figures:
    """One whole run."""
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    with passing_folder() as data, database(data) as addresses:
        owner = addresses.require("milepost_owner")
        asyncio.run(migrate(owner, addresses.address("postgres")))
        asyncio.run(register(owner, options.vehicles))
        key = asyncio.run(make_key(owner))
        with driving(addresses.require("milepost_ingest"), options.vehicles):
            with api(data.path, port):
                empty = empty_page(origin)
            with visiting(origin, width=1920, height=1080) as visit:
                watched = Watched(visit)
                with api(data.path, port):
                    first_s = opened(watched, key, options.vehicles)
                    code = sum(len(gzip.compress(each)) for each in watched.code.values())
                    follow(watched, options.follow)
                    cost = soak(watched, options.seconds)
                visit.page.locator('[data-testid="connection"]:not([data-state="live"])').wait_for()
                with api(data.path, port):
                    answered_s = time.monotonic()
                    visit.page.locator('[data-testid="connection"][data-state="live"]').wait_for()
                    back_s = time.monotonic() - answered_s
                return Figures(
                    vehicles=options.vehicles,
                    followed=options.follow,
                    seconds=options.seconds,
                    first_usable_s=round(first_s, 2),
                    code_gzipped_kb=round(code / 1000, 1),
                    requests_elsewhere=len(visit.elsewhere),
                    back_live_s=round(back_s, 2),
                    empty_page_main_ms_a_second=empty,
                    **cost,
                )


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="scripts/bench console", description=__doc__)
    parser.add_argument("--vehicles", type=int, default=10_000)
    parser.add_argument(
        "--seconds", type=float, default=60, help="how long it runs; 3600 for memory"
    )
    parser.add_argument("--follow", type=int, default=0, help="vehicles, four at most")
    figures = asdict(measure(parser.parse_args()))
    for name, value in figures.items():
        bar = f"   at most {BARS[name]}" if name in BARS else ""
        sys.stdout.write(f"{name:<30} {value}{bar}\n")
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
