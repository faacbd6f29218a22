"""The wire of the live feed, read as a browser reads it; and the arithmetic of pictures."""

from __future__ import annotations

import json
import math
import struct
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.live.frames import UNKNOWN, Frame
from api.live.picture import NONE_REMOVED, difference, merged
from tracker.live import LIVE_ROW, LiveRows

NOW = datetime(2026, 11, 24, 4, 5, 6, 500_000, tzinfo=UTC)
NAN = math.nan


def rows(*values: tuple[object, ...]) -> LiveRows:
    return np.array(list(values), LIVE_ROW)


def frame(shown: LiveRows, removed: list[int]) -> Frame:
    return Frame(kind="delta", tick=7, now=NOW, rows=shown, removed=np.array(removed, np.int32))


ROWS = rows(
    (17, 114.1234567, 22.3, 1_795_500_000_900_000, 0, 12.34, 359.96, 1),
    (70_000, -179.5, -85.0, 1_795_500_001_000_000, 0, NAN, NAN, -1),
    (80_000, 0.0, 0.0, 1_795_500_002_000_000, 0, 0.4, 0.0, 1),
    (80_001, 0.0, 0.0, 1_795_500_002_000_000, 0, 0.4, 90.0, 0),
)


def test_a_binary_frame_is_read_by_its_description() -> None:
    wire = frame(ROWS, [3, 4]).encoded("binary")
    assert isinstance(wire, bytes)
    assert struct.unpack_from("<4sHHIIII", wire) == (b"MPL1", 1, 2, 4, 7, 2, 0)
    assert struct.unpack_from("<d", wire, 24) == (NOW.timestamp(),)
    assert len(wire) == 32 + 2 * 4 + 4 * 22
    assert struct.unpack_from("<2I", wire, 32) == (3, 4)
    at = 40
    columns = []
    for form in ("<4I", "<4i", "<4i", "<4I", "<4H", "<4H", "<4B", "<4B"):
        columns.append(struct.unpack_from(form, wire, at))
        at += struct.calcsize(form)
    assert columns == [
        (17, 70_000, 80_000, 80_001),
        (114_123_457, -179_500_000, 0, 0),
        (22_300_000, -85_000_000, 0, 0),
        (1_795_500_000, 1_795_500_001, 1_795_500_002, 1_795_500_002),
        (123, UNKNOWN, 4, 4),
        (0, UNKNOWN, 0, 900),
        (1, 0, 2, 3),
        (0, 0, 0, 0),
    ]


def test_json_says_the_same_in_columns() -> None:
    said = json.loads(frame(ROWS, [3]).encoded("json"))
    assert {name: said[name] for name in ("type", "tick", "removed")} == {
        "type": "delta",
        "tick": 7,
        "removed": [3],
    }
    assert datetime.fromisoformat(said["server_time"]) == NOW
    assert said["columns"] == {
        "id": [17, 70_000, 80_000, 80_001],
        "lon": [114.123457, -179.5, 0.0, 0.0],
        "lat": [22.3, -85.0, 0.0, 0.0],
        "fixed_at": [1_795_500_000, 1_795_500_001, 1_795_500_002, 1_795_500_002],
        "speed_mps": [12.3, None, 0.4, 0.4],
        "direction_deg": [0.0, None, 0.0, 90.0],
        "motion": [1, 0, 2, 3],
    }


def test_a_frame_is_encoded_once_for_all_viewers() -> None:
    shared = frame(ROWS, [])
    assert shared.encoded("binary") is shared.encoded("binary")
    assert shared.encoded("json") is shared.encoded("json")


@given(
    speed=st.floats(0, 1e6, width=32),
    direction=st.floats(0, 360, width=32),
    fixed_us=st.integers(-(10**15), 10**17),
)
def test_no_value_runs_over_its_column(speed: float, direction: float, fixed_us: int) -> None:
    one = rows((1, 180.0, 90.0, fixed_us, 0, speed, direction, 0))
    wire = frame(one, []).encoded("binary")
    assert isinstance(wire, bytes)
    lon, lat, fixed_at, tenths, degrees = struct.unpack_from("<iiIHH", wire, 36)
    assert (lon, lat) == (180_000_000, 90_000_000)
    assert fixed_at == min(max(fixed_us // 1_000_000, 0), 2**32 - 1)
    assert tenths == pytest.approx(min(speed * 10, 65534), abs=0.51)
    assert degrees < 3600
    assert math.isclose((degrees / 10 - direction + 180) % 360, 180, abs_tol=0.06)


pictures = st.dictionaries(
    st.integers(1, 20), st.tuples(st.integers(0, 3), st.sampled_from([NAN, 0.0, 5.0])), max_size=12
)


def picture(of: dict[int, tuple[int, float]]) -> LiveRows:
    return rows(*((n, lon, 0.0, 0, 0, speed, NAN, -1) for n, (lon, speed) in sorted(of.items())))


def as_bytes(shown: LiveRows) -> bytes:
    return shown.tobytes()


@given(pictures, pictures)
def test_merging_is_replacing_by_id(
    old: dict[int, tuple[int, float]], new: dict[int, tuple[int, float]]
) -> None:
    both = merged(picture(old), picture(new))
    assert as_bytes(both) == as_bytes(picture(old | new))


@given(pictures, pictures)
def test_a_difference_turns_the_old_picture_into_the_new_one(
    old: dict[int, tuple[int, float]], new: dict[int, tuple[int, float]]
) -> None:
    changed, removed = difference(picture(old), picture(new))
    kept = picture({n: said for n, said in old.items() if n not in set(removed.tolist())})
    assert as_bytes(merged(kept, changed)) == as_bytes(picture(new))
    same = [
        n
        for n in old.keys() & new.keys()
        if as_bytes(picture({n: old[n]})) == as_bytes(picture({n: new[n]}))
    ]
    assert not set(same) & set(changed["id"].tolist())


def test_nothing_differs_from_itself() -> None:
    changed, removed = difference(ROWS, ROWS)
    assert not len(changed)
    assert removed.tolist() == NONE_REMOVED.tolist() == []
