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
from tests.acceptance.browser import Theme, Visit, visiting
from tests.integration.service import Service, running_service
from tracker.registry import New, NewDepartment, NewDevice, NewFence, NewRule, NewVehicle

ROOT: Final = Path(__file__).parents[2]
#: As the table of screens has them: one that is added is looked at here too.
SCREENS: Final = re.findall(
    r'\bname: "(\w+)"', (ROOT / "maps/console/src/screens.ts").read_text(encoding="utf-8")
)
LANGUAGES: Final = {"en": "en", "zh-Hant": "zh-Hant-HK"}
THEMES: Final[tuple[Theme, ...]] = ("light", "dark")
#: What runs where markup, a template or a script's end is taken for more than text.
HOSTILE: Final = "<img src=x onerror=window.ran=1>${window.ran=1}</script>`"
SHAPE: Final = {"circle": {"center": [114.17, 22.3], "radius_m": 300}}
#: Latin letters where the page says it is Chinese: names, refs and keys are marked.
ENGLISH: Final = """() => {
  const found = new Set();
  const look = (element, words) => {
    const own = !element.closest('kbd, code, [lang="en"], [translate="no"], script, style');
    if (own && /[A-Za-z]{3,}/.test(words)) found.add(words.trim());
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) look(walker.currentNode.parentElement, walker.currentNode.data);
  for (const element of document.querySelectorAll('[title], [aria-label], [placeholder]')) {
    for (const name of ['title', 'aria-label', 'placeholder']) {
      look(element, element.getAttribute(name) ?? '');
    }
  }
  return [...found];
}"""
#: The product's name, what formats and keys are called everywhere, and whose the shore line is.
INTERNATIONAL: Final = re.compile(
    "Milepost|GPX|CSV|KML|GeoJSON|WGS ?84|MQTT|NMEA|IMEI|Enter|Esc|Tab|Ctrl|Shift|Space"
    "|GSHHG|LGPL|ODbL|OpenStreetMap contributors"
    # The refs of this service: they are codes.
    r"|\bFSD(/[\w-]+)?"
)
ROLES: Final = ("administrator@*", "platform@*")


@pytest.fixture(scope="module")
def key_and_service() -> Iterator[tuple[str, Service]]:
    """A service in which every name attacks, and a key that opens every screen."""
    things: list[New] = [NewDepartment(ref="FSD", name_en=HOSTILE, name_zh_hant=HOSTILE)]
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


@pytest.mark.parametrize(("theme", "language"), list(product(THEMES, LANGUAGES)))
def test_every_screen_is_for_everybody(
    key_and_service: tuple[str, Service], theme: Theme, language: str
) -> None:
    key, service = key_and_service
    with visiting(service.web_url, theme=theme) as visit:
        enter(visit, key, language)
        faults, english = {}, {}
        for screen in SCREENS:
            visit.page.get_by_test_id(f"go-{screen}").click()
            visit.page.locator(".screen:not([hidden]) main").wait_for()
            visit.page.wait_for_load_state("networkidle")
            faults[screen] = grave_faults(visit.page)
            english[screen] = [
                words
                for words in visit.page.evaluate(ENGLISH)
                if re.search("[A-Za-z]{3}", INTERNATIONAL.sub("", words.replace(HOSTILE, "")))
            ]
        if language == "zh-Hant":
            assert english == {screen: [] for screen in SCREENS}
        assert faults == {screen: [] for screen in SCREENS}
        assert visit.page.locator("html").get_attribute("lang") == LANGUAGES[language]
        assert visit.page.evaluate("window.ran") is None
        assert (visit.errors, visit.elsewhere) == ([], [])


def test_every_screen_fits_a_page_enlarged_fourfold(key_and_service: tuple[str, Service]) -> None:
    key, service = key_and_service
    with visiting(service.web_url, width=320, height=640) as visit:
        enter(visit, key, "en")
        wider = {}
        for screen in SCREENS:
            visit.page.goto(f"{service.web_url}/#/{screen}")
            visit.page.locator(".screen:not([hidden]) main").wait_for()
            visit.page.wait_for_load_state("networkidle")
            wider[screen] = visit.page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
        assert wider == dict.fromkeys(SCREENS, 0)
