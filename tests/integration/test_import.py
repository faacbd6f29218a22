"""History from files is stored once, by the rules for any message, and said to be."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from devices.simulator.nmea import Dialect, sentences
from geo.fix import Fix
from geo.hk1980 import to_grid
from tests.integration.service import Service, running_service, verb
from tracker.child import wait_for
from tracker.registry import NewDepartment, NewDevice, NewFence, NewRule, NewVehicle

WITHIN_S = 30.0
BEGAN = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
LON, LAT = 114.141187917, 22.322172084
SQUARE = {
    "geometry": {
        "type": "Polygon",
        "coordinates": [
            [[114.10, 22.30], [114.11, 22.30], [114.11, 22.31], [114.10, 22.31], [114.10, 22.30]]
        ],
    }
}
DEVICES = ("gpx", "csv", "grid", "nmea", "killed", "old", "alone", "queued")


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    things = (
        NewDepartment(ref="D"),
        *(NewVehicle(ref=f"V-{ref}", department="D") for ref in DEVICES),
        *(
            NewDevice(ref=ref, department="D", vehicle=None if ref == "alone" else f"V-{ref}")
            for ref in DEVICES
        ),
        NewFence(ref="square", department="D", definition=SQUARE),
        NewRule(ref="border", department="D", fence="square"),
    )
    with running_service(*things) as running:
        running.fetch("UPDATE fence_version SET in_force = tstzrange('2026-01-01', NULL)")
        yield running


def imported(
    service: Service, device: str, *files: Path, options: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    folder = {"MILEPOST_DATA": str(service.data.path)}
    paths = map(str, files)
    return verb(folder, "import", *paths, "--device", f"D/{device}", *options)


def stored(service: Service, device: str) -> int:
    rows = service.fetch(
        "SELECT FROM fix AS f JOIN device AS d ON d.id = f.device_id WHERE d.ref = $1", device
    )
    return len(rows)


def way(count: int) -> list[Fix]:
    """Into the square and out of it, a fix each 10 s."""
    return [
        Fix(
            fixed_at=BEGAN + timedelta(seconds=10 * n),
            lon=114.105,
            lat=22.295 + 0.02 * n / count,
            speed_mps=5.0,
        )
        for n in range(count)
    ]


def as_csv(fixes: list[Fix]) -> str:
    lines = (f"{f.fixed_at.isoformat()},{f.lat},{f.lon}" for f in fixes)
    return "time,lat,lon\n" + "".join(f"{line}\n" for line in lines)


def as_gpx(fixes: list[Fix]) -> str:
    points = (
        f'<trkpt lat="{f.lat}" lon="{f.lon}"><time>{f.fixed_at.isoformat()}</time></trkpt>'
        for f in fixes
    )
    return f"<gpx><trk><trkseg>{''.join(points)}</trkseg></trk></gpx>"


def as_nmea(fixes: list[Fix]) -> str:
    receiver = Dialect(talker="GP", sentences=["GGA", "RMC"])
    return "".join(
        f"{line}\r\n"
        for fix in fixes
        for line in sentences(replace(fix, fixed_at=receiver.instant(fix.fixed_at)), receiver)
    )


@pytest.mark.parametrize(("device", "made"), [("gpx", as_gpx), ("csv", as_csv), ("nmea", as_nmea)])
def test_a_file_is_stored_once_with_its_events_and_a_receipt(
    service: Service, tmp_path: Path, device: str, made: object
) -> None:
    assert callable(made)
    file = tmp_path / f"history.{device}"
    file.write_text(made(way(600)), encoding="utf-8")
    first = imported(service, device, file)
    assert first.returncode == 0, first.stdout + first.stderr
    assert "600 fixes in 3 parts" in first.stdout
    assert "600 stored now, 0 were there before, 0 refused" in first.stdout
    assert "parts dealt with" in first.stderr
    assert stored(service, device) == 600
    events = service.fetch(
        "SELECT e.kind, e.late FROM event AS e JOIN vehicle AS v ON v.id = e.vehicle_id"
        " WHERE v.ref = $1 AND e.status = 'valid' ORDER BY e.at",
        f"V-{device}",
    )
    assert [row["kind"] for row in events] == ["enter", "exit"]
    receipt = service.milepost("device", "receipt", f"D/{device}")
    assert "boot import-" in receipt
    assert "durable up to  3" in receipt

    again = imported(service, device, file)
    assert again.returncode == 0, again.stdout
    assert "0 stored now, 600 were there before, 0 refused" in again.stdout
    assert stored(service, device) == 600
    assert service.milepost("device", "receipt", f"D/{device}") == receipt
    assert not service.fetch("SELECT FROM import_part")


def test_the_control_point_goes_in_as_metres(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "grid.csv"
    file.write_text("time,E,N\n2026-03-02T04:00:00Z,832591.320,820351.389\n", encoding="utf-8")
    assert imported(service, "grid", file).returncode == 0
    exported = service.milepost("export", "D/V-grid", "--from", "2026-03-01", "-o", "-")
    assert f'lat="{LAT:.7f}" lon="{LON:.7f}"' in exported
    [row] = service.fetch(
        "SELECT ST_X(g) AS x, ST_Y(g) AS y FROM (SELECT ST_Transform(geom, 2326) AS g FROM fix AS f"
        " JOIN device AS d ON d.id = f.device_id WHERE d.ref = 'grid') AS t"
    )
    assert (row["x"], row["y"]) == pytest.approx((832_591.320, 820_351.389), abs=0.01)
    assert to_grid(LON, LAT)[0] == pytest.approx(832_591.320, abs=0.01)


def test_what_is_refused_is_said_kept_and_curable(service: Service, tmp_path: Path) -> None:
    old = Fix(fixed_at=datetime(1999, 6, 1, tzinfo=UTC), lon=114.105, lat=22.295)
    file = tmp_path / "old.csv"
    file.write_text(as_csv([old, *way(3)]) + "2026-03-02T05:00:00Z,north,114\n", encoding="utf-8")
    done = imported(service, "old", file)
    assert done.returncode == 1
    assert "3 stored now, 0 were there before, 2 refused" in done.stdout
    assert "1  clock -> milepost device accept-from D/old" in done.stdout
    assert "1  form" in done.stdout
    assert "north" in service.milepost("rejects", "list", "--device", "D/old", "--reason", "form")

    service.milepost("device", "accept-from", "D/old", "1999-01-01")
    answer = service.milepost("rejects", "replay", "--device", "D/old", "--reason", "clock")
    assert "1 stored now" in answer
    assert stored(service, "old") == 4


def test_a_device_without_a_vehicle_is_said_to_have_none(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "alone.gpx"
    file.write_text(as_gpx(way(5)), encoding="utf-8")
    done = imported(service, "alone", file)
    assert done.returncode == 1
    assert "5  unassigned -> milepost device assign D/alone" in done.stdout


def test_a_file_that_breaks_off_is_imported_so_far(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "broken.gpx"
    file.write_text(as_gpx(way(8))[:-30], encoding="utf-8")
    done = imported(service, "gpx", file)
    assert done.returncode == 1
    assert "breaks off" in done.stdout


def test_an_unknown_device_or_file_is_refused_at_once(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "x.bin"
    file.write_bytes(b"PK\x03\x04")
    assert "neither GPX" in imported(service, "csv", file).stderr
    assert "no such thing" in imported(service, "nobody", file).stderr
    assert imported(service, "csv", tmp_path / "none.csv").returncode == 2


def test_ingest_may_be_killed_in_the_middle(service: Service, tmp_path: Path) -> None:
    """What has been committed is not stored twice, what has not is not lost."""
    fixes = way(12_000)
    file = tmp_path / "long.csv"
    file.write_text(as_csv(fixes), encoding="utf-8")
    queued = imported(service, "killed", file, options=("--no-wait",))
    assert queued.returncode == 0
    assert "they wait for ingest" in queued.stdout
    assert wait_for(lambda: stored(service, "killed") > 0, WITHIN_S)
    service.kill("ingest")
    followed = imported(service, "killed", file)
    assert followed.returncode == 0, followed.stdout
    assert stored(service, "killed") == len(fixes)
    receipt = service.milepost("device", "receipt", "D/killed")
    assert "durable up to  48\n" in receipt
    assert "missing" not in receipt
