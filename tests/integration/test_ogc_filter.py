"""OGC API – Features, Part 3, and CQL2: every operator against plain Python, and hostile ones."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import cql2
import shapely

from geo.motion import MOVING_MPS
from tests.integration.ogc_world import Feature, Ogc, moment, place

SQUARE = shapely.from_wkt("POLYGON((114 22.2,114.2 22.25,114.25 22.4,114.05 22.4,114 22.2))")
LINE = shapely.from_wkt("LINESTRING(113.95 22.304,114.3 22.304)")
T1 = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
T2 = datetime(2026, 11, 20, 9, 10, tzinfo=UTC)
A, B = "2026-11-20T08:30:00Z", "2026-11-20T09:10:00Z"


def text(each: Feature, name: str) -> str:
    """A property that is text, empty where it is missing."""
    return each["properties"][name] or ""


def number(each: Feature, name: str) -> float:
    """A property that is a number; NaN compares as nothing does."""
    found = each["properties"][name]
    return float("nan") if found is None else found


def at(each: Feature, name: str = "fixed_at") -> datetime:
    """A property that is an instant."""
    return moment(each["properties"][name])


def between(each: Feature) -> tuple[datetime, datetime]:
    """When a track is."""
    return at(each, "started_at"), at(each, "ended_at")


Case = tuple[str, str, Callable[[Feature], Any]]
VEHICLES: list[tuple[str, Callable[[Feature], Any]]] = [
    ("class = 'truck'", lambda f: text(f, "class") == "truck"),
    ("'truck' = class", lambda f: text(f, "class") == "truck"),
    ("class <> 'truck'", lambda f: text(f, "class") != "truck"),
    ("class > 'launch'", lambda f: text(f, "class") > "launch"),
    ("speed_mps > 4.65", lambda f: number(f, "speed_mps") > 4.65),
    ("speed_mps = 4.65", lambda f: number(f, "speed_mps") == 4.65),
    ("speed_mps >= 4.65", lambda f: number(f, "speed_mps") >= 4.65),
    ("speed_mps < 4.65", lambda f: number(f, "speed_mps") < 4.65),
    ("speed_mps <= 4.65", lambda f: number(f, "speed_mps") <= 4.65),
    ("altitude_m > -2", lambda f: number(f, "altitude_m") > -2),
    ("ignition = TRUE", lambda f: f["properties"]["ignition"] is True),
    ("ignition", lambda f: f["properties"]["ignition"] is True),
    ("ignition <> true", lambda f: f["properties"]["ignition"] is False),
    ("NOT ignition", lambda f: f["properties"]["ignition"] is False),
    ("speed_mps IS NULL", lambda f: f["properties"]["speed_mps"] is None),
    ("speed_mps IS NOT NULL", lambda f: f["properties"]["speed_mps"] is not None),
    (f"fixed_at > TIMESTAMP('{A}')", lambda f: at(f) > T1),
    (f"fixed_at = TIMESTAMP('{A}')", lambda f: at(f) == T1),
    ("class = 'truck' AND NOT (speed_mps > 3 OR plate IS NULL)",
     lambda f: text(f, "class") == "truck" and f["properties"]["plate"] and
     number(f, "speed_mps") <= 3),
    ("class = 'truck' OR class = 'launch' AND ignition",
     lambda f: text(f, "class") == "truck" or
     (text(f, "class") == "launch" and f["properties"]["ignition"] is True)),
    ("name_en LIKE 'O''B%'", lambda f: text(f, "name_en").startswith("O'B")),
    (r"name_en LIKE '50\% off\_%'", lambda f: text(f, "name_en").startswith("50% off_")),
    ("name_en NOT LIKE '%r%'", lambda f: "r" not in text(f, "name_en")),
    ("name_en LIKE 'a_b'", lambda f: text(f, "name_en") == "a\\b"),
    ("name_zh_hant LIKE '消防車1_'", lambda f: re.fullmatch("消防車1.", text(f, "name_zh_hant"))),
    ("CASEI(name_en) = CASEI('ÄRGER')", lambda f: text(f, "name_en").casefold() == "ärger"),
    ("CASEI(name_en) LIKE CASEI('FIRE%')", lambda f: text(f, "name_en").lower()[:4] == "fire"),
    ("CASEI(class) IN (CASEI('TRUCK'), CASEI('Boat'))", lambda f: text(f, "class") == "truck"),
    ("speed_mps BETWEEN 1.55 AND 4.65", lambda f: 1.55 <= number(f, "speed_mps") <= 4.65),
    ("speed_mps NOT BETWEEN 1.55 AND 4.65",
     lambda f: number(f, "speed_mps") < 1.55 or number(f, "speed_mps") > 4.65),
    ("class IN ('truck', 'launch')", lambda f: text(f, "class") in ("truck", "launch")),
    ("class NOT IN ('truck')", lambda f: text(f, "class") != "truck"),
    ("speed_mps > altitude_m", lambda f: number(f, "speed_mps") > number(f, "altitude_m")),
    ("motion = 'moving'", lambda f: number(f, "speed_mps") >= MOVING_MPS),
    ("motion = 'idling'",
     lambda f: number(f, "speed_mps") < MOVING_MPS and f["properties"]["ignition"]),
    ("motion = 'unknown'", lambda f: f["properties"]["speed_mps"] is None),
    (f"S_INTERSECTS(geometry, {SQUARE.wkt})", lambda f: SQUARE.intersects(place(f))),
    (f"S_WITHIN(geometry, {SQUARE.wkt})", lambda f: SQUARE.contains(place(f))),
    (f"S_CONTAINS({SQUARE.wkt}, geometry)", lambda f: SQUARE.contains(place(f))),
    (f"S_DISJOINT(geometry, {SQUARE.wkt})", lambda f: not SQUARE.intersects(place(f))),
    ("S_INTERSECTS(geometry, BBOX(114,22,114.2,22.3))",
     lambda f: shapely.box(114, 22, 114.2, 22.3).intersects(place(f))),
    ("S_EQUALS(geometry, POINT(10 90))", lambda f: place(f).bounds[1] == 90),
    (f"T_AFTER(fixed_at, TIMESTAMP('{A}'))", lambda f: at(f) > T1),
    (f"T_BEFORE(fixed_at, TIMESTAMP('{A}'))", lambda f: at(f) < T1),
    (f"T_EQUALS(fixed_at, TIMESTAMP('{A}'))", lambda f: at(f) == T1),
    (f"T_DURING(fixed_at, INTERVAL('{A}','{B}'))", lambda f: T1 < at(f) < T2),
    (f"T_INTERSECTS(fixed_at, INTERVAL('{A}','..'))", lambda f: at(f) >= T1),
    (f"T_DISJOINT(fixed_at, INTERVAL('..','{A}'))", lambda f: at(f) > T1),
]  # fmt: skip
_SPAN = "INTERVAL(started_at, ended_at)"
_OTHER = "INTERVAL('2026-11-20T10:00:00.125Z','2026-11-20T10:02:40.125Z')"
_S, _E = moment("2026-11-20T10:00:00.125Z"), moment("2026-11-20T10:02:40.125Z")
TRACKS: list[tuple[str, Callable[[Feature], Any]]] = [
    (f"S_CROSSES(geometry, {LINE.wkt})", lambda f: LINE.crosses(place(f))),
    ("S_TOUCHES(geometry, POINT(114.03 22.3))",
     lambda f: place(f).touches(shapely.Point(114.03, 22.3))),
    (f"T_AFTER({_SPAN}, {_OTHER})", lambda f: between(f)[0] > _E),
    (f"T_BEFORE({_SPAN}, {_OTHER})", lambda f: between(f)[1] < _S),
    (f"T_EQUALS({_SPAN}, {_OTHER})", lambda f: between(f) == (_S, _E)),
    (f"T_INTERSECTS({_SPAN}, {_OTHER})", lambda f: between(f)[0] <= _E and between(f)[1] >= _S),
    (f"T_DISJOINT({_SPAN}, {_OTHER})", lambda f: between(f)[0] > _E or between(f)[1] < _S),
    (f"T_CONTAINS({_SPAN}, INTERVAL('2026-11-20T10:00:30Z','2026-11-20T10:01:00Z'))",
     lambda f: between(f) == (_S, _E)),
    (f"T_DURING({_SPAN}, INTERVAL('2026-11-20T09:59:00Z','2026-11-20T10:59:00Z'))",
     lambda f: text(f, "started_at")[11:13] == "10"),
    (f"T_STARTS({_SPAN}, INTERVAL('2026-11-20T10:00:00.125Z','..'))",
     lambda f: between(f)[0] == _S),
    (f"T_STARTEDBY({_SPAN}, INTERVAL('2026-11-20T10:00:00.125Z','2026-11-20T10:01:00Z'))",
     lambda f: between(f)[0] == _S),
    (f"T_FINISHES({_SPAN}, INTERVAL('..','2026-11-20T10:02:40.125Z'))",
     lambda f: between(f)[1] == _E),
    (f"T_FINISHEDBY({_SPAN}, INTERVAL('2026-11-20T10:02:00Z','2026-11-20T10:02:40.125Z'))",
     lambda f: between(f)[1] == _E),
    (f"T_MEETS({_SPAN}, INTERVAL('2026-11-20T10:02:40.125Z','..'))", lambda f: between(f)[1] == _E),
    (f"T_METBY({_SPAN}, INTERVAL('..','2026-11-20T10:00:00.125Z'))", lambda f: between(f)[0] == _S),
    (f"T_OVERLAPS({_SPAN}, INTERVAL('2026-11-20T10:01:00Z','2026-11-20T11:00:00Z'))",
     lambda f: between(f)[0] == _S),
    (f"T_OVERLAPPEDBY({_SPAN}, INTERVAL('2026-11-20T09:45:00Z','2026-11-20T10:01:00Z'))",
     lambda f: between(f)[0] == _S),
    (f"{_SPAN[9:19]} >= DATE('2026-11-20') AND fixes > 7", lambda f: number(f, "fixes") > 7),
    ("T_INTERSECTS(started_at, DATE('2026-11-20')) AND fixes = 3",
     lambda f: number(f, "fixes") == 3),
    ("fixes IN (3, 4, 5) AND vehicle = 'A/AMB-1'",
     lambda f: number(f, "fixes") in (3, 4, 5) and text(f, "vehicle") == "A/AMB-1"),
]  # fmt: skip
HALF = shapely.box(114.105, 22.29, 114.12, 22.32)
BORDER = shapely.LineString(HALF.exterior.coords)
FENCES: list[tuple[str, Callable[[Feature], Any]]] = [
    (f"S_OVERLAPS(geometry, {HALF.wkt})", lambda f: place(f).overlaps(HALF)),
    (f"S_INTERSECTS(geometry, {BORDER.wkt})", lambda f: place(f).intersects(BORDER)),
    ("S_CONTAINS(geometry, POINT(114.2 22.35))", lambda f: text(f, "kind") == "circle"),
    ("S_EQUALS(geometry, POLYGON((114.1 22.3,114.1 22.31,114.11 22.31,114.11 22.3,114.1 22.3)))",
     lambda f: text(f, "kind") == "polygon"),
    ("S_TOUCHES(geometry, BBOX(114.11,22.3,114.12,22.31))", lambda f: text(f, "kind") == "polygon"),
    ("version = 1 AND kind = 'circle'", lambda f: text(f, "kind") == "circle"),
    ("T_AFTER(INTERVAL(in_force_from, in_force_until), DATE('2026-10-31'))",
     lambda f: at(f, "in_force_from") > moment("2026-10-31T23:59:59.999999Z")),
]  # fmt: skip
CASES = [("vehicles", *case) for case in VEHICLES] + [("tracks", *case) for case in TRACKS]
CASES += [("fences", *case) for case in FENCES]


async def test_filters_find_what_plain_python_finds(ogc: Ogc) -> None:
    """Each as text and as JSON."""
    everything = {layer: await ogc.features(layer) for layer in ("vehicles", "tracks", "fences")}
    for layer, asked, holds in CASES:
        features = everything[layer]
        wanted = {each["id"] for each in features if holds(each)}
        assert 0 < len(wanted) < len(features), (asked, len(wanted))
        assert await ogc.ids(layer, filter=asked) == wanted, asked
        tree = json.dumps(cql2.parse_text(asked).to_json())
        assert await ogc.ids(layer, filter=tree, filter_lang="cql2-json") == wanted, tree
    assert await ogc.ids("vehicles", filter="true") == {
        each["id"] for each in everything["vehicles"]
    }
    assert await ogc.ids("vehicles", filter="false") == set()
    assert await ogc.ids("alerts", filter="geometry IS NULL") == set()


async def test_queryables_are_parameters_too(ogc: Ogc) -> None:
    await ogc.equal("vehicles", lambda f: text(f, "class") == "truck", **{"class": "truck"})
    await ogc.equal("vehicles", lambda f: text(f, "name_en") == "O'Brien", name_en="O'Brien")
    await ogc.equal("vehicles", lambda f: number(f, "speed_mps") == 4.65, speed_mps="4.65")
    await ogc.equal("vehicles", lambda f: f["properties"]["ignition"] is False, ignition="false")
    await ogc.equal("vehicles", lambda f: at(f) == T1, fixed_at=A)
    await ogc.equal(
        "vehicles",
        lambda f: text(f, "class") == "truck" and number(f, "speed_mps") > 2,
        filter="speed_mps > 2",
        **{"class": "truck"},
    )
    for name, value in (("speed_mps", "fast"), ("ignition", "on"), ("fixed_at", "now"),
                        ("name_en", "\0"), ("speed_mps", "nan"), ("plate", "x" * 600)):  # fmt: skip
        assert (await ogc.get("/collections/vehicles/items", **{name: value})).status_code == 400
    assert (await ogc.get("/collections/vehicles/items", geometry="POINT(1 2)")).status_code == 400


async def test_the_queryables_are_a_schema(ogc: Ogc) -> None:
    answer = await ogc.get("/collections/alerts/queryables")
    assert answer.headers["content-type"] == "application/schema+json"
    schema = answer.json()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"].endswith("/ogc/collections/alerts/queryables")
    assert (schema["type"], schema["additionalProperties"]) == ("object", False)
    assert schema["properties"]["opened_at"]["format"] == "date-time"
    assert schema["properties"]["late"]["type"] == "boolean"
    assert schema["properties"]["geometry"]["format"] == "geometry-point"
    assert schema["properties"]["geometry"]["x-ogc-role"] == "primary-geometry"
