"""What the routes say, asked over HTTP of a running API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.integration.api_world import Served, World
from tracker.registry import NewRule

HOUR = timedelta(hours=1)
#: What a grant says of an own vehicle.
OWN = {"granted": None, "purpose": None, "granted_until": None}


async def got(client: httpx.AsyncClient, path: str, **query: Any) -> Any:  # noqa: ANN401  any JSON
    answer = await client.get(path, params=query or None)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_caller_is_told_who_they_are(
    world: World, api: Served, as_a: httpx.AsyncClient
) -> None:
    me = await got(as_a, "/v1/me")
    assert me.pop("id").startswith("key:")
    assert "alerts:act" in me.pop("permissions")
    assert datetime.fromisoformat(me.pop("ends_at")) > datetime.now(UTC)
    assert me == {
        "label": "A",
        "platform": False,
        "roles": ["administrator"],
        "csrf": None,
        "departments_in_all": 2,
        "departments": [{"department": "A", "name": {"en": "A thing", "zh-Hant": "A 物件"}}],
    }
    async with api.client(world.tokens["platform"]) as office:
        me = await got(office, "/v1/me")
    assert me["platform"] is True
    assert [each["department"] for each in me["departments"]] == ["A", "B"]


async def test_vehicles_say_what_stays_the_same(world: World, as_a: httpx.AsyncClient) -> None:
    await world.sql("UPDATE vehicle SET retired_at = milepost_now() WHERE ref = 'AMB-2'")
    (vehicle,) = (await got(as_a, "/v1/vehicles"))["vehicles"]
    assert isinstance(vehicle.pop("id"), int)
    assert vehicle == {
        "vehicle": "A/AMB-1",
        "department": "A",
        "name": {"en": "A thing", "zh-Hant": "A 物件"},
        "plate": "A 1234",
        "class": "ambulance",
        "application": "A-USE",
        "capabilities": ["ambulance"],
        "duty_status": "available",
        "private": False,
        "interval_s": [10, 60],
        **OWN,
    }
    retired = await got(as_a, "/v1/vehicles/A/AMB-2")
    assert retired["retired_at"] is not None
    assert retired["position"] is None


async def test_a_department_is_chosen_by_its_ref(world: World, api: Served) -> None:
    await world.cross_square("A/AMB-1")
    await world.cross_square("B/AMB-1")
    async with api.client(world.tokens["both"]) as client:
        for path, key in (
            ("vehicles", "vehicles"),
            ("positions", "features"),
            ("fences", "features"),
        ):
            everything = (await got(client, f"/v1/{path}"))[key]
            chosen = (await got(client, f"/v1/{path}", department="B"))[key]
            assert 0 < len(chosen) < len(everything)
            assert {each.get("properties", each)["department"] for each in chosen} == {"B"}
            assert (await client.get(f"/v1/{path}", params={"department": "C"})).status_code == 404


async def test_a_position_is_the_latest_fix(world: World, as_a: httpx.AsyncClient) -> None:
    await world.drive(
        "A/AMB-1",
        (0, 114.1, 22.3),
        (10, 114.102, 22.304),
        speed_mps=12.34,
        course_deg=90.0,
        heading_deg=271.0,
        accuracy_m=3.1,
        altitude_m=-2.0,
        ignition=True,
        inputs={"door": True},
    )
    answer = await as_a.get("/v1/positions")
    assert answer.headers["content-type"] == "application/geo+json"
    (feature,) = answer.json()["features"]
    assert feature["type"] == "Feature"
    assert feature["geometry"] == {"type": "Point", "coordinates": [114.102, 22.304]}
    said = feature["properties"]
    fixed_at = world.started_at + timedelta(seconds=10)
    assert datetime.fromisoformat(said.pop("fixed_at")) == fixed_at
    received_at = datetime.fromisoformat(said.pop("received_at"))
    assert said.pop("age_s") >= (received_at - fixed_at).total_seconds() - 1
    assert isinstance(said.pop("id"), int)
    assert said == {
        "vehicle": "A/AMB-1",
        "department": "A",
        "speed_mps": 12.34,
        "course_deg": 90.0,
        "heading_deg": 271.0,
        "accuracy_m": 3.1,
        "altitude_m": -2.0,
        "ignition": True,
        "inputs": {"door": True},
        "motion": "moving",
        "source": "receiver",
        "quality": "good",
        "duty_status": "available",
        **OWN,
    }
    details = await got(as_a, "/v1/vehicles/A/AMB-1")
    assert details["position"]["geometry"] == feature["geometry"]


@pytest.mark.parametrize(
    ("accuracy_m", "hdop", "quality"),
    [
        (10.0, 99.0, "good"),
        (50.0, None, "fair"),
        (50.5, 0.9, "poor"),
        (None, 0.9, "good"),
        (None, 9.0, "fair"),
        (None, None, "unknown"),
    ],
)
async def test_quality_follows_the_stated_error_else_the_dilution(
    world: World, as_a: httpx.AsyncClient, accuracy_m: float | None, hdop: float | None,
    quality: str,
) -> None:  # fmt: skip
    await world.drive("A/AMB-1", (0, 114.1, 22.3), accuracy_m=accuracy_m, hdop=hdop)
    (feature,) = (await got(as_a, "/v1/positions"))["features"]
    assert feature["properties"]["quality"] == quality


@pytest.mark.parametrize(
    ("speed_mps", "ignition", "motion"),
    [
        (None, True, "unknown"),
        (1.0, False, "moving"),
        (0.9, True, "idling"),
        (0.9, None, "stopped"),
        (0.0, False, "stopped"),
    ],
)
async def test_motion_follows_speed_and_ignition(
    world: World, as_a: httpx.AsyncClient, speed_mps: float | None, ignition: bool | None,
    motion: str,
) -> None:  # fmt: skip
    await world.drive("A/AMB-1", (0, 114.1, 22.3), speed_mps=speed_mps, ignition=ignition)
    (feature,) = (await got(as_a, "/v1/positions"))["features"]
    assert feature["properties"]["motion"] == motion


async def test_a_box_chooses_positions(world: World, as_a: httpx.AsyncClient) -> None:
    await world.drive("A/AMB-1", (0, 114.1, 22.3))
    await world.drive("A/AMB-2", (0, 179.9, -20.0))
    for box, found in {
        "114,22,115,23": ["A/AMB-1"],
        "179,-21,-179,-19": ["A/AMB-2"],
        "-10,-10,10,10": [],
    }.items():
        features = (await got(as_a, "/v1/positions", bbox=box))["features"]
        assert [each["properties"]["vehicle"] for each in features] == found
    assert (await as_a.get("/v1/positions", params={"bbox": "1,2,3"})).status_code == 422


async def test_a_track_is_paged_without_loss(world: World, as_a: httpx.AsyncClient) -> None:
    places = [(float(10 * k), 114.1 + k * 1e-3, 22.3) for k in range(7)]
    await world.drive("A/AMB-1", *places, speed_mps=3.1)
    path: str | None = "/v1/vehicles/A/AMB-1/track?limit=3"
    times: list[datetime] = []
    lons: list[float] = []
    kinds = []
    while path is not None:
        track = await got(as_a, path)
        said = track["properties"]
        kinds.append(track["geometry"]["type"])
        coordinates = track["geometry"]["coordinates"]
        lons += [lon for lon, _ in coordinates] if kinds[-1] == "LineString" else [coordinates[0]]
        times += map(datetime.fromisoformat, said["times"])
        assert set(said["speed_mps"]) == {3.1}
        assert len(said["received_at"]) == len(said["ignition"]) == len(said["times"])
        path = said["next"]
    assert kinds == ["LineString", "LineString", "Point"]
    assert times == [world.started_at + timedelta(seconds=after_s) for after_s, _, _ in places]
    assert lons == pytest.approx([lon for _, lon, _ in places])


async def test_a_jump_is_in_a_track_only_when_asked_for(
    world: World, as_a: httpx.AsyncClient
) -> None:
    await world.drive("A/AMB-1", (0, 114.1, 22.3), (10, 114.3, 22.3))
    [held] = (await got(as_a, "/v1/positions"))["features"]
    assert held["geometry"]["coordinates"] == pytest.approx([114.1, 22.3])
    await world.drive("A/AMB-1", (20, 114.101, 22.3))

    path = "/v1/vehicles/A/AMB-1/track"
    believed = await got(as_a, path)
    assert [lon for lon, _ in believed["geometry"]["coordinates"]] == pytest.approx(
        [114.1, 114.101]
    )
    assert believed["properties"]["implausible"] is None
    first = await got(as_a, path, include="implausible", limit=2)
    assert first["properties"]["implausible"] == [False, True]
    rest = await got(as_a, first["properties"]["next"])
    assert rest["properties"]["implausible"] == [False]


async def test_a_track_has_its_bounds(world: World, as_a: httpx.AsyncClient) -> None:
    await world.drive("A/AMB-1", (0, 114.1, 22.3), (10, 114.101, 22.3), (20, 114.102, 22.3))
    path = "/v1/vehicles/A/AMB-1/track"
    second, third = (world.started_at + timedelta(seconds=s) for s in (10, 20))
    inside = await got(as_a, path, **{"from": second.isoformat(), "to": third.isoformat()})
    assert [*map(datetime.fromisoformat, inside["properties"]["times"])] == [second]
    before = {"from": (second - 2 * HOUR).isoformat(), "to": (second - HOUR).isoformat()}
    assert (await got(as_a, path, **before))["geometry"] is None
    by_default = (await got(as_a, path))["properties"]
    span = datetime.fromisoformat(by_default["to"]) - datetime.fromisoformat(by_default["from"])
    assert span == HOUR


@pytest.mark.parametrize(
    "query",
    [
        {"from": "2026-11-24T00:00:00"},
        {"from": "2026-11-24T00:00:00Z", "to": "2026-11-24T00:00:00Z"},
        {"from": "0001-01-01T00:00:00+14:00"},
        {"limit": "50001"},
        {"limit": "0"},
        {"to": "yesterday"},
    ],
)
async def test_a_track_without_sense_is_refused(
    as_a: httpx.AsyncClient, query: dict[str, str]
) -> None:
    answer = await as_a.get("/v1/vehicles/A/AMB-1/track", params=query)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


async def test_fences_are_those_in_force(world: World, as_a: httpx.AsyncClient) -> None:
    await world.sql(
        "UPDATE fence_version SET in_force = tstzrange('2026-01-01', '2026-02-01') "
        "WHERE fence_id = (SELECT id FROM fence WHERE ref = 'A-CIRCLE')"
    )
    (fence,) = (await got(as_a, "/v1/fences"))["features"]
    expected = {
        "fence": "A/A-SQUARE",
        "department": "A",
        "name": {"en": "A-SQUARE", "zh-Hant": "A-SQUARE"},
        "kind": "polygon",
        "version": 1,
        "state": "in_force",
    }
    assert expected.items() <= fence["properties"].items()
    assert fence["geometry"]["type"] == "Polygon"
    assert sorted(map(tuple, fence["geometry"]["coordinates"][0][:4])) == [
        (114.1, 22.3), (114.1, 22.31), (114.11, 22.3), (114.11, 22.31),
    ]  # fmt: skip


async def test_an_alert_says_who_where_and_why(world: World, as_a: httpx.AsyncClient) -> None:
    await world.cross_square("A/AMB-1")
    newest, oldest = (await got(as_a, "/v1/alerts", state="open"))["alerts"]
    assert (oldest["kind"], newest["kind"]) == ("enter", "exit")
    assert {key: oldest[key] for key in ("vehicle", "fence", "rule", "severity", "state")} == {
        "vehicle": "A/AMB-1",
        "fence": "A/A-SQUARE",
        "rule": "A/A-RULE",
        "severity": "critical",
        "state": "open",
    }
    assert oldest["vehicle_name"] == {"en": "A thing", "zh-Hant": "A 物件"}
    assert oldest["late"] is False
    crossed_at = world.started_at + timedelta(seconds=10)
    assert abs(datetime.fromisoformat(oldest["time"]) - crossed_at) < timedelta(seconds=1)
    assert datetime.fromisoformat(oldest["not_after"]) == crossed_at + timedelta(seconds=10)
    assert (oldest["lon"], oldest["lat"]) == (114.105, 22.305)


async def test_alerts_are_paged_newest_first(world: World, as_a: httpx.AsyncClient) -> None:
    for vehicle in ("A/AMB-1", "A/AMB-2"):
        for round_ in range(2):  # and once through it on the way back
            await world.cross_square(vehicle, start_s=100.0 * round_)
    everything = (await got(as_a, "/v1/alerts"))["alerts"]
    assert len(everything) == 12
    opened = [each["opened_at"] for each in everything]
    assert opened == sorted(opened, reverse=True)
    path: str | None = "/v1/alerts?state=open&limit=5"
    paged = []
    while path is not None:
        page = await got(as_a, path)
        paged += page["alerts"]
        path = page["next"]
    assert paged == everything
    await world.sql("UPDATE alert SET state = 'closed' WHERE id = :id", id=everything[0]["id"])
    assert (await got(as_a, "/v1/alerts", state="closed"))["alerts"][0]["id"] == everything[0]["id"]
    assert len((await got(as_a, "/v1/alerts", state="open"))["alerts"]) == 11
    assert (await as_a.get("/v1/alerts", params={"before": str(uuid4())})).status_code == 404


async def test_adoption_counts_the_government_and_the_callers_vehicles(
    as_a: httpx.AsyncClient,
) -> None:
    counts = {"implemented": 2, "being_built": 0, "planned": 0}
    name = {"en": "Emergency", "zh-Hant": "緊急服務"}
    assert await got(as_a, "/v1/adoption") == {
        "departments": 2,
        **counts,
        "vehicles": 2,
        "clusters": [{"cluster": "emergency", "name": name, **counts}],
    }


async def test_figures_are_for_the_platform_office(
    world: World, api: Served, as_a: httpx.AsyncClient
) -> None:
    await world.committer.report(
        {"accepted": 41, "commit_lag_s": 0.25, "waiting": 3, "rejected": {"checksum": 7}}
    )
    assert (await as_a.get("/metrics")).status_code == 403
    async with api.client(world.tokens["platform"]) as office:
        answer = await office.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = answer.text.splitlines()
    for line in (
        'milepost_ingest_fixes_total{shard="1"} 41.0',
        'milepost_ingest_commit_lag_seconds{shard="1"} 0.25',
        'milepost_ingest_waiting_messages{shard="1"} 3.0',
        'milepost_ingest_rejected_total{reason="checksum",shard="1"} 7.0',
        "milepost_live_viewers 0.0",
    ):
        assert line in lines


async def test_the_document_of_the_api_is_open_and_names_no_foreign_host(api: Served) -> None:
    async with api.client() as anyone:
        document = (await anyone.get("/openapi.json")).json()
        assert {"/v1/positions", "/v1/alerts", "/healthz"} <= document["paths"].keys()
        for methods in document["paths"].values():
            for method in methods.values():
                assert method["responses"]["503"] == {"$ref": "#/components/responses/Problem503"}
        assert (await anyone.get("/docs")).status_code == 404


async def test_private_times_of_a_vehicle_are_told_and_its_position_is_not(
    world: World, as_a: httpx.AsyncClient
) -> None:
    await world.cross_square("A/AMB-1")
    await world.sql(
        "INSERT INTO private_interval"
        " (department_id, vehicle_id, starts_at, why, keeps, declared_by)"
        " SELECT department_id, id, milepost_now(), 'private', 'nothing', 't' FROM vehicle"
        " WHERE department_id = (SELECT id FROM department WHERE ref = 'A') AND ref = 'AMB-1'"
    )
    told = await got(as_a, "/v1/vehicles/A/AMB-1/private")
    assert told["vehicle"] == "A/AMB-1"
    (time,) = told["private_times"]
    is_now = [time[name] for name in ("to", "why", "keeps", "is_now")]
    assert is_now == [None, "private", "nothing", True]
    vehicle = await got(as_a, "/v1/vehicles/A/AMB-1")
    assert (vehicle["private"], vehicle["position"]) == (True, None)
    assert (await got(as_a, "/v1/positions"))["features"] == []
    assert (await as_a.get("/v1/vehicles/B/AMB-1/private")).status_code == 404


async def test_an_alert_of_no_fence_says_so(world: World, as_a: httpx.AsyncClient) -> None:
    await world.add(
        NewRule(department="A", ref="sos", on=["duress"]),
        NewRule(department="A", ref="meeting", on=["proximity"], radius_m=500),
    )
    await world.drive("A/AMB-2", (330, 114.1, 22.29))
    await world.drive("A/AMB-1", (330, 114.101, 22.29), inputs={"duress": True})
    # As if the five seconds between two looks had passed.
    world.committer._nearby._judged_ms = 0
    await world.committer.refresh()
    alerts = {each["kind"]: each for each in (await got(as_a, "/v1/alerts"))["alerts"]}
    assert alerts.keys() == {"duress", "proximity"}
    assert {each["fence"] for each in alerts.values()} == {None}
    assert (alerts["duress"]["severity"], alerts["duress"]["ended_at"]) == ("critical", None)
    near = alerts["proximity"]
    assert (near["vehicle"], near["other"]) == ("A/AMB-1", "A/AMB-2")
    assert near["other_name"] == {"en": "A thing", "zh-Hant": "A 物件"}
    assert near["distance_m"] == pytest.approx(103, abs=1)
    features = (await got(as_a, "/ogc/collections/alerts/items"))["features"]
    assert {each["properties"]["fence"] for each in features} == {None}
