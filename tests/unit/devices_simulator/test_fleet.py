"""Soon after a start something happens, in most departments."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

import numpy as np
import shapely

from devices.simulator import Government, VirtualVehicle
from geo.fix import Fix
from geo.proximity import near_pairs
from geo.shapes import build_shape

MINUTE = timedelta(minutes=1)


def reports(drive: VirtualVehicle, *, until: timedelta) -> Iterator[tuple[float, float]]:
    """Places (lon, lat) that the vehicle reports, beginning at the start."""
    moment = drive.started_at
    while moment <= drive.started_at + until:
        fix = drive.fix_at(moment)
        yield fix.lon, fix.lat
        moment += drive.interval(moment)


def heard(drive: VirtualVehicle) -> Iterator[Fix]:
    """What the vehicle reports in half an hour."""
    moment = drive.started_at
    while moment <= drive.started_at + 30 * MINUTE:
        yield drive.fix_at(moment)
        moment += drive.interval(moment)


def crossings(government: Government, fleet: list[VirtualVehicle]) -> Iterator[tuple[str, str]]:
    """(department, kind) of what a rule waits for, as reported in the first minute."""
    areas = {
        (rule.department, rule.fence): (build_shape(fence.definition), rule.on_kinds)
        for rule in government.rules
        for fence in government.fences
        if (fence.department, fence.ref) == (rule.department, rule.fence)
    }
    for drive in fleet:
        places = list(reports(drive, until=MINUTE))
        for (department, _), (area, on_kinds) in areas.items():
            if department != drive.vehicle.department:
                continue
            inside = [bool(shapely.contains_xy(area, *place)) for place in places]
            for before, after in pairwise(inside):
                kind = "enter" if after else "exit"
                if before != after and kind in on_kinds:
                    yield department, kind


def test_buttons_doors_and_meetings_come_about(
    government: Government, fleet: list[VirtualVehicle]
) -> None:
    """Within half an hour; a silent vehicle is tried in test_unit."""
    by_ref = {drive.vehicle.full_ref: drive for drive in fleet}
    [ground] = [f for f in government.fences if f.ref == "ground-south-cheung-chau"]
    area = build_shape(ground.definition)
    pressed = [fix for fix in heard(by_ref["HKPF/PC-002"]) if fix.inputs["duress"]]
    opened = [fix for fix in heard(by_ref["EPD/DV-002"]) if fix.inputs["bottom_door"]]
    assert pressed
    assert any(not shapely.contains_xy(area, fix.lon, fix.lat) for fix in opened)
    assert not any("duress" in fix.inputs for fix in heard(by_ref["HKPF/PC-001"]))

    launches = [drive for drive in fleet if drive.vehicle.department == "MD"]
    seconds = range(0, 3600, 15)
    moments = [launches[0].started_at + timedelta(seconds=second) for second in seconds]
    places = [[drive.fix_at(moment) for drive in launches] for moment in moments]
    assert any(
        len(near_pairs(np.array([f.lon for f in now]), np.array([f.lat for f in now]), 300.0)[0])
        for now in places
    )


def test_most_departments_have_an_alert_in_the_first_minute(
    government: Government, fleet: list[VirtualVehicle]
) -> None:
    found = list(crossings(government, fleet))

    assert {kind for _, kind in found} == {"enter", "exit"}
    assert len({department for department, _ in found}) >= 11
    # Enough to see, and not so many that nobody looks.
    assert 20 <= len(found) <= 150


def test_vehicles_are_spread_along_their_routes(fleet: list[VirtualVehicle]) -> None:
    fixes = [drive.fix_at(drive.started_at) for drive in fleet]
    places = {(round(fix.lon, 3), round(fix.lat, 3)) for fix in fixes}
    moving = sum(bool(fix.speed_mps) for fix in fixes)

    assert len(places) > 0.6 * len(fleet)
    assert 0.4 < moving / len(fleet) < 0.95
