"""Fences and rules in a real browser: drawn, written in numbers, tried out, saved, taken back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial

import pytest
from playwright.sync_api import FilePayload

from tests.acceptance.browser import visiting
from tests.acceptance.fence_steps import (
    CHINESE_NAME,
    Way,
    begin_to_watch,
    by_keys,
    by_mouse,
    change_pier,
    faults_of_all,
    fixes,
    go,
    open_conflict,
    paused,
    point_at,
    see_other_name,
    seen,
    stands,
    stored_ms,
    take_back,
    type_end,
)
from tests.acceptance.fences_world import (
    POINTS,
    SQUARE,
    alerted,
    cross,
    fence,
    open_screen,
    other_editor,
    point,
    service_with_fences,
    wait_text,
)
from tests.acceptance.test_alert_queue import HOSTILE, sign_in
from tests.integration.service import Service
from tracker.child import wait_for


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """A service of this module alone."""
    with service_with_fences() as running:
        yield running


@pytest.mark.parametrize(("by", "vehicle"), [(by_mouse, 0), (by_keys, 2)])
def test_a_fence_in_a_hurry(service: Service, by: Way, vehicle: int) -> None:
    """It is there in seconds, rings on the live map and in the queue, and is taken back whole."""
    shown_ms = {}
    with visiting(service.web_url) as visit:
        page = visit.page
        sign_in(visit, service, "en")
        page.get_by_test_id("vehicle-list").focus()
        for number, language in enumerate(("en", "zh-Hant"), start=vehicle):
            ref, place = by(visit, language, number)
            made = fence(visit, ref)["properties"]
            assert (made["name"]["zh-Hant"], made["made_by"]) == (CHINESE_NAME, "Chan")
            go(visit, "live", by)
            begin_to_watch(visit, number)
            cross(service, number, *place)
            alert = seen(visit)
            shown_ms[number] = alert["atMs"]
            assert alerted(visit, number, ref)
            go(visit, "alerts", by)
            point_at(visit, alert["alert"], by)
            wait_text(visit, "alert-why", made["name"][language])
            # At the fences again: taken back, then the taking back, then for good.
            go(visit, "fences", by)
            for there in (False, True, False):
                take_back(visit, by)
                visit.until(f"{there}", partial(stands, visit, ref, there=there), 20)
            go(visit, "live", by)
        assert page.evaluate("window.ran") is None
        assert (visit.errors, visit.elsewhere) == ([], [])
    # The better one: a machine that is at something else meanwhile is no fault of ours.
    took_ms = [at - stored_ms(service, number) for number, at in shown_ms.items()]
    assert min(took_ms) <= 3_000, took_ms


def test_a_corridor_is_made_of_numbers_alone(service: Service) -> None:
    with visiting(service.web_url) as visit:
        open_screen(visit, service)
        page, keyboard = visit.page, visit.page.keyboard
        page.get_by_test_id("fence-rows").focus()
        keyboard.press("n")
        page.get_by_test_id("name-en").fill("Route 9")
        page.get_by_test_id("kind-corridor").check()
        page.get_by_test_id("crs").select_option("EPSG:2326")
        for number, (east, north) in enumerate([(835000, 815000), (836000, 815500)]):
            page.get_by_test_id(f"first-0-{number}").fill(str(east))
            page.get_by_test_id(f"second-0-{number}").fill(str(north))
            keyboard.press("Tab")
            wait_text(visit, "point-count", f"{number + 1} point")
        # What the grid does not have is said, and stays as it was typed.
        page.get_by_test_id("first-0-2").fill("815000")
        page.get_by_test_id("second-0-2").fill("860000")
        keyboard.press("Tab")
        wait_text(visit, "positions", "easting")
        assert page.get_by_test_id("second-0-2").input_value() == "860000"
        page.get_by_test_id("first-0-2").fill("")
        page.get_by_test_id("each-side").fill("80")
        keyboard.press("Tab")
        first = page.get_by_test_id("first-0-0")
        visit.until("the grid", lambda: first.input_value() == "835000", 20)
        wait_text(visit, "shape-state", "The shape can be used")
        type_end(visit, "2031-01-02 03:04")
        page.get_by_test_id("save").click()
        wait_text(visit, "said", "Route 9 is saved")
        corridor = fence(visit, "ROUTE-9")["properties"]["corridor"]
        assert (corridor["each_side_m"], len(corridor["line"])) == (80, 2)
        answer = page.request.get(f"{visit.origin}/v1/fences/FSD/ROUTE-9?crs=EPSG:2326").json()
        assert answer["properties"]["valid_until"].startswith("2031-01-01T19:04")
        for given, kept in zip(
            [[835000, 815000], [836000, 815500]],
            answer["properties"]["corridor"]["line"],
            strict=True,
        ):
            assert kept == pytest.approx(given, abs=0.02)


def test_ten_thousand_points_are_opened_panned_and_changed(service: Service) -> None:
    with visiting(service.web_url) as visit:
        open_screen(visit, service, about="?fence=FSD/coast")
        page = visit.page
        page.get_by_test_id("edit").click()
        visit.until("all", lambda: page.evaluate("window.milepostFences.points()") == POINTS, 30)
        page.get_by_test_id("crowded").wait_for()
        page.get_by_test_id("fence-form").get_by_text("Positions in numbers").click()
        rows = page.get_by_test_id("position")
        visit.until("some rows", lambda: 5 < rows.count() < 40, 20)
        page.get_by_test_id("positions").evaluate("box => { box.scrollTop = box.scrollHeight }")
        last = page.get_by_test_id(f"first-0-{POINTS - 1}")
        last.wait_for()
        assert rows.count() < 40
        page.get_by_test_id("fence-map").locator("canvas").focus()
        before = point(visit, 114.3, 22.3)
        page.keyboard.press("ArrowRight")
        visit.until("panned", lambda: point(visit, 114.3, 22.3) != before, 20)
        last.fill("22.29999")
        page.keyboard.press("Tab")
        wait_text(visit, "shape-state", "The shape can be used")
        page.get_by_test_id("why").fill("surveyed again")
        page.get_by_test_id("save").click()
        wait_text(visit, "said", "version 2", 40)
        ring = fence(visit, "coast")["geometry"]["coordinates"][0]
        assert len(ring) == POINTS + 1
        assert 22.29999 in [lat for _, lat in ring]
        versions = page.get_by_test_id("versions")
        visit.until("why", lambda: "surveyed again" in versions.inner_text(), 20)
        assert visit.errors == []


def test_a_bad_shape_says_where_and_loses_nothing(service: Service) -> None:
    with visiting(service.web_url) as visit:
        open_screen(visit, service)
        page = visit.page
        page.get_by_test_id("new-fences").click()
        page.get_by_test_id("name-en").fill("Bow")
        page.get_by_text("Paste coordinates or read a file").click()
        paste = page.get_by_test_id("paste")
        paste.fill("22.30, 114.10\n22.31, 114.11\nhere")
        page.get_by_test_id("paste-button").click()
        wait_text(visit, "paste-failure", "Line 3")
        assert "here" in paste.input_value()
        paste.fill("22.30, 114.10\n22.31, 114.11\n22.30, 114.11\n22.31, 114.10")
        page.get_by_test_id("paste-button").click()
        wait_text(visit, "shape-fault", "22.30500, 114.10500")
        page.get_by_test_id("save").click()
        wait_text(visit, "save-failure", "Not saved")
        wait_text(visit, "save-failure", "Reference for support")
        assert page.get_by_test_id("name-en").input_value() == "Bow"
        assert page.evaluate("window.milepostFences.points()") == 4
        page.get_by_test_id("shape-undo").click()
        visit.until("none", lambda: page.evaluate("window.milepostFences.points()") == 0, 20)
        page.get_by_test_id("shape-redo").click()
        wait_text(visit, "shape-fault", "22.30500, 114.10500")
        # A file with a hole in it is taken whole, and its hole is kept.
        hole = [[114.204, 22.404], [114.206, 22.404], [114.206, 22.406], [114.204, 22.404]]
        shape = {"type": "Polygon", "coordinates": [SQUARE, hole]}
        page.get_by_test_id("shape-file").set_input_files(
            FilePayload(
                name="shape.geojson",
                mimeType="application/geo+json",
                buffer=json.dumps(shape).encode(),
            )
        )
        visit.until("read", lambda: page.evaluate("window.milepostFences.points()") == 7, 20)
        page.get_by_test_id("save").click()
        wait_text(visit, "said", "Bow is saved")
        assert [len(ring) for ring in fence(visit, "BOW")["geometry"]["coordinates"]] == [5, 4]


def test_two_who_change_one_fence_see_each_other(service: Service) -> None:
    with visiting(service.web_url) as visit, other_editor(service) as wong:
        open_screen(visit, service, about="?fence=FSD/pier")
        page = visit.page
        for mine, choice in (("Mine", "keep-mine"), ("Again mine", "take-theirs")):
            page.get_by_test_id("edit").click()
            page.get_by_test_id("name-en").fill(mine)
            page.get_by_test_id("why").fill("renamed")
            change_pier(wong, name={"en": "Theirs"})
            page.get_by_test_id("save").click()
            see_other_name(visit, "Theirs", mine)
            page.get_by_test_id(choice).click()
            if choice == "keep-mine":
                wait_text(visit, "said", "Mine is saved")
                assert fence(visit, "pier")["properties"]["name"]["en"] == "Mine"
        assert page.get_by_test_id("name-en").input_value() == "Theirs"
        page.keyboard.press("Escape")
        page.get_by_test_id("fence-details").wait_for()
        assert fence(visit, "pier")["properties"]["name"]["en"] == "Theirs"


def test_a_fence_is_ended_used_again_shared_and_grouped(service: Service) -> None:
    with visiting(service.web_url) as visit:
        open_screen(visit, service, about="?fence=FSD/yard")
        page = visit.page
        page.get_by_test_id("share-to").fill("POL")
        page.get_by_test_id("share-why").fill("joint exercise")
        page.get_by_test_id("share").click()
        page.get_by_test_id("unshare-POL").click()
        wait_text(visit, "shares", "Only this department")
        page.get_by_test_id("edit").click()
        page.get_by_text("Beginning, description, groups").click()
        page.get_by_test_id("group-FSD/depots").check()
        page.get_by_text("Paste coordinates or read a file").click()
        page.get_by_test_id("paste").fill("22.40, 114.20\n22.40, 114.21\n22.41, 114.21")
        page.get_by_test_id("paste-button").click()
        visit.until("read", lambda: page.evaluate("window.milepostFences.points()") == 3, 20)
        page.get_by_test_id("why").fill("it is a depot")
        page.get_by_test_id("save").click()
        wait_text(visit, "fence-details", "FSD/depots")
        page.get_by_test_id("end").click()
        page.get_by_test_id("end-why").fill("closed")
        page.get_by_test_id("end-now").click()
        wait_text(visit, "fence-state", "Ended")
        page.get_by_test_id("bring-back").click()
        wait_text(visit, "fence-state", "In force")
        page.get_by_test_id("restore-1").click()
        wait_text(visit, "versions", "Back to version 1")
        assert fence(visit, "yard")["geometry"]["coordinates"] == [SQUARE]
        assert fence(visit, "yard")["properties"]["version"] == 4
        assert page.evaluate("window.ran") is None
        assert visit.errors == []


def test_a_rule_is_said_in_words_tried_out_and_saved(service: Service) -> None:
    # An hour ago, when the fence was there already.
    service.fetch(
        "UPDATE fence_version AS v SET in_force = tstzrange('2026-01-01', upper(in_force))"
        " FROM fence AS f WHERE f.id = v.fence_id AND f.ref = 'pier' AND v.version = 1"
    )
    cross(service, 5, 114.205, 22.405, age_s=3600)
    arrived = (
        "SELECT count(*) FROM fix AS f JOIN vehicle AS v ON v.id = f.vehicle_id WHERE v.ref = 'V-5'"
    )
    assert wait_for(lambda: service.fetch(arrived)[0][0] == 2, 20)
    with visiting(service.web_url) as visit:
        open_screen(visit, service, about="?fence=FSD/pier")
        page = visit.page
        page.get_by_test_id("new-rule-here").click()
        page.get_by_test_id("rule-en").fill("Yard hours")
        page.get_by_test_id("rule-zh").fill("車場時段")
        page.get_by_test_id("on-dwell").check()
        page.get_by_test_id("term-dwellMin").fill("15")
        page.get_by_test_id("always").uncheck()
        page.get_by_test_id("day-sat").uncheck()
        page.get_by_test_id("day-sun").uncheck()
        page.get_by_test_id("hours-from").fill("18:00")
        page.get_by_test_id("hours-to").fill("08:00")
        wait_text(visit, "explained", "has stayed 15 min inside")
        wait_text(visit, "explained", "Monday to Friday from 18:00 to 08:00 the next day")
        wait_text(visit, "explained", "星期一至星期五")
        page.get_by_test_id("on-dwell").uncheck()
        page.get_by_test_id("always").check()
        page.get_by_test_id("preview-span").select_option("day")
        page.get_by_test_id("preview-ask").click()
        wait_text(visit, "preview-state", "1 alert", 60)
        wait_text(visit, "preview-worst", "FSD/V-5")
        page.get_by_test_id("shadow").check()
        wait_text(visit, "preview-state", "try it again")
        page.get_by_test_id("rule-save").click()
        wait_text(visit, "said", "Yard hours is saved")
        wait_text(visit, "rule-state", "On trial")
        page.get_by_test_id("rule-live").click()
        wait_text(visit, "rule-state", "Live")
        page.get_by_test_id("target").fill("duty@example.gov.hk")
        page.get_by_test_id("tell").click()
        wait_text(visit, "told", "duty@example.gov.hk")
        page.get_by_test_id("rule-off").click()
        wait_text(visit, "rule-state", "Off")
        page.get_by_test_id("undo").click()
        wait_text(visit, "rule-state", "Live")
        assert visit.errors == []


def test_a_rule_and_a_fence_are_tried_out_together_before_either_is_saved(
    service: Service,
) -> None:
    for age_s in (3000, 2000):
        cross(service, 6, 114.28, 22.38, age_s=age_s)
    assert wait_for(lambda: fixes(service, 6) == 4, 20)
    with visiting(service.web_url) as visit:
        open_screen(visit, service)
        page = visit.page
        page.get_by_test_id("new-fences").click()
        page.get_by_test_id("kind-circle").check()
        for field, value in (("first-0-0", "22.38"), ("second-0-0", "114.28"), ("radius", "400")):
            page.get_by_test_id(field).fill(value)
        page.keyboard.press("Tab")
        wait_text(visit, "shape-state", "The shape can be used")
        visit.until("drawn", lambda: page.evaluate("window.milepostFences.vehicles()") > 0, 20)
        wait_text(visit, "within", "1 vehicle inside now")
        page.get_by_test_id("name-en").fill("Site")
        page.get_by_test_id("first-rule-enter").click()
        page.get_by_test_id("first-rule-more").locator("summary").click()
        page.get_by_test_id("who-add").fill("V-6")
        page.get_by_test_id("who-add").press("Enter")
        wait_text(visit, "explained", "V-6 of Fire Services enters: Site.")
        page.get_by_test_id("preview-span").select_option("day")
        with paused(service, "worker"):
            page.get_by_test_id("preview-ask").click()
            wait_text(visit, "preview-state", "vehicles…")
            page.get_by_test_id("preview-cancel").click()
            wait_text(visit, "preview-state", "Cancelled")
        page.get_by_test_id("preview-ask").click()
        told = "In the last 24 hours it would have raised 2 alerts, worst FSD/V-6 with 2."
        wait_text(visit, "preview-state", told, 60)
        assert len(page.evaluate("window.milepostFences.raised()")) == 2
        page.get_by_test_id("first-rule-exit").click()
        wait_text(visit, "preview-state", "try it again")
        page.get_by_test_id("preview-ask").click()
        wait_text(visit, "preview-state", "would have raised 1 alert", 60)
        assert page.request.get(f"{visit.origin}/v1/rules/FSD/SITE").status == 404
        assert fence(visit, "SITE") == {}
        assert visit.errors == []


def test_who_may_not_write_rules_reads_what_they_do(service: Service) -> None:
    with visiting(service.web_url) as visit:
        visit.sign_in_by(service.key("dispatcher@FSD", label="Lee"))
        page = visit.page
        page.evaluate("location.hash = '#/fences?rule=FSD/yard-in'")
        words = page.get_by_test_id("rule-words")
        visit.until("the words", lambda: words.inner_text().endswith(f"enters: {HOSTILE}."), 20)
        page.get_by_test_id("language-zh-Hant").click()
        visit.until("in Chinese", lambda: "警告：消防處的任何車輛進入" in words.inner_text(), 20)
        assert page.get_by_test_id("rule-edit").count() == 0
        assert page.evaluate("window.ran") is None


def test_it_can_be_used_by_everybody(service: Service) -> None:
    """Each state in both languages and themes, on one page that is switched by its keys."""
    cross(service, 7, 114.205, 22.405, age_s=900)
    with visiting(service.web_url) as visit, other_editor(service) as wong:
        open_screen(visit, service)
        page = visit.page
        page.get_by_test_id("fence-row").first.click()
        page.get_by_test_id("versions").wait_for()
        found = {"details": faults_of_all(visit)}
        page.get_by_test_id("new-fences").click()
        page.get_by_test_id("first-rule-both").click()
        page.get_by_test_id("first-rule-more").locator("summary").click()
        found["new"] = faults_of_all(visit)
        open_conflict(visit, wong)
        found["conflict"] = faults_of_all(visit)
        page.get_by_test_id("take-theirs").click()
        page.get_by_test_id("preview-span").select_option("day")
        page.get_by_test_id("preview-ask").click()
        page.get_by_test_id("preview-list").wait_for(timeout=60_000)
        found["preview"] = faults_of_all(visit)
        page.get_by_test_id("tab-rules").click()
        page.get_by_test_id("rule-row").first.click()
        found["rule"] = faults_of_all(visit)
        page.get_by_test_id("rule-edit").click()
        page.get_by_test_id("on-sensor").check()
        page.get_by_test_id("always").uncheck()
        found["rule form"] = faults_of_all(visit)
        cross(service, 7, 114.205, 22.405, age_s=20)
        visit.until("an alert", lambda: alerted(visit, 7, "yard-in"), 30)
        page.evaluate("location.hash = '#/alerts'")
        page.get_by_test_id("alert-why").locator("p").wait_for()
        found["alert"] = faults_of_all(visit)
        page.evaluate("location.hash = '#/fences'")
        assert found == {state: [] for state in found}
        assert page.evaluate("window.ran") is None
        page.set_viewport_size({"width": 320, "height": 800})
        wide = "document.documentElement.scrollWidth <= innerWidth"
        visit.until("nothing is cut off", lambda: page.evaluate(wide), 10)
