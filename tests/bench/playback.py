"""scripts/bench playback: what showing an hour of many vehicles again costs.

A store of the kind of `scripts/bench tracks` (10,000 vehicles, a fix each 10 s for 70 minutes),
built once and kept in /var/tmp/milepost-bench. As one caller who sees all departments: windows of
two minutes over HTTP as the console asks for them, and one with all its fixes beside; then seeks to
moments all over the hour in Chromium, from the slider's move until the picture of that moment is
drawn: outside of what is fetched, and within.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import time
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

import httpx
from playwright.sync_api import Page, sync_playwright
from sqlalchemy.ext.asyncio import create_async_engine

from tests.acceptance.browser import launched
from tests.bench.tracks import KEPT_IN, percentile
from tests.bench.tracks_built import DEPARTMENTS, START, Size, ensure_built
from tests.integration.api_world import served
from tracker.access import database
from tracker.child import wait_for
from tracker.data_folder import DataFolder
from tracker.people import add_key
from tracker.postgres import private_dsn

#: An hour, and what goes on behind it.
FIXES = 420
HOUR_S, SLICE_S = 3600, 120
STATIC = Path(__file__).parents[2] / "maps" / "static"
#: As maps/console/src/playback/slices.svelte.ts asks.
THINNED: dict[str, float | str] = {"tolerance_m": 15, "step_s": 30, "format": "binary"}
_DEADLINE_S = 120.0

#: Moves the slider and tells how long it took until the picture of that moment was drawn, ms.
_SEEK = """
seconds => new Promise(done => {
  const slider = document.querySelector('[data-testid="slider"]');
  const began = performance.now();
  slider.value = String(seconds);
  slider.dispatchEvent(new Event('input', {bubbles: true}));
  const look = () => {
    const {shownMs, drawn} = window.milepostPlayback;
    if (shownMs() === seconds * 1000 && drawn() > 0) done(performance.now() - began);
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})
"""

#: What the page began with is over: its answers, and the programs of its map.
_AT_REST = "() => new Promise(done => requestIdleCallback(() => requestIdleCallback(done)))"


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What one run measured."""

    vehicles: int
    build_s: float
    window_p50_ms: float
    window_max_ms: float
    window_mb: float
    window_fixes: float
    whole_window_ms: float
    whole_window_mb: float
    seek_p50_ms: float
    seek_max_ms: float
    seek_within_p50_ms: float
    seek_within_max_ms: float


async def key_of(dsn: str) -> str:
    """A key that sees all departments."""
    engine = create_async_engine(dsn.replace("postgresql://", "postgresql+asyncpg://"))
    try:
        async with engine.begin() as connection:
            roles = [f"manager@D{n}" for n in range(1, DEPARTMENTS + 1)]
            return await add_key(connection, label="bench", roles=roles, days=1)
    finally:
        await engine.dispose()


def window(client: httpx.Client, second: float, **how: float | str) -> tuple[float, bytes]:
    """Milliseconds of one window that begins so many seconds after the start, and its bytes."""
    since = START + timedelta(seconds=second)
    times = {"from": since.isoformat(), "to": (since + timedelta(seconds=SLICE_S)).isoformat()}
    began_s = time.perf_counter()
    answer = client.get("/v1/playback", params={**times, **how})
    took_ms = (time.perf_counter() - began_s) * 1000
    assert answer.status_code == 200, answer.text
    return took_ms, answer.content


def iso(when: datetime) -> str:
    """As an address has it."""
    return when.isoformat().replace("+00:00", "Z")


def opened(page: Page, url: str, key: str) -> None:
    """Signed in, and all vehicles of the hour before one."""
    page.goto(url)
    page.get_by_test_id("with-key").click()
    page.get_by_test_id("key").fill(key)
    page.get_by_test_id("key-button").click()
    page.get_by_test_id("connection").wait_for()
    hour = f"from={iso(START)}&to={iso(START + timedelta(seconds=HOUR_S))}"
    page.goto(f"{url}/#/playback?{hour}&at={iso(START)}")
    page.get_by_test_id("purpose").fill("bench")
    page.get_by_test_id("purpose-say").click()
    drawn = "window.milepostPlayback?.drawn() > 0"
    if not wait_for(lambda: bool(page.evaluate(drawn)), _DEADLINE_S):
        raise TimeoutError("nothing was drawn")
    page.wait_for_load_state("networkidle")
    page.evaluate(_AT_REST)


def seeks(url: str, key: str, times: int) -> tuple[list[float], list[float]]:
    """Milliseconds of seeks to what is not fetched, each in a page of its own; and within it."""
    chance = random.Random(7)  # noqa: S311  the same moments each time
    start_s = int(START.timestamp())
    outside, within = [], []
    with sync_playwright() as playwright:
        browser = launched(playwright)
        for _ in range(times):
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            opened(page, url, key)
            second = chance.randrange(HOUR_S // 2, HOUR_S - 1)
            outside.append(float(page.evaluate(_SEEK, start_s + second)))
            begins = second - second % SLICE_S
            for near in (begins + 10, begins + 110, begins + 60):
                within.append(float(page.evaluate(_SEEK, start_s + near)))
            page.close()
        browser.close()
    return outside, within


def measure(folder: DataFolder, options: argparse.Namespace) -> Figures:
    """One whole run on a running private PostgreSQL."""
    owner, superuser = private_dsn(folder, "milepost_owner"), private_dsn(folder, "postgres")
    size = Size(vehicles=options.vehicles, fixes=FIXES)
    build_s = asyncio.run(ensure_built(folder.path, size, owner, superuser))
    key = asyncio.run(key_of(owner))
    with served(private_dsn(folder, "milepost_api"), STATIC) as api:
        headers = {"Authorization": f"Bearer {key}", "Milepost-Purpose": "bench"}
        with httpx.Client(base_url=api.url, headers=headers, timeout=_DEADLINE_S) as client:
            window(client, 0, **THINNED)  # the first one opens connections
            told = [window(client, at, **THINNED) for at in range(0, HOUR_S, SLICE_S)]
            whole_ms, whole = window(client, SLICE_S, format="binary")
        sys.stderr.write(f"windows: {percentile([ms for ms, _ in told], 0.5)} ms\n")
        outside, within = seeks(api.url, key, options.times)
    took_ms = [ms for ms, _ in told]
    return Figures(
        vehicles=options.vehicles,
        build_s=round(build_s),
        window_p50_ms=percentile(took_ms, 0.5),
        window_max_ms=round(max(took_ms), 1),
        window_mb=round(sum(len(each) for _, each in told) / len(told) / 1e6, 2),
        window_fixes=round(sum(_fixes(each) for _, each in told) / len(told)),
        whole_window_ms=round(whole_ms, 1),
        whole_window_mb=round(len(whole) / 1e6, 2),
        seek_p50_ms=percentile(outside, 0.5),
        seek_max_ms=round(max(outside), 1),
        seek_within_p50_ms=percentile(within, 0.5),
        seek_within_max_ms=round(max(within), 1),
    )


def _fixes(frame: bytes) -> int:
    return int.from_bytes(frame[12:16], "little")


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="scripts/bench playback", description=__doc__)
    parser.add_argument("--vehicles", type=int, default=10_000)
    parser.add_argument("--times", type=int, default=10, help="pages in which is sought")
    parser.add_argument("--keep", type=Path, help="the folder that keeps the store")
    options = parser.parse_args()
    kept = options.keep or KEPT_IN / f"playback-{options.vehicles}"
    folder = DataFolder(kept)
    with database(folder):
        figures = measure(folder, options)
    for name, value in asdict(figures).items():
        sys.stdout.write(f"{name:<26} {value}\n")
    sys.stdout.write(json.dumps(asdict(figures)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
