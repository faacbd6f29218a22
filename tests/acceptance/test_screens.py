"""What holds of every screen of the console, whichever they are: both languages, both themes, names
that attack, nobody's other origin, and no grave fault for those who cannot see or use a mouse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Final

import pytest

from tests.acceptance.axe import grave_faults
from tests.acceptance.browser import Visit, visiting
from tests.acceptance.languages import foreign
from tests.integration.service import Service, running_service
from tracker.registry import New, NewDepartment, NewDevice, NewFence, NewRule, NewVehicle

ROOT: Final = Path(__file__).parents[2]
#: As the table of screens has them: one that is added is looked at here too.
SCREENS: Final = re.findall(
    r'\bname: "(\w+)"', (ROOT / "maps/console/src/screens.ts").read_text(encoding="utf-8")
)
#: As the page says it, and as its texts are filed.
LANGUAGES: Final = {"en": "en", "zh-Hant-HK": "zh-Hant"}
#: What runs where markup, a template or a script's end is taken for more than text.
HOSTILE: Final = "<img src=x onerror=window.ran=1>${window.ran=1}</script>`"
SHAPE: Final = {"circle": {"center": [114.17, 22.3], "radius_m": 300}}
ROLES: Final = ("administrator@*", "platform@*")
#: What can be used, and lies partly beside the page, where nobody gets at it.
BEYOND_THE_EDGE: Final = """() =>
  [...document.querySelectorAll(".screen:not([hidden]) :is(a, button, input, select, textarea)")]
    .filter(each => each.checkVisibility({visibilityProperty: true}) && !each.closest(".unseen"))
    .filter(each => each.getBoundingClientRect().right > innerWidth + 1)
    .map(each => each.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="module")
def key_and_service() -> Iterator[tuple[str, Service]]:
    """A service in which every name attacks, and a key that opens every screen."""
    things: list[New] = [
        NewDepartment(ref=ref, name_en=HOSTILE, name_zh_hant=HOSTILE) for ref in ("FSD", "POL")
    ]
    things += [
        NewFence(ref="depot", department="FSD", name_en=HOSTILE, definition=SHAPE),
        NewRule(ref="in", department="FSD", on=["enter"], name_en=HOSTILE, name_zh_hant=HOSTILE),
        NewVehicle(
            ref="V-1", department="FSD", plate=HOSTILE, name_en=HOSTILE, name_zh_hant=HOSTILE
        ),
        NewDevice(ref="box-1", department="FSD", vehicle="V-1", name_en=HOSTILE),
    ]
    with running_service(*things) as service:
        yield service.key(*ROLES, label=HOSTILE), service


def enter(visit: Visit, key: str, language: str) -> None:
    """Sign in, in that language, on the first screen."""
    page = visit.page
    page.request.post(f"{visit.origin}/v1/session", data={"key": key})
    page.goto(visit.origin)
    page.get_by_test_id(f"language-{language}").first.click()


def test_every_screen_is_for_everybody(key_and_service: tuple[str, Service]) -> None:
    key, service = key_and_service
    with visiting(service.web_url) as visit:
        enter(visit, key, "en")
        html = visit.page.locator("html")
        faults, other, seen = {}, {}, set()
        for screen in SCREENS:
            visit.page.goto(f"{service.web_url}/#/{screen}")
            visit.page.locator(".screen:not([hidden]) main").wait_for()
            visit.page.wait_for_load_state("networkidle")
            for key_of_the_next in ("l", "Shift+D", "l", "Shift+D"):
                lang, theme = html.get_attribute("lang"), html.get_attribute("data-theme")
                seen.add((lang, theme))
                faults[screen, lang, theme] = grave_faults(visit.page)
                other[screen, lang, theme] = foreign(visit.page, LANGUAGES[lang or ""], HOSTILE)
                visit.page.keyboard.press(key_of_the_next)
        assert not any(other.values()), other
        assert not any(faults.values()), faults
        assert seen == set(product(LANGUAGES, ("light", "dark")))
        assert visit.page.evaluate("window.ran") is None
        assert (visit.errors, visit.elsewhere) == ([], [])


def test_every_screen_fits_a_page_enlarged_fourfold(key_and_service: tuple[str, Service]) -> None:
    key, service = key_and_service
    with visiting(service.web_url, width=320, height=640) as visit:
        enter(visit, key, "en")
        wider, beyond = {}, {}
        for where in (*SCREENS, "fences?new=polygon"):
            visit.page.goto(f"{service.web_url}/#/{where}")
            visit.page.locator(".screen:not([hidden]) main").wait_for()
            visit.page.wait_for_load_state("networkidle")
            wider[where] = visit.page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            beyond[where] = visit.page.evaluate(BEYOND_THE_EDGE)
        assert not any(wider.values()), wider
        assert not any(beyond.values()), beyond


def test_every_screen_is_printed_dark_on_white(key_and_service: tuple[str, Service]) -> None:
    key, service = key_and_service
    with visiting(service.web_url, theme="dark") as visit:
        enter(visit, key, "en")
        page = visit.page
        for screen in SCREENS:
            page.goto(f"{service.web_url}/#/{screen}")
            page.locator(".screen:not([hidden]) main").wait_for()
            assert page.locator("html").get_attribute("data-theme") == "dark"
            page.emulate_media(media="print")
            page.locator('html[data-theme="light"]').wait_for()
            page.evaluate("dispatchEvent(new Event('beforeprint'))")
            paper = "[data-testid=sheet]" if screen == "live" else ".screen:not([hidden]) main"
            assert page.locator(paper).is_visible(), screen
            assert page.get_by_test_id("top-bar").is_hidden(), screen
            page.evaluate("dispatchEvent(new Event('afterprint'))")
            page.emulate_media(media="screen")
            page.locator('html[data-theme="dark"]').wait_for()
