"""The demonstration in a real browser: moving vehicles and a first alert within a minute."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest

from tests.acceptance.browser import Visit, visiting
from tests.integration.processes import passing_folder
from tests.integration.service import Service, served
from tracker.child import wait_for

#: From the start of the command; the promise of the first minute.
FIRST_ALERT_WITHIN_S = 60.0


@pytest.fixture(scope="module")
def demo() -> Iterator[tuple[Service, float]]:
    """The demonstration and when it was started."""
    started_s = time.monotonic()
    with (
        pytest.MonkeyPatch.context() as environment,
        passing_folder() as data,
    ):
        # Where the tests run the internet may be there or not; they are to see the same.
        environment.setenv("MILEPOST_BASEMAP_ONLINE", "off")
        with served(data, ["--demo"]) as service:
            yield service, started_s


def test_vehicles_move_and_alerts_come_in_the_first_minute(demo: tuple[Service, float]) -> None:
    service, started_s = demo
    with visiting(service.web_url) as visit:
        visit.sign_in("all")
        left_s = FIRST_ALERT_WITHIN_S - (time.monotonic() - started_s)
        visit.until("an alert", lambda: visit.page.get_by_test_id("alert").count() > 0, left_s)
        visit.until("all vehicles drawn", lambda: visit.diagnostics("drawn") >= 600, 60)
        tick = visit.diagnostics("tick")
        visit.until("the next frames", lambda: visit.diagnostics("tick") > tick + 3, 30)
        assert visit.page.get_by_test_id("connection").get_attribute("data-state") == "live"
        assert visit.elsewhere == []
        assert visit.errors == []


def test_a_vehicle_is_seen_to_move(demo: tuple[Service, float]) -> None:
    service, _ = demo
    with visiting(service.web_url) as visit:
        visit.sign_in("HKPF")
        ref = moving_vehicle(visit, service)
        before = visit.page.evaluate("ref => window.milepost.screenPoint(ref)", ref)
        visit.until(
            f"{ref} elsewhere on the screen",
            lambda: visit.page.evaluate("ref => window.milepost.screenPoint(ref)", ref) != before,
            60,
        )


def moving_vehicle(visit: Visit, service: Service) -> str:
    """The ref of one that drives now."""
    found: list[str] = []

    def look() -> bool:
        cookies = {each["name"]: each["value"] for each in visit.page.context.cookies()}
        positions = httpx.get(f"{service.web_url}/v1/positions", cookies=cookies).json()
        found.extend(
            feature["properties"]["vehicle"]
            for feature in positions["features"]
            if feature["properties"]["motion"] == "moving"
        )
        return bool(found)

    visit.until("a moving vehicle", look, 60)
    return found[0]


@pytest.mark.parametrize(
    ("language", "lang", "expected"),
    [("en", "en", "Fire Services Department"), ("zh-Hant", "zh-Hant-HK", "消防處")],
)
def test_the_page_speaks_both_languages(
    demo: tuple[Service, float], language: str, lang: str, expected: str
) -> None:
    service, _ = demo
    with visiting(service.web_url) as visit:
        visit.sign_in("FSD")
        visit.page.get_by_test_id(f"language-{language}").click()
        visit.page.get_by_text(expected).first.wait_for()
        assert visit.page.locator("html").get_attribute("lang") == lang


def test_a_department_sees_its_own_vehicles_only(demo: tuple[Service, float]) -> None:
    service, _ = demo
    with visiting(service.web_url) as visit:
        visit.sign_in("FSD")
        visit.until("its vehicles", lambda: visit.diagnostics("vehicles") >= 40, 60)
        refs = visit.page.get_by_test_id("vehicle-row").evaluate_all(
            "rows => rows.map(row => row.dataset.ref)"
        )
    assert refs
    assert all(ref.startswith("FSD/") for ref in refs)


def test_a_dispatcher_says_what_a_vehicle_is_doing(demo: tuple[Service, float]) -> None:
    service, _ = demo
    with visiting(service.web_url) as visit:
        visit.sign_in("FSD")
        visit.until("its vehicles", lambda: visit.diagnostics("vehicles") >= 40, 60)
        ref = visit.page.get_by_test_id("vehicle-row").first.get_attribute("data-ref")
        # The first row may be another one by now.
        row = visit.page.locator(f'[data-testid="vehicle-row"][data-ref="{ref}"]')
        row.click()
        visit.page.get_by_test_id("details-duty").select_option("at_scene")
        row.get_by_text("At scene").wait_for()
    with httpx.Client(base_url=service.web_url) as caller:
        caller.post("/v1/session", json={"department": "FSD"}).raise_for_status()
        assert caller.get(f"/v1/vehicles/{ref}").json()["duty_status"] == "at_scene"


def test_the_adoption_figures_come_from_the_database(demo: tuple[Service, float]) -> None:
    service, _ = demo
    with httpx.Client(base_url=service.web_url) as caller:
        caller.post("/v1/session", json={"department": "*"}).raise_for_status()
        adoption = caller.get("/v1/adoption").json()
    assert (adoption["departments"], adoption["implemented"], adoption["being_built"]) == (
        14,
        11,
        6,
    )
    assert adoption["vehicles"] == 631


def test_what_serves_the_public_is_in_the_open_feed_and_nothing_else(
    demo: tuple[Service, float],
) -> None:
    service, _ = demo
    with httpx.Client(base_url=service.web_url) as anybody:

        def are_shown() -> bool:
            feed = anybody.get("/open/gtfs-rt/vehicle-positions.json").json()
            ids = [each["vehicle"]["vehicle"]["id"] for each in feed.get("entity", ())]
            return {each.partition("-")[0] for each in ids} == {"TD/GMB", "LCSD/ML"}

        assert wait_for(are_shown, 90)


def test_every_way_in_brings_fixes(demo: tuple[Service, float]) -> None:
    service, _ = demo
    serial, recorded = "GLD/POOL-002", "HYD/EP-001"
    purpose = {"Milepost-Purpose": "a test"}
    with httpx.Client(base_url=service.web_url, headers=purpose) as caller:
        caller.post("/v1/session", json={"department": "*"}).raise_for_status()
        found = caller.get(f"/v1/vehicles/{serial}/track").json()
        assert len(found["properties"]["times"]) > 0

        def is_read() -> bool:
            hour = caller.get(f"/v1/vehicles/{recorded}/track")
            # Who asks all the time is refused for some seconds.
            return hour.is_success and len(hour.json()["properties"]["times"]) > 1000

        assert wait_for(is_read, 60)  # it is backlog, behind what is live
