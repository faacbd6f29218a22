"""`milepost fence`, `group`, `scope` and `rule` as a person types them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.api_world import SQUARE, World
from tests.integration.service import said as said_by

BOX = {"type": "Polygon", "coordinates": [SQUARE]}
CROSSING = [[114.1, 22.3], [114.2, 22.4], [114.2, 22.3], [114.1, 22.4], [114.1, 22.3]]


def milepost(world: World, *argv: str | Path, code: int = 0) -> str:
    """Run a verb; its output."""
    return said_by(world.database.environment(), *map(str, argv), code=code)


def feature(ref: str, geometry: object = BOX, **said: object) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": {"ref": ref, **said}}


def put(path: Path, *features: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def plan(said: str) -> list[str]:
    """The lines of a plan, their columns apart by one space."""
    return [" ".join(line.split()) for line in said.splitlines() if line[:1] in "+~-!"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "fences"
    (made / "north").mkdir(parents=True)
    put(made / "all.geojson", feature("one", name={"en": "One", "zh-Hant": "一"}), feature("two"))
    single = feature("", circle={"center": [114.2, 22.4], "radius_m": 99})
    del single["properties"]["ref"]
    (made / "north" / "three.geojson").write_text(json.dumps({**single, "id": "three"}))
    return made


async def test_a_folder_is_the_truth_for_a_department(world: World, folder: Path) -> None:
    sync = ("fence", "sync", folder, "-d", "A")
    dry = milepost(world, *sync, "--dry-run")
    assert plan(dry) == ["+ one polygon", "+ two polygon", "+ three circle"]
    assert "Nothing was changed" in dry
    assert await world.sql("SELECT count(*) FROM fence WHERE department_id = 1") == 2
    first = milepost(world, *sync, "--why", "as drawn")
    assert "3 made" in first
    assert first.count("made by hand") == 2
    assert "0 made, 0 edited, 0 ended, 3 unchanged" in milepost(world, *sync)
    assert await world.sql("SELECT count(*) FROM fence_version WHERE why = 'as drawn'") == 3
    put(folder / "all.geojson", feature("one", circle={"center": [114.1, 22.3], "radius_m": 9}))
    assert plan(milepost(world, *sync)) == ["~ one shape, name, kind", "- two"]
    # A fence that comes back goes on under its name; what people made ends only when told so.
    put(folder / "all.geojson", feature("one", name="Uno"), feature("two"), feature("A-SQUARE"))
    assert plan(milepost(world, *sync, "--prune")) == [
        *("~ one shape, name, kind", "~ two again", "~ A-SQUARE managed_by", "- A-CIRCLE"),
    ]
    put(folder / "bad.geojson", feature("x", {"type": "Polygon", "coordinates": [CROSSING]}))
    put(folder / "all.geojson")
    refused = milepost(world, *sync, code=1)
    assert "Nothing was changed" in refused
    (told,) = [line for line in plan(refused) if line.startswith("!")]
    assert "bad.geojson, feature 1 (x): A ring crosses" in told
    assert "[114.150000,22.350000]" in told
    standing = await world.sql(
        "SELECT count(*) FROM fence_version WHERE department_id = 1 AND in_force @> milepost_now()"
    )
    assert standing == 4


async def test_an_import_is_all_or_nothing_and_says_what_was_refused(
    world: World, tmp_path: Path
) -> None:
    bad = feature("bad", {"type": "Polygon", "coordinates": [CROSSING]})
    file = put(tmp_path / "f.geojson", feature("good"), bad, feature("A-SQUARE"))
    said = milepost(world, "fence", "import", file, "-d", "A", code=1)
    assert "f.geojson, feature 2 (bad): A ring crosses" in said
    assert "(A-SQUARE): That ref is in use" in said
    assert await world.sql("SELECT count(*) FROM fence WHERE ref = 'good'") == 0
    said = milepost(world, "fence", "import", file, "-d", "A", "--skip-bad", "--replace", code=1)
    assert "1 made, 0 edited, 0 ended, 1 unchanged, 1 refused" in said
    assert await world.sql("SELECT count(*) FROM fence WHERE ref = 'good'") == 1
    out = tmp_path / "out.gpx"
    assert "3 × fence written" in milepost(world, "fence", "export", out, "-d", "A")
    assert out.read_text().count("<wpt") == 1


async def test_a_fence_is_made_edited_shown_shared_and_ended(world: World, tmp_path: Path) -> None:
    add = ("fence", "add", "depot", "-d", "A", "--name", "Depot", "車廠", "--why", "new")
    milepost(world, *add, "--circle", "114.2,22.3,300", "--until", "2036-01-01")
    line = tmp_path / "way.json"
    line.write_text(json.dumps({"type": "LineString", "coordinates": SQUARE[:2]}))
    changed = ("fence", "edit", "A/depot", "--geometry", line, "--each-side", "20", "--why", "w")
    assert "is changed" in milepost(world, *changed)
    milepost(world, "fence", "share", "A/depot", "B", "--why", "joint")
    found = json.loads(milepost(world, "fence", "show", "A/depot", "--json"))
    assert (found["kind"], found["name"]["zh-Hant"], found["version"]) == ("corridor", "車廠", 2)
    assert found["valid_until"].startswith("2036-01-01")
    assert [(each["version"], each["why"]) for each in found["versions"]] == [(2, "w"), (1, "new")]
    assert [each["to"] for each in found["shares"]] == ["B"]
    milepost(world, "fence", "end", "A/depot", "--why", "sold")
    follower = milepost(world, "fence", "show", "B/A.depot")
    assert "follows A/depot" in follower
    assert "corridor, ended" in follower


async def test_groups_scopes_and_rules(world: World) -> None:
    milepost(world, "group", "add", "vehicle", "night", "-d", "A", "--name", "Night", "夜更")
    milepost(world, "group", "join", "vehicle", "A/night", "AMB-1", "AMB-2")
    (row,) = [json.loads(each) for each in milepost(world, "group", "list", "--json").splitlines()]
    assert (row["group"], row["name"]["zh-Hant"]) == ("A/night", "夜更")
    assert [each["member"] for each in row["members"]] == ["A/AMB-1", "A/AMB-2"]
    missing = ("scope", "add", "-d", "A", "--vehicles", "night", "--fences", "yards")
    assert "fence group A/yards" in milepost(world, *missing, code=1)
    milepost(world, "rule", "edit", "A-RULE", "-d", "A", "--on", "dwell", "--dwell-s", "60")
    assert await world.sql("SELECT dwell_s FROM rule WHERE ref = 'A-RULE'") == 60
    milepost(world, "rule", "end", "A/A-RULE")
    assert await world.sql("SELECT disabled_at IS NOT NULL FROM rule WHERE ref = 'A-RULE'")
