"""A department with fences whose names attack, its vehicles, and the screen in a browser."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import httpx

from geo.fix import Fix
from tests.acceptance.browser import Visit
from tests.acceptance.test_alert_queue import HOSTILE, sign_in
from tests.integration.service import Service, running_service
from tracker.registry import New, NewDepartment, NewDevice, NewFence, NewRule, NewVehicle
from tracker.rule_edits import NewFenceGroup

VEHICLES = 8
#: What the map shows in its middle when it opens.
MIDDLE = (114.125, 22.365)
HALF_DEG = 0.006
SQUARE = [[114.2, 22.4], [114.21, 22.4], [114.21, 22.41], [114.2, 22.41], [114.2, 22.4]]
POINTS = 10_000


def coast() -> dict[str, Any]:
    """A star of as many points as a fence may have."""
    ring = [
        [
            round(114.3 + (0.02 + 0.001 * (n % 2)) * math.cos(math.tau * n / POINTS), 7),
            round(22.3 + (0.02 + 0.001 * (n % 2)) * math.sin(math.tau * n / POINTS), 7),
        ]
        for n in range(POINTS)
    ]
    return {"geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}}


@contextmanager
def service_with_fences() -> Iterator[Service]:
    """A service with names that attack."""
    square = {"geometry": {"type": "Polygon", "coordinates": [SQUARE]}}
    things: list[New] = [
        NewDepartment(ref="FSD", name_en="Fire Services", name_zh_hant="消防處"),
        NewDepartment(ref="POL", name_en="Police", name_zh_hant="警務處"),
        NewFenceGroup(ref="depots", department="FSD", name_en=HOSTILE),
        *(
            NewFence(
                ref=ref,
                department="FSD",
                name_en=HOSTILE,
                name_zh_hant=HOSTILE,
                description_en=HOSTILE,
                definition=shape,
            )
            for ref, shape in {"yard": square, "pier": square, "coast": coast()}.items()
        ),
        NewRule(ref="yard-in", department="FSD", on=["enter"], fence="yard", name_en=HOSTILE),
    ]
    for n in range(VEHICLES):
        things += [
            NewVehicle(ref=f"V-{n}", department="FSD", name_en=HOSTILE),
            NewDevice(ref=f"box-{n}", department="FSD", vehicle=f"V-{n}"),
        ]
    with running_service(*things) as running:
        yield running


def report(service: Service, number: int, lon: float, lat: float, age_s: float) -> None:
    """A vehicle says that it was there."""
    at = datetime.now(UTC) - timedelta(seconds=age_s)
    fix = Fix(fixed_at=at, lon=lon, lat=lat, speed_mps=10.0, course_deg=0.0)
    service.report(f"box-{number}", fix)


def cross(service: Service, number: int, lon: float, lat: float, age_s: float = 0.0) -> None:
    """It comes in from a kilometre south, in twenty seconds."""
    report(service, number, lon, lat - 0.01, age_s)
    report(service, number, lon, lat, age_s - 20)


def alerted(visit: Visit, number: int, rule: str) -> bool:
    """Whether a rule raised an alert of a vehicle."""
    alerts = visit.page.request.get(f"{visit.origin}/v1/alerts").json()["alerts"]
    return (f"FSD/{rule}", f"FSD/V-{number}") in {(a["rule"], a["vehicle"]) for a in alerts}


def fence(visit: Visit, ref: str) -> dict[str, Any]:
    """A fence as the service has it; empty of none."""
    answer = visit.page.request.get(f"{visit.origin}/v1/fences/FSD/{ref}")
    found: dict[str, Any] = answer.json() if answer.ok else {}
    return found


def state(visit: Visit, ref: str) -> str | None:
    said = fence(visit, ref).get("properties", {})
    found: str | None = said.get("state")
    return found


def watches(visit: Visit, rule: str) -> bool:
    """Whether a rule is on."""
    found = visit.page.request.get(f"{visit.origin}/v1/rules/FSD/{rule}").json()
    return found["disabled_at"] is None


def other_editor(service: Service) -> httpx.Client:
    """Somebody else, at the API."""
    key = service.key("manager@FSD", label="Wong")
    return httpx.Client(base_url=service.web_url, headers={"Authorization": f"Bearer {key}"})


def open_screen(visit: Visit, service: Service, language: str = "en", about: str = "") -> None:
    sign_in(visit, service, language)
    visit.page.evaluate("about => { location.hash = `#/fences${about}` }", about)
    visit.page.get_by_test_id("fences-screen").wait_for()
    visit.page.get_by_test_id("fence-row").first.wait_for()


def wait_text(visit: Visit, test_id: str, text: str, within_s: float = 20) -> None:
    there = visit.page.get_by_test_id(test_id)
    visit.until(f"{text} in {test_id}", lambda: text in "".join(there.all_inner_texts()), within_s)


def tab_to(visit: Visit, test_id: str, *, most: int = 80) -> None:
    """Tab on until that has the focus."""
    for _ in range(most):
        visit.page.keyboard.press("Tab")
        if visit.page.evaluate("document.activeElement?.dataset.testid") == test_id:
            return
    raise AssertionError(f"{test_id} is not reached by Tab")


def point(visit: Visit, lon: float, lat: float) -> tuple[float, float]:
    """Where a place is on the page."""
    at = visit.page.evaluate(
        "([lon, lat]) => window.milepostFences.screenPoint(lon, lat)", [lon, lat]
    )
    box = visit.page.get_by_test_id("fence-map").bounding_box()
    assert box is not None
    return box["x"] + at["x"], box["y"] + at["y"]


def zoom_in(visit: Visit) -> None:
    """Until the square that is drawn has room."""
    step = visit.page.get_by_test_id("fence-map").locator(".map-buttons button").first

    def wide() -> float:
        return point(visit, MIDDLE[0] + HALF_DEG, MIDDLE[1])[0] - point(visit, *MIDDLE)[0]

    while (before := wide()) < 60:
        step.click()
        visit.until("nearer", partial(lambda least: wide() > least, before * 1.9), 20)


def draw_square(visit: Visit) -> None:
    visit.until("drawing", lambda: visit.page.evaluate("window.milepostFences?.drawing()"), 30)
    zoom_in(visit)
    (west, south), (east, north) = (
        [middle - HALF_DEG for middle in MIDDLE],
        [middle + HALF_DEG for middle in MIDDLE],
    )
    corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    for number, corner in enumerate(corners, start=1):
        visit.page.mouse.move(*point(visit, *corner), steps=4)
        visit.page.mouse.click(*point(visit, *corner))
        if number < len(corners):
            wait_text(visit, "point-count", f"{number} point")
