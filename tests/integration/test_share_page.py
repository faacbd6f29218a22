"""The page of a share link in a real browser, the size of a telephone."""

from __future__ import annotations

import asyncio

import httpx

from tests.acceptance.browser import visiting
from tests.integration.api_world import DEADLINE_S, Served, World

ASKED = {"vehicle": "A/AMB-1", "hours": 1, "purpose": "hospital gate"}


async def test_whoever_has_the_link_sees_the_vehicle_until_it_ends(
    world: World, api: Served, as_a: httpx.AsyncClient
) -> None:
    await world.drive("A/AMB-1", (290, 114.2, 22.3), speed_mps=9.0)
    made = (await as_a.post("/v1/shares", json=ASKED)).json()
    opened, ended = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    async def end() -> None:
        await opened.wait()
        await as_a.delete(f"/v1/shares/{made['id']}")
        ended.set()

    def look() -> None:
        with visiting(api.url, width=390, height=780) as visit:
            page = visit.page
            page.goto(f"{api.url}{made['path']}")
            visit.until("moving", lambda: page.inner_text("#status") == "Moving", DEADLINE_S)
            assert "Link ends in 59 min" in page.inner_text("#expiry")
            assert "A thing" in page.inner_text("#detail")
            page.wait_for_selector("path.leaflet-interactive, svg path")
            page.click("#language")
            assert page.inner_text("#status") == "行駛中"
            assert "AMB-1" not in page.content()
            assert page.evaluate("document.documentElement.scrollWidth") <= 390
            loop.call_soon_threadsafe(opened.set)
            visit.until("end", lambda: page.inner_text("#status") == "此連結已失效", DEADLINE_S)
            assert not visit.elsewhere
            assert not visit.errors
            tokens = [url for url in visit.requests if made["token"] in url]
            assert all("/v1/shares/" in url or "#" in url for url in tokens)

    await asyncio.gather(asyncio.to_thread(look), end())
    assert ended.is_set()
