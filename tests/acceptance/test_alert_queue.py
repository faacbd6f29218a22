"""The queue of alerts in a real browser: several at once, given away, asleep, and new ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from playwright.sync_api import APIResponse, Route

from geo.fix import Fix
from tests.acceptance.browser import Visit, visiting
from tests.integration.service import Service, running_service
from tracker.child import wait_for
from tracker.registry import New, NewDepartment, NewDevice, NewFence, NewRule, NewVehicle

#: A test has vehicles of its own.
VEHICLES, TESTS = 5, 4
HOSTILE = "<img src=x onerror=window.ran=1>${window.ran=1}</script>"
SHAPE = {"circle": {"center": [114.17, 22.3], "radius_m": 300}}


def publish(service: Service, number: int, lat: float, age_s: float) -> None:
    """A vehicle reports that it was there."""
    fix = Fix(
        fixed_at=datetime.now(UTC) - timedelta(seconds=age_s),
        lon=114.17,
        lat=lat,
        speed_mps=10.0,
        course_deg=0.0,
    )
    service.report(f"box-{number}", fix)


@pytest.fixture(scope="module")
def running() -> Iterator[Service]:
    """A service with names that attack."""
    things: list[New] = [
        NewDepartment(ref="FSD", name_en="Fire Services", name_zh_hant="消防處"),
        NewFence(ref="depot", department="FSD", name_en=HOSTILE, definition=SHAPE),
        NewRule(ref="in", department="FSD", on=["enter"], name_en="Depot", name_zh_hant="車廠"),
    ]
    for n in range((VEHICLES + 1) * TESTS):
        things += [
            NewVehicle(ref=f"V-{n}", department="FSD", name_en=HOSTILE, name_zh_hant=HOSTILE),
            NewDevice(ref=f"box-{n}", department="FSD", vehicle=f"V-{n}"),
        ]
    with running_service(*things) as service:
        yield service


@pytest.fixture(scope="module")
def fleets() -> Iterator[range]:
    """The vehicles of one test after the other; between them is one that stands still."""
    each = VEHICLES + 1
    return iter([range(n * each, n * each + VEHICLES) for n in range(TESTS)])


@pytest.fixture
def service(running: Service, fleets: Iterator[range]) -> Service:
    """Every vehicle entered the fence just now: these alerts are the only ones not closed."""
    standing = [
        str(row[0]) for row in running.fetch("SELECT id FROM alert WHERE state <> 'closed'")
    ]
    if standing:
        running.milepost("alert", "close", *standing, "--reason", "handled")
    for number in next(fleets):
        publish(running, number, 22.29, 20)
        publish(running, number, 22.30, 0)
    count = "SELECT count(*) FROM alert WHERE state = 'open'"
    assert wait_for(lambda: running.fetch(count)[0][0] == VEHICLES, 30)
    return running


def sign_in(visit: Visit, service: Service, language: str) -> None:
    visit.sign_in_by(service.key("manager@FSD"), language)
    visit.until("live", lambda: visit.diagnostics("state") == "live", 30)


def rows(visit: Visit) -> int:
    return visit.page.get_by_test_id("queue-row").count()


def newest(visit: Visit) -> list[dict[str, Any]]:
    """The alerts of the test's own vehicles, as the service has them."""
    answer = visit.page.request.get(f"{visit.origin}/v1/alerts?limit={VEHICLES}")
    alerts: list[dict[str, Any]] = answer.json()["alerts"]
    return alerts


def another_enters(visit: Visit, service: Service) -> None:
    """One more alert, of a vehicle that stood still."""
    another = 1 + max(int(alert["vehicle"].rpartition("-")[2]) for alert in newest(visit))
    publish(service, another, 22.29, 20)
    publish(service, another, 22.30, 0)


def states(visit: Visit) -> dict[str, int]:
    return Counter(alert["state"] for alert in newest(visit))


def test_by_mouse_one_is_given_away_and_the_others_are_done_at_once(service: Service) -> None:
    with visiting(service.web_url) as visit:
        sign_in(visit, service, "zh-Hant")
        page = visit.page
        page.get_by_test_id("go-alerts").click()
        visit.until("the new ones", lambda: rows(visit) == VEHICLES, 20)

        page.get_by_test_id("queue-row").nth(1).click()
        page.get_by_test_id("act-acknowledge").click()
        visit.until("one less", lambda: rows(visit) == VEHICLES - 1, 20)
        page.get_by_test_id("tab-mine").click()
        visit.until("it is mine", lambda: rows(visit) == 1, 20)
        assert page.get_by_test_id("queue-owner").inner_text() == "Chan"

        page.get_by_test_id("assign-to").fill("Wong")
        page.get_by_test_id("act-assign").click()
        visit.until("it is not mine", lambda: rows(visit) == 0, 20)
        page.get_by_test_id("tab-in_hand").click()
        visit.until("in hand", lambda: rows(visit) == 1, 20)
        closed = page.get_by_test_id("queue-row").get_attribute("data-alert")
        page.get_by_test_id("act-alert.close.false").click()
        page.get_by_test_id("tab-closed").click()
        row = page.locator(f'[data-alert="{closed}"]')
        visit.until("closed", lambda: row.count() == 1, 20)

        page.get_by_test_id("tab-new").click()
        page.get_by_test_id("queue-check-all").click()
        page.get_by_test_id("act-alert.snooze").click()
        visit.until(
            "all asleep",
            lambda: sum(bool(each["snoozed_until"]) for each in newest(visit)) == VEHICLES - 1,
            20,
        )
        page.get_by_test_id("queue-check-all").click()
        page.get_by_test_id("act-acknowledge").click()
        visit.until("no new ones", lambda: rows(visit) == 0, 20)
        done = {"closed": 1, "acknowledged": VEHICLES - 1}
        visit.until("so the service has it", lambda: states(visit) == done, 20)

        page.get_by_test_id("tab-mine").click()
        visit.until("mine", lambda: rows(visit) == VEHICLES - 1, 20)
        page.get_by_test_id("act-show").click()
        page.get_by_test_id("details").wait_for()
        assert page.evaluate("window.ran") is None
        assert visit.errors == []
        assert visit.elsewhere == []


def test_by_keyboard_an_alert_is_acknowledged_in_two_actions(service: Service) -> None:
    with visiting(service.web_url) as visit:
        sign_in(visit, service, "en")
        visit.page.keyboard.press("g")
        visit.page.keyboard.press("a")
        visit.until("the queue", lambda: rows(visit) == VEHICLES, 20)
        visit.page.keyboard.press("a")
        visit.until("one less", lambda: rows(visit) == VEHICLES - 1, 20)
        visit.page.keyboard.press("j")
        visit.page.keyboard.press("x")
        visit.page.keyboard.press("j")
        visit.page.keyboard.press("x")
        visit.page.keyboard.press("h")
        # At once, to those that are on their way out.
        visit.page.keyboard.press("m")
        visit.page.keyboard.type("seen")
        visit.page.keyboard.press("Enter")
        visit.until("two less", lambda: rows(visit) == VEHICLES - 3, 20)
        visit.until("two are closed", lambda: states(visit)["closed"] == 2, 20)
        visit.until("the note", lambda: "seen" in [each["note"] for each in newest(visit)], 20)
        visit.page.keyboard.press("l")
        lang = visit.page.locator("html")
        visit.until("Chinese", lambda: lang.get_attribute("lang") == "zh-Hant-HK", 20)


def test_new_alerts_sound_once_and_show_at_once(service: Service) -> None:
    with visiting(service.web_url) as visit:
        sign_in(visit, service, "en")
        visit.page.get_by_test_id("go-alerts").click()
        visit.until("the queue", lambda: rows(visit) == VEHICLES, 20)
        assert visit.diagnostics("chimes") == 0
        another_enters(visit, service)
        visit.until("one more", lambda: rows(visit) == VEHICLES + 1, 20)
        visit.until("a chime", lambda: visit.diagnostics("chimes") == 1, 20)


#: A page asks for what is open when it begins, and again when it is connected.
QUESTIONS: Final = 2


def test_an_answer_older_than_what_was_told_meanwhile_takes_no_alert_away(
    service: Service,
) -> None:
    held: list[tuple[Route, APIResponse]] = []
    with visiting(service.web_url) as visit:
        sign_in(visit, service, "en")
        visit.page.route(
            "**/v1/alerts?state=open*", lambda route: held.append((route, route.fetch()))
        )
        visit.page.reload()
        connected = visit.page.locator('[data-testid="connection"][data-state="live"]')
        visit.until("questions", lambda: connected.count() == 1 and len(held) == QUESTIONS, 30)
        another_enters(visit, service)
        visit.until("it is told", lambda: visit.diagnostics("chimes") == 1, 20)
        # The older one last.
        for route, answer in reversed(held):
            route.fulfill(response=answer)
        visit.page.get_by_test_id("go-alerts").click()
        visit.until("all of them", lambda: rows(visit) == VEHICLES + 1, 20)
