"""Signing in and out, guessing at it, and what a page of another site cannot do."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import httpx
import pytest

from api.caller import COOKIE, CSRF_HEADER
from api.callers import REMEMBERED_S
from tests.conftest import Database
from tests.integration.api_world import DEADLINE_S, Served, World, world_in
from tracker.people import add_user, disable, set_password

PASSWORD = "three words of water"  # noqa: S105  of a test's user
GUESS = {"name": "anna", "password": "correct horse battery"}
RIGHT = {"name": "anna", "password": PASSWORD}


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    async with world_in(database, demo=True) as made:
        yield made


@pytest.fixture
async def browser(api: Served) -> AsyncIterator[httpx.AsyncClient]:
    async with api.client() as client:
        yield client


@pytest.fixture
async def anna(world: World) -> World:
    """A dispatcher of department A, and no demonstration."""
    await world.sql("UPDATE installation SET demo = false")
    async with world.database.transaction("milepost_owner") as connection:
        await add_user(
            connection, login="anna", name="Anna Chan", password=PASSWORD, roles=["dispatcher@A"]
        )
    return world


async def proof(browser: httpx.AsyncClient) -> dict[str, str]:
    """The header that a page of our own sends with what it changes."""
    return {CSRF_HEADER: (await browser.get("/v1/me")).json()["csrf"]}


async def guess_in_vain(anna: World, browser: httpx.AsyncClient) -> None:
    """Five times, and a while more: the longest wait, so that a slow machine changes nothing."""
    for _ in range(4):
        assert (await browser.post("/v1/session", json=GUESS)).status_code == 401
    await anna.sql("UPDATE sign_in_guess SET failures = failures + 6 WHERE failures = 4")
    assert (await browser.post("/v1/session", json=GUESS)).status_code == 401


async def ends(client: httpx.AsyncClient) -> None:
    """Wait until whoever asks is nobody."""
    deadline = time.monotonic() + REMEMBERED_S + DEADLINE_S
    while (await client.get("/v1/me")).status_code == 200:
        assert time.monotonic() < deadline, "it goes on"


async def test_the_demonstration_lets_anyone_choose_a_department(
    browser: httpx.AsyncClient,
) -> None:
    choices = (await browser.get("/v1/sign-in")).json()
    assert choices["mode"] == "demo"
    assert choices["provider"] is None
    assert choices["government"] == {"en": "Demo Administration", "zh-Hant": "示範政府"}
    assert [each["department"] for each in choices["departments"]] == ["A", "B"]
    assert (await browser.get("/v1/me")).status_code == 401
    answer = await browser.post("/v1/session", json={"department": "B"})
    assert answer.status_code == 204
    said = answer.headers["set-cookie"].lower()
    assert "httponly" in said
    assert "samesite=strict" in said
    assert "secure" not in said
    me = (await browser.get("/v1/me")).json()
    assert [each["department"] for each in me["departments"]] == ["B"]
    assert (await browser.post("/v1/session", json={"department": "*"})).status_code == 204
    assert (await browser.get("/v1/me")).json()["platform"] is True
    steering = {"department": "*", "role": "steering"}
    assert (await browser.post("/v1/session", json=steering)).status_code == 204
    assert (await browser.get("/v1/me")).json()["permissions"] == ["figures:read"]
    assert (await browser.get("/v1/adoption")).status_code == 200
    assert (await browser.get("/v1/positions")).status_code == 403


async def test_a_department_that_is_none_cannot_be_chosen(browser: httpx.AsyncClient) -> None:
    assert (await browser.post("/v1/session", json={"department": "C"})).status_code == 404
    local = {"department": "A", "role": "platform"}
    assert (await browser.post("/v1/session", json=local)).status_code == 404
    for body in (
        {},
        {"department": 3},
        {"department": "A", "platform": True},
        {"department": "A", "role": "king"},
        {"department": "\0"},
    ):
        assert (await browser.post("/v1/session", json=body)).status_code == 422


async def test_a_name_and_its_password_sign_in(anna: World, browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/v1/sign-in")).json()["mode"] == "password"
    refused = await browser.post("/v1/session", json={"department": "A"})
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/forbidden")
    answer = await browser.post("/v1/session", json={**RIGHT, "name": " Anna "})
    assert answer.status_code == 204
    me = (await browser.get("/v1/me")).json()
    assert (me["label"], me["roles"], me["platform"]) == ("Anna Chan", ["dispatcher"], False)
    assert [each["department"] for each in me["departments"]] == ["A"]
    kept = await anna.sql("SELECT string_agg(s::text, ' ') FROM session AS s")
    assert browser.cookies[COOKIE] not in kept
    assert PASSWORD not in str(await anna.sql("SELECT password_hash FROM local_user"))


async def test_a_wrong_name_and_a_wrong_password_are_one_answer(
    anna: World, browser: httpx.AsyncClient
) -> None:
    answers = [
        await browser.post("/v1/session", json=each)
        for each in (GUESS, {**GUESS, "name": "nobody"}, {**GUESS, "name": "'; DROP TABLE fix"})
    ]
    assert {each.status_code for each in answers} == {401}
    told = [{**each.json(), "trace_id": None} for each in answers]
    assert told[0] == told[1] == told[2]
    async with anna.database.transaction("milepost_owner") as connection:
        await disable(connection, "anna")
    refused = (await browser.post("/v1/session", json=RIGHT)).json()
    assert {**refused, "trace_id": None} == told[0]


async def test_guessing_is_throttled_and_locks_nobody_out(
    anna: World, browser: httpx.AsyncClient
) -> None:
    await guess_in_vain(anna, browser)
    refused = await browser.post("/v1/session", json=RIGHT)
    assert refused.status_code == 429, "also with the right password: it is not tried"
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.json()["type"] == "/problems/too-many-guesses"
    failures = await anna.sql("SELECT sum(failures) FROM sign_in_guess")
    assert (await browser.post("/v1/session", json=GUESS)).status_code == 429
    assert await anna.sql("SELECT sum(failures) FROM sign_in_guess") == failures
    # However long it went on, a minute is the longest wait.
    await anna.sql("UPDATE sign_in_guess SET failures = 10000, wait_until = milepost_now()")
    assert (await browser.post("/v1/session", json=GUESS)).status_code == 401
    assert int((await browser.post("/v1/session", json=GUESS)).headers["retry-after"]) <= 60
    await anna.sql("UPDATE sign_in_guess SET wait_until = milepost_now()")
    assert (await browser.post("/v1/session", json=RIGHT)).status_code == 204


async def test_strangers_guesses_do_not_make_an_account_wait_where_it_is_at_home(
    anna: World, browser: httpx.AsyncClient, api: Served
) -> None:
    assert (await browser.post("/v1/session", json=RIGHT)).status_code == 204
    async with api.client(**{"X-Forwarded-For": "203.0.113.9"}) as stranger:
        await guess_in_vain(anna, stranger)
        assert (await stranger.post("/v1/session", json=GUESS)).status_code == 429
    assert (await browser.post("/v1/session", json=RIGHT)).status_code == 204


async def test_an_address_that_tries_many_names_waits(
    anna: World, browser: httpx.AsyncClient
) -> None:
    names = ("one", "two", "three")
    for name in names:
        answer = await browser.post("/v1/session", json={"name": name, "password": "x"})
        assert answer.status_code == 401
        # The address's count is the one that grew twice; with eighteen more it is at its limit.
        await anna.sql("UPDATE sign_in_guess SET failures = 26 WHERE failures = 2")
    answer = await browser.post("/v1/session", json={"name": "four", "password": "x"})
    assert answer.status_code == 429


async def test_the_cookie_is_of_this_host_and_secure_by_https(browser: httpx.AsyncClient) -> None:
    https = {"X-Forwarded-Proto": "https"}
    answer = await browser.post("/v1/session", json={"department": "A"}, headers=https)
    said = answer.headers["set-cookie"]
    assert said.startswith("__Host-milepost_session=")
    assert "secure" in said.lower()
    assert "path=/" in said.lower()
    assert "domain" not in said.lower()
    secret = said.split(";")[0].partition("=")[2]
    planted = {**https, "Cookie": f"{COOKIE}={secret}"}
    assert (await browser.get("/v1/me", headers=planted)).status_code == 401, "it may be planted"
    own = {**https, "Cookie": f"__Host-milepost_session={secret}"}
    assert (await browser.get("/v1/me", headers=own)).status_code == 200


async def test_signing_in_begins_a_session_that_nobody_knew_before(
    browser: httpx.AsyncClient, api: Served
) -> None:
    await browser.post("/v1/session", json={"department": "A"})
    first = browser.cookies[COOKIE]
    await browser.post("/v1/session", json={"department": "A"})
    assert browser.cookies[COOKIE] != first
    async with api.client(first) as planted:
        assert (await planted.get("/v1/me")).status_code == 401


async def test_signing_out_ends_the_session_itself(browser: httpx.AsyncClient, api: Served) -> None:
    await browser.post("/v1/session", json={"department": "A"})
    secret = browser.cookies[COOKIE]
    async with api.client(secret) as copy:
        assert (await copy.get("/v1/me")).status_code == 200
        assert (
            await browser.delete("/v1/session", headers=await proof(browser))
        ).status_code == 204
        assert COOKIE not in browser.cookies
        assert (await copy.get("/v1/me")).status_code == 401


async def test_signing_out_everywhere_ends_the_other_sessions_of_that_person(
    anna: World, browser: httpx.AsyncClient, api: Served
) -> None:
    async with api.client() as other, api.client(anna.tokens["A"]) as key:
        for each in (browser, other):
            assert (await each.post("/v1/session", json=RIGHT)).status_code == 204
        everywhere = "/v1/session?everywhere=true"
        assert (await browser.delete(everywhere, headers=await proof(browser))).status_code == 204
        assert (await other.get("/v1/me")).status_code == 401
        assert (await key.get("/v1/me")).status_code == 200


async def test_a_session_ends_idle_and_in_time_and_with_its_user(
    anna: World, browser: httpx.AsyncClient
) -> None:
    for ending in (
        "UPDATE session SET seen_at = seen_at - idle",
        "UPDATE session SET expires_at = milepost_now()",
    ):
        assert (await browser.post("/v1/session", json=RIGHT)).status_code == 204
        await anna.sql(ending)
        await ends(browser)
    assert (await browser.post("/v1/session", json=RIGHT)).status_code == 204
    async with anna.database.transaction("milepost_owner") as connection:
        await set_password(connection, "anna", PASSWORD)
    await ends(browser)
    assert (await browser.post("/v1/session", json=RIGHT)).status_code == 204
    async with anna.database.transaction("milepost_owner") as connection:
        await disable(connection, "anna")
    await ends(browser)


async def test_a_role_counts_while_it_is_held(anna: World, browser: httpx.AsyncClient) -> None:
    assert (await browser.post("/v1/session", json=RIGHT)).status_code == 204
    assert (await browser.get("/v1/positions")).status_code == 200
    await anna.sql(
        "UPDATE role_assignment SET during = tstzrange(lower(during), milepost_now())"
        " WHERE user_id IS NOT NULL"
    )
    deadline = time.monotonic() + REMEMBERED_S + DEADLINE_S
    while (await browser.get("/v1/positions")).status_code == 200:
        assert time.monotonic() < deadline
    assert (await browser.get("/v1/positions")).status_code == 403


async def test_signing_out_does_not_end_a_key_that_was_pasted_in(
    browser: httpx.AsyncClient, world: World, api: Served
) -> None:
    key = world.tokens["A"]
    assert (await browser.post("/v1/session", json={"key": key[:-1] + "!"})).status_code == 401
    assert (await browser.post("/v1/session", json={"key": key})).status_code == 204
    assert (await browser.delete("/v1/session", headers=await proof(browser))).status_code == 204
    assert (await browser.get("/v1/me")).status_code == 401
    async with api.client(key) as client:
        assert (await client.get("/v1/me")).status_code == 200


async def test_a_key_ends_in_time_and_when_it_is_revoked(world: World, api: Served) -> None:
    await world.give_key("old", "administrator@A")
    await world.sql("UPDATE api_key SET expires_at = milepost_now() WHERE label = 'old'")
    async with api.client(world.tokens["old"]) as client:
        assert (await client.get("/v1/me")).status_code == 401
    async with api.client(world.tokens["A"]) as client:
        assert (await client.get("/v1/me")).status_code == 200
        assert await world.sql("SELECT last_used_at FROM api_key WHERE label = 'A'") is not None
        await world.sql("UPDATE api_key SET revoked_at = milepost_now() WHERE label = 'A'")
        await ends(client)


async def test_a_keys_scopes_narrow_its_roles(world: World, api: Served) -> None:
    narrow = await world.give_key("map", "dispatcher@A", scopes=["positions:read", "audit:read"])
    async with api.client(narrow) as client:
        assert (await client.get("/v1/me")).json()["permissions"] == ["positions:read"]
        assert (await client.get("/v1/positions")).status_code == 200
        assert (await client.get("/v1/fences")).status_code == 403


async def test_a_key_of_another_secret_is_none(world: World, api: Served) -> None:
    """The eight characters find it; only the whole is it."""
    key = world.tokens["A"]
    for wrong in (
        f"{key[:12]}{'A' * 43}",
        key[:-1],
        key.upper(),
        key + "A",
        key.replace("mp", "ms"),
    ):
        async with api.client(wrong) as client:
            assert (await client.get("/v1/me")).status_code == 401, wrong


@pytest.mark.parametrize("value", ["Bearer", "Bearer x", "Basic QTpC", "Bearer mp_é"])
async def test_what_is_no_key_signs_nobody_in(browser: httpx.AsyncClient, value: str) -> None:
    await browser.post("/v1/session", json={"department": "A"})
    answer = await browser.get("/v1/me", headers=[(b"authorization", value.encode())])
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_no_route_that_writes_takes_a_cookie_from_another_site(
    browser: httpx.AsyncClient, api: Served
) -> None:
    await browser.post("/v1/session", json={"department": "A"})
    foreign = (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": api.url},
    )
    own = {"Origin": api.url, "Sec-Fetch-Site": "same-origin"}
    paths = (await browser.get("/openapi.json")).json()["paths"]
    writing = [(path, method) for path in paths for method in paths[path] if method != "get"]
    assert ("/v1/session", "delete") in writing
    for path, method in writing:
        for headers in foreign:
            answer = await browser.request(method, path, headers=headers, json={"department": "A"})
            assert answer.status_code == 403, (path, headers)
            assert answer.json()["type"] == "/problems/cross-site"
        if (path, method) == ("/v1/session", "post"):
            continue
        # An old browser says nothing; then the page's own proof is missing, or another session's.
        for shown in ({}, own, {CSRF_HEADER: "x"}, {CSRF_HEADER: browser.cookies[COOKIE]}):
            answer = await browser.request(method, path, headers=shown, json={"department": "A"})
            assert answer.json()["type"] == "/problems/cross-site", (path, shown)
    assert (await browser.get("/v1/me")).status_code == 200
    own |= await proof(browser)
    assert (await browser.delete("/v1/session", headers=own)).status_code == 204
