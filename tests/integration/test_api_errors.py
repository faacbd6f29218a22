"""Refusals, the database away, and the console's files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import Database
from tests.integration.api_world import Served, World, served
from tracker.data_folder import DataFolder
from tracker.postgres import private_dsn


@pytest.fixture
def static(tmp_path: Path) -> Path:
    (tmp_path / "static" / "assets").mkdir(parents=True)
    (tmp_path / "static" / "index.html").write_text("<!doctype html><title>Milepost</title>")
    (tmp_path / "static" / "assets" / "worker-1a2b.mjs").write_text("export {}")
    (tmp_path / "secret").write_text("secret")
    return tmp_path / "static"


@pytest.fixture
def api(world: World, static: Path) -> Iterator[Served]:
    with served(world.database.dsn("milepost_api"), static) as running:
        yield running


INVALID = ("invalid-request", ("The request cannot be used", "請求內容無效"))
NOT_FOUND = ("not-found", ("Not found", "找不到資料"))


@pytest.mark.parametrize(
    ("request_line", "status", "slug", "titles"),
    [
        ("GET /nowhere", 404, *NOT_FOUND),
        ("GET /v1/vehicles/A/X", 404, *NOT_FOUND),
        ("GET /v1/vehicles/A/%00", 422, *INVALID),
        ("GET /v1/alerts?limit=x", 422, *INVALID),
        (
            "DELETE /v1/me",
            405,
            "method-not-allowed",
            ("This cannot be done here", "不支援此操作"),
        ),
        ("GET /metrics", 403, "forbidden", ("Not allowed", "沒有權限")),
    ],
)
async def test_every_refusal_is_a_problem_in_the_callers_language(
    world: World, api: Served, request_line: str, status: int, slug: str, titles: tuple[str, str]
) -> None:
    method, path = request_line.split(" ")
    for language, title in zip(("en", "zh-Hant-HK"), titles, strict=True):
        async with api.client(world.tokens["A"], **{"Accept-Language": language}) as client:
            answer = await client.request(method, path)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["content-language"] == language.removesuffix("-HK")
        problem = answer.json()
        assert (problem["type"], problem["title"], problem["status"]) == (
            f"/problems/{slug}", title, status,
        )  # fmt: skip
        assert problem["detail"]


async def test_a_caller_without_token_is_told_to_sign_in(api: Served) -> None:
    async with api.client() as anyone:
        answer = await anyone.get("/v1/vehicles")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["type"] == "/problems/not-signed-in"


async def test_a_parameter_that_is_wrong_is_named(world: World, api: Served) -> None:
    async with api.client(world.tokens["A"]) as client:
        problem = (await client.get("/v1/alerts?state=gone&limit=0")).json()
    assert [each["at"] for each in problem["errors"]] == [["query", "state"], ["query", "limit"]]


async def test_while_the_database_is_away_every_route_says_so(tmp_path: Path) -> None:
    with served(private_dsn(DataFolder(tmp_path), "milepost_api"), tmp_path) as api:
        async with api.client("mp_0123abcd_" + "x" * 43) as client:
            for path in ("/healthz", "/v1/sign-in", "/v1/vehicles", "/metrics"):
                answer = await client.get(path)
                assert answer.status_code == 503, path
                assert int(answer.headers["retry-after"]) > 0
                assert answer.json()["type"] == "/problems/database-away"


async def test_an_empty_database_is_told_apart(empty_database: Database, tmp_path: Path) -> None:
    with served(empty_database.dsn("postgres"), tmp_path) as api:
        async with api.client() as client:
            answer = await client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["type"] == "/problems/not-set-up"
    assert "milepost init" in answer.json()["detail"]


async def test_the_console_is_served_with_its_policy(api: Served) -> None:
    async with api.client() as browser:
        page = await browser.get("/")
        asset = await browser.get("/assets/worker-1a2b.mjs")
        health = await browser.get("/healthz")
        assert (await browser.head("/")).status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["cache-control"] == "no-cache"
    assert asset.headers["content-type"].startswith("text/javascript")
    assert "immutable" in asset.headers["cache-control"]
    assert health.json() == {"status": "ok"}
    assert health.headers["cache-control"] == "no-store"
    for answer in (page, asset, health):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        policy = dict(
            part.strip().split(" ", 1)
            for part in answer.headers["content-security-policy"].split(";")
        )
        assert policy == {
            "default-src": "'self'",
            "style-src": "'self' 'unsafe-inline'",
            "img-src": "'self' data: blob:",
            "worker-src": "'self'",
            "connect-src": "'self'",
            "object-src": "'none'",
            "base-uri": "'none'",
            "form-action": "'self'",
            "frame-ancestors": "'none'",
        }


@pytest.mark.parametrize(
    "path", ["/assets/..%2f..%2fsecret", "/assets/../../secret", "/assets/%2e%2e", "/assets/%00",
             "/assets/gone.js", "/assets/"],
)  # fmt: skip
async def test_no_other_file_leaves_the_house(api: Served, path: str) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.get(httpx.URL(api.url + path))
    assert answer.status_code == 404
    assert "secret" not in answer.text


async def test_a_console_that_is_not_built_says_how_to_build_it(
    database: Database, tmp_path: Path
) -> None:
    with served(database.dsn("milepost_api"), tmp_path) as api:
        async with api.client() as browser:
            answer = await browser.get("/")
    assert answer.status_code == 404
    assert "npm run build" in answer.json()["detail"]


async def test_what_nobody_thought_of_is_refused_as_it_should_be(as_a: httpx.AsyncClient) -> None:
    """Found by schemathesis: a kind of event that is no list, digits for a time, whose method."""
    rule = {"department": "A", "ref": "odd", "on": False, "severity": "info"}
    assert (await as_a.post("/v1/rules", json=rule)).status_code == 422
    for asked in ("/v1/audit?day=20261127", "/v1/days?to=0", "/v1/whereabouts?at=1",
                  "/v1/vehicles/A/AMB-1/track?from=1795000000"):  # fmt: skip
        answer = await as_a.get(asked)
        assert answer.status_code == 422, asked
        assert "ISO 8601" in answer.text
    allowed = await as_a.options("/v1/fence-groups")
    assert (allowed.status_code, allowed.headers["Allow"]) == (405, "GET, POST")
    assert (await as_a.get("/v1/alerts/bulk")).status_code == 405
    assert (await as_a.get("/v1/alerts/none")).status_code == 404
