"""Keys, who is told, what was not delivered and the audit, in a real browser by keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.acceptance.admin_world import HOSTILE, Hands, at_admin
from tests.acceptance.axe import grave_faults
from tests.integration.service import Service, running_service
from tracker.registry import NewDepartment, NewVehicle

#: Given up of the subscription FSD/line: three.
DEAD = """
    WITH made AS (
        INSERT INTO outbox (department_id, vehicle_id, type, event_id, revision, body, planned_at)
        SELECT department_id, 0, 'milepost.test.v1', gen_random_uuid(), 0,
            '{"event": "00000000-0000-0000-0000-000000000000", "revision": 0, "vehicle": null,
              "kind": "test", "alerts": []}', milepost_now()
        FROM subscription, generate_series(1, 3) WHERE ref = 'line'
        RETURNING id, department_id
    )
    INSERT INTO delivery (subscription_id, outbox_id, department_id, vehicle_id, state, last_error,
                          done_at, attempts)
    SELECT s.id, m.id, m.department_id, 0, 'dead', $1, milepost_now(), 9
    FROM made AS m JOIN subscription AS s ON s.ref = 'line'
"""
DEAD_AGAIN = """
    UPDATE delivery SET state = 'dead' WHERE state = 'sent' AND subscription_id =
        (SELECT id FROM subscription WHERE ref = 'line')
"""
#: What somebody else read all day.
MANY_ROWS = """
    SELECT audit_append(jsonb_agg(jsonb_build_object(
        'who', 'key:mp_00000000', 'label', 'somebody', 'what', 'track.read',
        'department_ids', ARRAY[(SELECT id FROM department WHERE ref = 'FSD')],
        'vehicle_ids', ARRAY[(SELECT id FROM vehicle WHERE ref = 'V-1')])))
    FROM generate_series(1, 400)
"""


def beside(service: Service, query: str, *values: object) -> None:
    """Change its database while a browser is open, which has this thread's loop."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(service.fetch, query, *values).result()


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running_service(
        NewDepartment(ref="FSD", name_en="Fire Services", name_zh_hant="消防處"),
        NewVehicle(ref="V-1", department="FSD", name_en=HOSTILE, name_zh_hant=HOSTILE),
        NewVehicle(ref="V-2", department="FSD"),
    ) as running:
        yield running


def test_keys_by_keyboard_alone(service: Service) -> None:
    with at_admin(service, "administrator@FSD") as visit:
        hands = Hands(visit)
        hands.tab(8, "keys")
        hands.press("n")
        hands.fills(HOSTILE, None)
        hands.press("Tab", "Tab", "Enter")
        hands.reads("admin-roles", "Dispatcher")
        visit.page.get_by_test_id("admin-field-scopes-positions:read").focus()
        hands.press("Space", "Control+Enter")
        visit.page.get_by_test_id("admin-secrets").wait_for()
        secret = hands.text("admin-secret")
        assert secret.startswith("mp_")
        hands.press("Tab", "Tab")
        hands.has_focus("admin-copy")
        hands.press("Enter")
        hands.reads("admin-copied", "Copied")
        hands.press("Tab", "Enter")
        hands.has_focus("admin-rows")
        name = secret[:11]
        hands.points_at(name)
        row = visit.page.locator(f'[data-id="{name}"]')
        assert HOSTILE in row.inner_text()
        assert "never" in row.inner_text()

        bearer = {"Authorization": f"Bearer {secret}"}
        assert httpx.get(f"{service.web_url}/v1/positions", headers=bearer).status_code == 200
        vehicles = httpx.get(f"{service.web_url}/v1/vehicles", headers=bearer)
        assert vehicles.status_code == 403, "of its roles only what was chosen"
        hands.press("1")
        hands.has_focus("admin-rows")
        hands.tab(8, "keys")
        visit.until("used", lambda: "never" not in row.inner_text(), 20)
        hands.points_at(name)
        hands.press("r")
        hands.has_focus("admin-confirm")
        hands.press("Enter")
        hands.reads("admin-said", "is revoked")
        visit.until("revoked", lambda: "revoked" in row.inner_text(), 20)

        def ended() -> bool:
            answer = httpx.get(f"{service.web_url}/v1/positions", headers=bearer)
            return answer.status_code == 401

        visit.until("refused", ended, 20)


def test_subscriptions_and_what_was_not_delivered_by_keyboard_alone(service: Service) -> None:
    with at_admin(service, "administrator@FSD") as visit:
        hands = Hands(visit)
        hands.tab(0, "subscriptions")
        hands.press("n")
        hands.fills(None, "bus", "MQTT", "https://no.example")
        hands.press("Control+Enter")
        hands.reads("admin-refused", "an MQTT subscription has no target")
        visit.page.get_by_test_id("admin-field-target").fill("")
        hands.press("Control+Enter")
        visit.page.get_by_test_id("admin-secrets").wait_for()
        hands.press("Tab", "Tab", "Tab", "Enter")
        hands.points_at("FSD/bus")
        row = visit.page.locator('[data-id="FSD/bus"]')
        hands.press("e")
        hands.has_focus_in_form()
        visit.page.get_by_test_id("admin-field-severities-critical").focus()
        hands.press("Space", "Control+Enter")
        hands.reads("admin-said", "is changed")
        hands.reads("admin-details", "critical")
        hands.has_focus("admin-rows")
        hands.press("u")
        visit.until("undone", lambda: "critical" not in hands.text("admin-details"), 20)
        hands.press("r")
        hands.reads("admin-said", "told nothing more")
        visit.until("off", lambda: "off" in row.inner_text(), 20)
        hands.press("u")
        hands.reads("admin-said", "is told again")
        hands.press("t")
        hands.reads("admin-said", "has taken the test")


def test_what_was_not_delivered_by_keyboard_alone(service: Service) -> None:
    service.milepost("webhook", "add", "FSD/line", "--kind", "mqtt")
    bearer = {"Authorization": f"Bearer {service.key('manager@FSD')}"}
    with at_admin(service, "administrator@FSD") as visit:
        hands = Hands(visit)
        hands.tab(0, "subscriptions")
        hands.points_at("FSD/line")
        beside(service, DEAD, HOSTILE)
        # The row says so by itself.
        given_up = "document.querySelector('[data-id=\"FSD/line\"]').cells[5].innerText === '3'"
        visit.until("given up", lambda: bool(visit.page.evaluate(given_up)), 20)
        hands.press("d")
        dead = visit.page.get_by_test_id("admin-tab-dead")
        visit.until("dead", lambda: dead.get_attribute("aria-selected") == "true", 20)
        hands.reads("admin-count", "3 rows")
        hands.has_focus("admin-rows")
        assert HOSTILE in hands.text("admin-rows")
        hands.press("a")
        hands.reads("admin-said", "1 are sent again to FSD/line")
        hands.reads("admin-count", "2 rows")
        hands.press("x", "j", "x")
        hands.reads("admin-count", "2 marked")
        hands.press("x", "X")
        hands.reads("admin-count", "2 marked")
        assert grave_faults(visit.page) == []
        hands.press("l", "D")
        hands.reads("admin-count", "已選 2 項")
        assert grave_faults(visit.page) == [], "in Chinese and dark"
        hands.press("l", "D")
        hands.press("a")
        hands.reads("admin-said", "2 are sent again")
        hands.reads("admin-rows", "Everything was delivered")

        def taken() -> bool:
            line = httpx.get(f"{service.web_url}/v1/subscriptions/FSD/line", headers=bearer)
            return bool(line.json()["waiting"] == 0)

        visit.until("taken", taken, 20)
        beside(service, DEAD_AGAIN)
        hands.reads("admin-count", "3 rows")
        hands.press("A")
        hands.has_focus("admin-confirm")
        hands.press("Enter")
        hands.reads("admin-said", "3 are sent again")


def test_the_audit_in_words_page_by_page(service: Service) -> None:
    key = service.key("administrator@FSD", label="Wong")
    wong = {"Authorization": f"Bearer {key}", "Milepost-Purpose": "complaint 7"}
    for ref in ("V-1", "V-2"):
        track = httpx.get(f"{service.web_url}/v1/vehicles/FSD/{ref}/track", headers=wong)
        assert track.status_code == 200
    duty = f"{service.web_url}/v1/vehicles/FSD/V-2/duty"
    assert httpx.put(duty, json={"status": "assigned"}, headers=wong).status_code == 200
    service.fetch(MANY_ROWS)
    with at_admin(service, "administrator@FSD", language="zh-Hant") as visit:
        hands = Hands(visit)
        hands.tab(9, "audit")
        hands.reads("admin-count", "200 項")
        hands.press("o")
        hands.reads("admin-count", "400 項")
        hands.reads("admin-note", "紀錄鏈完整")
        page = visit.page
        page.get_by_test_id("language-en").click()
        hands.reads("admin-note", "The chain is whole")
        hands.reads("admin-note", "Signed up to")
        page.get_by_test_id("admin-field-who").fill("wong")
        hands.press("Enter")
        hands.reads("admin-rows", "Duty: added")
        hands.reads("admin-rows", "Track: read")
        page.get_by_test_id("admin-field-vehicle").fill("FSD/V-2")
        page.get_by_test_id("admin-field-what").select_option(label="Track")
        page.get_by_test_id("admin-field-what").focus()
        page.get_by_test_id("admin-ask").focus()
        hands.press("Enter")
        hands.reads("admin-count", "1 row")
        page.get_by_test_id("admin-field-who").fill("")
        page.get_by_test_id("admin-field-what").select_option("")
        page.get_by_test_id("admin-field-about").select_option("saw")
        page.get_by_test_id("admin-ask").focus()
        hands.press("Enter")
        hands.reads("admin-rows", "Live map: looked at")
        assert "Duty" not in hands.text("admin-rows"), (
            "that changed something, and looked at nothing"
        )
