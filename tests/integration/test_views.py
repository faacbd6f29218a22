"""Pages over HTTP and from the command line: what they say of true data, and to whom."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from html import unescape
from pathlib import Path

import pytest

from tests.conftest import Database
from tests.integration.api_world import Served, World, world_in
from tracker import reads, sql
from tracker.reads import Reader

ATTACK = "<img src=x onerror=alert(1)>`${7*7}</script>{{7*7}}"
STANDS_S = 900
STEP_S = 30


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    """AMB-1 of each department drives through its square, then stands for a quarter of an hour."""
    async with world_in(database) as made:
        made.started_at -= timedelta(hours=1)
        for department in "AB":
            await made.cross_square(f"{department}/AMB-1")
            stands = [(140.0 + s, 114.12, 22.32) for s in range(0, STANDS_S + 1, STEP_S)]
            await made.drive(f"{department}/AMB-1", *stands, speed_mps=0.0)
        yield made


def window_of(world: World) -> dict[str, str]:
    """Around all that happens."""
    begin, end = world.started_at - timedelta(minutes=1), world.started_at + timedelta(minutes=40)
    return {"from": begin.isoformat(), "to": end.isoformat()}


def words_of(page: str) -> str:
    """What can be read."""
    bare = re.sub(r"<(script|style).*?</\1>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", bare)))


async def test_a_track_tells_what_happened(world: World, api: Served) -> None:
    async with api.client(world.tokens["A"]) as owner:
        answer = await owner.get("/v1/views/track/A/AMB-1", params=window_of(world))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    said = words_of(answer.text)
    for fact in ("A thing", "A 1234", "Entered", "Left", "A/A-SQUARE", "1 (15 min)", "44 km/h"):
        assert fact in said, fact
    assert re.search(r"Of 34 positions, \d+ are drawn", said)
    assert "B thing" not in said


async def test_a_page_has_an_origin_of_its_own_and_a_safe_name(world: World, api: Served) -> None:
    async with api.client(world.tokens["A"]) as owner:
        shown = await owner.get("/v1/views/track/A/AMB-1", params=window_of(world))
        kept = await owner.get("/v1/views/track/A/AMB-1?download", params=window_of(world))
        kept = await owner.get(f"{shown.url}&download")
    policy = shown.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-scripts; default-src 'none'")
    assert "allow-same-origin" not in policy
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert shown.headers["cache-control"] == "private, no-store"
    name = rf'filename="track-A-AMB-1-{world.started_at - timedelta(minutes=1):%Y%m%dT%H%MZ}.html"'
    assert shown.headers["content-disposition"] == f"inline; {name}"
    assert kept.headers["content-disposition"] == f"attachment; {name}"


async def test_the_language_is_asked_for_or_the_callers(world: World, api: Served) -> None:
    path = "/v1/views/track/A/AMB-1"
    async with api.client(world.tokens["A"]) as owner:
        english = await owner.get(path)
        chinese = await owner.get(path, headers={"Accept-Language": "zh-HK,zh;q=0.9"})
        asked = await owner.get(path, params={"lang": "zh-Hant"})
    assert '<html lang="en">' in english.text
    assert '<html lang="zh-Hant-HK">' in chinese.text
    assert "A 物件" in words_of(asked.text)


async def test_who_was_near_a_place(world: World, api: Served) -> None:
    asked = {"place": "114.12,22.32", "radius_m": "50", **window_of(world)}
    async with api.client(world.tokens["A"]) as owner, api.client(world.tokens["both"]) as both:
        own = words_of((await owner.get("/v1/views/near", params=asked)).text)
        shared = words_of((await both.get("/v1/views/near", params=asked)).text)
    assert "22.32000, 114.12000" in own
    assert "A/AMB-1" in own
    assert "B/AMB-1" not in own
    assert "B/AMB-1" in shared


@pytest.mark.parametrize("path", ["/v1/views/heat/A", "/v1/views/heat/A/AMB-1"])
async def test_where_the_time_was_spent(world: World, api: Served, path: str) -> None:
    async with api.client(world.tokens["A"]) as owner:
        said = words_of((await owner.get(path, params=window_of(world))).text)
    assert "15 min" in said, said
    assert "86.5%" in said, said  # 900 of 1,040 s
    assert "34" in said


async def test_what_is_not_yours_is_not_there(world: World, api: Served) -> None:
    async with api.client(world.tokens["B"]) as other:
        for theirs in ("track/A/AMB-1", "heat/A", "heat/A/AMB-1"):
            nobodys = theirs.replace("A/AMB-1", "A/NONE").replace("heat/A", "heat/NONE")
            answers = [await other.get(f"/v1/views/{path}") for path in (theirs, nobodys)]
            assert [answer.status_code for answer in answers] == [404, 404]
            assert "A thing" not in answers[0].text
    async with api.client() as nobody:
        assert (await nobody.get("/v1/views/track/A/AMB-1")).status_code == 401


@pytest.mark.parametrize(
    "query",
    [
        "track/A/AMB-1?from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z",
        "track/A/AMB-1?from=2026-03-01T00:00:00Z&to=2026-01-01T00:00:00Z",
        "track/A/AMB-1?from=0001-01-01T00:00:00%2B14:00",
        "track/A/AMB-1?lang=fr",
        "heat/A?from=2026-01-01T00:00:00Z&to=2026-01-03T00:00:00Z",
        "near?place=22.3,114.1",
        "near?place=114.1,22.3&radius_m=10001",
    ],
)
async def test_what_no_page_can_hold_is_refused(world: World, api: Served, query: str) -> None:
    async with api.client(world.tokens["A"]) as owner:
        answer = await owner.get(f"/v1/views/{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_hostile_name_is_only_a_name(world: World, api: Served) -> None:
    await world.sql(
        "UPDATE vehicle SET plate = :name, name = jsonb_build_object('en', CAST(:name AS text))",
        name=ATTACK,
    )
    await world.sql("UPDATE fence SET name = jsonb_build_object('en', CAST(:n AS text))", n=ATTACK)
    near = {"place": "114.12,22.32", **window_of(world)}
    async with api.client(world.tokens["A"]) as owner:
        for path in ("track/A/AMB-1", "near", "heat/A/AMB-1"):
            answer = await owner.get(f"/v1/views/{path}", params=near)
            assert answer.status_code == 200
            assert "<img" not in answer.text
            assert "${7*7}" not in answer.text
            assert "{{7*7}}" not in answer.text
            assert "&lt;img src=x onerror=alert(1)&gt;" in answer.text


async def test_time_counts_from_a_fix_to_the_next_but_not_over_a_silence(world: World) -> None:
    await world.drive("A/AMB-2", (0, 114.2005, 22.3505), (100, 114.2105, 22.3505))
    await world.drive("A/AMB-2", (1200, 114.2005, 22.3505), (1220, 114.2005, 22.3505))
    window = (world.started_at, world.started_at + timedelta(hours=1))
    reader = Reader(world.database.dsn("milepost_api"))
    async with reader.scope([1]) as scope:
        of = [row for row in await reads.vehicles(scope) if row["vehicle"] == "A/AMB-2"]
        spent = await reads.time_spent(scope, of, window=window, cell_deg=0.001, limit=10)
        cut = await reads.time_spent(scope, of, window=window, cell_deg=0.001, limit=1)
    await reader.close()
    cells = {
        (round(lon, 4), round(lat, 4)): seconds
        for lon, lat, seconds in zip(spent.lon, spent.lat, spent.spent_s, strict=True)
    }
    assert cells == {(114.2005, 22.3505): 120.0, (114.2105, 22.3505): 0.0}
    assert (spent.total_s, spent.fixes, spent.vehicles, spent.cells) == (120.0, 4, 1, 2)
    assert (len(cut.lon), cut.total_s, cut.cells) == (1, 120.0, 2)


async def test_time_spent_is_read_by_the_key_of_fix(world: World) -> None:
    window = (world.started_at, world.started_at + timedelta(hours=1))
    reader = Reader(world.database.dsn("milepost_api"))
    async with reader.scope([1]) as scope:
        plan = await scope.exec_driver_sql(
            f"EXPLAIN {sql.text('time_spent')}",
            ([1, 2], [300.0] * 2, [300.0] * 2, *window, 0.001, 10, 1.0),
        )
        said = "\n".join(row[0] for row in plan)
    await reader.close()
    assert re.search(r"Index Scan using fix_\d+_pkey", said), said
    assert "Seq Scan on fix" not in said


@pytest.mark.parametrize(
    ("verb", "expected"),
    [
        (["view", "track", "A/AMB-1", "-o"], "A/A-SQUARE"),
        (["track", "A/AMB-1", "--html"], "A/A-SQUARE"),
        (["view", "near", "22.32,114.12", "--within", "50", "-o"], "A/AMB-1"),
        (["view", "heat", "A", "-o"], "A thing"),
        (["view", "heat", "A/AMB-1", "--lang", "zh-Hant", "-o"], "A 物件"),
    ],
)
async def test_the_command_writes_the_page(
    world: World, tmp_path: Path, verb: list[str], expected: str
) -> None:
    page = tmp_path / "page.html"
    begin = world.started_at - timedelta(minutes=1)
    done = milepost(world, *verb, str(page), "--from", typed(begin))
    assert done.returncode == 0, done.stderr
    assert "The page is in" in done.stdout
    assert expected in words_of(page.read_text("utf-8"))


async def test_the_command_says_what_there_is_not(world: World, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    for verb in (["track", "A/NONE"], ["heat", "NONE"], ["near", "nowhere"]):
        done = milepost(world, "view", *verb, "-o", str(page))
        assert done.returncode == 1
        assert done.stderr.startswith("milepost: ")
        assert not page.exists()


def typed(when: datetime) -> str:
    """As a person types it."""
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def milepost(world: World, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command on this world's database."""
    return subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-m", "milepost", *arguments],
        env={**world.database.environment(), "PATH": "/usr/bin:/bin", "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
