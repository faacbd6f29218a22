"""OGC API – Moving Features: against the plain track, and by a reader that is not ours."""

from __future__ import annotations

import asyncio
import random
import warnings
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta

import httpx
import numpy as np
import pytest
import shapely

from api.ogc.moving import reading
from geo.distance import Floats, distance_m
from tests.conftest import make_database, run_as_superuser
from tests.integration.api_world import World, served, world_in
from tests.integration.grant_world import granted
from tests.integration.moving_schemas import FEATURES, PRISM, PROPERTIES, PROPERTY, TRAJECTORY
from tests.integration.moving_world import (
    BEGAN,
    HOME,
    ITEM,
    MOVING,
    NOW,
    SILENT,
    WHOLE,
    Plain,
    instants,
    length_m,
    plain,
    sequence,
    store,
    valid,
    wander,
)
from tests.integration.ogc_world import Ogc, Service, stamp
from tracker.postgres import PrivatePostgres

with warnings.catch_warnings():
    # It says so when it is imported without what its Kalman filter needs, which nobody uses here.
    warnings.filterwarnings("ignore", "Missing optional dependencies", UserWarning)
    import movingpandas


@pytest.fixture(scope="module")
def moving(postgres: PrivatePostgres) -> Iterator[Service]:
    """Two vehicles of A that wandered, and one of B that stood far away."""

    async def make() -> World:
        async with world_in(await make_database(postgres)) as world:
            await store(world, "A/AMB-1", wander(1, 114.1))
            await store(world, "A/AMB-2", wander(2, 113.5))
            await store(world, "B/AMB-1", [dict(row, lon=10.0) for row in wander(3, 0)[:3]])
            return world

    world = asyncio.run(make())
    with served(world.database.dsn("milepost_api")) as api:
        yield Service(world, api)
    asyncio.run(run_as_superuser(postgres, f"DROP DATABASE {world.database.name} WITH (FORCE)"))


@pytest.fixture
async def ogc(moving: Service) -> AsyncIterator[Ogc]:
    """Department A, asking."""
    async with moving.caller("A") as caller:
        yield caller


async def test_the_sequence_is_the_plain_track_cut_at_silences_and_hours(ogc: Ogc) -> None:
    track = await plain(ogc)
    whole = await sequence(ogc, datetime=WHOLE)
    assert [each["id"] for each in whole] == [each["datetimes"][0] for each in whole]
    assert len(whole) == 4
    seen: dict[datetime, list[float]] = {}
    length = 0.0
    for each in whole:
        times = instants(each)
        assert max(np.diff([at.timestamp() for at in times])) <= 300
        assert len({at.replace(minute=0, second=0, microsecond=0) for at in times[:-1]}) == 1
        seen |= dict(zip(times, each["coordinates"], strict=True))
        length += length_m(each["coordinates"])
    assert sorted(seen) == track.times
    assert np.array([seen[at] for at in track.times]) == pytest.approx(track.places, abs=1e-7)
    assert length == pytest.approx(track.length_m(), abs=0.05)
    assert await sequence(ogc, datetime=WHOLE, limit="1") == whole
    # A window meets those that reach into it, whole.
    (second,) = await sequence(
        ogc, datetime=f"{stamp(NOW, minutes=-110)}/{stamp(NOW, minutes=-90)}"
    )
    assert second in whole
    assert await sequence(ogc, datetime=stamp(NOW, minutes=-70)) == []
    last = shapely.LineString(whole[-1]["coordinates"])
    box = ",".join(map(str, last.interpolate(0.5, normalized=True).buffer(1e-6).bounds))
    crossed = [each for each in whole if shapely.LineString(each["coordinates"]).intersects(
        last.interpolate(0.5, normalized=True).buffer(1e-6).envelope)]  # fmt: skip
    assert await sequence(ogc, datetime=WHOLE, bbox=box) == crossed != whole


async def test_pages_are_the_whole_however_little_is_read_at_once(
    ogc: Ogc, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = await sequence(ogc, datetime=WHOLE)
    # An hour has 180 fixes; what is left of the first read is less than one.
    monkeypatch.setattr(reading, "_AT_ONCE", (100, 200))
    assert await sequence(ogc, datetime=WHOLE) == whole
    assert await sequence(ogc, datetime=WHOLE, limit="1") == whole
    assert await sequence(ogc, datetime=WHOLE, bbox="0,0,1,1") == []
    monkeypatch.setattr(reading, "_AT_ONCE", (100,))
    assert (await ogc.get(f"{ITEM}/tgsequence", datetime=WHOLE)).status_code == 400
    # Of a fix that two ways share an instant is told once.
    shared = whole[0]["datetimes"][-1]
    assert shared == whole[1]["datetimes"][0]
    monkeypatch.undo()
    (leaf,) = await sequence(ogc, leaf=shared)
    assert (leaf["id"], leaf["datetimes"]) == (whole[0]["id"], [shared])


async def test_a_part_is_cut_and_a_leaf_is_found_on_the_way(ogc: Ogc) -> None:
    track = await plain(ogc)
    rng = random.Random(7)  # noqa: S311  no secret
    for _ in range(6):
        since, until = sorted(NOW - timedelta(seconds=rng.uniform(1, 10_000)) for _ in range(2))
        since, until = (
            at.replace(microsecond=at.microsecond // 1000 * 1000) for at in (since, until)
        )
        asked = f"{stamp(since)}/{stamp(until)}"
        part = await sequence(ogc, datetime=asked, subTrajectory="true")
        inner = {at for at in track.times if since <= at <= until}
        told = {at for each in part for at in instants(each)}
        assert inner <= told <= inner | {since, until}
        for each in part:
            assert each["interpolation"] == "Linear"
            where = [track.at(at) for at in instants(each)]
            assert np.array(each["coordinates"]) == pytest.approx(np.array(where), abs=2e-7)
        leaves = sorted({whole_ms(since + (until - since) * rng.random()) for _ in range(5)})
        points = await sequence(ogc, leaf=",".join(map(stamp, leaves)))
        heard = [at for each in points for at in instants(each)]
        assert heard == [at for at in leaves if known(track, at)]
        for each in points:
            assert each["interpolation"] == "Discrete"
            where = [track.at(at) for at in instants(each)]
            assert np.array(each["coordinates"]) == pytest.approx(np.array(where), abs=2e-7)


def whole_ms(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def known(track: Plain, at: datetime) -> bool:
    """Whether it was on its way then, not in a silence."""
    before = [each for each in track.times if each <= at]
    after = [each for each in track.times if each >= at]
    return bool(before and after and (after[0] - before[-1]).total_seconds() <= 300)


async def test_movingpandas_reads_a_feature_as_long_as_the_plain_track(ogc: Ogc) -> None:
    asked = f"{stamp(MOVING[0])}/{stamp(MOVING[1])}"
    feature = await ogc.json(ITEM, datetime=asked, subTrajectory="true")
    valid(feature, PRISM)
    valid(feature, TRAJECTORY)
    whole, part = await plain(ogc), await plain(ogc, *MOVING)
    between = length_m([whole.at(MOVING[0]), *part.places.tolist(), whole.at(MOVING[1])])
    simple = {name: feature[name] for name in ("type", "geometry", "properties")}
    simple["properties"] = {"datetimes": feature["properties"]["datetimes"]}
    for encoding in (feature, simple):
        with warnings.catch_warnings():
            # Of its own calls of pandas, and that it takes all times for what we say, UTC.
            warnings.filterwarnings("ignore", "The inplace keyword|Time zone information dropped")
            read = movingpandas.read_mf_dict(encoding, traj_id=1)
            # Its ends are ours: those of the window, not of fixes.
            assert len(read.df) == len(feature["temporalGeometry"]["datetimes"])
            assert read.get_length() == pytest.approx(between, abs=0.05)
    silent = await ogc.json(ITEM, datetime=WHOLE, subTrajectory="true")
    valid(silent, PRISM)
    assert silent["geometry"]["type"] == "MultiLineString"
    ways = silent["temporalGeometry"]["prisms"]
    before = sum(at < SILENT[0] for at in whole.times)
    assert [len(each["datetimes"]) for each in ways] == [before, len(whole.times) - before]
    assert sum(length_m(each["coordinates"]) for each in ways) == pytest.approx(
        whole.length_m(), abs=0.05
    )


async def test_distance_velocity_and_acceleration_belong_to_the_way(ogc: Ogc) -> None:
    first, *_ = await sequence(ogc, datetime=WHOLE)
    here = f"{ITEM}/tgsequence/{first['id']}"
    seconds = np.array([at.timestamp() for at in instants(first)])
    lon, lat = np.array(first["coordinates"]).T
    legs: Floats = distance_m(lon[:-1], lat[:-1], lon[1:], lat[1:])
    speeds = legs / np.diff(seconds)
    told = {}
    for name, form in (("distance", "MTR"), ("velocity", "MTS"), ("acceleration", "MSK")):
        document = await ogc.json(f"{here}/{name}")
        valid(document, PROPERTY)
        assert (document["name"], document["type"], document["form"]) == (name, "TReal", form)
        (values,) = document["valueSequence"]
        assert values["datetimes"] == first["datetimes"]
        told[name] = np.array(values["values"])
    assert told["distance"] == pytest.approx(np.concatenate([[0], np.cumsum(legs)]), abs=0.05)
    assert told["velocity"][:-1] == pytest.approx(speeds, abs=2e-3)
    middles = (seconds[:-1] + seconds[1:]) / 2
    changes = np.diff(speeds) / np.diff(middles)
    assert told["acceleration"][1:-1] == pytest.approx(changes, abs=2e-3)
    # At an instant, and between two.
    at = instants(first)[3] + timedelta(seconds=5)
    leaf = (await ogc.json(f"{here}/distance", leaf=stamp(at)))["valueSequence"][0]
    assert (leaf["interpolation"], instants(leaf)) == ("Discrete", [at])
    expected = np.interp(at.timestamp(), seconds, told["distance"])
    assert leaf["values"] == pytest.approx([expected], abs=0.01)
    asked = f"{stamp(at)}/{stamp(at, seconds=100)}"
    part = await ogc.json(f"{here}/velocity", datetime=asked, subTemporalValue="true")
    (values,) = part["valueSequence"]
    assert (instants(values)[0], instants(values)[-1]) == (at, at + timedelta(seconds=100))
    assert values["values"][0] == told["velocity"][3]
    later = f"{stamp(NOW)}/{stamp(NOW, hours=1)}"
    assert (await ogc.json(f"{here}/velocity", datetime=later))["valueSequence"] == []
    for strange in ("x", "2026-11-27T13:00:00Z", f"{first['id']}x", "9999-12-31T23:59:59Z"):
        assert (await ogc.get(f"{ITEM}/tgsequence/{strange}/distance")).status_code == 404


async def test_properties_are_what_the_receiver_said(ogc: Ogc) -> None:
    track = await plain(ogc)
    listed = await ogc.json(f"{ITEM}/tproperties", datetime=WHOLE)
    valid(listed, PROPERTIES)
    assert [each["name"] for each in listed["temporalProperties"]] == ["course", "heading", "speed"]
    pages = [await ogc.json(f"{ITEM}/tproperties", datetime=WHOLE, limit="2")]
    (way,) = [each["href"] for each in pages[0]["links"] if each["rel"] == "next"]
    pages.append((await ogc.client.get(way)).json())
    assert [each for page in pages for each in page["temporalProperties"]] == listed[
        "temporalProperties"
    ]
    for name, values in (("speed", track.speed_mps), ("heading", track.heading_deg)):
        expected = {at: v for at, v in zip(track.times, values, strict=True) if v is not None}
        document = await ogc.json(f"{ITEM}/tproperties/{name}", datetime=WHOLE)
        valid(document, PROPERTY)
        told = {
            datetime.fromisoformat(at): value
            for each in document["valueSequence"]
            for at, value in zip(each["datetimes"], each["values"], strict=True)
        }
        assert told == pytest.approx(expected, abs=0.06)
    asked = f"{stamp(MOVING[0])}/{stamp(MOVING[1])}"
    parts = await ogc.json(f"{ITEM}/tproperties", datetime=asked, subTemporalValue="true")
    valid(parts, PROPERTIES)
    speeds = [each for each in parts["temporalProperties"] if "speed" in each]
    assert instants(speeds[0])[0] == MOVING[0]
    assert instants(speeds[-1])[-1] == MOVING[1]
    headings = [each for each in parts["temporalProperties"] if "heading" in each]
    assert {each["heading"]["interpolation"] for each in headings} == {"Discrete"}
    known_at = track.times[1]
    leaf = await ogc.json(f"{ITEM}/tproperties/speed", leaf=stamp(known_at))
    (values,) = leaf["valueSequence"]
    assert (instants(values), values["interpolation"]) == ([known_at], "Discrete")
    assert values["values"] == [track.speed_mps[1]]
    for strange in ("plate", "speed_mps", "%00"):
        assert (await ogc.get(f"{ITEM}/tproperties/{strange}")).status_code == 404


async def test_items_are_vehicles_that_moved_then_and_there(moving: Service, ogc: Ogc) -> None:
    async def ids(caller: Ogc, **query: str) -> list[str]:
        found = await caller.json(f"{HOME}/items", **query)
        valid(found, FEATURES)
        return [each["id"] for each in found["features"]]

    assert await ids(ogc, datetime=WHOLE) == ["A/AMB-1", "A/AMB-2"]
    assert await ids(ogc, datetime=stamp(BEGAN, days=-1)) == []
    assert await ids(ogc, datetime=f"../{stamp(BEGAN)}") == await ids(ogc, datetime=stamp(BEGAN))
    assert await ids(ogc, datetime=WHOLE, bbox="114,22,116,23") == ["A/AMB-1"]
    assert await ids(ogc, datetime=WHOLE, bbox="170,22,-170,23") == []
    first = await ogc.json(f"{HOME}/items", datetime=WHOLE, limit="1", subTrajectory="true")
    assert [each["id"] for each in first["features"]] == ["A/AMB-1"]
    assert len(first["features"][0]["temporalGeometry"]["prisms"]) == 2
    (way,) = [each["href"] for each in first["links"] if each["rel"] == "next"]
    second = (await ogc.client.get(way)).json()
    assert [each["id"] for each in second["features"]] == ["A/AMB-2"]
    assert not [each for each in second["links"] if each["rel"] == "next"]
    alone = await ogc.json(ITEM)
    track = await plain(ogc)
    span = [track.times[0], track.times[-1]]
    assert [datetime.fromisoformat(each) for each in alone["time"]] == span
    assert alone["properties"]["plate"] == "A 1234"
    async with moving.caller("both") as both:
        assert await ids(both, datetime=WHOLE) == ["A/AMB-1", "A/AMB-2", "B/AMB-1"]
    collection = await ogc.json(HOME)
    assert collection["itemType"] == "movingfeature"
    assert collection["id"] in {
        each["id"] for each in (await ogc.json("/collections"))["collections"]
    }


@pytest.mark.parametrize(
    "query",
    [
        {"leaf": stamp(NOW), "subTrajectory": "true", "datetime": WHOLE},
        {"subTrajectory": "true"},
        {"subTrajectory": "true", "datetime": stamp(NOW)},
        {"subTrajectory": "true", "datetime": f"../{stamp(NOW)}"},
        {"subTrajectory": "yes"},
        {"leaf": "noon"},
        {"leaf": f"{stamp(NOW)},{stamp(NOW)}"},
        {"leaf": f"{stamp(NOW)},{stamp(BEGAN)}"},
        {"leaf": ",".join(stamp(NOW, seconds=n) for n in range(1001))},
        {"datetime": "x"},
        {"limit": "0"},
        {"after": "x"},
        {"bbox": "1,2,3"},
        {"strange": "1"},
    ],
)
async def test_what_does_not_go_together_is_refused(ogc: Ogc, query: dict[str, str]) -> None:
    answer = await ogc.get(f"{ITEM}/tgsequence", **query)
    assert answer.status_code == 400, answer.text
    told = answer.json()
    assert (told["status"], told["title"]) == (400, "The query cannot be used")
    assert told["detail"]
    values = {name.replace("Trajectory", "TemporalValue"): text for name, text in query.items()}
    if not query.keys() & {"limit", "after", "bbox"}:
        for path in ("tproperties/speed", f"tgsequence/{await name_of_one(ogc)}/distance"):
            assert (await ogc.get(f"{ITEM}/{path}", **values)).status_code == 400, path


async def name_of_one(ogc: Ogc) -> str:
    return str((await sequence(ogc, datetime=WHOLE))[0]["id"])


async def test_nothing_can_be_written(ogc: Ogc) -> None:
    one = f"{ITEM}/tgsequence/{await name_of_one(ogc)}"
    for path in (HOME, f"{HOME}/items", ITEM, f"{ITEM}/tgsequence", f"{one}/distance",
                 f"{ITEM}/tproperties", f"{ITEM}/tproperties/speed"):  # fmt: skip
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            answer = await ogc.client.request(method, f"/ogc{path}")
            assert answer.status_code == 405, (method, path)
            assert "GET" in answer.headers["allow"]
    assert len(await sequence(ogc, datetime=WHOLE)) == 4


async def test_the_document_offers_what_is_taken(moving: Service, ogc: Ogc) -> None:
    document = await ogc.json("/api")
    names = {"department": "A", "ref": "AMB-1", "property": "speed"}
    names["geometry"] = await name_of_one(ogc)
    paths = [path for path in document["paths"] if path.startswith(HOME)]
    assert len(paths) == 9
    for path in paths:
        operation = document["paths"][path]["get"]
        known = {each["$ref"].rpartition("/")[2]
                 for each in operation.get("parameters", []) if "$ref" in each}  # fmt: skip
        address = path.format(**names)
        answer = await ogc.get(address)
        assert answer.status_code == 200, address
        kind = answer.headers["content-type"].removesuffix("; charset=utf-8")
        assert kind in operation["responses"]["200"]["content"], address
        page = await ogc.get(address, f="html")
        assert page.headers["content-type"].startswith("text/html")
        detail = (await ogc.get(address, strange="1")).json()["detail"]
        assert set(detail.rpartition("but ")[2].rstrip(".").split(", ")) == known, address


async def test_it_is_history_of_ones_own_vehicles_for_a_purpose(moving: Service, ogc: Ogc) -> None:
    async with moving.caller("B") as other:
        one = await name_of_one(ogc)
        for path in ("", "/tgsequence", f"/tgsequence/{one}/velocity", "/tproperties/speed"):
            answer = await other.get(f"{ITEM}{path}")
            assert answer.status_code == 404, path
    async with httpx.AsyncClient(
        base_url=moving.api.url, headers={"Authorization": ogc.client.headers["authorization"]}
    ) as silent:
        for path in (f"{HOME}/items", ITEM, f"{ITEM}/tgsequence", f"{ITEM}/tproperties"):
            assert (await silent.get(f"/ogc{path}")).status_code == 422, path
        assert (await silent.get(f"/ogc{HOME}")).status_code == 200
    rows = await moving.world.sql(
        "SELECT jsonb_agg(to_jsonb(a) ORDER BY day, n) FROM audit AS a"
        " WHERE what = 'ogc.movingfeatures.read' AND path LIKE '%tgsequence'"
    )
    assert {row["purpose"] for row in rows} == {"a test"}
    assert {tuple(row["vehicle_ids"]) for row in rows} == {(1,)}
    assert [row for row in rows if datetime.fromisoformat(row["since"]) == BEGAN]


async def test_a_grant_tells_what_it_tells_of_a_plain_track(
    world: World, as_a: httpx.AsyncClient, as_b: httpx.AsyncClient
) -> None:
    await store(world, "A/AMB-1", wander(1, 114.1))
    since = {"valid_from": stamp(BEGAN, minutes=30)}
    for more in ({"level": "blurred", "fences": []}, {"level": "position"}):
        await granted(as_a, as_b, **since, **more)
        query = {"from": stamp(BEGAN), "to": stamp(NOW, milliseconds=1)}
        track = Plain((await as_b.get("/v1/vehicles/A/AMB-1/track", params=query)).json())
        told: dict[datetime, list[float]] = {}
        for each in await sequence(Ogc(as_b), datetime=WHOLE):
            told |= dict(zip(instants(each), each["coordinates"], strict=True))
        assert sorted(told) == track.times
        assert np.array([told[at] for at in track.times]) == pytest.approx(track.places, abs=1e-7)
        assert len(told) > 10
        assert min(told) >= BEGAN + timedelta(minutes=20)
