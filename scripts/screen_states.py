# ruff: noqa: INP001  the scripts are no package
"""What each screen may be in, and what brings it there: the pictures' table of states."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeAlias

import httpx
from playwright.sync_api import Page

from tests.integration.service import Service

ROOT: Final = Path(__file__).parents[1]
#: Everything that the console has is shown to who is all of these.
ROLES: Final = ("platform@*", "administrator@*", "manager@*", "engineer@*", "auditor@*")
#: As the tables of screens and of kinds have them.
SCREENS: Final = re.findall(
    r'\bname: "(\w+)"', (ROOT / "maps/console/src/screens.ts").read_text("utf-8")
)
VEHICLE: Final = "HYD/EP-001"
ENROLLED: Final = "ref,vehicle,department\nBOX-901,,FSD\nBOX-901,,FSD\n"
MOST_MS: Final = 60_000

Bring: TypeAlias = Callable[[Page], object]


@dataclass(frozen=True)
class State:
    """Where it is, after the origin, and what is done there."""

    at: str
    bring: Bring = lambda _: None


def furnish(service: Service, key: str) -> None:
    """What a demonstration lacks: people, keys, grants, links and who is told."""
    signed = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=service.web_url, headers=signed, timeout=MOST_MS) as caller:

        def add(what: str, **said: object) -> Any:  # noqa: ANN401  whatever the service answers
            answer = caller.post(f"/v1/{what}", json=said)
            answer.raise_for_status()
            return answer.json()

        for login, name, role in (
            ("mei.chan", "Chan Mei 陳美", "dispatcher@FSD"),
            ("k.wong", "Wong Kwok-keung 黃國強", "administrator@FSD"),
        ):
            add("users", login=login, name=name, roles=[role])
        add("keys", label="Report program", roles=["dispatcher@FSD"], scopes=["positions:read"])
        add(
            "grants",
            **{"from": VEHICLE.partition("/")[0], "to": "HKPF", "level": "position"},
            vehicles=[VEHICLE],
            purpose="joint exercise",
            valid_until=(datetime.now(UTC) + timedelta(days=30)).isoformat(),
        )
        add("shares", vehicle=VEHICLE, hours=4, purpose="hospital gate")
        add(
            "subscriptions",
            department="FSD",
            ref="desk",
            kind="email",
            target="desk@example.org",
        )


def click(*names: str) -> Bring:
    """Press these, one after the other."""

    def bring(page: Page) -> None:
        for name in names:
            page.get_by_test_id(name).first.click()

    return bring


def shows(bring: Bring, name: str) -> Bring:
    """Do that, and wait until this shows, in view."""

    def both(page: Page) -> None:
        bring(page)
        page.get_by_test_id(name).first.wait_for(timeout=MOST_MS)
        page.get_by_test_id(name).first.scroll_into_view_if_needed()

    return both


def type_in(name: str, text: str) -> Bring:
    """Write something into a box."""
    return lambda page: page.get_by_test_id(name).first.fill(text)


def press(name: str, *keys: str) -> Bring:
    """Keys, with the focus in that."""

    def bring(page: Page) -> None:
        page.get_by_test_id(name).first.focus()
        for key in keys:
            page.keyboard.press(key)

    return bring


def all_of(*brings: Bring) -> Bring:
    """One after the other."""

    def bring(page: Page) -> None:
        for each in brings:
            each(page)

    return bring


def said_why(page: Page) -> None:
    """Playback asks for a purpose once a session."""
    asked = page.get_by_test_id("purpose")
    asked.or_(page.get_by_test_id("transport")).first.wait_for()
    if asked.is_visible():
        page.get_by_test_id("purpose").fill("complaint 12/2026")
        page.get_by_test_id("purpose-say").click()


def tried_out(page: Page) -> None:
    """What the fence would have raised, which the demonstration has some minutes of."""
    page.get_by_test_id("preview-span").select_option("day")
    page.get_by_test_id("preview-ask").click()
    page.locator("[data-testid=preview-state] .answer").wait_for(timeout=MOST_MS)
    page.get_by_test_id("preview-state").scroll_into_view_if_needed()


_FENCE: Final = click("fence-row")
_EDITED: Final = shows(all_of(_FENCE, click("edit")), "fence-form")
_LIVE: Final = {
    "live-chosen": shows(click("alert"), "details-duty"),
    "live-empty": shows(type_in("search", "no such vehicle"), "vehicles-none"),
    "live-places": shows(type_in("search", "sha"), "place-hit"),
    "live-narrowed": press("vehicle-list", "d"),
    "live-nearest": shows(press("vehicle-list", "n"), "nearest-row"),
    "live-paused": shows(click("pause"), "paused"),
    "live-help": shows(click("help"), "help-dialog"),
    "live-account": shows(click("account"), "account-dialog"),
    "live-followed": shows(press("vehicle-list", *("j", "f") * 4), "follow-tile"),
}
_ALERTS: Final = {
    "alerts-chosen": shows(click("queue-row"), "alert-facts"),
    "alerts-several": click("queue-check-all"),
    "alerts-mine": click("tab-mine"),
    "alerts-closed": click("tab-closed"),
}
_FENCES: Final = {
    "fences-chosen": shows(_FENCE, "fence-details"),
    "fences-history": shows(_FENCE, "versions"),
    "fences-ending": all_of(_FENCE, click("end")),
    "fences-edited": _EDITED,
    "fences-preview": all_of(_EDITED, tried_out),
    "fences-new": shows(click("new-fences"), "fence-form"),
    "fences-rules": shows(click("tab-rules"), "rule-row"),
    "fences-rule": shows(click("tab-rules", "rule-row"), "rule-details"),
    "fences-rule-edited": shows(click("tab-rules", "rule-row", "rule-edit"), "rule-form"),
    "fences-rule-new": shows(click("tab-rules", "new-rules"), "rule-form"),
}
_ADMIN: Final = {
    "vehicles": {"new": click("admin-new"), "edited": click("admin-row", "admin-edit")},
    "devices": {
        "asked": click("admin-row", "admin-act-password"),
        "enrol": all_of(
            click("admin-enrol"),
            type_in("admin-enrol-table", ENROLLED),
        ),
    },
    "rejects": {},
    "contractors": {},
    "departments": {"new": click("admin-new")},
    "users": {"edited": click("admin-row", "admin-edit"), "new": click("admin-new", "admin-save")},
    "grants": {"new": click("admin-new")},
    "shares": {"new": click("admin-new")},
    "keys": {"new": click("admin-new")},
    "audit": {},
    "subscriptions": {"new": click("admin-new")},
    "dead": {},
}


def _states() -> Iterator[tuple[str, State]]:
    """Each screen as it is, and each of its states."""
    for name in SCREENS:
        yield name, State(f"#/{name}")
    for name, bring in (_LIVE | _ALERTS | _FENCES).items():
        yield name, State(f"#/{name.partition('-')[0]}", bring)
    for tab, brings in _ADMIN.items():
        yield f"admin-{tab}", State(f"#/admin?tab={tab}")
        for name, bring in brings.items():
            yield f"admin-{tab}-{name}", State(f"#/admin?tab={tab}", bring)
    for name, about in (("all", ""), ("one", f"?vehicle={VEHICLE}")):
        yield f"playback-{name}", State(f"#/playback{about}", shows(said_why, "transport"))
    for each in ("marks", "trips"):
        yield (
            f"playback-{each}",
            State(f"#/playback?vehicle={VEHICLE}", all_of(said_why, click(f"playback-{each}"))),
        )


#: By the name of the picture.
STATES: Final = dict(_states())
