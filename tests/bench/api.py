"""scripts/bench api: what the API's one worker serves while 10,000 vehicles report.

Four parts, each with the rest of the service running: the latest positions of one department at
200 requests a second, all 10,000 at 10 a second, 200 viewers of all of them over the live WebSocket
with commits of 2,000 fixes a second, and the same commits with nobody watching. The queries' own
time on one connection, and a route that asks for nothing, stand beside them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import struct
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass

import asyncpg
from websockets.asyncio.client import connect

from tests.bench.api_stage import DEPARTMENTS, WITHIN_S, Fleet, Stage, stage
from tests.bench.processes import cpu_seconds, resident_mb

TICK_S = 0.5
#: So long after they were made the first asks: to make thousands takes the time of some answers.
LEAD_S = 1.0
_HEADER = struct.Struct("<IHHIIIId")
#: What a request for one department's latest positions asks the database at least.
BESIDE = """
SELECT l.vehicle_id, l.fixed_at, l.lon, l.lat, l.speed_mps, l.course_deg, v.ref, v.name
FROM latest AS l JOIN vehicle AS v ON v.id = l.vehicle_id WHERE l.department_id = any($1::int[])
"""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What one run measured."""

    vehicles: int
    viewers: int
    #: Requests a second that were asked for, and that were answered.
    one_asked_s: float
    one_answered_s: float
    one_p50_ms: float
    one_p99_ms: float
    one_query_p50_ms: float
    empty_p50_ms: float
    all_answered_s: float
    all_p50_ms: float
    all_p99_ms: float
    all_query_p50_ms: float
    #: From durable to a viewer that has read the frame, by the newest fix in it.
    frame_p50_s: float
    frame_p99_s: float
    frames: int
    skipped_ticks: int
    commit_p99_ms: float
    commit_p99_ms_unwatched: float
    fixes_s: float
    serve_mb_before: float
    serve_mb_after: float
    serve_cpu: float


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that this share of them does not exceed; NaN of none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)] if ordered else math.nan


def ms(values: Sequence[float], share: float) -> float:
    return round(quantile(values, share) * 1000, 1)


async def at_rate(ask: Callable[[], Awaitable[None]], rate: float, lasts_s: float) -> list[float]:
    """Ask so often, whoever still waits; seconds from when each was due to its answer."""
    begun = time.perf_counter() + LEAD_S

    async def one(due_s: float) -> float:
        await asyncio.sleep(max(0.0, begun + due_s - time.perf_counter()))
        await ask()
        return time.perf_counter() - begun - due_s

    return await asyncio.gather(*(one(k / rate) for k in range(int(rate * lasts_s))))


@dataclass
class Seen:
    """What viewers got."""

    lags_s: list[float]
    frames: int = 0
    skipped: int = 0


async def view(port: int, token: str, seen: Seen, fleet: Fleet, ready: asyncio.Semaphore) -> None:
    """One viewer, until cancelled: how old the newest fix of each frame is when it was read."""
    address = f"ws://127.0.0.1:{port}/v1/live?format=binary"
    headers = {"Authorization": f"Bearer {token}"}
    last = 0
    async with connect(address, additional_headers=headers, max_size=None) as socket:
        async for message in socket:
            if isinstance(message, str):
                continue
            now = time.time()
            _, _, kind, count, tick, removed, _, _ = _HEADER.unpack_from(message)
            if not last:
                ready.release()
            elif kind == 2 and count:
                seen.frames += 1
                seen.skipped += tick - last - 1
                at = _HEADER.size + 4 * removed + 12 * count
                newest = max(struct.unpack_from(f"<{count}I", message, at))
                if (durable_s := fleet.durable_s.get(newest)) is not None:
                    seen.lags_s.append(max(0.0, now - durable_s))
            last = tick


class Lines:
    """Connections that stay open, as light as can be: the client shares the machine. What comes
    is zstd and is not unpacked."""

    def __init__(self, port: int, path: str, token: str) -> None:
        self._port = port
        self._request = (
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
            "Accept-Encoding: zstd\r\n\r\n"
        ).encode()
        self._free: deque[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = deque()

    async def ask(self) -> None:
        """Until the whole answer is read; anything but a 200 ends the run."""
        line = self._free.popleft() if self._free else await self._opened()
        line[1].write(self._request)
        async with asyncio.timeout(WITHIN_S):
            head = (await line[0].readuntil(b"\r\n\r\n")).lower()
            if not head.startswith(b"http/1.1 200"):
                raise RuntimeError(head.decode())
            length = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
            await line[0].readexactly(int(length))
        self._free.append(line)

    async def _opened(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self._port, limit=2**24)

    def close(self) -> None:
        """Hang up."""
        for _, writer in self._free:
            writer.close()


async def asked(stage: Stage, path: str, token: str, rate: float, lasts_s: float) -> list[float]:
    """A route at a rate."""
    lines = Lines(stage.port, path, token)
    try:
        await lines.ask()
        return await at_rate(lines.ask, rate, lasts_s)
    finally:
        lines.close()


async def queried(stage: Stage, departments: Sequence[int], count: int) -> list[float]:
    """The query alone, as the API's role, on one connection."""
    connection = await asyncpg.connect(stage.api_dsn, statement_cache_size=0)
    took = []
    try:
        for _ in range(count):
            async with connection.transaction():
                scope = ",".join(map(str, departments))
                await connection.execute(f"SET LOCAL app.depts = '{scope}'")
                begun = time.perf_counter()
                array = "{" + scope + "}"
                await connection.fetch(BESIDE.replace("$1", f"'{array}'"))
                took.append(time.perf_counter() - begun)
    finally:
        await connection.close()
    return took


async def watched(stage: Stage, viewers: int, fixes_s: float, lasts_s: float) -> tuple[Seen, float]:
    """Viewers of everything while all report; what they got, and the fixes a second."""
    seen, ready = Seen(lags_s=[]), asyncio.Semaphore(0)
    watching = [
        asyncio.create_task(view(stage.port, stage.all, seen, stage.fleet, ready))
        for _ in range(viewers)
    ]
    try:
        async with asyncio.timeout(WITHIN_S):
            for _ in range(viewers):
                await ready.acquire()
        rate = await stage.fleet.report_for(fixes_s, lasts_s)
        await asyncio.sleep(3 * TICK_S)
    finally:
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
    return seen, rate


async def measure(options: argparse.Namespace) -> Figures:
    """All parts, one after the other."""
    lasts_s = options.seconds
    async with stage(options.vehicles) as on:
        empty = await asked(on, "/healthz", on.one, options.rate, lasts_s)
        begun = time.perf_counter()
        one = await asked(on, "/v1/positions", on.one, options.rate, lasts_s)
        one_took_s = time.perf_counter() - begun - LEAD_S
        begun = time.perf_counter()
        everything = await asked(on, "/v1/positions", on.all, options.rate_all, lasts_s)
        all_took_s = time.perf_counter() - begun - LEAD_S
        await on.fleet.report_for(options.fixes, lasts_s)
        unwatched = list(on.fleet.took_s)
        before_mb, before_s = resident_mb(on.serve.pid), cpu_seconds(on.serve.pid)
        begun = time.perf_counter()
        seen, rate = await watched(on, options.viewers, options.fixes, lasts_s)
        cpu = (cpu_seconds(on.serve.pid) - before_s) / (time.perf_counter() - begun)
        return Figures(
            vehicles=options.vehicles,
            viewers=options.viewers,
            one_asked_s=options.rate,
            one_answered_s=round(len(one) / one_took_s, 1),
            one_p50_ms=ms(one, 0.5),
            one_p99_ms=ms(one, 0.99),
            one_query_p50_ms=ms(await queried(on, [1], 50), 0.5),
            empty_p50_ms=ms(empty, 0.5),
            all_answered_s=round(len(everything) / all_took_s, 1),
            all_p50_ms=ms(everything, 0.5),
            all_p99_ms=ms(everything, 0.99),
            all_query_p50_ms=ms(await queried(on, range(1, DEPARTMENTS + 1), 20), 0.5),
            frame_p50_s=round(quantile(seen.lags_s, 0.5), 2),
            frame_p99_s=round(quantile(seen.lags_s, 0.99), 2),
            frames=seen.frames,
            skipped_ticks=seen.skipped,
            commit_p99_ms=ms(on.fleet.took_s, 0.99),
            commit_p99_ms_unwatched=ms(unwatched, 0.99),
            fixes_s=round(rate),
            serve_mb_before=before_mb,
            serve_mb_after=resident_mb(on.serve.pid),
            serve_cpu=round(cpu, 2),
        )


def table(figures: Figures) -> str:
    """For people."""
    f = figures
    rows = (
        ("", "p50", "p99", "wanted", "beside it"),
        (
            f"latest of one department, {f.one_answered_s:g} of {f.one_asked_s:g}/s",
            *(f"{f.one_p50_ms} ms", f"{f.one_p99_ms} ms", "p99 < 50 ms"),
            f"{f.one_p50_ms / f.one_query_p50_ms:.1f} x its query",
        ),
        (
            f"latest of {f.vehicles:,}, {f.all_answered_s:g}/s",
            *(f"{f.all_p50_ms} ms", f"{f.all_p99_ms} ms", "p99 < 300 ms"),
            f"{f.all_p50_ms / f.all_query_p50_ms:.1f} x its query",
        ),
        ("a route that asks for nothing", f"{f.empty_p50_ms} ms", "", "", ""),
        (
            f"{f.viewers} viewers, durable to read",
            *(f"{f.frame_p50_s} s", f"{f.frame_p99_s} s", "p99 < 1 s"),
            f"{f.skipped_ticks} ticks skipped of {f.frames}",
        ),
        (
            f"commits at {f.fixes_s:g} fixes/s, watched",
            *("", f"{f.commit_p99_ms} ms", "as beside it"),
            f"{f.commit_p99_ms_unwatched} ms unwatched",
        ),
        (
            "memory of the worker",
            *(f"{f.serve_mb_before} MB", f"{f.serve_mb_after} MB", "flat"),
            f"{f.serve_cpu} CPU",
        ),
    )
    return "\n".join(
        f"{name:<46} {a:>10} {b:>10}  {wanted:<13} {c}" for name, a, b, wanted, c in rows
    )


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench api",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--vehicles", type=int, default=10_000, help="that report (10000)")
    parser.add_argument("--viewers", type=int, default=200, help="of all of them (200)")
    parser.add_argument("--fixes", type=float, default=2_000, help="committed a second (2000)")
    parser.add_argument("--rate", type=float, default=200, help="of one department, a second (200)")
    parser.add_argument("--rate-all", type=float, default=10, help="of all, a second (10)")
    parser.add_argument("--seconds", type=float, default=30, help="of each part (30)")
    figures = asyncio.run(measure(parser.parse_args()))
    sys.stdout.write(f"{table(figures)}\n{json.dumps(asdict(figures))}\n")


if __name__ == "__main__":
    main()
