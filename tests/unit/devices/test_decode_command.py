"""`milepost decode` as a user runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from devices.cli import app

Say = Callable[..., bytes]

ROOT = Path(__file__).resolve().parents[3]
GOLDEN = ROOT / "tests" / "golden"


def run(*arguments: str, stdin: bytes = b"") -> tuple[int, list[str], str]:
    result = CliRunner().invoke(app, ["decode", *arguments], input=stdin)
    return result.exit_code, result.stdout.splitlines(), result.stderr


def test_a_fix_is_a_line_of_json(say: Say, tmp_path: Path) -> None:
    file = tmp_path / "drive.nmea"
    file.write_bytes(
        say(
            "GPRMC,101500.25,A,2217.5000,N,11409.5000,W,10.0,90.0,230625,,",
            "GPGGA,101500.25,2217.5000,N,11409.5000,W,1,09,0.9,50.0,M,-3.1,M,,",
        )
    )
    code, lines, _ = run(str(file))
    assert code == 0
    assert [json.loads(line) for line in lines] == [
        {
            "time": "2025-06-23T10:15:00.250Z",
            "lat": 22.291666667,
            "lon": -114.158333333,
            "alt_msl": 50.0,
            "speed": 5.1444,
            "course": 90.0,
            "mode": "3D",
            "hdop": 0.9,
            "satellites": 9,
        }
    ]


def test_what_is_unknown_is_null(say: Say) -> None:
    _, lines, _ = run("-", stdin=say("GPRMC,101500,A,2217.5,N,11409.5,E,,,230625,,"))
    fix = json.loads(lines[0])
    assert {name for name, value in fix.items() if value is None} == {
        "alt_msl", "speed", "course", "hdop", "satellites",
    }  # fmt: skip


def test_standard_input_is_read_by_another_process() -> None:
    recording = (GOLDEN / "tunnel.nmea").read_bytes()
    code = "from devices.cli import app; app()"
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", code, "decode", "-"],
        input=recording,
        capture_output=True,
        check=True,
        cwd=ROOT,
    )
    assert len(done.stdout.splitlines()) == 10


def test_the_rest_is_told_on_stderr(say: Say) -> None:
    data = (
        b"login: \r\n$GPGGA,1\r\n"
        + say("GPRMC,101500,A,2217.5,N,11409.5,E,,,230625,,", "GPGSV,1,1,00", "GPGSV,1,1,00")
        + say("GPRMC,101501,V,2217.5,N,11409.5,E,,,230625,,")
        + say("GPRMC,101502,A,2277.5,N,11409.5,E,,,230625,,").replace(b"\r\n", b"")
    )
    code, lines, told = run("-", stdin=data)
    assert (code, len(lines)) == (0, 1)
    assert told == (
        "1 fixes from 5 good lines.\n"
        "Instants without a fix: 1; repeated: 0.\n"
        "Refused: 1 noise, 1 cut, 1 range (7 bytes of noise).\n"
        "Not used: 2 GSV.\n"
    )


def test_a_recording_without_a_date_says_what_to_do() -> None:
    code, lines, told = run(str(GOLDEN / "no-date.nmea"))
    assert (code, lines) == (0, [])
    assert "want of a date: 4 fixes" in told
    assert "--day YYYY-MM-DD" in told


def test_the_day_can_be_given() -> None:
    _, lines, _ = run(str(GOLDEN / "no-date.nmea"), "--day", "2024-02-28")
    times = [json.loads(line)["time"] for line in lines]
    assert (times[0], times[-1]) == ("2024-02-28T23:59:58.000Z", "2024-02-29T00:00:01.000Z")


def test_a_week_rollover_is_undone_when_ordered_and_marked() -> None:
    _, lines, _ = run(str(GOLDEN / "week-rollover.nmea"), "--rollover")
    fix = json.loads(lines[0])
    assert (fix["time"], fix["rollover_weeks"]) == ("2026-04-12T03:04:05.000Z", 1024)


def test_tag_blocks_name_the_device() -> None:
    _, lines, _ = run(str(GOLDEN / "gateway.nmea"))
    assert {json.loads(line)["device"] for line in lines} == {"FSD-012", "FSD-044"}


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["/no/such/file"], "No such file"),
        ([str(GOLDEN)], "directory"),
        (["-", "--day", "yesterday"], "yesterday"),
    ],
)
def test_wrong_usage_is_told_and_ends_with_2(arguments: list[str], complaint: str) -> None:
    code, lines, told = run(*arguments)
    assert (code, lines) == (2, [])
    assert complaint in told
