"""Steps at the screen of fences that several tests take, by mouse and by keyboard alone."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias

import httpx

from tests.acceptance.axe import faults_in_all_looks
from tests.acceptance.browser import Visit
from tests.acceptance.fences_world import (
    MIDDLE,
    draw_square,
    fence,
    state,
    tab_to,
    wait_text,
    watches,
)
from tests.integration.service import Service

CHINESE_NAME: Final = "火警現場"
#: In a language and for a test of that number; the fence's ref, and a place within it.
Way: TypeAlias = Callable[[Visit, str, int], tuple[str, tuple[float, float]]]
FOCUSED: Final = "document.activeElement?.dataset.testid"
#: Notes when an alert that was not there stands in the strip, and its vehicle has its ring.
WATCH: Final = """vehicle => {
  const rows = () => [...document.querySelectorAll('[data-testid=strip-alert]')];
  const known = new Set(rows().map(row => row.dataset.alert));
  const look = () => {
    const told = rows().find(row => !known.has(row.dataset.alert));
    if (told && window.milepost.ringed().includes(vehicle))
      window.seen = {alert: told.dataset.alert, atMs: Date.now()};
    else requestAnimationFrame(look);
  };
  window.seen = null;
  look();
}"""


def word(language: str, key: str) -> str:
    """A text of the console."""
    catalogue = Path("maps/words") / f"{language}.json"
    found: str = json.loads(catalogue.read_text(encoding="utf-8"))[key]
    return found


def press(visit: Visit, *keys: str) -> None:
    for key in keys:
        visit.page.keyboard.press(key)


def by_mouse(visit: Visit, language: str, number: int) -> tuple[str, tuple[float, float]]:
    page = visit.page
    page.get_by_test_id("vehicle-list").focus()
    press(visit, "Shift+F")
    draw_square(visit)
    page.get_by_test_id(f"language-{language}").click()
    wait_text(visit, "shape-state", word(language, "fences.fits"))
    page.get_by_test_id("name-en").fill(f"Fire {number}")
    page.get_by_test_id("name-zh").fill(CHINESE_NAME)
    assert page.get_by_test_id("ref").input_value() == f"FIRE-{number}"
    page.get_by_test_id("first-rule-enter").click()
    page.get_by_test_id("ends-4").click()
    page.get_by_test_id("save").click()
    name = f"Fire {number}" if language == "en" else CHINESE_NAME
    wait_text(visit, "said", word(language, "fences.said.made_watched").format(name=name))
    made = fence(visit, f"FIRE-{number}")
    assert made["properties"]["valid_until"] is not None
    assert len(made["geometry"]["coordinates"][0]) == 5
    return f"FIRE-{number}", MIDDLE


def by_keys(visit: Visit, language: str, number: int) -> tuple[str, tuple[float, float]]:
    page, keyboard = visit.page, visit.page.keyboard
    if language != "en":
        press(visit, "l")
    press(visit, "Shift+F")
    visit.until("the name", lambda: page.evaluate(FOCUSED) == "name-en", 30)
    keyboard.type(f"Hill {number}")
    press(visit, "Tab")
    keyboard.type(CHINESE_NAME)
    tab_to(visit, "first-rule-none")
    press(visit, "ArrowDown", "Shift+Tab")  # entering; back up to the shape, then to its numbers
    for _ in range(12):
        if page.evaluate("document.activeElement?.name") == "kind":
            break
        press(visit, "Shift+Tab")
    press(visit, "ArrowDown")
    assert page.get_by_test_id("kind-circle").is_checked()
    lon = round(114.17 + number * 0.02, 2)
    tab_to(visit, "first-0-0")
    keyboard.type("22.3")
    press(visit, "Tab")
    keyboard.type(str(lon))
    tab_to(visit, "radius")
    press(visit, "Control+a")
    keyboard.type("300")
    press(visit, "Tab")
    wait_text(visit, "shape-state", word(language, "fences.fits"))
    press(visit, "Control+Enter")
    name = f"Hill {number}" if language == "en" else CHINESE_NAME
    wait_text(visit, "said", word(language, "fences.said.made_watched").format(name=name))
    ref = f"HILL-{number}"
    circle = {"center": [lon, 22.3], "radius_m": 300}
    assert fence(visit, ref)["properties"]["circle"] == circle
    chosen = f"document.activeElement?.dataset.fence === 'FSD/{ref}'"
    visit.until("the list", lambda: page.evaluate(chosen), 20)
    return ref, (lon, 22.3)


def go(visit: Visit, screen: str, by: Way) -> None:
    """To another screen."""
    if by is by_mouse:
        visit.page.get_by_test_id(f"go-{screen}").click()
        return
    inside = "document.activeElement?.closest('.shell') != null"
    visit.until("the page has the focus", lambda: visit.page.evaluate(inside), 20)
    press(visit, "g", {"live": "l", "alerts": "a", "fences": "e"}[screen])


def begin_to_watch(visit: Visit, number: int) -> None:
    """From now on the live screen notes when an alert of a vehicle shows."""
    visit.page.evaluate(WATCH, f"FSD/V-{number}")


def seen(visit: Visit) -> dict[str, Any]:
    """The alert that showed, and when."""
    visit.until("an alert in the strip and on the map", lambda: _seen(visit) is not None, 30)
    found: dict[str, Any] = _seen(visit)
    return found


def _seen(visit: Visit) -> Any:  # noqa: ANN401  whatever the page says
    return visit.page.evaluate("window.seen")


def stored_ms(service: Service, number: int) -> float:
    """When the newest fix of a vehicle was stored."""
    query = (
        "SELECT extract(epoch FROM max(f.received_at)) * 1000 FROM fix AS f"
        " JOIN vehicle AS v ON v.id = f.vehicle_id WHERE v.ref = $1"
    )
    return float(service.fetch(query, f"V-{number}")[0][0])


def fixes(service: Service, number: int) -> int:
    query = (
        "SELECT count(*) FROM fix AS f JOIN vehicle AS v ON v.id = f.vehicle_id WHERE v.ref = $1"
    )
    return int(service.fetch(query, f"V-{number}")[0][0])


def point_at(visit: Visit, alert: str, by: Way) -> None:
    """In the queue of alerts."""
    row = visit.page.locator(f'[data-testid=queue-row][data-alert="{alert}"]')
    row.wait_for()
    if by is by_mouse:
        row.click()
        return
    pointed = "document.querySelector('[data-testid=queue-row].pointed')?.dataset.alert"
    for _ in range(visit.page.get_by_test_id("queue-row").count()):
        if visit.page.evaluate(pointed) == alert:
            return
        press(visit, "j")
    assert visit.page.evaluate(pointed) == alert


def take_back(visit: Visit, by: Way) -> None:
    """What was done last."""
    if by is by_mouse:
        visit.page.get_by_test_id("undo").click()
        return
    inside = "document.activeElement?.closest('[data-testid=fences-screen]') != null"
    visit.page.get_by_test_id("undo").wait_for()
    visit.until("the screen has the focus", lambda: visit.page.evaluate(inside), 20)
    press(visit, "Control+z")


def stands(visit: Visit, ref: str, *, there: bool) -> bool:
    """Whether the fence is in force, or has ended, and its rule with it."""
    return state(visit, ref) == ("in_force" if there else "ended") and watches(visit, ref) is there


@contextmanager
def paused(service: Service, name: str) -> Iterator[None]:
    """One of its processes does nothing meanwhile."""
    pid = service.session.pid(name)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def change_pier(other: httpx.Client, *, north: float = 0.0, **properties: object) -> None:
    """By somebody at the API, who may move it, in degrees."""
    now = other.get("/v1/fences/FSD/pier")
    body = now.json()
    body["properties"] |= {**properties, "why": "by Wong"}
    rings = body["geometry"]["coordinates"]
    body["geometry"]["coordinates"] = [[[lon, lat + north] for lon, lat in ring] for ring in rings]
    headers = {"If-Match": now.headers["ETag"]}
    changed = other.put("/v1/fences/FSD/pier", json=body, headers=headers)
    assert changed.status_code == 200, changed.text


def open_conflict(visit: Visit, other: httpx.Client) -> None:
    """A fence is changed here and, meanwhile, by somebody else."""
    page = visit.page
    page.evaluate("location.hash = '#/fences?fence=FSD/pier'")
    page.get_by_test_id("edit").click()
    page.get_by_test_id("name-en").fill("Mine")
    page.get_by_test_id("why").fill("renamed")
    change_pier(other, north=0.0001, description={"en": "Deep water"})
    page.get_by_test_id("save").click()
    page.get_by_test_id("conflict").get_by_text("Changed by Wong").wait_for()


def see_other_name(visit: Visit, theirs: str, mine: str) -> None:
    """Somebody else gave it a name meanwhile, which is no version that says who and when."""
    wait_text(visit, "conflict", f"theirs “{theirs}”, yours “{mine}”")
    assert visit.page.get_by_text("Changed by").count() == 0
    assert visit.page.get_by_test_id("name-en").input_value() == mine


def faults_of_all(visit: Visit) -> list[str]:
    """The grave faults of a state, in both languages and both themes, by the keys that switch."""

    def switch(key: str) -> None:
        visit.page.locator("main button").first.focus()
        press(visit, key)

    return faults_in_all_looks(visit.page, lambda: switch("l"), lambda: switch("Shift+D"))


def type_end(visit: Visit, ends: str) -> None:
    """When it ends, as the console says times; what is none is said, and means nothing."""
    field = visit.page.get_by_test_id("valid-until")
    for typed, kept in (("tomorrow", ""), (ends, ends)):
        field.fill(typed)
        visit.page.keyboard.press("Tab")
        assert field.input_value() == kept
        assert visit.page.get_by_text("That is no time").count() == (not kept)
