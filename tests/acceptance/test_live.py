"""The live screen in a real browser: found, nearest, followed, narrowed, by mouse and keyboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from playwright.sync_api import Route

from tests.acceptance.axe import grave_faults
from tests.acceptance.browser import Theme, Visit, visiting
from tests.acceptance.room import HOSTILE, VEHICLES, Room, dispatching, sign_in
from tracker.postgres import PrivatePostgres


@pytest.fixture(scope="module")
def room(postgres: PrivatePostgres) -> Iterator[Room]:
    """A room of dispatchers."""
    with dispatching(postgres) as made:
        yield made


def refs(visit: Visit, test_id: str) -> list[str]:
    found: list[str] = visit.page.get_by_test_id(test_id).evaluate_all(
        "rows => rows.map(row => row.dataset.ref)"
    )
    return found


def test_what_somebody_says_a_vehicle_does_is_shown_to_the_others(room: Room) -> None:
    """In another browser, without asking for anything anew; and by the keyboard."""
    with visiting(room.api.url) as visit, visit.beside() as other:
        for each, language in ((visit, "en"), (other, "zh-Hant")):
            sign_in(each, room, language)
            each.page.keyboard.press("/")
            each.page.keyboard.type("am1007")
            each.page.keyboard.press("Enter")
            each.page.get_by_test_id("details-duty").wait_for()
        asked = len(other.requests)
        visit.page.get_by_test_id("details-duty").focus()
        visit.page.keyboard.type("En route")
        theirs = other.page.get_by_test_id("details-duty")
        other.until("en route", lambda: theirs.input_value() == "en_route", 20)
        row = other.page.locator('[data-ref="FSD/V-07"][data-testid="vehicle-row"]')
        other.until("in the list", lambda: "前往途中" in row.inner_text(), 20)
        assert not [url for url in other.requests[asked:] if "/v1/vehicles" in url]
        theirs.select_option("available")
        mine = visit.page.get_by_test_id("details-duty")
        visit.until("back", lambda: mine.input_value() == "available", 20)
        assert visit.errors == other.errors == []


def test_places_are_found_by_name_and_by_either_coordinates(room: Room) -> None:
    with visiting(room.api.url) as visit:
        sign_in(visit, room, "zh-Hant")
        page = visit.page
        hits = page.get_by_test_id("place-hit")
        page.keyboard.press("/")
        page.keyboard.type("沙田")
        visit.until("the district", lambda: hits.count() == 1, 20)
        page.keyboard.press("Enter")
        assert "沙田區" in page.get_by_test_id("place").inner_text()
        page.keyboard.press("/")
        page.keyboard.insert_text("832591.3 820351.4")
        visit.until("both readings", lambda: hits.count() == 2, 20)
        assert grave_faults(page) == []
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        assert "22.32217, 114.14119" in page.get_by_test_id("place").inner_text()
        page.keyboard.press("Escape")
        visit.until("gone", lambda: page.get_by_test_id("place").count() == 0, 20)
        assert visit.errors == []


def test_the_list_is_narrowed_and_the_address_says_how(room: Room) -> None:
    with visiting(room.api.url) as visit:
        sign_in(visit, room)
        page = visit.page
        count = page.get_by_test_id("vehicle-count")
        page.keyboard.press("d")
        visit.until("open", page.get_by_test_id("narrow-department").is_visible, 20)
        page.get_by_test_id("narrow-cluster").select_option("emergency")
        page.get_by_test_id("narrow-sort").select_option("name")
        assert "1 of 2 departments" in page.get_by_test_id("partial").inner_text()
        assert grave_faults(page) == []
        page.locator("main").focus()
        page.keyboard.press("2")
        assert page.get_by_test_id("filter-moving").get_attribute("aria-pressed") == "true"
        assert page.url.endswith("#/live?status=moving&cluster=emergency&sort=name")
        page.reload()
        visit.until("as before", lambda: " of 12" in count.inner_text(), 30)
        page.locator("main").focus()
        page.keyboard.press("2")
        page.keyboard.press("/")
        page.keyboard.type("am1003")
        page.keyboard.press("Enter")
        page.locator("main").focus()
        for _ in range(4):
            page.keyboard.press("+")
        page.keyboard.press("v")
        visit.until("fewer", lambda: count.inner_text().startswith("1 of"), 20)
        page.keyboard.press("t")
        assert page.get_by_test_id("desk").get_attribute("data-layout") == "table"
        assert not page.get_by_test_id("map").is_visible()
        page.keyboard.press("t")
        assert not page.get_by_test_id("vehicle-list").is_visible()
        assert visit.errors == []


def in_their_maps(visit: Visit) -> dict[str, bool]:
    """Of each followed vehicle: whether its own map shows it, off its edge."""
    found: dict[str, bool] = visit.page.get_by_test_id("follow-tile").evaluate_all(
        """tiles => Object.fromEntries(tiles.map(tile => {
          const mark = tile.querySelector('[data-testid=follow-mark]').getBoundingClientRect();
          const map = tile.querySelector('.map').getBoundingClientRect();
          return [tile.dataset.ref, mark.width > 0
            && mark.left > map.left && mark.right < map.right
            && mark.top > map.top && mark.bottom < map.bottom];
        }))"""
    )
    return found


def test_up_to_four_are_followed_each_on_a_map_of_its_own(room: Room) -> None:
    with visiting(room.api.url) as visit:
        sign_in(visit, room)
        page = visit.page
        page.emulate_media(reduced_motion="reduce")  # a symbol is where its fix is, at once
        page.get_by_test_id("narrow").locator("summary").click()
        page.get_by_test_id("narrow-sort").select_option("name")
        page.get_by_test_id("vehicle-list").focus()
        for _ in range(5):
            page.keyboard.press("j")
            page.keyboard.press("f")
        # The first of five was let go.
        expected = {f"FSD/V-0{n}": True for n in range(1, 5)}
        visit.until("each on its map", lambda: in_their_maps(visit) == expected, 20)
        assert "4 vehicles" in page.get_by_test_id("follow").inner_text()
        assert grave_faults(page) == []
        # One drives two thirds of a kilometre: its own map goes with it, the others stay.
        where = "window.milepost.screenPoint('FSD/V-01').y"
        visit.until("the map of all at rest", lambda: at_rest(visit, where), 20)
        before = page.evaluate(where)

        def is_off() -> bool:
            room.drive((1, 22.326, 0.0))  # until that is no faster than a vehicle can be
            return bool(abs(page.evaluate(where) - before) > 20)

        visit.until("it is off", is_off, 30)
        visit.until("all still", lambda: in_their_maps(visit) == expected, 20)
        page.set_viewport_size({"width": 320, "height": 700})
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        lefts = page.get_by_test_id("follow-tile").evaluate_all(
            "tiles => tiles.map(tile => tile.getBoundingClientRect().left)"
        )
        assert len(set(lefts)) == 1  # one upon the other
        assert grave_faults(page) == []
        page.set_viewport_size({"width": 1440, "height": 900})
        # By keyboard one goes after the other, and the keys are at hand behind the last one.
        page.get_by_test_id("follow-leave").first.focus()
        bar = page.get_by_test_id("follow")
        for left in (3, 2, 1):
            page.keyboard.press("Enter")
            visit.until(f"{left} left", partial(has_left, visit, left), 20)
        page.keyboard.press("Escape")
        visit.until("none", lambda: bar.count() == 0, 20)
        page.get_by_test_id("pause").click()
        page.get_by_test_id("paused").wait_for()
        assert visit.errors == []


def at_rest(visit: Visit, figure: str) -> bool:
    """Whether a figure of the page is the same at two looks, some frames apart."""
    two_frames = "new Promise(next => requestAnimationFrame(() => requestAnimationFrame(next)))"
    return bool(
        visit.page.evaluate(
            f"async () => {{ const f = {figure}; await {two_frames}; return f === {figure}; }}"
        )
    )


def has_left(visit: Visit, count: int) -> bool:
    """Whether so many are followed: one alone has the map's camera."""
    tiles = visit.page.get_by_test_id("follow-tile").count()
    return (tiles or visit.page.get_by_test_id("follow").count()) == count


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_telephone_and_a_wall_show_the_same(room: Room, theme: Theme) -> None:
    with visiting(room.api.url, width=320, height=700, theme=theme) as visit:
        sign_in(visit, room, "zh-Hant" if theme == "dark" else "en")
        page = visit.page
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        assert grave_faults(page) == []
        # What is typed goes into the box at once, though the list was hidden before.
        page.locator("main").focus()
        page.keyboard.press("/")
        page.keyboard.type("am1002")
        assert page.get_by_test_id("search").input_value() == "am1002"
        assert page.get_by_test_id("vehicle-row").first.is_visible()
        page.keyboard.press("Escape")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        page.set_viewport_size({"width": 1440, "height": 900})
        page.locator("main").focus()
        page.keyboard.press("g")
        page.keyboard.press("w")
        wall = page.get_by_test_id("wall")
        wall.wait_for()
        visit.until("drawn", lambda: visit.diagnostics("drawn") == VEHICLES, 20)
        sizes = wall.locator("*").evaluate_all(
            "all => all.filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))"
            ".map(e => parseFloat(getComputedStyle(e).fontSize))"
        )
        assert min(sizes) >= 18
        assert wall.locator("button").count() == 0
        assert grave_faults(page) == []
        page.evaluate("location.hash = '#/wall?views=all,Sha Tin&every=5'")
        visit.until("its turn", lambda: wall.get_attribute("data-preset") == "Sha Tin", 20)
        wall.focus()
        page.keyboard.press("Escape")
        page.get_by_test_id("desk").wait_for()
        assert visit.errors == []
        assert visit.elsewhere == []


def test_after_a_restart_it_is_live_again_and_no_alert_is_lost(room: Room) -> None:
    with visiting(room.api.url) as visit:
        sign_in(visit, room)
        page = visit.page
        room.enter_depot(2)
        page.get_by_test_id("strip-alert").first.wait_for()
        before = page.get_by_test_id("vehicle-row").count()
        room.stop()
        visit.until("lost", lambda: visit.diagnostics("state") != "live", 20)
        assert page.get_by_test_id("vehicle-row").count() == before
        page.get_by_test_id("strip-as-at").wait_for()
        assert page.get_by_test_id("strip-acknowledge").first.is_disabled()
        room.enter_depot(3)
        room.start()
        # Tries are 3.75 s apart at the most: 5 s on an idle machine.
        visit.until("live", lambda: visit.diagnostics("state") == "live", 10)
        alerts = page.get_by_test_id("alert-list")
        visit.until("its alert", lambda: f"{HOSTILE} 03" in alerts.inner_text(), 20)
        assert visit.errors == []


def test_a_newer_build_is_told_of_and_the_end_of_the_session_in_time(room: Room) -> None:
    with visiting(room.api.url) as visit:
        page = visit.page
        ends_at = (datetime.now(UTC) + timedelta(seconds=100)).isoformat()

        def saying(**more: object) -> Callable[[Route], None]:
            def answer(route: Route) -> None:
                found = route.fetch()
                if found.ok:
                    route.fulfill(response=found, json={**found.json(), **more})
                else:
                    route.fulfill(response=found)

            return answer

        # The service would have to be upgraded, and half a day to pass.
        page.route("**/v1/me", saying(ends_at=ends_at))
        page.route("**/v1/console", saying(assets=["/assets/index-newer.js"]))
        sign_in(visit, room)
        page.get_by_test_id("newer").wait_for()
        assert "1 min" in page.get_by_test_id("ends").inner_text()
        assert grave_faults(page) == []
        page.unroute_all()
        page.get_by_test_id("newer").get_by_role("button").click()
        desk, bar = page.get_by_test_id("desk"), page.get_by_test_id("newer")
        visit.until("loaded anew", lambda: (desk.count(), bar.count()) == (1, 0), 30)


def test_the_list_is_printed_with_its_time_and_filters(room: Room) -> None:
    with visiting(room.api.url) as visit:
        sign_in(visit, room)
        page = visit.page
        page.evaluate(
            "void (window.print = () => {"
            " window.printed = document.querySelector('.sheet').innerText;"
            " window.picture = document.querySelector('.sheet img').naturalWidth })"
        )
        page.keyboard.press("/")
        page.keyboard.type("am1003")
        page.locator("main").focus()
        page.keyboard.press("p")
        visit.until("printed", lambda: bool(page.evaluate("window.printed")), 30)
        assert page.evaluate("window.picture") > 100
        assert "1 vehicle" in page.evaluate("window.printed")
        assert "AM 1003" in page.evaluate("window.printed")
        assert "Printed" in page.evaluate("window.printed")
        assert visit.errors == []
