"""The developers' portal in a browser: nobody, an administrator, a dispatcher; and axe-core."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

import httpx
from playwright.sync_api import Page

from tests.acceptance.axe import faults
from tests.acceptance.browser import Theme, Visit, visiting
from tests.integration.api_world import DEADLINE_S, Served, World

#: On the loaded machine.
MOST_MS = 120_000


async def seen(
    api: Served, key: str | None, look: Callable[[Visit], None], theme: Theme = "light"
) -> None:
    """Look at the portal, signed in with a key or not; nothing goes elsewhere or wrong."""

    def looking() -> None:
        with visiting(api.url, theme=theme) as visit:
            visit.page.set_default_timeout(MOST_MS)
            said: list[str] = []
            visit.page.on("console", lambda message: said.append(message.text))
            visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
            if key is not None:
                asked = visit.page.request.post(f"{api.url}/v1/session", data={"key": key})
                assert asked.status == 204
            visit.page.goto(f"{api.url}/developers")
            visit.page.locator("#problem-table tbody tr").first.wait_for()
            look(visit)
            assert not visit.elsewhere
            assert not visit.errors
            assert [each for each in said if "Content Security Policy" in each] == []

    await asyncio.to_thread(looking)


def is_readable(page: Page, of_positions: str) -> None:
    """The reference: every operation, found by a word, opened with what it takes and answers."""
    page.get_by_text(of_positions).wait_for()
    asked = page.evaluate("fetch('../openapi.json').then(answer => answer.json())")["paths"]
    there = sum(len(methods) for methods in asked.values())
    assert page.locator("details").count() == there
    page.locator("#find").fill("positions polygon")
    page.get_by_text(of_positions).wait_for()
    page.wait_for_function("document.querySelectorAll('details').length < 5")
    page.locator("#getPositions > summary").focus()
    page.keyboard.press("Enter")
    page.locator("#getPositions").get_by_text("bbox-crs", exact=True).first.wait_for()
    assert "403" in page.locator("#getPositions").inner_text()
    assert faults(page) == []
    page.locator("#theme").click()
    assert faults(page, of_colours=True) == [], "in the other theme"
    page.locator("#theme").click()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("#find").fill("")
    page.wait_for_function(
        "many => document.querySelectorAll('details').length === many", arg=there
    )
    assert faults(page) == []


async def test_nobody_sees_examples_problems_and_the_reference(world: World, api: Served) -> None:
    def look(visit: Visit) -> None:
        page = visit.page
        assert page.locator("#who").inner_text().startswith("Not signed in.")
        assert page.locator("#new-key").is_hidden()
        assert page.locator(".example").count() >= 8
        assert f"{api.url}/v1/positions" in page.locator("#example-positions pre").inner_text()
        page.get_by_role("button", name="Python").click()
        assert "import httpx" in page.locator("#example-positions pre").inner_text()
        assert "os.environ" not in page.locator("#example-list").inner_text()
        assert faults(page) == []
        told = page.locator("#told-table").inner_text()
        assert "/v1/events" in told
        assert "A crossing, a dwell, a speed" in told
        page.goto(f"{api.url}/problems/purpose-missing")
        assert page.url.endswith("/developers/#problem-purpose-missing")
        assert "422" in page.locator("#problem-purpose-missing").inner_text()
        page.get_by_role("link", name="API reference").click()
        is_readable(page, "The latest fix of each vehicle")

    await seen(api, None, look)


async def test_an_administrator_makes_copies_and_ends_a_key(world: World, api: Served) -> None:
    told: list[str] = []

    def look(visit: Visit) -> None:
        page = visit.page
        assert "A thing" in page.locator("#who").inner_text()
        form = page.locator("#new-key")
        form.get_by_label("What for").fill("wall map")
        form.get_by_label("Valid for days").fill("7")
        form.get_by_label("positions:read").check()
        form.get_by_role("button", name="Make the key").click()
        made = page.locator("#made code")
        made.wait_for()
        key = made.inner_text()
        told.append(key)
        page.locator("#made").get_by_role("button", name="Copy").click()
        page.locator("#made").get_by_role("button", name="Copied").wait_for()
        assert page.evaluate("navigator.clipboard.readText()") == key
        assert key in page.locator("#example-positions pre").inner_text()
        row = page.locator("#key-table tr", has_text=key[:11])
        assert [part in row.inner_text() for part in ("wall map", "dispatcher@A", "never")] == [
            *(True, True, True),
        ]
        assert httpx.get(f"{api.url}/v1/positions", headers=bearer(key)).status_code == 200
        assert faults(page) == []
        row.get_by_role("button", name="End").click()
        row.get_by_role("button", name="Really end it?").click()
        row.get_by_text("ended", exact=True).wait_for()
        assert httpx.get(f"{api.url}/v1/positions", headers=bearer(key)).status_code == 401
        assert "requests" in page.locator("#usage-table").inner_text()
        csv = page.request.get(f"{api.url}/v1/usage?format=csv").text()
        assert csv.startswith("day,who,label,kind,departments,asked,refused")
        form.get_by_label("What for").fill("   x   ")
        form.get_by_role("button", name="Make the key").click()
        visit.until(
            "why not",
            lambda: "Nothing was made." in page.locator("#refused").inner_text(),
            DEADLINE_S,
        )

    await seen(api, world.tokens["A"], look)
    # Shown once: nothing of it but its name is to be had again.
    async with api.client(world.tokens["A"]) as caller:
        assert told[0] not in (await caller.get("/v1/keys")).text


async def test_a_dispatcher_is_told_whom_to_ask_in_chinese_and_in_the_dark(
    world: World, api: Served
) -> None:
    key = await world.give_key("a dispatcher", "dispatcher@A")

    def look(visit: Visit) -> None:
        page = visit.page
        page.get_by_role("button", name="中文").click()
        assert "密鑰由部門管理員建立" in page.locator("#keys-note").inner_text()
        assert page.locator("#new-key").is_hidden()
        assert page.locator("#usage-table").is_visible()
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        assert page.evaluate("document.documentElement.lang") == "zh-Hant-HK"
        about = page.locator("main p").first.inner_text()
        latin = re.findall(r"[A-Za-z]{4,} [a-z]{3,} [a-z]{3,}", about)
        assert latin == []
        assert faults(page) == []
        page.set_viewport_size({"width": 390, "height": 780})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.get_by_role("link", name="API 參考").click()
        is_readable(page, "各車輛的最新位置")
        page.get_by_role("button", name="English").click()
        page.get_by_text("The latest fix of each vehicle").wait_for()

    await seen(api, key, look, theme="dark")


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}
