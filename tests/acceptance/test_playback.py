"""Playback in a real browser: by mouse, by keyboard only, as known then and now, for everybody."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from urllib.parse import urlencode

import pytest

from geo.fix import Fix
from tests.acceptance.axe import faults_in_all_looks, grave_faults
from tests.acceptance.browser import Visit, visiting
from tests.acceptance.test_alert_queue import sign_in
from tests.integration.service import Service, running_service
from tracker.child import wait_for
from tracker.registry import New, NewDepartment, NewDevice, NewFence, NewRule, NewVehicle

HOSTILE = "<img src=x onerror=window.ran=1>${window.ran=1}</script>"
SHAPE = {"circle": {"center": [114.17, 22.3], "radius_m": 300}}
VEHICLE, OTHER = "FSD/V-0", "FSD/V-1"
#: An hour of which all is over.
#: Up north into the depot and out of it, 10 s apart; a silence; and back again.
WAY = [(10 * n, 114.17, 22.285 + 0.0005 * n) for n in range(61)]
BACK = [(1200 + 10 * n, 114.17, 22.315 - 0.0005 * n) for n in range(31)]
#: Told now, of a moment on the way up: it was off to the east.
LATE = (305, 114.1706, 22.30)


@cache
def start() -> datetime:
    """When the first vehicle set out: in the hour before the first test, not before it was read."""
    return datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=50)


def publish(service: Service, number: int, *places: tuple[int, float, float]) -> None:
    """A vehicle reports where it was."""
    fixes = (
        Fix(
            fixed_at=start() + timedelta(seconds=second),
            lon=lon,
            lat=lat,
            speed_mps=5.5,
            course_deg=0.0,
        )
        for second, lon, lat in places
    )
    service.report(f"box-{number}", *fixes)


def stored(service: Service, count: int) -> bool:
    """Whether so many fixes come to be there."""
    return wait_for(lambda: service.fetch("SELECT count(*) FROM fix")[0][0] == count, 30)


@contextmanager
def played() -> Iterator[Service]:
    """Vehicles with names that attack; what they told came at once, but for one fix."""
    things: list[New] = [
        NewDepartment(ref="FSD", name_en="Fire Services", name_zh_hant="消防處"),
        NewFence(ref="depot", department="FSD", name_en=HOSTILE, definition=SHAPE),
        NewRule(ref="in", department="FSD", on=["enter"], name_en="Depot", name_zh_hant="車廠"),
    ]
    for n in range(2):
        things += [
            NewVehicle(ref=f"V-{n}", department="FSD", name_en=HOSTILE, name_zh_hant=HOSTILE),
            NewDevice(ref=f"box-{n}", department="FSD", vehicle=f"V-{n}"),
        ]
    with running_service(*things) as made:
        made.fetch("UPDATE fence_version SET in_force = tstzrange('2026-01-01', NULL)")
        publish(made, 0, *WAY, *BACK)
        publish(made, 1, (0, 114.2, 22.35), (280, 114.2, 22.35))
        told = len(WAY) + len(BACK) + 2
        assert stored(made, told)
        made.fetch("UPDATE fix SET received_at = fixed_at + interval '1 second'")
        publish(made, 0, LATE)
        assert stored(made, told + 1)
        alerts = "SELECT count(*) FROM alert"
        assert wait_for(lambda: made.fetch(alerts)[0][0] >= 1, 30)
        assert wait_for(lambda: made.fetch("SELECT count(*) FROM trip")[0][0] >= 1, 60)
        yield made


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """One for all tests: they only look."""
    with played() as made:
        yield made


def iso(second: float) -> str:
    return (start() + timedelta(seconds=second)).isoformat().replace("+00:00", "Z")


def ms(second: float) -> float:
    return (start() + timedelta(seconds=second)).timestamp() * 1000


def address(second: float, *vehicles: str, known: str = "now", until_s: float = 1800) -> str:
    named = [("vehicle", each) for each in vehicles]
    window = [("from", iso(0)), ("to", iso(until_s)), ("at", iso(second)), ("known", known)]
    return f"#/playback?{urlencode(named + window)}"


def say_purpose(visit: Visit) -> None:
    visit.page.get_by_test_id("purpose").fill("case 12")
    visit.page.get_by_test_id("purpose-say").click()
    visit.page.get_by_test_id("transport").wait_for()


def look_back(visit: Visit, service: Service, where: str, language: str = "en") -> None:
    sign_in(visit, service, language)
    visit.page.goto(f"{service.web_url}/{where}")
    visit.page.get_by_test_id("purpose").wait_for()
    say_purpose(visit)


def cursor(visit: Visit) -> float:
    return float(visit.page.evaluate("window.milepostPlayback.atMs()"))


def place(visit: Visit, ref: str = VEHICLE) -> list[float] | None:
    found: list[float] | None = visit.page.evaluate(f"window.milepostPlayback.placeOf('{ref}')")
    return found


def test_by_keyboard(service: Service) -> None:
    with visiting(service.web_url) as visit:
        sign_in(visit, service, "en")
        keyboard = visit.page.keyboard
        keyboard.press("/")
        keyboard.type("V-0")
        keyboard.press("Enter")
        # Its last fix is what playback goes to.
        visit.page.get_by_test_id("details-position").get_by_text("22.30000").wait_for()
        visit.page.get_by_test_id("vehicle-list").focus()
        keyboard.press("g")
        keyboard.press("p")
        visit.page.get_by_test_id("purpose").wait_for()
        keyboard.type("ca")
        keyboard.press("Enter")
        refused = visit.page.get_by_test_id("purpose-form").get_by_role("alert")
        refused.wait_for()
        keyboard.type("se 12")
        keyboard.press("Enter")
        visit.page.get_by_test_id("transport").wait_for()
        assert visit.page.get_by_test_id("playback-chosen").get_attribute("data-ref") == VEHICLE
        visit.until("the last fix", lambda: cursor(visit) == ms(BACK[-1][0]), 20)
        visit.until("it is there", lambda: place(visit) is not None, 20)

        visit.page.get_by_test_id("playback-screen").focus()
        keyboard.press(",")
        assert cursor(visit) == ms(BACK[-1][0] - 1)
        keyboard.press(".")
        assert cursor(visit) == ms(BACK[-1][0])
        visit.page.get_by_test_id("at").fill(typed(60))
        keyboard.press("Enter")
        visit.until("typed", lambda: cursor(visit) == ms(60), 20)
        visit.page.get_by_test_id("playback-screen").focus()
        keyboard.press("]")
        visit.until("the next event", lambda: ms(60) < cursor(visit) < ms(600), 20)
        entered = cursor(visit)
        keyboard.press("Space")
        visit.until("it plays", lambda: cursor(visit) > entered + 3000, 20)
        keyboard.press("Space")
        stopped = cursor(visit)
        assert visit.page.get_by_test_id("play").inner_text() == "▶ Play"
        assert cursor(visit) == stopped
        keyboard.press("[")
        visit.until("the event before", lambda: cursor(visit) == entered, 20)

        visit.page.get_by_test_id("playback-marks").focus()
        keyboard.press("Enter")
        visit.page.get_by_test_id("marks").focus()
        kinds = [
            each.get_attribute("data-kind") for each in visit.page.get_by_test_id("mark").all()
        ]
        assert {"alert", "enter", "exit", "gap"} <= set(kinds)
        keyboard.press("j")
        keyboard.press("j")
        keyboard.press("Enter")
        visit.until("where the event was", lambda: cursor(visit) != entered, 20)


def typed(second: float) -> str:
    """In Hong Kong's time, as the console has it in fields."""
    return f"{start() + timedelta(seconds=second, hours=8):%F %T}"


def test_from_an_alert_by_mouse(service: Service) -> None:
    with visiting(service.web_url) as visit:
        sign_in(visit, service, "en")
        page = visit.page
        page.get_by_test_id("go-alerts").click()
        page.get_by_test_id("queue-row").first.click()
        page.get_by_test_id("alert-playback").click()
        say_purpose(visit)
        visit.until("at its moment", lambda: place(visit) is not None, 20)
        assert ms(0) < cursor(visit) < ms(1800)
        page.get_by_test_id("playback-marks").click()
        visit.until("marks", lambda: page.get_by_test_id("mark").count() >= 3, 20)
        page.locator('[data-testid="mark"][data-kind="exit"]').first.click()
        visit.until("it left", lambda: ms(300) < cursor(visit) < ms(600), 20)

        before = cursor(visit)
        page.get_by_test_id("graph").locator(".u-over").click(position={"x": 200, "y": 60})
        visit.until("the graph's cursor", lambda: cursor(visit) != before, 20)
        page.get_by_test_id("rate").select_option("60")
        page.get_by_test_id("play").click()
        visit.until("60 times", lambda: cursor(visit) > before, 20)
        page.get_by_test_id("play").click()

        page.get_by_test_id("playback-trips").click()
        page.get_by_test_id("trip").first.wait_for()
        gpx = page.get_by_test_id("file-gpx").get_attribute("href")
        answer = page.request.get(f"{visit.origin}{gpx}")
        assert answer.ok, answer.text()
        assert "<gpx" in answer.text()
        report = page.request.get(
            f"{visit.origin}{page.get_by_test_id('report').get_attribute('href')}"
        )
        assert report.ok
        page.get_by_test_id("trip-play").first.click()
        visit.until("that trip", lambda: cursor(visit) >= ms(0), 20)
        assert page.evaluate("window.ran") is None
        assert visit.errors == []
        assert visit.elsewhere == []


def test_all_vehicles_and_one_of_them_chosen(service: Service) -> None:
    with visiting(service.web_url) as visit:
        look_back(visit, service, address(200))
        page = visit.page
        visit.until("both", lambda: page.evaluate("window.milepostPlayback.drawn()") == 2, 30)
        assert place(visit) == pytest.approx([114.17, 22.295])
        assert "2 of 2" in page.get_by_test_id("unit-count").inner_text()
        page.locator(f'[data-testid="unit"][data-ref="{OTHER}"]').click()
        page.get_by_test_id("unit-choose").click()
        page.get_by_test_id("graph").wait_for()
        assert cursor(visit) == ms(200)
        page.get_by_test_id("playback-search").fill("V-0")
        page.get_by_test_id("playback-found").first.click()
        visit.until("two", lambda: page.get_by_test_id("playback-chosen").count() == 2, 20)
        page.get_by_test_id("playback-chosen").first.click()
        visit.until("one", lambda: page.get_by_test_id("playback-chosen").count() == 1, 20)
        page.get_by_test_id("from").fill(typed(100))
        page.get_by_test_id("to").fill(typed(50))
        page.get_by_test_id("playback-show").click()
        page.get_by_test_id("playback-setup").get_by_role("alert").wait_for()
        page.get_by_test_id("preset-hour").click()
        visit.until("again", lambda: place(visit) is not None, 20)
        assert page.get_by_test_id("playback-setup").get_by_role("alert").count() == 0


def test_what_is_refused_is_said_with_its_reference(service: Service) -> None:
    with visiting(service.web_url) as visit:
        look_back(visit, service, address(0, "FSD/NOBODY"))
        failure = visit.page.get_by_test_id("playback-failure")
        failure.wait_for()
        assert "Nothing was changed." in failure.inner_text()
        assert failure.locator("small").inner_text() != ""


def test_everybody_can_use_it(service: Service) -> None:
    with visiting(service.web_url) as visit:
        sign_in(visit, service, "en")
        page = visit.page
        page.goto(f"{service.web_url}/{address(200, VEHICLE)}")
        page.get_by_test_id("purpose").wait_for()
        assert grave_faults(page) == []
        say_purpose(visit)
        visit.until("there", lambda: place(visit) is not None, 20)
        for name in ("units", "marks", "trips"):
            page.get_by_test_id(f"playback-{name}").click()
            page.get_by_test_id("playback-screen").focus()
            switches = (partial(page.keyboard.press, key) for key in ("l", "Shift+D"))
            assert faults_in_all_looks(page, *switches) == [], name
        page.get_by_test_id("known-then").check()
        page.get_by_test_id("playback-all").click()
        page.get_by_test_id("graph-none").wait_for()
        assert grave_faults(page) == []
        page.set_viewport_size({"width": 320, "height": 640})
        wider = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        visit.until("nothing beyond the edge", lambda: not page.evaluate(wider), 20)
        assert grave_faults(page) == []
