"""Recordings and what must come of them, through the command that a user runs.

An expected line is a fix that must come once; its nulls are not judged but for the fields named in
`null`. `also_*` are further right answers where the sentences of one epoch differ, and a fix at a
`tolerated` time may come or not.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from devices.cli import app

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = (ROOT / "tests" / "golden", ROOT.parent / "shared" / "nmea" / "cases")
RECORDINGS = [path for folder in FOLDERS for path in sorted(folder.glob("*.nmea"))]

JsonLine = dict[str, Any]
TOLERANCES = {"alt_msl": 0.06, "speed": 0.03, "course": 0.06, "hdop": 0.011, "satellites": 0}
FURTHER = {"alt_msl": "also_alt", "speed": "also_speed", "course": "also_course"}


def decode(*arguments: str) -> list[JsonLine]:
    result = CliRunner().invoke(app, ["decode", *arguments])
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def key(line: JsonLine) -> tuple[str, str]:
    return line.get("device", ""), line["time"]


def faults(expected: JsonLine, found: JsonLine) -> list[str]:
    places = [(expected["lat"], expected["lon"]), *expected.get("also_pos", [])]
    wrong = [
        name
        for name, tolerance in TOLERANCES.items()
        if expected.get(name) is not None
        and not _near(
            found[name], [expected[name], *expected.get(FURTHER.get(name, ""), [])], tolerance
        )
    ]
    if not any(
        abs(found["lat"] - lat) <= 1e-6 and abs(found["lon"] - lon) <= 1e-6 for lat, lon in places
    ):
        wrong.append("position")
    if expected["mode"] not in (None, found["mode"]):
        wrong.append("mode")
    return wrong + [name for name in expected.get("null", []) if found[name] is not None]


def _near(value: float | None, rights: list[float], tolerance: float) -> bool:
    return value is not None and any(abs(value - right) <= tolerance + 1e-9 for right in rights)


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.stem)
def test_recording(recording: Path) -> None:
    lines = recording.with_suffix(".expected.jsonl").read_text().splitlines()
    judged = [json.loads(line) for line in lines]
    expected = {key(line): line for line in judged if "time" in line}
    tolerated = {line["tolerated"] for line in judged if "tolerated" in line}
    times_of_day = {line["tolerated_tod_ms"] for line in judged if "tolerated_tod_ms" in line}
    fixes = decode(str(recording))
    found = {key(line): line for line in fixes}
    extra = [
        line["time"]
        for line in fixes
        if key(line) not in expected
        and line["time"] not in tolerated
        and _tod_ms(line["time"]) not in times_of_day
    ]
    assert len(found) == len(fixes), "one fix an instant"
    assert (sorted(expected.keys() - found.keys()), extra) == ([], [])
    assert {k: faults(e, found[k]) for k, e in expected.items() if faults(e, found[k])} == {}


def _tod_ms(stamp: str) -> int:
    hours, minutes, seconds = stamp.rstrip("Z").split("T")[1].split(":")
    return round((int(hours) * 60 + int(minutes)) * 60_000 + float(seconds) * 1000)


def test_there_are_recordings_of_our_own() -> None:
    assert len([path for path in RECORDINGS if path.parent == FOLDERS[0]]) >= 7
