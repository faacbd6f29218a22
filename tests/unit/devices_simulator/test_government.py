"""What the demonstration government consists of, and what is said of a bad description."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path

import pytest
import shapely

import devices
from devices.simulator import Government, load_government
from devices.simulator.errors import GovernmentError
from devices.simulator.government import Oddity
from devices.simulator.routes import Way
from geo.shapes import build_shape

DEMO = Path(devices.__file__).parent / "demo"
REF = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def test_it_has_the_applications_of_the_mission(government: Government) -> None:
    stages = Counter(application.stage for application in government.applications)

    assert len(government.departments) == 14
    assert stages == {"implemented": 11, "being_built": 6}
    assert {a.department for a in government.applications} == set(government.departments)
    assert government.name == {"en": "Demo Administration", "zh-Hant": "示範政府"}


def test_only_what_plainly_serves_the_public_is_published(government: Government) -> None:
    late = {a.code: a.open_delay_s for a in government.applications if a.open_delay_s is not None}

    assert late == {"TD-GMB": 30, "LCSD-LIB": 60}


def test_a_tenth_takes_part_and_three_of_each_at_the_least(government: Government) -> None:
    counts = Counter(vehicle.application.code for vehicle in government.vehicles)

    assert counts["TD-GMB"] == 330
    assert counts["LCSD-LIB"] == counts["CAS-VTS"] == 3
    assert len(load_government(scale=1.0).vehicles) == 6_280


def test_refs_and_plates_are_unique_at_full_size() -> None:
    vehicles = load_government(scale=1.0).vehicles
    plates = [vehicle.plate for vehicle in vehicles if vehicle.plate]

    assert len({vehicle.full_ref for vehicle in vehicles}) == len(vehicles)
    assert len({(v.department, v.device.ref) for v in vehicles}) == len(vehicles)
    assert len(set(plates)) == len(plates)
    assert all(REF.fullmatch(v.ref) and REF.fullmatch(v.device.ref) for v in vehicles)
    assert not any(v.device.ref.endswith(v.ref) for v in vehicles)


def test_everything_is_named_in_both_languages(government: Government) -> None:
    names = [
        *government.departments.values(),
        *government.clusters.values(),
        *(thing.name for thing in government.applications),
        *(thing.name for thing in government.vehicles),
        *(thing.name for thing in government.fences),
        *(thing.name for thing in government.rules),
    ]
    assert all(set(name) == {"en", "zh-Hant"} and all(name.values()) for name in names)
    assert not any("{" in text for name in names for text in name.values())
    assert all(re.search(r"[\u4e00-\u9fff]", name["zh-Hant"]) for name in names)


def test_only_vessels_are_without_a_plate(government: Government) -> None:
    without = {v.vehicle_class for v in government.vehicles if v.plate is None}
    assert without == {"launch", "barge"}


def test_every_oddity_is_there_at_the_usual_size(government: Government) -> None:
    oddities = Counter(v.device.oddity for v in government.vehicles if v.device.oddity)
    assert set(oddities) == set(Oddity)


def test_fences_of_every_kind_lie_on_the_ways_of_their_own_department(
    government: Government,
) -> None:
    assert {fence.kind for fence in government.fences} == {"polygon", "circle", "corridor"}
    assert {fence.department for fence in government.fences} == set(government.departments)
    assert len(government.fences) >= 40
    routes = {v.route.code: v.route for v in government.vehicles}
    ways = {code: Way(route) for code, route in routes.items()}
    driven = {(v.department, v.route.code) for v in government.vehicles}
    for fence in government.fences:
        area = build_shape(fence.definition)
        sides = [
            shapely.contains_xy(area, way.nodes)
            for code, way in ways.items()
            if (fence.department, code) in driven
        ]
        assert any(side.any() and not side.all() for side in sides), fence.ref


def test_rules_are_of_their_own_departments_fences(government: Government) -> None:
    fences = {(fence.department, fence.ref) for fence in government.fences}

    named = [rule for rule in government.rules if rule.fence is not None]
    assert all((rule.department, rule.fence) in fences for rule in named)
    assert {kind for rule in government.rules for kind in rule.on_kinds} == {
        *("enter", "exit"),
        *("silent", "duress", "sensor", "proximity"),
    }
    assert {rule.severity for rule in government.rules} == {"info", "warning", "critical"}


def test_max_speed_leaves_room_above_the_cruise(government: Government) -> None:
    for vehicle in government.vehicles:
        assert vehicle.max_speed_mps > 1.5 * vehicle.application.drive.cruise_kmh / 3.6


@pytest.mark.parametrize(
    ("file", "good", "bad", "told"),
    [
        ("government.yaml", "cluster: emergency", "cluster: emergancy", "emergancy"),
        ("government.yaml", "dialect: multi", "dialect: morse", "morse"),
        ("government.yaml", "units: 285", "units: many", "units"),
        ("government.yaml", "routes: [sea-ninepins", "routes: [nowhere] #", "nowhere"),
        ("government.yaml", "units: 285", "unit: 285", "unit"),
        ("government.yaml", "kind: duress", "kind: distress", "kind"),
        ("government.yaml", "\n  MD:\n    - {ref: launches", "\n  ME:\n    - {ref: launches", "ME"),
        ("fences.yaml", "severity: info", "severity: awful", "severity"),
        ("fences.yaml", "HYD:\n", "HYDE:\n", "HYDE"),
        ("fences.yaml", "HYD:\n", "HYD: [\n", "fences.yaml"),
    ],
)
def test_a_bad_description_is_refused_by_name(
    tmp_path: Path, file: str, good: str, bad: str, told: str
) -> None:
    folder = tmp_path / "demo"
    shutil.copytree(DEMO, folder)
    text = (folder / file).read_text(encoding="utf-8")
    assert good in text
    (folder / file).write_text(text.replace(good, bad, 1), encoding="utf-8")

    with pytest.raises(GovernmentError, match=told):
        load_government(folder)


def test_routes_are_shared_out_evenly_and_none_is_idle() -> None:
    vehicles = load_government(scale=1.0).vehicles
    shares = Counter(v.route.code for v in vehicles if v.department == "TD")

    assert len({vehicle.route.code for vehicle in vehicles}) == 69
    assert max(shares.values()) - min(shares.values()) <= 1
