"""No state of a screen shuts anybody out: loading, empty, stale, lost, failed and the others.

Each is judged in both languages and both themes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Final

import pytest
from playwright.sync_api import Page, Route, WebSocketRoute

from tests.acceptance.axe import faults_in_all_looks, grave_faults
from tests.acceptance.browser import Theme, Visit, visiting
from tests.acceptance.dispatcher import words
from tests.acceptance.languages import foreign
from tests.acceptance.room import HOSTILE, Room, dispatching
from tracker.postgres import PrivatePostgres

LONG_LOST_MS: Final = 31_000
PROBLEM: Final = {"title": "Internal error", "status": 500, "trace_id": "0af7651916cd43dd"}
ASKED_FIRST: Final = re.compile(r"/v1/(vehicles|alerts|fences|playback)\b")
EVERYWHERE: Final = ("live", "alerts", "playback", "wall")
MAINS: Final = {"alerts": "alerts-screen", "playback": "playback-screen", "wall": "wall"}


@pytest.fixture(scope="module")
def room(postgres: PrivatePostgres) -> Iterator[Room]:
    """A room of dispatchers, with alerts, and a vehicle not heard of for twenty minutes."""
    with dispatching(postgres) as made:
        made.enter_depot(0, 1)
        made.first(
            "UPDATE latest SET fixed_at = fixed_at - interval '20 minutes' FROM vehicle"
            " WHERE vehicle.id = vehicle_id AND ref = 'V-09' RETURNING 1"
        )
        yield made


class Line:
    """The live connection of a page, which can be cut."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._open: list[WebSocketRoute] = []
        self._is_cut = False
        page.route_web_socket(re.compile("/v1/live"), self._on_open)

    def _on_open(self, socket: WebSocketRoute) -> None:
        if self._is_cut:
            socket.close()
            return
        socket.connect_to_server()
        self._open.append(socket)

    def cut(self) -> None:
        """It is gone, and does not come again."""
        self._is_cut = True
        for socket in self._open:
            socket.close()

    def cut_for_long(self) -> None:
        """As if half a minute had passed since."""
        self.cut()
        self._page.locator('[data-state="reconnecting"]').wait_for()
        self._page.evaluate(f"const now = Date.now; Date.now = () => now() + {LONG_LOST_MS}")


def at_once(_visit: Visit) -> Callable[[], object]:
    return lambda: None


def unanswered(visit: Visit) -> Callable[[], object]:
    visit.page.route(ASKED_FIRST, lambda _: None)
    return lambda: None


def failing(visit: Visit) -> Callable[[], object]:
    visit.page.route(ASKED_FIRST, lambda route: route.fulfill(status=500, json=PROBLEM))
    # Whatever succeeds behind it takes nothing back.
    return lambda: visit.page.wait_for_load_state("networkidle")


def lost(visit: Visit) -> Callable[[], object]:
    return Line(visit.page).cut


def long_lost(visit: Visit) -> Callable[[], object]:
    return Line(visit.page).cut_for_long


def newer(visit: Visit) -> Callable[[], object]:
    # The service would have to be upgraded.
    def answer(route: Route) -> None:
        said = {**route.fetch().json(), "assets": ["/assets/index-newer.js"]}
        route.fulfill(json=said)

    visit.page.route("**/v1/console", answer)
    return lambda: None


def narrowing(visit: Visit) -> Callable[[], object]:
    return lambda: visit.page.keyboard.press("d")


def asking(visit: Visit) -> Callable[[], object]:
    return lambda: visit.page.keyboard.press("?")


#: What brings the state about: before the page is there, and once it is; how it shows; and where.
STATES: Final = {
    "loading": (unanswered, "text=loading", EVERYWHERE),
    "empty": (at_once, "text=vehicles.none", EVERYWHERE),
    "stale": (at_once, "text=freshness.silent", ("live", "alerts", "wall")),
    "reconnecting": (lost, '[data-state="reconnecting"]', EVERYWHERE),
    "offline": (long_lost, '[data-state="offline"]', EVERYWHERE),
    "error": (failing, "[data-testid=failure]", EVERYWHERE),
    "partial": (narrowing, "[data-testid=partial]", ("live",)),
    "newer": (newer, "[data-testid=newer]", ("live", "alerts")),
    "help": (asking, "[data-testid=help-dialog][open]", ("live",)),
}


def in_all_looks(page: Page) -> list[str]:
    """Faults of a screen, whose languages and themes are switched by its keys."""
    html = page.locator("html")
    # A box that has the focus keeps its letters; a dialog keeps the focus.
    page.locator(".screen:not([hidden]) main").focus()

    def switch(key: str, says: str, both: set[str]) -> None:
        before = html.get_attribute(says)
        page.keyboard.press(key)
        assert {before, html.get_attribute(says)} == both, key

    return faults_in_all_looks(
        page,
        lambda: switch("l", "lang", {"en", "zh-Hant-HK"}),
        lambda: switch("Shift+D", "data-theme", {"light", "dark"}),
    )


@pytest.mark.parametrize("state", STATES)
def test_no_state_of_a_screen_shuts_anybody_out(room: Room, state: str) -> None:
    prepare, shows, screens = STATES[state]
    with visiting(room.api.url) as visit:
        page = visit.page
        bring = prepare(visit)
        key = room.empty_key if state == "empty" else room.key
        page.request.post(f"{visit.origin}/v1/session", data={"key": key})
        page.goto(visit.origin)
        if state not in ("loading", "error"):
            page.locator('[data-state="live"]').wait_for()
        page.locator(".screen:not([hidden]) main").wait_for()
        bring()
        word = words("en")[shows.removeprefix("text=")] if shows.startswith("text=") else None
        seen = page.get_by_text(word).first if word else page.locator(shows).first
        seen.wait_for()
        faults: dict[str, list[str]] = {}
        for screen in screens:
            if screen != "live":
                page.evaluate("to => { location.hash = `#/${to}` }", screen)
                page.locator(f'[data-testid="{MAINS[screen]}"]').wait_for()
            faults[screen] = in_all_looks(page)
        assert not any(faults.values()), faults
        assert visit.errors == []
        page.unroute_all(behavior="ignoreErrors")


def test_nobody_is_shut_out_before_they_are_in(room: Room) -> None:
    with visiting(room.api.url) as visit:
        page = visit.page
        faults: dict[str, list[str]] = {}

        def look(where: str) -> None:
            other = page.locator('.languages [aria-pressed="false"]').first
            faults[where] = faults_in_all_looks(
                page, other.click, page.get_by_test_id("theme").click
            )

        page.goto(visit.origin)
        page.get_by_test_id("with-key").click()
        look("sign in")
        page.get_by_test_id("key").fill("mp_nobody")
        page.get_by_test_id("key-button").click()
        page.get_by_test_id("refusal").wait_for()
        look("refused")
        visit.sign_in_by(room.key)
        page.context.clear_cookies()
        room.drive((0, 22.31, 0.0))
        page.evaluate("location.hash = '#/alerts'")
        page.get_by_text(words("en")["signed_out"]).wait_for()
        look("ended")
        page.route("**/v1/**", lambda route: route.abort())
        page.reload()
        page.get_by_text(words("en")["failure.reach"]).wait_for()
        faults["unreachable, by day"] = grave_faults(page)
        page.evaluate("localStorage['milepost.language'] = 'zh-Hant'")
        page.evaluate("localStorage['milepost.theme'] = 'dark'")
        page.reload()
        page.get_by_text(words("zh-Hant")["failure.reach"]).wait_for()
        faults["unreachable, by night"] = grave_faults(page)
        assert not any(faults.values()), faults


def test_nobody_is_shut_out_of_a_share_link(room: Room) -> None:
    with visiting(room.api.url) as visit:
        page = visit.page
        asked = {"vehicle": "FSD/V-02", "hours": 1, "purpose": "hospital gate"}
        signed = {"Authorization": f"Bearer {room.key}"}
        answer = page.request.post(f"{visit.origin}/v1/shares", data=asked, headers=signed)
        made = answer.json()
        status = page.locator("#status")
        faults: dict[str, list[str]] = {}

        def look(where: str) -> None:
            visit.until(where, lambda: status.inner_text() != "", 20)
            faults[where] = foreign(page, "en", HOSTILE)
            themes: Iterator[Theme] = cycle(("dark", "light"))
            faults[where] += faults_in_all_looks(
                page,
                page.locator("#language").click,
                lambda: page.emulate_media(color_scheme=next(themes)),
            )
            page.locator("#language").click()
            faults[where] += foreign(page, "zh-Hant", HOSTILE)
            page.locator("#language").click()

        page.goto(f"{visit.origin}{made['path']}")
        look("moving")
        said = status.inner_text()
        page.route("**/v1/shares/**", lambda route: route.abort())
        visit.until("away", lambda: status.inner_text() != said, 60)
        look("away")
        page.unroute_all()
        ended = page.request.delete(f"{visit.origin}/v1/shares/{made['id']}", headers=signed)
        assert ended.ok, ended.text()
        page.reload()
        page.locator(".ended").wait_for()
        look("ended")
        assert not any(faults.values()), faults
