"""People change their own password: `PUT /v1/me/password`."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.integration.api_world import Served, World
from tracker.people import add_user

OLD, NEW = "three words of water", "four more words of fire"


@pytest.fixture
async def anna(world: World) -> None:
    async with world.database.transaction() as owner:
        await add_user(owner, login="anna", name="Anna", password=OLD, roles=["dispatcher@A"])


async def signed_in(browser: httpx.AsyncClient, password: str) -> bool:
    """Sign in there; from then on changes carry the session's token."""
    answer = await browser.post("/v1/session", json={"name": "anna", "password": password})
    if answer.status_code == 204:
        browser.headers["X-CSRF-Token"] = (await browser.get("/v1/me")).json()["csrf"]
    return answer.status_code == 204


async def change(browser: httpx.AsyncClient, old: str, new: str) -> Any:  # noqa: ANN401  any JSON
    answer = await browser.put("/v1/me/password", json={"old": old, "new": new})
    if answer.status_code == 204:
        return None
    return answer.json()["type"].removeprefix("/problems/")


@pytest.mark.usefixtures("anna")
async def test_ones_own_password_is_changed_and_other_sessions_end(
    world: World, api: Served
) -> None:
    async with api.client() as here, api.client() as there, api.client() as later:
        assert await signed_in(here, OLD)
        assert await signed_in(there, OLD)
        assert await change(here, "not that one at all", NEW) == "wrong-old-password"
        assert await change(here, OLD, OLD) == "invalid-request", "the same"
        assert await change(here, OLD, "short") == "invalid-request"
        assert await change(here, OLD, "anna and four words") == "invalid-request"
        assert (await there.get("/v1/me")).status_code == 200, "nothing was changed"
        without = {"X-CSRF-Token": "x"}
        forged = await here.put("/v1/me/password", json={"old": OLD, "new": NEW}, headers=without)
        assert forged.status_code == 403
        assert await change(here, OLD, NEW) is None
        assert (await here.get("/v1/me")).json()["label"] == "Anna"
        assert (await there.get("/v1/me")).status_code == 401
        assert not await signed_in(later, OLD)
        assert await signed_in(later, NEW)
    told = await world.sql(
        "SELECT jsonb_agg(what || ' ' || who ORDER BY day, n) FROM audit"
        " WHERE what IN ('password.refused', 'local_user.update')"
    )
    assert told == ["password.refused user:anna", "local_user.update user:anna"]
    assert NEW not in await world.sql("SELECT jsonb_agg(a)::text FROM audit AS a")


@pytest.mark.usefixtures("anna")
async def test_wrong_ones_wait_as_at_the_door(api: Served) -> None:
    async with api.client() as here:
        assert await signed_in(here, OLD)
        answers = [await change(here, f"guess number {n}", NEW) for n in range(7)]
        assert answers[0] == "wrong-old-password"
        assert answers[-1] == "too-many-guesses", answers
        waits = await here.put("/v1/me/password", json={"old": OLD, "new": NEW})
        assert (waits.status_code, int(waits.headers["Retry-After"]) > 0) == (429, True)
        assert (await here.get("/v1/me")).status_code == 200, "who is in stays in"


async def test_who_has_no_password_here_is_told_so(as_a: httpx.AsyncClient) -> None:
    words = {"en": "You have no password here", "zh-HK": "你在本系統沒有密碼"}
    for language, title in words.items():
        answer = await as_a.put(
            "/v1/me/password",
            json={"old": OLD, "new": NEW},
            headers={"Accept-Language": language},
        )
        assert (answer.status_code, answer.json()["title"]) == (409, title)
