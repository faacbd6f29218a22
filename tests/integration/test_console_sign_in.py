"""The console's sign-in page, in a browser: a password, and a real OpenID provider."""

from __future__ import annotations

import asyncio

import httpx

from tests.acceptance.axe import grave_faults
from tests.acceptance.browser import Visit, visiting
from tests.conftest import make_database
from tests.integration.api_world import World, served, world_in
from tests.integration.oidc_world import Issuer
from tracker.people import add_user
from tracker.postgres import PrivatePostgres

PASSWORD = "three words of water"  # noqa: S105  of a test's user


async def prepared(postgres: PrivatePostgres) -> World:
    """A government with a dispatcher of department A."""
    async with world_in(await make_database(postgres)) as world:
        async with world.database.transaction() as connection:
            await add_user(
                connection, login="anna", name="Anna", password=PASSWORD, roles=["dispatcher@A"]
            )
        await world.drive("A/AMB-1", (0, 114.2, 22.3))
        return world


def test_a_dispatcher_signs_in_by_password_and_by_the_provider(postgres: PrivatePostgres) -> None:
    issuer = Issuer()
    world = asyncio.run(prepared(postgres))
    with (
        served(world.database.dsn("milepost_api"), oidc=issuer.settings) as api,
        issuer.running(f"{api.url}/v1/oidc/callback"),
        visiting(api.url) as visit,
    ):
        page = visit.page
        page.goto(api.url)
        page.get_by_test_id("name").fill("anna")
        page.get_by_test_id("password").fill("three words of fire")
        page.get_by_test_id("sign-in-button").click()
        page.get_by_test_id("refusal").wait_for()
        page.get_by_test_id("password").fill(PASSWORD)
        page.get_by_test_id("sign-in-button").click()
        rows = page.get_by_test_id("vehicle-row")
        rows.first.wait_for()
        assert rows.count() == 2
        changes_the_password(visit, api.url)
        page.get_by_test_id("sign-out").click()
        page.get_by_test_id("provider").click()
        page.get_by_label("who").fill("dispatch.anna")
        page.get_by_role("button", name="Go on").click()
        rows.first.wait_for()
        assert page.url == f"{api.url}/"
        assert rows.count() == 2
        page.get_by_test_id("account").click()
        told = page.get_by_test_id("account-elsewhere")
        assert "another service" in told.inner_text()
        assert page.get_by_test_id("account-old").count() == 0
        page.keyboard.press("l")
        page.keyboard.press("D")
        visit.until("in Chinese", lambda: "其他登入服務" in told.inner_text(), 20)
        assert grave_faults(page) == [], "in Chinese and dark"


def changes_the_password(visit: Visit, url: str) -> None:
    """By keyboard alone, in both languages; what was typed stays where it is refused."""
    page = visit.page
    with httpx.Client(base_url=url) as elsewhere:
        there = elsewhere.post("/v1/session", json={"name": "anna", "password": PASSWORD})
        assert there.status_code == 204
        page.get_by_test_id("account").focus()
        page.keyboard.press("Enter")
        page.get_by_test_id("account-old").wait_for()
        page.keyboard.type("not that one at all")
        page.keyboard.press("Tab")
        page.keyboard.type("short")
        page.keyboard.press("Enter")
        invalid = '[data-testid="account-new"][aria-invalid="true"]'
        page.locator(invalid).wait_for()
        page.keyboard.type(" words, four of them")
        page.keyboard.press("Enter")
        refused = page.get_by_test_id("account-refused")
        refused.wait_for()
        assert "The present password is not right" in refused.inner_text()
        assert page.get_by_test_id("account-new").input_value() == "short words, four of them"
        assert grave_faults(page) == []
        assert elsewhere.get("/v1/me").status_code == 200, "nothing was changed"
        page.keyboard.press("Control+a")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        done = page.get_by_test_id("account-done")
        visit.until("changed", lambda: "is changed" in done.inner_text(), 20)
        assert elsewhere.get("/v1/me").status_code == 401, "signed out there"
        page.keyboard.press("Escape")
        page.get_by_test_id("account-dialog").wait_for(state="detached")
        back = "document.activeElement.dataset.testid"
        visit.until("the focus back", lambda: page.evaluate(back) == "account", 20)
