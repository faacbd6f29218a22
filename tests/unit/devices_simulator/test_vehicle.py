"""A virtual vehicle moves as a real one can, and the same way each time."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.simulator import Government, VirtualVehicle, build_fleet, truth
from devices.simulator.timetable import ACCELERATION_MPS2
from geo.distance import distance_m

SECOND = timedelta(seconds=1)


def of_application(fleet: list[VirtualVehicle], code: str) -> VirtualVehicle:
    return next(drive for drive in fleet if drive.vehicle.application.code == code)


def test_the_same_seed_gives_the_same_day(
    government: Government, fleet: list[VirtualVehicle]
) -> None:
    again = build_fleet(government, fleet[0].started_at)
    other = build_fleet(government, fleet[0].started_at, seed=2)
    noon = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)

    assert [d.fix_at(noon) for d in again] == [d.fix_at(noon) for d in fleet]
    assert [d.fix_at(noon) for d in other] != [d.fix_at(noon) for d in fleet]


@pytest.mark.parametrize("code", ["FSD-AMB", "HKPF-MAR", "AFCD-CP", "TD-GMB", "EPD-RTTMV"])
def test_it_moves_as_fast_as_it_says(fleet: list[VirtualVehicle], code: str) -> None:
    drive = of_application(fleet, code)
    fixes = [drive.fix_at(drive.started_at + n * SECOND) for n in range(1_800)]
    lon = np.array([fix.lon for fix in fixes])
    lat = np.array([fix.lat for fix in fixes])
    speed_mps = np.array([fix.speed_mps for fix in fixes])
    moved_m = distance_m(lon[:-1], lat[:-1], lon[1:], lat[1:])
    mean_mps = (speed_mps[:-1] + speed_mps[1:]) / 2

    # The receiver's wandering adds a little; a corner between two fixes takes a little away.
    assert np.abs(moved_m - mean_mps).max() < 3.0
    assert np.abs(np.diff(speed_mps)).max() <= 1.01 * ACCELERATION_MPS2[drive.vehicle.route.mode]
    assert speed_mps.max() < drive.vehicle.max_speed_mps
    assert speed_mps.max() > 0.5 * drive.vehicle.application.drive.cruise_kmh / 3.6


@pytest.mark.parametrize("code", ["FSD-AMB", "GLD-POOL", "LCSD-LIB"])
def test_ignition_goes_off_in_a_long_pause_and_never_on_the_move(
    fleet: list[VirtualVehicle], code: str
) -> None:
    drive = of_application(fleet, code)
    fixes = [drive.fix_at(drive.started_at + n * 10 * SECOND) for n in range(720)]

    assert {fix.ignition for fix in fixes} == {True, False}
    assert all(fix.ignition or fix.speed_mps == 0 for fix in fixes)
    assert all(fix.course_deg is None for fix in fixes if fix.speed_mps == 0)


def test_a_barge_opens_its_door_at_the_ground_only_and_comes_back_light(
    fleet: list[VirtualVehicle],
) -> None:
    drive = of_application(fleet, "EPD-RTTMV")
    fixes = [drive.fix_at(drive.started_at + n * 60 * SECOND) for n in range(300)]
    far = drive.vehicle.route.line[-1]

    opened = [fix for fix in fixes if fix.inputs["bottom_door"]]
    assert opened
    assert all(distance_m(fix.lon, fix.lat, *far) < 20 for fix in opened)
    assert {fix.inputs["draught_m"] for fix in fixes} == {4.2, 1.6}


def test_it_reports_by_its_intervals_and_at_each_stop_and_start(
    fleet: list[VirtualVehicle],
) -> None:
    drive = of_application(fleet, "GLD-POOL")
    moment, waits_s, moving = drive.started_at, set(), []
    while moment < drive.started_at + timedelta(hours=2):
        moving.append(bool(drive.fix_at(moment).speed_mps))
        wait = drive.interval(moment)
        waits_s.add(wait.total_seconds())
        moment += wait
    stands = timedelta(0)
    for n in range(7_200):
        stands += SECOND * (drive.fix_at(drive.started_at + n * SECOND).speed_mps == 0)

    assert max(waits_s) <= 600
    assert 30 in waits_s
    # Standing for minutes takes a report or two, not one each thirty seconds.
    assert moving.count(False) < stands / timedelta(seconds=60)
    assert moving.count(False) >= 4


def test_a_launch_reports_less_often_at_anchor_and_least_when_moored(
    fleet: list[VirtualVehicle],
) -> None:
    drive = of_application(fleet, "HKPF-MAR")
    longest_s = {"under way": 0.0, "at anchor": 0.0, "moored": 0.0}
    for n in range(10_000):
        fix = drive.fix_at(drive.started_at + n * SECOND)
        state = "under way" if fix.speed_mps else "at anchor" if fix.ignition else "moored"
        wait_s = drive.interval(fix.fixed_at).total_seconds()
        longest_s[state] = max(longest_s[state], wait_s)

    # Half a second more where it stops or sets off just before the report is due.
    assert 6 <= longest_s["under way"] <= 6.5
    assert 60 <= longest_s["at anchor"] <= 60.5
    assert 60.5 < longest_s["moored"] <= 360.5


@settings(deadline=None)  # another process may have the processor
@given(
    n=st.integers(0, 630),
    offset_s=st.integers(-86_400, 864_000),
    rate=st.sampled_from([0.5, 1.0, 10.0]),
)
def test_a_report_is_of_now_or_just_before_and_another_follows(
    fleet: list[VirtualVehicle], n: int, offset_s: int, rate: float
) -> None:
    drive = fleet[n]
    moment = drive.started_at + timedelta(seconds=offset_s, microseconds=123_456)
    wait = drive.interval(moment, rate=rate)

    assert timedelta(0) <= moment - drive.fix_at(moment).fixed_at < SECOND
    assert timedelta(0) < wait <= timedelta(seconds=600 / rate)


def test_reports_in_bends_tell_of_the_way_driven(fleet: list[VirtualVehicle]) -> None:
    drive = of_application(fleet, "LCSD-LIB")  # every 30 s, on winding roads
    moments = [drive.started_at]
    while moments[-1] < drive.started_at + timedelta(hours=6):
        moments.append(moments[-1] + drive.interval(moments[-1]))
    assert min(b - a for a, b in itertools.pairwise(moments)) > timedelta(milliseconds=400)
    span = moments[0], moments[-1]
    places = [
        drive.timetable.way.place(drive.timetable.at(drive.elapsed_s(moment)).metres)
        for moment in moments
    ]
    lon, lat = np.array([place[:2] for place in places]).T
    told_m = distance_m(lon[:-1], lat[:-1], lon[1:], lat[1:]).sum()
    assert told_m == pytest.approx(truth(drive, *span).distance_m, rel=0.005)
