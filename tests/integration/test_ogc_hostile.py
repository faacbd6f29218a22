"""Filters that want more than they may: each is refused and told why, and changes nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.ogc_world import Ogc


def where(node: Any) -> Any:  # noqa: ANN401  any JSON
    """A condition of a place."""
    return {"op": "s_intersects", "args": [{"property": "geometry"}, node]}


HOSTILE = [
    "set_config('app.depts','1,2',true) <> 'x'",
    "query_to_xml('select 1',true,true,'') = 'x'",
    "pg_sleep(5) = 1",
    "xmin = 1",
    "password_hash = 'x'",
    "department_id = 2",
    "key = 1",
    "feature_id = 'A/AMB-1'",
    '"department"";drop table fix" = 1',
    "starts_at IS NULL",
    "(" * 9 + "speed_mps = 1" + ")" * 9,
    "(" * 40,
    "()" * 900,
    "NOT " * 60 + "ignition",
    "speed_mps = " + "-" * 60 + "1",
    "class = 5",
    "kind = 5",
    "speed_mps = 'fast'",
    "fixed_at = 'today'",
    "fixed_at > 5",
    "class > TIMESTAMP('2026-01-01T00:00:00Z')",
    "speed_mps/0 = 1",
    "speed_mps + 1 = 2",
    "speed_mps = 1e400",
    "speed_mps = -1e400",
    "fixed_at > TIMESTAMP('2026-13-01T00:00:00Z')",
    "fixed_at > TIMESTAMP('2026-01-01')",
    "fixed_at > TIMESTAMP('infinity')",
    "fixed_at > DATE('2026-02-30')",
    "T_AFTER(fixed_at, INTERVAL('x','y'))",
    "T_AFTER(class, TIMESTAMP('2026-01-01T00:00:00Z'))",
    "T_AFTER(fixed_at)",
    "S_INTERSECTS(geometry, POLYGON EMPTY)",
    "S_INTERSECTS(geometry, POLYGON((0 0,1 1,0 1,1 0,0 0)))",
    "S_INTERSECTS(geometry, POLYGON((0 0,1 1)))",
    "S_INTERSECTS(geometry, POINT(1e400 0))",
    "S_INTERSECTS(geometry, POINT(500 0))",
    "S_INTERSECTS(geometry, BBOX(1,2,3))",
    "S_INTERSECTS(geometry, BBOX(3,2,1,4))",
    "S_INTERSECTS(class, POINT(1 2))",
    "S_INTERSECTS(geometry, 'POINT(1 2)')",
    "S_RELATE(geometry, POINT(1 2), 'T********') = TRUE",
    "geometry = 'x'",
    "geometry LIKE 'x'",
    "A_CONTAINS(class, ('a','b'))",
    "ACCENTI(class) = ACCENTI('x')",
    "class LIKE speed_mps",
    "class LIKE class",
    "class LIKE 'x\\'",
    "class IN ()",
    "class IN ('a', 5)",
    "class",
    "5",
    "'x'",
    "",
    " ",
    "class = '\0'",
    "class = '" + "x" * 1900 + "'",
    "class = 'x" + "x" * 2000 + "'",
    "class = 'unclosed",
    "class = 'x'; DROP TABLE fix",
    "class = 'x' --",
    "class = $1",
    "class = :name",
    " OR ".join(["speed_mps = 1"] * 120),
]
HOSTILE_JSON: list[Any] = [
    None, 5, "x", [], {}, {"op": "="}, {"op": "=", "args": []}, {"op": "=", "args": "ab"},
    {"op": 5, "args": []}, {"op": ["="], "args": [1, 2]}, {"property": 5}, {"property": None},
    {"op": "=", "args": [{"property": ["class"]}, "x"]},
    {"op": "=", "args": [{"property": "class"}, {"property": {"a": 1}}]},
    {"op": "=", "args": [{"property": "class"}, None]},
    {"op": "=", "args": [{"property": "speed_mps"}, 10**400]},
    {"op": "like", "args": [{"property": "class"}, {"op": "casei", "args": []}]},
    {"op": "casei", "args": ["x"]}, {"op": "and", "args": [True]}, {"op": "not", "args": []},
    {"op": "in", "args": [{"property": "class"}, "truck"]},
    {"op": "in", "args": [{"property": "class"}, [["truck"]]]},
    {"op": "between", "args": [{"property": "speed_mps"}, 1]},
    where({"type": "Point"}),
    where({"type": "Circle", "coordinates": []}),
    where({"type": 5, "coordinates": [1, 2]}),
    where({"type": "Point", "coordinates": "ab"}),
    where({"type": "Point", "coordinates": [None, 1]}),
    where({"type": "Point", "coordinates": [[[[1]]]]}),
    where({"bbox": None}),
    where({"bbox": ["a", 1, 2, 3]}),
    where({"bbox": {"a": 1}}),
    where({"type": "GeometryCollection", "geometries": 5}),
    {"op": "t_after", "args": [{"property": "fixed_at"}, {"interval": "ab"}]},
    {"op": "t_after", "args": [{"property": "fixed_at"}, {"interval": [5, None]}]},
    {"op": "t_after", "args": [{"property": "fixed_at"}, {"timestamp": {"a": 1}}]},
    {"op": "=", "args": [{"property": "fixed_at"}, {"timestamp": 5}]},
    {"op": "=", "args": [{"property": "fixed_at"}, {"timestamp": "0001-01-01T00:00:00+14:00"}]},
    {"op": "=", "args": [{"property": "fixed_at"}, {"date": 20261127}]},
    {"op": "isNull", "args": ["x"]}, {"op": "isNull", "args": [{"op": "now", "args": []}]},
]  # fmt: skip
#: Text that has broken out of quotes elsewhere; here each is a value like any other.
INJECTIONS = [
    "' OR '1'='1", "'; DROP TABLE fix; --", "' UNION SELECT password_hash FROM device --",
    "') OR 1=1 --", "\\'; SELECT pg_sleep(9); --", "$$; SELECT 1; $$",
    "x' AND set_config('app.depts','1,2',true) <> '", "%27 OR 1=1", "{0}", "%s",
    "' || (SELECT current_setting('app.depts')) || '", "%(x)s", ":x", "$1", "\u02bc OR 1=1",
    "1; SET app.depts = '1,2'", "/* */", "\"; --",
]  # fmt: skip


async def test_hostile_filters_are_refused_and_told_why(ogc: Ogc) -> None:
    deep: Any = True
    for _ in range(70):
        deep = {"op": "not", "args": [deep]}
    asked = [("cql2-text", each) for each in HOSTILE]
    asked += [("cql2-json", json.dumps(each)) for each in [*HOSTILE_JSON, deep]]
    asked += [
        ("cql2-json", each) for each in ("{", "[" * 1900, "NaN", '{"op":"=","args":[NaN,1]}', "")
    ]
    asked += [("sql", "true"), ("", "true")]
    items, tile = "/collections/vehicles/items", "/tiles/vehicles/0/0/0.mvt"
    for path, step in ((items, 1), (tile, 7)):
        for language, said in asked[::step]:
            answer = await ogc.get(path, filter=said, filter_lang=language)
            assert answer.status_code == 400, (said, answer.text[:300])
            problem = answer.json()
            assert problem["type"] == "/problems/bad-query"
            assert len(problem["detail"]) > 40
    chinese = {"Accept-Language": "zh-HK"}
    answer = await ogc.client.get("/ogc/collections/vehicles/items?filter=x", headers=chinese)
    assert answer.json()["title"] == "查詢條件無效"


@pytest.mark.parametrize("layer", ["vehicles", "fences", "alerts", "tracks"])
async def test_injections_are_values_like_others(ogc: Ogc, layer: str) -> None:
    before = await ogc.features(layer)
    for said in INJECTIONS if layer == "vehicles" else INJECTIONS[:4]:
        quoted = said.replace("'", "''")
        for operation in ("department = '{}'", "department LIKE '{}'", "department IN ('{}')"):
            answer = await ogc.get(f"/collections/{layer}/items", filter=operation.format(quoted))
            assert answer.status_code in (200, 400), said
            assert answer.status_code == 400 or answer.json()["features"] == [], said
        tree = {"op": "=", "args": [{"property": "department"}, said]}
        for query in (
            {"filter": json.dumps(tree), "filter_lang": "cql2-json"},
            {"department": said},
        ):
            assert await ogc.ids(layer, **query) == set()
        for name in ("bbox", "datetime", "crs", "limit", "filter", "after", "f", said):
            answer = await ogc.get(f"/collections/{layer}/items", **{name: said})
            assert answer.status_code == 400, (name, said)
        answer = await ogc.get(f"/collections/{layer}/items/A/{said}")
        assert answer.status_code in (400, 404)
    assert await ogc.features(layer) == before


async def test_a_filter_does_not_reach_beyond_its_department(ogc: Ogc) -> None:
    for layer in ("vehicles", "fences", "alerts", "tracks"):
        for said in ("department = 'B'", "department <> 'A'", "NOT (department = 'A')"):
            assert await ogc.ids(layer, filter=said) == set()
        everything = await ogc.ids(layer)
        for said in ("department = 'A' OR department = 'B'", "true OR department = 'B'", "1 = 1"):
            assert await ogc.ids(layer, filter=said) == everything
