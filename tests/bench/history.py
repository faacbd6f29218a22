"""scripts/bench history: a large file in, a long track out, and what the programs hold meanwhile.

A CSV of --mb megabytes (fixes a second apart) is imported by `milepost import` into a running
service, and --fixes fixes of another vehicle are exported by `milepost export`. Memory is flat
where the most that a program ever held is what it held in the first quarter of its time. The last
line is JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg

from tests.bench.processes import resident_mb
from tests.integration.service import MILEPOST, Service, running_service
from tracker.registry import NewDepartment, NewDevice, NewVehicle

LOOK_S = 0.1
THINGS = (
    NewDepartment(ref="D"),
    NewVehicle(ref="in", department="D"),
    NewDevice(ref="box", department="D", vehicle="in"),
    NewVehicle(ref="out", department="D"),
)
HEADER = "fixed_at,lon,lat,altitude_m,speed_mps,course_deg,hdop,satellites\n"
#: As committed a second apart, of the vehicle that is exported.
FILL = """
INSERT INTO fix (fixed_at, received_at, geom, vehicle_id, device_id, department_id, speed_mps,
                 course_deg, hdop, satellites)
SELECT t, t, ST_SetSRID(ST_MakePoint(114 + n % 10000 * 0.00001, 22.3), 4326), v.id, 1,
       v.department_id, 10, 90, 0.9, 11
FROM vehicle AS v, generate_series(0, $1::integer - 1) AS n,
     LATERAL (SELECT $2::timestamptz + n * interval '1 s' AS t) AS t
WHERE v.ref = 'out'
"""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What one run measured; `_early_mb` is the most held in the first quarter of it."""

    import_mb: float
    imported: int
    import_s: float
    import_early_mb: float
    import_peak_mb: float
    ingest_early_mb: float
    ingest_peak_mb: float
    exported: int
    exported_mb: float
    export_s: float
    export_early_mb: float
    export_peak_mb: float


class Watch:
    """What processes hold, looked at ten times a second until it is ended."""

    def __init__(self, *pids: int) -> None:
        self._pids, self._seen = pids, [[0.0] for _ in pids]
        self._ended = threading.Event()
        self._looking = threading.Thread(target=self._look)
        self._looking.start()

    def _look(self) -> None:
        while not self._ended.wait(LOOK_S):
            for pid, seen in zip(self._pids, self._seen, strict=True):
                try:
                    seen.append(resident_mb(pid))
                except (OSError, IndexError):  # It has ended.
                    continue

    def end(self) -> list[tuple[float, float]]:
        """Of each process the most, MB, in the first quarter of the time, and ever."""
        self._ended.set()
        self._looking.join()
        return [(max(seen[: len(seen) // 4 + 1]), max(seen)) for seen in self._seen]


def write_csv(path: Path, megabytes: float) -> int:
    """A drive up to yesterday, a fix a second; how many."""
    bytes_a_line = len(_line(datetime(2026, 1, 1, tzinfo=UTC), 0))
    count = int(megabytes * 1e6 / bytes_a_line)
    begins_at = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1, seconds=count)
    with path.open("w", encoding="ascii") as file:
        file.write(HEADER)
        for n in range(count):
            file.write(_line(begins_at + timedelta(seconds=n), n))
    return count


def _line(at: datetime, n: int) -> str:
    lon = 114.0 + n % 20_000 * 1e-5
    return f"{at.isoformat()},{lon:.6f},22.300000,12.5,1.03,90.0,0.9,11\n"


@contextmanager
def verb(service: Service, *argv: str) -> Iterator[subprocess.Popen[str]]:
    """A verb beside the service, until it has ended well."""
    environment = os.environ | {"MILEPOST_DATA": str(service.data.path)}
    with subprocess.Popen(  # noqa: S603  our own command line
        [*MILEPOST, *argv], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
    if process.returncode:
        raise SystemExit(f"milepost {argv[0]} ended with {process.returncode}")


def imported(service: Service, file: Path) -> tuple[int, list[tuple[float, float]]]:
    """How many fixes were stored; memory of the verb and of ingest."""
    with verb(service, "import", str(file), "--device", "D/box") as process:
        watch = Watch(process.pid, service.session.pid("ingest"))
        assert process.stdout is not None
        said = process.stdout.read()
        memory = watch.end()
    found = re.search(r"(\d+) stored now", said)
    return int(found[1]) if found else 0, memory


def exported(
    service: Service, file: Path, since: datetime, until: datetime
) -> list[tuple[float, float]]:
    """Memory of the verb."""
    span = ("--from", f"{since:%Y-%m-%dT%H:%M:%SZ}", "--to", f"{until:%Y-%m-%dT%H:%M:%SZ}")
    with verb(service, "export", "D/out", *span, "--format", "csv", "-o", str(file)) as process:
        watch = Watch(process.pid)
        process.wait()
        return watch.end()


async def fill(dsn: str, fixes: int, since: datetime) -> None:
    """A long track, past all commits."""
    connection = await asyncpg.connect(dsn)
    try:
        for day in range(fixes // 86_400 + 2):
            await connection.execute(
                "SELECT ensure_fix_partition($1)", since.date() + timedelta(days=day)
            )
        await connection.execute(FILL, fixes, since)
    finally:
        await connection.close()


def measure(megabytes: float, fixes: int, folder: Path) -> Figures:
    """One whole run on a service of its own."""
    since = datetime(2026, 1, 1, tzinfo=UTC)
    source, target = folder / "in.csv", folder / "out.csv"
    count = write_csv(source, megabytes)
    with running_service(*THINGS) as service:
        began_s = time.monotonic()
        stored, (of_import, of_ingest) = imported(service, source)
        import_s = time.monotonic() - began_s
        assert stored == count, (stored, count)
        asyncio.run(fill(service.dsn("postgres"), fixes, since))
        began_s = time.monotonic()
        (of_export,) = exported(service, target, since, since + timedelta(seconds=fixes))
        export_s = time.monotonic() - began_s
    with target.open("rb") as file:
        lines = sum(1 for _ in file)
    return Figures(
        import_mb=round(source.stat().st_size / 1e6, 1),
        imported=stored,
        import_s=round(import_s, 1),
        import_early_mb=of_import[0],
        import_peak_mb=of_import[1],
        ingest_early_mb=of_ingest[0],
        ingest_peak_mb=of_ingest[1],
        exported=lines - 1,
        exported_mb=round(target.stat().st_size / 1e6, 1),
        export_s=round(export_s, 1),
        export_early_mb=of_export[0],
        export_peak_mb=of_export[1],
    )


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="scripts/bench history", description=__doc__)
    parser.add_argument("--mb", type=float, default=1000, help="of the file that is imported")
    parser.add_argument("--fixes", type=int, default=3_000_000, help="that are exported")
    options = parser.parse_args()
    # /tmp may be memory.
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        figures = asdict(measure(options.mb, options.fixes, Path(folder)))
    for key, value in figures.items():
        sys.stdout.write(f"{key:<18} {value}\n")
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
