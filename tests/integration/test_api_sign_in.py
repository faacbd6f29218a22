"""Signing in and out, and what a page of another site cannot do."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from api.caller import COOKIE
from api.callers import REMEMBERED_S
from tests.conftest import Database
from tests.integration.api_world import Served, World, world_in


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    async with world_in(database, demo=True) as made:
        yield made


@pytest.fixture
async def browser(api: Served) -> AsyncIterator[httpx.AsyncClient]:
    async with api.client() as client:
        yield client


async def test_the_demonstration_lets_anyone_choose_a_department(
    browser: httpx.AsyncClient,
) -> None:
    choices = (await browser.get("/v1/sign-in")).json()
    assert choices["mode"] == "demo"
    assert choices["government"] == {"en": "Demo Administration", "zh-Hant": "示範政府"}
    assert [each["department"] for each in choices["departments"]] == ["A", "B"]
    assert (await browser.get("/v1/me")).status_code == 401
    answer = await browser.post("/v1/sign-in", json={"department": "B"})
    assert answer.status_code == 204
    said = answer.headers["set-cookie"].lower()
    assert "httponly" in said
    assert "samesite=strict" in said
    assert "secure" not in said
    me = (await browser.get("/v1/me")).json()
    assert [each["department"] for each in me["departments"]] == ["B"]
    assert (await browser.post("/v1/sign-in", json={"department": "*"})).status_code == 204
    assert (await browser.get("/v1/me")).json()["platform"] is True


async def test_a_department_that_is_none_cannot_be_chosen(browser: httpx.AsyncClient) -> None:
    assert (await browser.post("/v1/sign-in", json={"department": "C"})).status_code == 404
    for body in (
        {},
        {"department": 3},
        {"department": "A", "platform": True},
        {"department": "\0"},
    ):
        assert (await browser.post("/v1/sign-in", json=body)).status_code == 422


async def test_without_demonstration_only_a_token_signs_in(
    world: World, browser: httpx.AsyncClient
) -> None:
    await world.sql("UPDATE installation SET demo = false")
    choices = (await browser.get("/v1/sign-in")).json()
    assert (choices["mode"], choices["departments"]) == ("token", [])
    refused = await browser.post("/v1/sign-in", json={"department": "A"})
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/forbidden")
    wrong = {"token": world.tokens["A"][:-1] + "!"}
    assert (await browser.post("/v1/sign-in", json=wrong)).status_code == 401
    right = {"token": world.tokens["A"]}
    assert (await browser.post("/v1/sign-in", json=right)).status_code == 204
    assert (await browser.get("/v1/me")).json()["label"] == "A"


async def test_the_cookie_is_secure_by_https(browser: httpx.AsyncClient) -> None:
    answer = await browser.post(
        "/v1/sign-in", json={"department": "A"}, headers={"X-Forwarded-Proto": "https"}
    )
    assert "secure" in answer.headers["set-cookie"].lower()


async def test_signing_out_ends_the_token_itself(browser: httpx.AsyncClient, api: Served) -> None:
    await browser.post("/v1/sign-in", json={"department": "A"})
    token = browser.cookies[COOKIE]
    async with api.client(token) as copy:
        assert (await copy.get("/v1/me")).status_code == 200
        assert (await browser.post("/v1/sign-out")).status_code == 204
        assert COOKIE not in browser.cookies
        assert (await copy.get("/v1/me")).status_code == 401


async def test_signing_out_does_not_end_a_token_that_was_pasted_in(
    browser: httpx.AsyncClient, world: World, api: Served
) -> None:
    token = world.tokens["A"]
    assert (await browser.post("/v1/sign-in", json={"token": token})).status_code == 204
    assert (await browser.post("/v1/sign-out")).status_code == 204
    assert (await browser.get("/v1/me")).status_code == 401
    async with api.client(token) as client:
        assert (await client.get("/v1/me")).status_code == 200


async def test_a_token_ends_in_time_and_when_it_is_revoked(world: World, api: Served) -> None:
    expired = await world.give_token("old", "A", lasts=timedelta(seconds=-1))
    async with api.client(expired) as client:
        assert (await client.get("/v1/me")).status_code == 401
    async with api.client(world.tokens["A"]) as client:
        assert (await client.get("/v1/me")).status_code == 200
        await world.sql("UPDATE api_token SET revoked_at = milepost_now() WHERE label = 'A'")
        deadline = time.monotonic() + REMEMBERED_S + 1.0
        while (await client.get("/v1/me")).status_code == 200:
            assert time.monotonic() < deadline, "a revoked token goes on"


@pytest.mark.parametrize("value", ["Bearer", "Bearer x", "Basic QTpC", "Bearer mp_é"])
async def test_what_is_no_token_signs_nobody_in(browser: httpx.AsyncClient, value: str) -> None:
    await browser.post("/v1/sign-in", json={"department": "A"})
    answer = await browser.get("/v1/me", headers=[(b"authorization", value.encode())])
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_no_route_that_writes_takes_a_cookie_from_another_site(
    browser: httpx.AsyncClient, api: Served
) -> None:
    await browser.post("/v1/sign-in", json={"department": "A"})
    foreign = (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": api.url},
    )
    paths = (await browser.get("/openapi.json")).json()["paths"]
    writing = [(path, method) for path in paths for method in paths[path] if method != "get"]
    assert ("/v1/sign-out", "post") in writing
    for path, method in writing:
        for headers in foreign:
            answer = await browser.request(method, path, headers=headers, json={"department": "A"})
            assert answer.status_code == 403, (path, headers)
            assert answer.json()["type"] == "/problems/cross-site"
    assert (await browser.get("/v1/me")).status_code == 200
    own = {"Origin": api.url, "Sec-Fetch-Site": "same-origin"}
    assert (await browser.post("/v1/sign-out", headers=own)).status_code == 204
