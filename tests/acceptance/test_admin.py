"""The administration in a real browser: each thing by keyboard alone, in both languages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.acceptance.admin_world import HOSTILE, Hands, at_admin
from tests.acceptance.axe import grave_faults
from tests.acceptance.browser import Theme, Visit
from tests.integration.service import Service, running_service
from tracker.registry import NewContractor, NewDepartment, NewDevice, NewVehicle

REJECT = (
    "INSERT INTO reject (received_at, department_id, device_id, source, reason, raw, claimed_ref)"
    " SELECT milepost_now(), department_id, id, 'mqtt', 'checksum', $1::bytea, 'FSD/' || ref"
    " FROM device WHERE ref = 'box-1'"
)


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running_service(
        NewDepartment(ref="FSD", name_en="Fire Services", name_zh_hant="消防處"),
        NewDepartment(ref="HKPF", name_en="Police", name_zh_hant="警務處"),
        NewContractor(ref="FIRM", department="FSD", name_en=HOSTILE, name_zh_hant=HOSTILE),
        NewVehicle(ref="V-1", department="FSD", name_en=HOSTILE, name_zh_hant=HOSTILE),
        NewVehicle(ref="V-2", department="FSD"),
        NewDevice(ref="box-1", department="FSD", vehicle="V-1"),
    ) as running:
        running.fetch(REJECT, HOSTILE.encode())
        yield running


def test_a_vehicle_by_keyboard_alone(service: Service) -> None:
    with at_admin(service, "administrator@FSD") as visit:
        hands = Hands(visit)
        hands.press("n")
        hands.fills(None, "../no", HOSTILE, "新車", "AM 9")
        hands.press("Control+Enter")
        hands.has_focus("admin-field-ref")
        hands.reads("admin-refused", "Reference")
        assert visit.page.get_by_test_id("admin-field-name.en").input_value() == HOSTILE
        hands.fills("NEW-1")
        hands.press("Enter")
        hands.reads("admin-said", "FSD/NEW-1 is added.")
        hands.has_focus("admin-rows")
        assert hands.text("admin-facts") == "FSD/NEW-1"

        hands.press("e")
        hands.fills("Ladder", None, "AM 10")
        hands.press("Enter")
        hands.reads("admin-said", "is changed")
        row = visit.page.locator('[data-id="FSD/NEW-1"]')
        visit.until("edited", lambda: "AM 10" in row.inner_text(), 20)
        hands.has_focus("admin-rows")
        hands.press("u")
        visit.until("as it was", lambda: HOSTILE in row.inner_text(), 20)
        hands.press("r")
        hands.reads("admin-said", "is retired")
        visit.until("retired", lambda: "retired" in row.inner_text(), 20)
        hands.press("u")
        hands.reads("admin-said", "in service again")
        visit.until("restored", lambda: "retired" not in row.inner_text(), 20)

        hands.press("/")
        hands.page.keyboard.type("new-1")
        hands.reads("admin-count", "1 row")
        hands.press("Escape")
        hands.press("Escape")
        hands.has_focus("admin-rows")
        # What was typed stays where one goes back.
        hands.press("n")
        hands.fills(None, "HALF")
        hands.press("Escape")
        hands.has_focus("admin-rows")
        hands.press("n")
        hands.has_focus_in_form()
        assert visit.page.get_by_test_id("admin-field-ref").input_value() == "HALF"


def test_a_change_that_somebody_else_made_meanwhile_is_shown_beside_ones_own(
    service: Service,
) -> None:
    other = service.key("administrator@FSD")
    with at_admin(service, "administrator@FSD") as visit:
        hands = Hands(visit)
        hands.points_at("FSD/V-2")
        hands.press("e")
        hands.fills("Mine")
        theirs = httpx.put(
            f"{service.web_url}/v1/registry/vehicles/FSD/V-2",
            json={"name": {"en": "V-2"}, "plate": "THEIRS"},
            headers={"Authorization": f"Bearer {other}", "If-Match": "*"},
        )
        assert theirs.status_code == 200
        hands.press("Enter")
        hands.reads("admin-stale", "Somebody else")
        visit.until("theirs", lambda: "Now: THEIRS" in hands.text("admin-form"), 20)
        assert visit.page.get_by_test_id("admin-field-name.en").input_value() == "Mine"
        hands.has_focus("admin-field-name.en")
        hands.press("Enter")
        hands.reads("admin-said", "is changed")


def test_a_device_by_keyboard_alone(service: Service) -> None:
    with at_admin(service, "administrator@FSD") as visit:
        hands = Hands(visit)
        hands.tab(2, "devices")
        hands.press("n")
        hands.fills(None, "box-9", "V-2")
        hands.press("Enter")
        visit.page.get_by_test_id("admin-secrets").wait_for()
        assert len(hands.text("admin-secret")) == 43
        hands.press("Tab", "Tab", "Tab", "Enter")
        hands.has_focus("admin-rows")
        assert visit.page.get_by_test_id("admin-secret").count() == 0, "shown once"
        hands.points_at("FSD/box-9")
        row = visit.page.locator('[data-id="FSD/box-9"]')
        hands.press("e")
        hands.fills("")
        hands.press("Enter")
        visit.until("out of it", lambda: "FSD/V-2" not in row.inner_text(), 20)
        hands.has_focus("admin-rows")
        hands.press("u")
        visit.until("in it again", lambda: "FSD/V-2" in row.inner_text(), 20)
        hands.press("r")
        hands.reads("admin-said", "is retired")
        hands.press("u")
        hands.reads("admin-said", "in service again")
        visit.until("back in its vehicle", lambda: "FSD/V-2" in row.inner_text(), 20)
        hands.press("p")
        hands.has_focus("admin-confirm")
        hands.press("Escape")
        hands.has_focus("admin-rows")


def test_several_devices_by_keyboard_alone(service: Service, tmp_path: Path) -> None:
    with at_admin(service, "administrator@FSD") as visit:
        hands = Hands(visit)
        hands.tab(2, "devices")
        hands.press("i")
        hands.has_focus("admin-enrol-table")
        hands.page.keyboard.insert_text("ref,vehicle\nn-1,V-9\nn-2,\n")
        hands.press("Tab", "Tab", "Enter")
        hands.reads("admin-refused", "row 1")
        hands.page.get_by_test_id("admin-enrol-table").focus()
        hands.press("Control+a")
        hands.page.keyboard.insert_text("n-1\nn-2\n")
        hands.press("Tab", "Tab")
        hands.press("Enter")
        visit.page.get_by_test_id("admin-secrets").wait_for()
        hands.press("Tab")
        hands.has_focus("admin-download")
        with visit.page.expect_download() as download:
            hands.press("Enter")
        kept = tmp_path / "kept.csv"
        download.value.save_as(kept)
        lines = kept.read_text(encoding="utf-8").splitlines()
        assert [line.split(",")[0] for line in lines] == ["name", "FSD/n-1", "FSD/n-2"]
    listed = map(json.loads, service.milepost("device", "list", "--json").splitlines())
    enrolled = {each["device"] for each in listed if each["has_password"]}
    assert {"FSD/n-1", "FSD/n-2"} <= enrolled


def test_people_by_keyboard_alone(service: Service) -> None:
    with at_admin(service, "administrator@FSD") as visit:
        hands = Hands(visit)
        hands.tab(5, "users")
        hands.press("n")
        hands.fills("anna", HOSTILE, None)
        hands.press("Tab", "Tab", "Enter")
        hands.reads("admin-roles", "Dispatcher")
        hands.press("Control+Enter")
        visit.page.get_by_test_id("admin-secrets").wait_for()
        hands.press("Tab", "Tab", "Tab", "Enter")
        hands.has_focus("admin-rows")
        row = visit.page.locator('[data-id="anna"]')
        hands.press("e")
        hands.fills("Anna")
        hands.press("Enter")
        visit.until("renamed", lambda: "Anna" in row.inner_text(), 20)
        hands.has_focus("admin-rows")
        hands.press("u")
        visit.until("as it was", lambda: HOSTILE in row.inner_text(), 20)
        hands.press("r")
        hands.reads("admin-said", "can sign in no more")
        hands.press("u")
        hands.reads("admin-said", "can sign in again")
        hands.has_focus("admin-rows")
        # More than the administrator holds is refused in words, and the form stays.
        hands.press("e")
        hands.has_focus_in_form()
        visit.page.get_by_test_id("admin-place").focus()
        hands.press("Control+a")
        hands.page.keyboard.type("*")
        hands.press("Enter", "Control+Enter")
        hands.reads("admin-refused", "More than you may decide")
        assert "*" in hands.text("admin-roles")


def test_departments_and_firms_by_keyboard_alone(service: Service) -> None:
    with at_admin(service, "platform@*", "administrator@*", language="zh-Hant") as visit:
        hands = Hands(visit)
        hands.tab(5, "departments")
        hands.press("n")
        hands.fills("NEW", "New", "新部門")
        hands.press("Enter")
        hands.reads("admin-said", "已新增 NEW")
        hands.has_focus("admin-rows")
        hands.press("e")
        hands.fills("Newer")
        hands.press("Enter")
        row = visit.page.locator('[data-id="NEW"]')
        visit.until("renamed", lambda: "Newer" in row.inner_text(), 20)
        hands.has_focus("admin-rows")
        hands.press("u")
        visit.until("as it was", lambda: "Newer" not in row.inner_text(), 20)
        hands.tab(4, "contractors")
        hands.reads("admin-rows", HOSTILE)


def test_grants_links_refusals_and_the_audit_by_keyboard_alone(service: Service) -> None:
    with at_admin(service, "administrator@FSD") as visit:
        hands = Hands(visit)
        hands.tab(6, "grants")
        hands.press("n")
        hands.fills("FSD", "HKPF", None, "FSD/V-1", None, None, None, "1", HOSTILE)
        hands.press("Enter")
        hands.reads("admin-said", "another person must approve")
        hands.has_focus("admin-rows")
        hands.press("a")
        hands.reads("admin-refused", "another person must")
        hands.press("r")
        hands.has_focus("admin-confirm")
        hands.press("Enter")
        hands.reads("admin-said", "is revoked")

        hands.tab(7, "shares")
        hands.press("n")
        hands.fills("FSD/V-1", None, HOSTILE)
        hands.press("Enter")
        hands.reads("admin-secret", "/share/#")
        hands.press("Tab", "Tab", "Tab", "Enter")
        hands.press("u")
        hands.reads("admin-said", "is revoked")

        hands.tab(3, "rejects")
        hands.reads("admin-rows", "FSD/box-1")
        assert HOSTILE not in hands.text("admin-rows"), "what was sent wants a purpose"
        visit.page.get_by_test_id("admin-field-purpose").focus()
        hands.page.keyboard.type("a broken box")
        hands.press("Enter")
        hands.reads("admin-rows", HOSTILE)
        visit.page.get_by_test_id("admin-rows").focus()
        hands.press("a")
        hands.reads("admin-said", "1 of FSD/box-1")

        hands.tab(1, "vehicles")
        hands.points_at("FSD/V-1")
        hands.press("w")
        audit = visit.page.get_by_test_id("admin-tab-audit")
        visit.until("audit", lambda: audit.get_attribute("aria-selected") == "true", 20)
        hands.reads("admin-rows", "a broken box")


def test_only_what_the_callers_permissions_open_is_there(service: Service) -> None:
    with at_admin(service, "dispatcher@FSD") as visit:
        tabs = visit.page.get_by_role("tab")
        assert [tab.get_attribute("data-testid") for tab in tabs.all()] == [
            "admin-tab-grants",
            "admin-tab-shares",
        ]
        assert visit.page.get_by_test_id("admin-new").count() == 0, "grants are read only"


SEEN = (
    *("vehicles", "devices", "rejects", "contractors", "users", "grants", "shares", "keys"),
    *("audit", "subscriptions", "dead"),
)


def every_table_and_form(visit: Visit) -> Iterator[str]:
    """One after the other; the forms as they are when nothing was filled in."""
    page = visit.page
    for kind in SEEN:
        page.get_by_test_id(f"admin-tab-{kind}").click()
        page.locator(f'[data-testid="admin-tab-{kind}"][aria-selected="true"]').wait_for()
        yield kind
        if page.get_by_test_id("admin-new").count():
            page.get_by_test_id("admin-new").click()
            page.get_by_test_id("admin-save").click()
            yield f"form of {kind}"
            page.keyboard.press("Escape")


@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("zh-Hant", "dark")])
def test_everybody_can_use_it(service: Service, language: str, theme: Theme) -> None:
    with at_admin(service, "administrator@FSD", language=language, theme=theme) as visit:
        switch_theme = visit.page.get_by_test_id("theme").click
        for what in every_table_and_form(visit):
            assert grave_faults(visit.page) == [], what
            switch_theme()
            assert grave_faults(visit.page, of_colours=True) == [], f"{what} in the other theme"
            switch_theme()
            # The focus goes back to where the keys act.
            visit.page.locator("main :is(input, select, button)").last.focus()


@pytest.mark.parametrize("language", ["en", "zh-Hant"])
def test_everybody_can_use_it_at_400_percent_too(service: Service, language: str) -> None:
    with at_admin(service, "administrator@FSD", language=language, width=320) as visit:
        for what in every_table_and_form(visit):
            assert grave_faults(visit.page) == [], what
            wide = visit.page.evaluate("document.documentElement.scrollWidth")
            assert wide <= 320, what
